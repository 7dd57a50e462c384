//! The program: by its name or its first word it is the script, the spawner, the simulator, or a command about devices.

mod ask;
mod devices;
mod ferment;
mod pages;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::firmware::chamber::ChamberSettings;
use crate::flags::{self, Asked, Check, OPTIONS_HELP, Run, To};
use crate::places::{self, Places};
use crate::process::{self, Held, Lock, Log};
use crate::simulate;
use crate::spawner::{self, Talk};
use crate::table::Table;

/// How long a board takes to start anew when somebody connects.
const SETTLE: Duration = Duration::from_secs(10);
/// Where the manager of scripts is asked.
const CIRCUS: &str = "tcp://127.0.0.1:5555";
/// How long the spawner waits at first, and how often it looks at least.
const SPAWNER: (u64, u64) = (2, 15);

const USAGE: &str = "\
brewpi: the script between a BrewPi controller and its pages

  brewpi --dbcfg NAME        run the script of a device, as brewpi.py
  brewpi --dblist            list the devices
  brewpi device …            add, change and remove devices: `brewpi device` says how
  brewpi profile …           import, list and start profiles: `brewpi profile` says how
  brewpi ask NAME REQUEST    ask the script of a device, as pages do
  brewpi simulate …          a controller with a chamber, without hardware
  brewpi ferment …           a whole fermentation in moments, with a picture
  brewpi web …               pages of chambers, profiles, histories and logs
  brewpi spawner …           keep a script running for each active device; also called brewpi-spawner

Options of the script:
";

const SIMULATE_USAGE: &str = "\
brewpi simulate [--pty PATH | --port PORT] [--speed N]

A controller that holds a simulated chamber, on a pty to which PATH leads, or on a port of this machine.
  --pty PATH    BREWPI_RUN/board
  --port PORT   0 is any that is free; it is printed
  --speed N     how many of its seconds pass in one, 0.001 to 100000 (1)
";

const SPAWNER_USAGE: &str = "\
brewpi-spawner [-s SECONDS] [-i SECONDS] [-d]

Keeps a script running for each active device, by a circusd or a minder that is one.
  -s, --sleep SECONDS     wait before the first look (2)
  -i, --interval SECONDS  look at least this often (15); a change of the database is seen at once
  -d, --debug             say what is seen at each look
";

/// Runs what is asked for. The first word is the program's name.
#[must_use]
pub fn main(arguments: &[String]) -> ExitCode {
    let places = Places::of(|name| std::env::var_os(name));
    let (called, words) = match arguments.split_first() {
        Some((called, words)) => (Path::new(called), words),
        None => (Path::new("brewpi"), &[][..]),
    };
    let name = called.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match (name.trim_end_matches(".py"), words.first().map(String::as_str)) {
        ("brewpi-spawner" | "brewpi_spawner" | "processmgr", _) => spawn(&places, words),
        (_, Some("spawner")) => spawn(&places, &words[1..]),
        (_, Some("simulate")) => simulate(&places, &words[1..]),
        (_, Some("ferment")) => ferment::run(&words[1..]),
        (_, Some("device")) => devices::device(&places, &words[1..]),
        (_, Some("ask")) => ask::run(&places, &words[1..]),
        (_, Some("web")) => pages::run(&places, &words[1..]),
        (_, Some("profile")) => devices::profile(&places, &words[1..]),
        (_, Some("--version" | "-V")) => {
            println!("brewpi {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        (_, _) => script(&places, words),
    }
}

fn script(places: &Places, words: &[String]) -> ExitCode {
    match flags::read(words) {
        Asked::Help => {
            eprint!("{USAGE}{OPTIONS_HELP}\n{}", places::HELP);
            ExitCode::SUCCESS
        }
        Asked::Unknown(word) => {
            println!("Unknown parameter {word}, available Options:\n{OPTIONS_HELP}");
            ExitCode::SUCCESS
        }
        Asked::Incomplete(word) => {
            eprintln!("ERROR: {word} needs a value");
            ExitCode::FAILURE
        }
        Asked::Clash(text) => {
            eprintln!("ERROR: {text}");
            ExitCode::FAILURE
        }
        Asked::List => devices::list(places),
        Asked::Run(run) => run_script(places, &run),
    }
}

fn run_script(places: &Places, run: &Run) -> ExitCode {
    let Some(name) = &run.device else {
        eprint!("{USAGE}{OPTIONS_HELP}\n{}", places::HELP);
        return ExitCode::FAILURE;
    };
    if !run.pidfiles.is_dir() {
        eprintln!("ERROR: pidfiledir \"{}\" does not exist", run.pidfiles.display());
        return ExitCode::FAILURE;
    }
    let device = match Table::open(&places.database).and_then(|table| table.device(name)) {
        Ok(Some(device)) => device,
        Ok(None) => {
            eprintln!("ERROR: No database configuration with the name '{name}' was found!");
            return ExitCode::FAILURE;
        }
        Err(error) => {
            eprintln!("ERROR: {error}");
            return ExitCode::FAILURE;
        }
    };
    if !device.status.may_run() {
        process::say(&format!(
            "The device '{name}' is not active in the database: this instance is disabled. Exiting."
        ));
        return ExitCode::SUCCESS;
    }
    match process::lock(&run.pidfiles, name) {
        Ok(Held::Ours(lock)) => begin(places, run, name, lock),
        Ok(Held::Others) => {
            process::say(
                "Another instance of BrewPi is already running, which will conflict with this instance. This \
                 instance will exit",
            );
            match Lock::wait(&run.pidfiles.join(format!("{name}.pid"))) {
                Ok(Held::Ours(lock)) => begin(places, run, name, lock),
                Ok(Held::Others) | Err(_) => ExitCode::SUCCESS,
            }
        }
        Err(error) => {
            eprintln!("ERROR: {}: {error}", run.pidfiles.display());
            ExitCode::FAILURE
        }
    }
}

fn begin(places: &Places, run: &Run, name: &str, lock: Lock) -> ExitCode {
    if run.check == Check::StartOnly {
        // So the original says that it may.
        return ExitCode::FAILURE;
    }
    if run.log == To::Files
        && let Err(error) = Log::to_files(&places.log)
    {
        eprintln!("ERROR: {}: {error}", places.log.display());
        return ExitCode::FAILURE;
    }
    let settle = match std::env::var("BREWPI_SETTLE").ok().map(|text| text.parse::<u32>()) {
        None => SETTLE,
        Some(Ok(seconds)) => Duration::from_secs(u64::from(seconds)),
        Some(Err(_)) => {
            eprintln!("ERROR: BREWPI_SETTLE: expected a whole number of seconds");
            return ExitCode::FAILURE;
        }
    };
    let ended = process::run(places, name, settle);
    drop(lock);
    ended
}

fn simulate(places: &Places, words: &[String]) -> ExitCode {
    let mut settings = simulate::Settings {
        place: simulate::Place::Pty(places.run.join("board")),
        speed: 1.0,
        chamber: ChamberSettings::default(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next();
        let understood = match (word.as_str(), value) {
            ("--pty", Some(path)) => {
                settings.place = simulate::Place::Pty(path.into());
                true
            }
            ("--port", Some(port)) => {
                port.parse().map(|port| settings.place = simulate::Place::Port(port)).is_ok()
            }
            ("--speed", Some(speed)) => match speed.parse::<f64>() {
                Ok(speed) if (0.001..=100_000.0).contains(&speed) => {
                    settings.speed = speed;
                    true
                }
                _ => false,
            },
            (_, _) => false,
        };
        if !understood {
            return misused(word, value, SIMULATE_USAGE);
        }
    }
    match simulate::run(&settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("brewpi simulate: {error}");
            ExitCode::FAILURE
        }
    }
}

fn spawn(places: &Places, words: &[String]) -> ExitCode {
    let program = std::env::current_exe().map(|path| path.to_string_lossy().into_owned());
    let mut settings = spawner::Settings {
        start_delay: Duration::from_secs(SPAWNER.0),
        interval: Duration::from_secs(SPAWNER.1),
        talk: Talk::Changes,
        endpoint: std::env::var("BREWPI_CIRCUS").unwrap_or_else(|_| CIRCUS.to_owned()),
        program: program.unwrap_or_else(|_| "brewpi".to_owned()),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-d" | "--debug" => {
                settings.talk = Talk::Everything;
                continue;
            }
            "-h" | "--help" => {
                print!("{SPAWNER_USAGE}\n{}", places::HELP);
                return ExitCode::SUCCESS;
            }
            _ => {}
        }
        let value = words.next();
        let seconds =
            value.and_then(|value| value.parse::<u32>().ok()).map(|it| Duration::from_secs(u64::from(it)));
        match (word.as_str(), seconds) {
            ("-s" | "--sleep", Some(seconds)) => settings.start_delay = seconds,
            ("-i" | "--interval", Some(seconds)) if !seconds.is_zero() => settings.interval = seconds,
            (_, _) => return misused(word, value, SPAWNER_USAGE),
        }
    }
    spawner::run(places, &settings)
}

fn misused(word: &str, value: Option<&String>, usage: &str) -> ExitCode {
    let value = value.map(|value| format!(" {value}")).unwrap_or_default();
    eprintln!("not understood: {word}{value}\n\n{usage}");
    ExitCode::from(2)
}
