//! The same command lines for the real acoupi and for ours, and what they say, side by side.

use std::path::{Path, PathBuf};

use crate::home::{Home, Init, Said, said};

/// Sound cards for the real acoupi: the one that ours finds by `arecord`.
const SOUND: &str = r#"
paInt16 = 8
def get_sample_size(format): return 2
CARDS = [dict(index=0, name="AudioMoth: USB Audio (hw:1,0)", maxInputChannels=1, maxOutputChannels=0,
              defaultSampleRate=48000.0)]
class Stream:
    def __init__(self, channels, rate): self.channels = channels
    def read(self, frames, **rest): return b"\0" * (2 * frames * self.channels)
    def start_stream(self): pass
    def stop_stream(self): pass
    def close(self): pass
    def __enter__(self): return self
    def __exit__(self, *rest): pass
class PyAudio:
    def get_device_count(self): return len(CARDS)
    def get_device_info_by_index(self, index): return CARDS[index]
    def get_default_input_device_info(self): return CARDS[0]
    def is_format_supported(self, rate, **rest): return True
    def open(self, **asked): return Stream(asked["channels"], asked["rate"])
    def terminate(self): pass
"#;

/// The same card for `arecord`, which gives silence, at the pace of a card.
const ARECORD: &str = r#"#!/bin/sh
case "$*" in
-l) echo "card 1: AudioMoth [AudioMoth], device 0: USB Audio [USB Audio]" ;;
*dump-hw-params*) printf 'CHANNELS: 1\nRATE: [8000 48000]\n' ;;
*) exec python3 -c '
import sys, time
begin, written = time.monotonic(), 0
while True:
    sys.stdout.buffer.write(bytes(9600))
    sys.stdout.buffer.flush()
    written += 1
    time.sleep(max(0, begin + written / 10 - time.monotonic()))' ;;
esac
"#;

/// Both of them.
struct Pair {
    theirs: Home,
    ours: Home,
}

impl Pair {
    fn new() -> Self {
        let [theirs, ours] = [Home::new(Init::Systemd), Home::new(Init::Systemd)];
        // Neither starts anything here: it is what they say that is compared.
        for home in [&theirs, &ours] {
            let text = include_str!("systemctl.sh").replace("value Type", "echo none");
            home.program("systemctl", &text.replace("exec setsid", ":"));
            home.program("arecord", ARECORD);
        }
        theirs.write("python/pyaudio.py", SOUND);
        Self { theirs, ours }
    }

    fn theirs(&self, typed: &str, words: &[&str]) -> Said {
        let mut command = self.theirs.command(&original().display().to_string());
        command.args(words).env("PYTHONPATH", self.theirs.path("python"));
        shared(said(&mut command, typed), &self.theirs.path(""))
    }

    fn ours(&self, typed: &str, words: &[&str]) -> Said {
        shared(self.ours.typing(typed, words), &self.ours.path(""))
    }

    /// Both say the same, and end alike.
    fn same(&self, typed: &str, words: &[&str]) {
        let (theirs, ours) = (self.theirs(typed, words), self.ours(typed, words));
        assert_eq!(ours, theirs, "{words:?}");
    }

    /// Both print the same and end alike; the original has a traceback in the place of a message.
    fn same_but_for_errors(&self, typed: &str, words: &[&str]) {
        let (theirs, ours) = (self.theirs(typed, words), self.ours(typed, words));
        assert_eq!((&ours.out, ours.status), (&theirs.out, theirs.status), "{words:?}\n{ours:?}\n{theirs:?}");
    }
}

fn original() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/acoupi-venv");
    let venv = PathBuf::from(std::env::var("MINDER_ACOUPI_VENV").unwrap_or_else(|_| default.to_owned()));
    let acoupi = venv.join("bin/acoupi");
    assert!(
        acoupi.exists(),
        "no reference at {}: run the tests with `cargo xtask test`, which installs it, or set MINDER_ACOUPI_VENV",
        venv.display()
    );
    acoupi
}

/// Without what differs from home to home.
fn shared(said: Said, home: &Path) -> Said {
    let home = home.display().to_string();
    let text = |text: String| text.replace(home.trim_end_matches('/'), "HOME");
    Said { out: text(said.out), err: text(said.err), ..said }
}

#[test]
fn command_lines_that_are_wrong() {
    let pair = Pair::new();
    for words in [
        &["nosuch"][..],
        &["chek"],
        &["--nosuch"],
        &["-h"],
        &["deployment", "nosuch"],
        &["deployment", "statu"],
        &["check", "extra"],
        &["check", "a", "b"],
        &["check", "--version"],
        &["check", "-x"],
        &["setup", "--program"],
        &["workers", "stop"],
        &["workers", "start"],
        &["check"],
        &["config", "get"],
        &["config", "set", "3"],
        &["celery", "status"],
    ] {
        pair.same("", words);
    }
}

#[test]
fn the_test_program() {
    let pair = Pair::new();
    pair.same("", &["setup", "--program", "nosuch"]);
    pair.same("\n", &["setup"]);
    pair.same("n\nfoo\n", &["setup"]);
    pair.same("", &["config", "get"]);
    pair.same("", &["config", "get", "--field", "name"]);
    pair.same("", &["config", "get", "--no-color"]);
    pair.same_but_for_errors("", &["config", "get", "--field", "nmae"]);
    pair.same("", &["config", "get", "--indent", "x"]);
    pair.same("", &["config", "set"]);
    let unhealthy = pair.theirs("", &["check"]);
    let ours = pair.ours("", &["check"]);
    assert!(ours.out.starts_with(&unhealthy.out), "{ours:?}\n{unhealthy:?}");
    assert_eq!((ours.status, &ours.err), (unhealthy.status, &unhealthy.err));
    pair.same("", &["config", "set", "--field", "name", "test_program"]);
    pair.same("", &["check"]);
    pair.same("", &["task", "list"]);
    pair.same("", &["task", "run", "test_task"]);
    pair.same("", &["task", "run", "x"]);
    pair.same("", &["task", "run"]);
    pair.same("", &["task", "run", "a", "b"]);
    pair.same("", &["task", "profile", "x", "--log-level", "nope"]);
    pair.same("", &["task", "profile", "x", "--quiet", "maybe"]);
    pair.same("", &["task", "profile", "test_task", "--quiet", "yes"]);
    pair.same("", &["deployment", "status"]);
    pair.same("", &["deployment", "start", "--lat", "3"]);
    pair.same("", &["deployment", "start", "--latitud", "3"]);
    pair.same("", &["deployment", "start", "--latitude"]);
    pair.same("", &["deployment", "start", "--latitude", "abc"]);
    pair.same("", &["deployment", "start", "--check=3"]);
    pair.same("", &["deployment", "start"]);
    pair.same("x\n", &["deployment", "start"]);
    pair.same_but_for_errors("", &["deployment", "stop"]);
}

/// What somebody sees who sits at a terminal, colours and all.
fn seen(home: &Home, acoupi: &Path, words: &[&str]) -> Said {
    let mut command = home.command("script");
    let line = format!("{} {}", acoupi.display(), words.join(" "));
    command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm");
    command.env("PYTHONPATH", home.path("python"));
    shared(said(&mut command, ""), &home.path(""))
}

#[test]
fn colours_on_a_terminal() {
    let pair = Pair::new();
    for words in [
        &["check"][..],
        &["setup", "--no-prompt"],
        &["check"],
        &["config", "get"],
        &["deployment", "status"],
        &["task", "list"],
        &["task", "run", "x"],
        &["task", "run", "test_task"],
        &["deployment", "start", "--name", "a", "--latitude", "1", "--longitude", "2"],
        &["deployment", "status"],
        &["deployment", "stop"],
        &["config", "set", "--field", "name", "x"],
        &["deployment", "status"],
        &["setup", "--program", "nosuch"],
        &["setup", "--no-prompt", "--program", "acoupi.programs.default", "--microphone.device_name", "Foo"],
    ] {
        let theirs = seen(&pair.theirs, &original(), words);
        let ours = seen(&pair.ours, &pair.ours.path("bin/acoupi"), words);
        // When it began differs by moments.
        let minute = |said: Said| Said {
            out: said.out.lines().filter(|line| !line.contains("started on")).collect::<Vec<_>>().join("\n"),
            ..said
        };
        assert_eq!(minute(ours), minute(theirs), "{words:?}");
    }
}

#[test]
fn the_default_program() {
    let pair = Pair::new();
    let program = ["setup", "--no-prompt", "--program", "acoupi.programs.default"];
    let with = |more: &[&'static str]| [&program[..], more].concat();
    pair.same("", &with(&["--microphone.device_name", "Foo"]));
    pair.same("", &with(&["--microphone.device_name", "AudioMoth", "--recording.schedule_start", "25:00"]));
    pair.same(
        "",
        &with(&["--microphone.device_name", "AudioMoth", "--recording.duration", "5", "--unknown", "3"]),
    );
    for file in ["program.json", "name", "celery.json"] {
        let text = |home: &Home| {
            home.text(&format!(".acoupi/config/{file}"))
                .replace(&home.path("").display().to_string(), "HOME/")
        };
        assert_eq!(text(&pair.ours), text(&pair.theirs), "{file}");
    }
    pair.same("", &["config", "get"]);
    pair.same("", &["config", "get", "--field", "recording"]);
    pair.same("", &["config", "get", "--field", "microphone.device_name"]);
    for indent in ["0", "-1", "7"] {
        pair.same("", &["config", "get", "--no-color", "-i", indent]);
    }
    pair.same("", &["config", "set", "--field", "recording.duration", "10.0"]);
    pair.same("", &["config", "set", "--field", "recording.duration", "7"]);
    pair.same("", &["config", "get", "--field", "recording.duration"]);
    pair.same("", &["config", "set", "--field", "recording.schedule_start", "10:00:00"]);
    pair.same("", &["task", "list"]);
    pair.same("", &["check"]);
    pair.same("", &["deployment", "status"]);
}

#[test]
fn a_deployment() {
    let pair = Pair::new();
    pair.same("", &["setup", "--no-prompt"]);
    pair.same("site a\nabc\n51.5\nx\n-0.1\n", &["deployment", "start"]);
    let keys = |home: &Home| {
        let record = home.deployment();
        record.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(keys(&pair.ours), keys(&pair.theirs));
    let orders =
        |home: &Home| home.orders().into_iter().filter(|order| order != "daemon-reload").collect::<Vec<_>>();
    assert_eq!(orders(&pair.ours), orders(&pair.theirs));
    let second = ["deployment", "start", "--name", "b", "--latitude", "1", "--longitude", "2"];
    pair.same_but_for_errors("", &second);
    pair.same("", &["deployment", "stop"]);
    assert_eq!(orders(&pair.ours), orders(&pair.theirs));
    assert_eq!(keys(&pair.ours), keys(&pair.theirs));
    pair.same_but_for_errors("", &["deployment", "stop"]);
}
