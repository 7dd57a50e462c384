//! `lcd_daemon`: a display of taps, pours, and the last drink.

use std::ffi::OsString;
use std::io::PipeReader;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minder_kegbot_app::flags::Defaults;
use minder_kegbot_app::threads::{Failure, Threads};
use minder_kegbot_app::{Application, Definition, Kind, Logger, Module, Program};

use crate::api::{Api, Tap};
use crate::board::{Heard, Serial, wake_up};
use crate::flags;
use crate::kegnet::{Event, FlowUpdate, time};
use crate::lcd::screen::Screen;
use crate::lcd::show::{LastPour, Show};
use crate::lcd::{Answers, Backlight, Cfa635, Display, MatrixOrbital};

const DEVICE: Definition =
    Definition::new("lcd_device_path", Kind::Text, "/dev/ttyUSB0", "The serial port of the display.");
const SPEED: Definition =
    Definition::new("lcd_baud_rate", Kind::Positive, "115200", "Bits a second on that port.");
const TYPE: Definition =
    Definition::new("lcd_device_type", Kind::Text, "cfa635", "What it is: cfa635 or mtxorb20x4.");
const BACKLIGHT_TIMEOUT: Definition = Definition::new(
    "backlight_timeout",
    Kind::Count,
    "300",
    "After how many seconds without a pour its light goes out.",
);
const ROTATION_TIME: Definition =
    Definition::new("rotation_time", Kind::Positive, "10", "How long the last pour is shown, seconds.");
const UPDATE_INTERVAL: Definition = Definition::new(
    "krest_update_interval",
    Kind::AtLeast(10),
    "60",
    "How often the server is asked for taps, seconds.",
);

/// What is known of the command line.
pub const PROGRAM: Program = Program {
    name: "lcd_daemon",
    root: "main",
    about: "Shows taps and pours on a serial display of four lines.\n",
    own: &[BACKLIGHT_TIMEOUT, UPDATE_INTERVAL, SPEED, DEVICE, TYPE, ROTATION_TIME],
    modules: &[
        flags::API,
        Module { name: "kegbot.pycore.kegnet", flags: &[flags::CORE_ADDR, flags::TAP_NAME] },
    ],
};

/// How long a display has for an answer.
const ANSWER_WITHIN: Duration = Duration::from_millis(250);

/// What changes the show.
enum News {
    Flow(FlowUpdate),
    Taps(Vec<Tap>, Option<LastPour>),
    Quit,
}

/// Runs the program, and returns its exit status.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    super::live(&PROGRAM, arguments, Defaults::new(), work)
}

fn work(application: &Application) -> Result<u8, Failure> {
    let (flags, log) = (&application.flags, application.main_logger());
    let display: Box<dyn Display> = match flags.text(&TYPE) {
        "cfa635" => Box::new(Cfa635),
        "mtxorb20x4" => Box::new(MatrixOrbital),
        other => {
            log.error(&format!("Bad device type: {other}"));
            return Ok(1);
        }
    };
    let client = super::kegnet(application)?;
    let path = PathBuf::from(flags.text(&DEVICE));
    let gone = |error: std::io::Error| super::port_failure(&path, &error);
    let port = Serial::open(&path, u32::try_from(flags.integer(&SPEED)).unwrap_or(115_200)).map_err(gone)?;
    let Ok(_pidfile) = application.pidfile(&log) else { return Ok(1) };
    let (_waker, wake) = wake_up().map_err(gone)?;
    let asked = super::signalled(&log)?;
    let (news, heard) = channel();
    let seconds = |flag| Duration::from_secs(u64::try_from(flags.integer(flag)).unwrap_or(60));
    let show = Show::new(seconds(&ROTATION_TIME), seconds(&BACKLIGHT_TIMEOUT), TimeZone::system());
    let ui = Ui { port, display, wake, log: application.log.logger("kb-lcdui") };
    log.info("Starting all service threads.");
    let (mut threads, _ended) = Threads::new(log.clone());
    threads.start("kb-lcdui", move || ui.run(show, &heard))?;
    let (of_kegnet, of_client) = (news.clone(), client.clone());
    let monitor_log = application.log.logger("kegnet-monitor");
    threads.start("kegnet-monitor", move || {
        monitor_log.info("Starting main loop.");
        of_client.run(|event| {
            if let Event::FlowUpdate(flow) = event {
                let _ = of_kegnet.send(News::Flow(flow));
            }
        });
        monitor_log.info("Exited main loop.");
        Ok(())
    })?;
    let timeout = Duration::try_from_secs_f64(flags.number(&flags::API_TIMEOUT)).unwrap_or(ANSWER_WITHIN);
    let updater = Updater {
        api: Api::new(flags.text(&flags::API_URL), flags.text(&flags::API_KEY), timeout),
        every: seconds(&UPDATE_INTERVAL),
        log: application.log.logger("krest-updater"),
        news: news.clone(),
    };
    let (end, ending) = channel();
    threads.start("krest-updater", move || updater.run(&ending))?;
    log.info("All threads started.");
    log.info("Running generic main loop (going to sleep).");
    let _ = asked.recv();
    log.info("Exiting main loop");
    let _ = news.send(News::Quit);
    drop(end);
    client.quit();
    threads.stop();
    Ok(0)
}

/// `krest-updater`.
struct Updater {
    api: Api,
    every: Duration,
    log: Logger,
    news: Sender<News>,
}

impl Updater {
    fn run(self, ending: &Receiver<()>) -> Result<(), Failure> {
        self.log.info("Starting main loop.");
        loop {
            self.log.info("Fetching krest status");
            match self.fetch() {
                Ok(news) => {
                    let _ = self.news.send(news);
                }
                Err(error) => self.log.warning(&format!("Could not connect to kegweb: {error}")),
            }
            match ending.recv_timeout(self.every) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                    self.log.info("Exited main loop.");
                    return Ok(());
                }
            }
        }
    }

    fn fetch(&self) -> Result<News, crate::api::ApiError> {
        let taps = self.api.taps()?;
        let last = self.api.drinks()?.drinks.into_iter().next().map(|drink| LastPour {
            name: drink.user_id.unwrap_or_else(|| "guest".to_owned()),
            when: time::read(&drink.time).unwrap_or_else(Timestamp::now).to_zoned(TimeZone::system()),
            volume_ml: drink.volume_ml.unwrap_or_default(),
        });
        Ok(News::Taps(taps, last))
    }
}

/// `kb-lcdui`.
struct Ui {
    port: Serial,
    display: Box<dyn Display>,
    wake: PipeReader,
    log: Logger,
}

impl Ui {
    fn run(self, mut show: Show, heard: &Receiver<News>) -> Result<(), Failure> {
        self.log.info("Starting main loop.");
        let began = Instant::now();
        let mut shown: Option<(Screen, Backlight)> = None;
        self.send(self.display.clear())?;
        loop {
            let wanted = show.screen(began.elapsed());
            self.repaint(shown.as_ref(), &wanted)?;
            shown = Some(wanted);
            let now = began.elapsed();
            let news = heard.recv_timeout(show.next(now).saturating_sub(now).min(Duration::from_secs(3600)));
            match news {
                Ok(News::Flow(flow)) => show.flow(began.elapsed(), flow),
                Ok(News::Taps(taps, last)) => show.refresh(taps, last),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(News::Quit) | Err(RecvTimeoutError::Disconnected) => {
                    self.log.info("Exited main loop.");
                    return Ok(());
                }
            }
        }
    }

    /// Sends what is not on the display already.
    fn repaint(
        &self,
        shown: Option<&(Screen, Backlight)>,
        wanted: &(Screen, Backlight),
    ) -> Result<(), Failure> {
        if shown.is_none_or(|(_, light)| *light != wanted.1) {
            self.send(self.display.backlight(wanted.1))?;
        }
        for (row, line) in wanted.0.iter().enumerate() {
            if shown.is_none_or(|(screen, _)| screen[row] != *line) {
                self.send(self.display.line(row, line))?;
            }
        }
        Ok(())
    }

    fn send(&self, packets: Vec<Vec<u8>>) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::new("SerialException", error.to_string());
        for packet in packets {
            self.port.write(&packet).map_err(failed)?;
            if self.display.answers() == Answers::Never {
                continue;
            }
            match self.port.read(&self.wake, Some(ANSWER_WITHIN)).map_err(failed)? {
                Heard::Bytes(_) | Heard::Woken => {}
                Heard::Silence => self.log.error("No response!"),
            }
        }
        Ok(())
    }
}
