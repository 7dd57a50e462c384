//! `sound_server`: plays a sound when a glass has become full enough.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use minder_kegbot_app::flags::Defaults;
use minder_kegbot_app::threads::{Failure, Threads};
use minder_kegbot_app::{Application, Definition, Kind, Logger, Program};

use crate::api::{Api, SoundEvent};
use crate::flags;
use crate::kegnet::{Event, FlowState, FlowUpdate};
use crate::tls;

const CACHE_DIR: Definition = Definition::new(
    "cache_dir",
    Kind::Text,
    "/tmp/sound_server_cache",
    "Where sounds of the server are kept.",
);
const PLAYER: Definition = Definition::new(
    "player",
    Kind::Text,
    "",
    "The command that plays a file, whose name is put behind it; the first of pw-play, mpg123, ffplay, aplay that is there \
     unless it is given.",
);

/// What is known of the command line.
pub const PROGRAM: Program = Program {
    name: "sound_server",
    root: "main",
    about: "Plays the server's sounds when a pour reaches their size.\n",
    own: &[CACHE_DIR, PLAYER],
    modules: &[flags::API, flags::KEGNET],
};

/// Sizes that have a sound, US fluid ounces, the largest first.
const THRESHOLDS: [u32; 7] = [32, 24, 16, 12, 8, 1, 0];
/// A US fluid ounce, mL.
const ML_PER_OUNCE: f64 = 29.5735;
/// A sound has no more bytes.
const SOUND_BYTES_MAX: u64 = 64 << 20;
/// How long a sound may take to come.
const FETCH_PATIENCE: Duration = Duration::from_secs(60);
/// Programs that play, and the words before a file's name.
const PLAYERS: [&[&str]; 4] = [
    &["pw-play"],
    &["mpg123", "-q"],
    &["ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"],
    &["aplay", "-q"],
];

/// Runs the program, and returns its exit status.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    super::live(&PROGRAM, arguments, Defaults::new(), work)
}

fn work(application: &Application) -> Result<u8, Failure> {
    let (flags, log) = (&application.flags, application.main_logger());
    let client = super::kegnet(application)?;
    let timeout =
        Duration::try_from_secs_f64(flags.number(&flags::API_TIMEOUT)).unwrap_or(Duration::from_secs(10));
    let api = Api::new(flags.text(&flags::API_URL), flags.text(&flags::API_KEY), timeout);
    let sounds = sounds(&api, Path::new(flags.text(&CACHE_DIR)), &log);
    let Ok(_pidfile) = application.pidfile(&log) else { return Ok(1) };
    let asked = super::signalled(&log)?;
    let (enqueue, queue) = channel();
    let player = player(flags.text(&PLAYER));
    if player.is_none() {
        log.warning("No program that plays sounds was found; name one with --player.");
    }
    let playback = Playback { player, log: application.log.logger("sound-playback") };
    log.info("Starting all service threads.");
    let (mut threads, _ended) = Threads::new(log.clone());
    threads.start("sound-playback", move || {
        playback.run(&queue);
        Ok(())
    })?;
    let mut events = Events { sounds, seen: BTreeMap::new(), queue: enqueue, log: log.clone() };
    let of_thread = client.clone();
    threads.start("kegnet", move || {
        of_thread.run(|event| events.hear(&event));
        Ok(())
    })?;
    log.info("All threads started.");
    log.info("Running generic main loop (going to sleep).");
    let _ = asked.recv();
    log.info("Exiting main loop");
    client.quit();
    threads.stop();
    Ok(0)
}

/// Sounds by the size that they are for, ounces.
type Sounds = BTreeMap<u32, Vec<PathBuf>>;

/// The server's sounds, on the disk. What cannot be had is told, and the rest is played.
fn sounds(api: &Api, cache: &Path, log: &Logger) -> Sounds {
    log.info("Loading events");
    let events = match api.sound_events() {
        Ok(events) => events,
        Err(error) => {
            log.warning(&format!("The server has no sounds for us: {error}"));
            return Sounds::new();
        }
    };
    if events.is_empty() {
        log.warning("The server has no sounds.");
    }
    let mut sounds = Sounds::new();
    for event in events {
        let Some(ounces) = ounces_of(&event) else { continue };
        if let Some(path) = fetched(&event.url, cache, log) {
            sounds.entry(ounces).or_default().push(path);
        }
    }
    sounds
}

/// The size that an event is for, if it is one that still happens.
fn ounces_of(event: &SoundEvent) -> Option<u32> {
    let known = event.name == "flow.threshold.ounces";
    known.then(|| THRESHOLDS.into_iter().find(|ounces| ounces.to_string() == event.predicate)).flatten()
}

fn fetched(url: &str, cache: &Path, log: &Logger) -> Option<PathBuf> {
    if !url.starts_with("http") {
        log.error(&format!("URL for event does not start with http (\"{url}\")"));
        log.error("Does the server have an absolute address as its MEDIA_URL?");
        return None;
    }
    let name =
        url.split(['?', '#']).next()?.rsplit('/').next().filter(|name| !matches!(*name, "" | "." | ".."))?;
    let path = cache.join(name);
    if path.exists() {
        log.info(&format!("Cached file for \"{url}\" exists at {}", path.display()));
        return Some(path);
    }
    log.info(&format!("Saving file \"{url}\" to {}", path.display()));
    match save(url, cache, &path) {
        Ok(()) => Some(path),
        Err(error) => {
            log.error(&format!("It cannot be saved: {error}"));
            None
        }
    }
}

fn save(url: &str, cache: &Path, path: &Path) -> Result<(), String> {
    std::fs::create_dir_all(cache).map_err(|error| error.to_string())?;
    let mut config = ureq::Agent::config_builder().timeout_global(Some(FETCH_PATIENCE));
    if let Some(tls) = tls::for_address(url) {
        config = config.tls_config(tls);
    }
    let response = config.build().new_agent().get(url).call().map_err(|error| error.to_string())?;
    let body = response.into_body().into_with_config().limit(SOUND_BYTES_MAX).read_to_vec();
    let part = path.with_extension("part");
    std::fs::write(&part, body.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    std::fs::rename(&part, path).map_err(|error| error.to_string())
}

/// What is heard of flows, and what is played for it.
struct Events {
    sounds: Sounds,
    /// The ounces of a flow when it was last heard of.
    seen: BTreeMap<i64, f64>,
    queue: Sender<PathBuf>,
    log: Logger,
}

impl Events {
    fn hear(&mut self, event: &Event) {
        let Event::FlowUpdate(flow) = event else { return };
        if let Some(ounces) = self.reached(flow) {
            self.log.info(&format!("Threshold [{ounces} ounces] reached for flow {}", flow.flow_id));
            let Some(sounds) = self.sounds.get(&ounces).filter(|sounds| !sounds.is_empty()) else { return };
            // Which of them does not matter, as long as it is not always the same.
            let at = usize::try_from(flow.flow_id.unsigned_abs() + flow.ticks.unsigned_abs()).unwrap_or(0);
            let sound = sounds[at % sounds.len()].clone();
            self.log.info(&format!("Enqueue: {}", sound.display()));
            let _ = self.queue.send(sound);
        }
    }

    /// The largest size that this flow has newly reached.
    fn reached(&mut self, flow: &FlowUpdate) -> Option<u32> {
        let ounces = flow.volume_ml / ML_PER_OUNCE;
        let before = self.seen.insert(flow.flow_id, ounces).unwrap_or(-1.0);
        if flow.state == FlowState::Completed {
            self.seen.remove(&flow.flow_id);
        }
        let newly = |size: &u32| before < f64::from(*size) && ounces >= f64::from(*size);
        THRESHOLDS.into_iter().find(newly)
    }
}

/// The command that plays: the one that was named, or the first that is there.
fn player(named: &str) -> Option<Vec<String>> {
    let words: Vec<String> = named.split_whitespace().map(str::to_owned).collect();
    if !words.is_empty() {
        return Some(words);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there =
        |program: &str| std::env::split_paths(&path).any(|directory| directory.join(program).is_file());
    let found = PLAYERS.iter().find(|words| is_there(words[0]))?;
    Some(found.iter().map(|word| (*word).to_owned()).collect())
}

/// `sound-playback`: one sound at a time; a newer one takes the place of the one that plays.
struct Playback {
    player: Option<Vec<String>>,
    log: Logger,
}

/// How often it is looked whether a sound is over, while one plays.
const LOOK: Duration = Duration::from_millis(100);

impl Playback {
    fn run(self, queue: &Receiver<PathBuf>) {
        let mut playing: Option<Child> = None;
        loop {
            let next = match &mut playing {
                None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(child) => match child.try_wait() {
                    Ok(None) => queue.recv_timeout(LOOK),
                    Ok(Some(_)) | Err(_) => {
                        playing = None;
                        continue;
                    }
                },
            };
            match next {
                Ok(sound) => {
                    stop(playing.take());
                    self.log.info(&format!("Playing {}", sound.display()));
                    playing = self.play(&sound);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return stop(playing.take()),
            }
        }
    }

    fn play(&self, sound: &Path) -> Option<Child> {
        let (program, words) = self.player.as_ref()?.split_first()?;
        let mut command = Command::new(program);
        command.args(words).arg(sound).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map_err(|error| self.log.error(&format!("{program} cannot be started: {error}"))).ok()
    }
}

fn stop(playing: Option<Child>) {
    if let Some(mut child) = playing {
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_sounds_once_and_the_largest_wins() {
        let log = minder_kegbot_app::Log::open(&minder_kegbot_app::Values::default()).unwrap().logger("main");
        let (queue, _played) = channel();
        let mut events = Events { sounds: Sounds::new(), seen: BTreeMap::new(), queue, log };
        let mut reached = |ounces: f64, state| {
            events.reached(&FlowUpdate {
                flow_id: 1,
                tap_name: "kegboard.flow0".into(),
                state,
                username: None,
                start_time: String::new(),
                last_activity_time: String::new(),
                ticks: 0,
                volume_ml: ounces * ML_PER_OUNCE,
            })
        };
        let active = FlowState::Active;
        assert_eq!(reached(0.0, FlowState::Initial), Some(0));
        assert_eq!(reached(0.5, active), None);
        assert_eq!(reached(12.5, active), Some(12));
        assert_eq!(reached(13.0, active), None);
        assert_eq!(reached(40.0, FlowState::Completed), Some(32));
        assert_eq!(reached(40.0, active), Some(32), "a completed flow is forgotten");
    }

    #[test]
    fn only_events_that_still_happen_have_a_size() {
        let event = |name: &str, predicate: &str| SoundEvent {
            name: name.into(),
            predicate: predicate.into(),
            url: String::new(),
        };
        assert_eq!(ounces_of(&event("flow.threshold.ounces", "16")), Some(16));
        assert_eq!(ounces_of(&event("flow.threshold.ounces", "16.0")), None);
        assert_eq!(ounces_of(&event("credit.added.threshold", "1")), None);
    }
}
