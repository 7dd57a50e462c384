//! `acoupi deployment start` and `acoupi deployment stop`.

mod beginning;
mod ending;

use minder_deployment::boot::Boot;
use minder_deployment::daemon::Alone;
use minder_deployment::interruption::Interruption;
use minder_deployment::record::{Axis, Position};
use minder_deployment::undo::Undo;
use rustix::process::Signal;

use crate::Acoupi;
use crate::click::Failure;
use crate::click::parse::{Command, Option_, Others, Parsed};
use crate::click::style::{Colour, coloured};
use crate::commands::{check, help};
use crate::configuration::Loaded;
use crate::text;

pub(crate) const START: Command = Command {
    path: "acoupi deployment start",
    usage: "[OPTIONS]",
    help: help::START,
    options: &[
        Option_::Value("--name", ""),
        Option_::Value("--latitude", ""),
        Option_::Value("--longitude", ""),
        Option_::Switch("--check", "--no-check"),
    ],
    arguments: &[],
    others: Others::Refused,
};

pub(crate) const STOP: Command = Command {
    path: "acoupi deployment stop",
    usage: "[OPTIONS]",
    help: help::STOP,
    options: &[],
    arguments: &[],
    others: Others::Refused,
};

/// Whether it must be well before it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Caution {
    Checked,
    Unchecked,
}

pub(crate) fn start(acoupi: &mut Acoupi, parsed: &Parsed) -> Result<(), Failure> {
    let said = |axis| said_degrees(parsed, axis);
    let (latitude, longitude) = (said(Axis::Latitude)?, said(Axis::Longitude)?);
    let interruption = listen();
    let name = match parsed.value("--name") {
        Some(name) => name.to_owned(),
        None => acoupi.terminal.prompt(text::ASK_NAME, None, |answer| Ok(answer.to_owned()))?,
    };
    let latitude = ask_degrees(acoupi, latitude, Axis::Latitude, text::ASK_LATITUDE)?;
    let longitude = ask_degrees(acoupi, longitude, Axis::Longitude, text::ASK_LONGITUDE)?;
    let place = Position { latitude: Some(latitude), longitude: Some(longitude) };
    let loaded = Loaded::read(&acoupi.settings);
    let caution = match parsed.switch("--check") {
        Some(false) => Caution::Unchecked,
        Some(true) | None => Caution::Checked,
    };
    if caution == Caution::Checked {
        acoupi.terminal.echo(&coloured(text::CHECKING, Colour::Green));
    }
    let loaded = loaded.map_err(|error| Failure::Error(error.to_string()))?;
    interruption.hold();
    // Held before anything is looked at: who is refused must not undo what the other one has made meanwhile.
    let _alone = Alone::take(&acoupi.settings.run_dir).map_err(Failure::Error)?;
    let mut undo = Undo::new();
    if caution == Caution::Checked {
        // Looking whether it works makes what is missing, unless it belongs to the deployment that goes on.
        if !beginning::goes_on(acoupi).map_err(Failure::Error)? {
            beginning::note_storages(&loaded.program, &mut undo);
        }
        if let Err(failure) = check::check(acoupi, &loaded) {
            undo.undo();
            return Err(failure);
        }
    }
    acoupi.terminal.echo(&coloured(text::STARTING, Colour::Green));
    let intent = beginning::Intent { name: &name, place, caution };
    beginning::begin(acoupi, &loaded, intent, &interruption, undo)?;
    acoupi.terminal.echo(&coloured(text::STARTED, Colour::Green));
    Ok(())
}

pub(crate) fn stop(acoupi: &mut Acoupi, _: &Parsed) -> Result<(), Failure> {
    let interruption = listen();
    acoupi.terminal.echo(&coloured(text::STOPPING, Colour::Green));
    interruption.hold();
    ending::end(acoupi, &interruption)?;
    acoupi.terminal.echo(&coloured(text::STOPPED, Colour::Green));
    Ok(())
}

/// Ctrl-C at a question is an answer: that it shall not go on.
#[expect(clippy::exit, reason = "the thread that asks waits for a line which may never come")]
fn listen() -> Interruption {
    Interruption::listen(|signal| {
        if signal == Signal::INT.as_raw() {
            eprint!("{}", Failure::Abort.text());
            std::process::exit(i32::from(Failure::Abort.status()));
        }
        std::process::exit(128 + signal);
    })
}

/// What an option says of degrees.
fn said_degrees(parsed: &Parsed, axis: Axis) -> Result<Option<f64>, Failure> {
    let option = match axis {
        Axis::Latitude => "--latitude",
        Axis::Longitude => "--longitude",
    };
    let read = |text: &str| degrees(axis, text).map_err(|why| START.wrong_value(option, &why));
    parsed.value(option).map(read).transpose()
}

fn ask_degrees(acoupi: &mut Acoupi, said: Option<f64>, axis: Axis, question: &str) -> Result<f64, Failure> {
    if let Some(degrees) = said {
        return Ok(degrees);
    }
    acoupi
        .terminal
        .prompt(question, None, |answer| degrees(axis, answer).map_err(|why| format!("Error: {why}")))
}

fn degrees(axis: Axis, text: &str) -> Result<f64, String> {
    let number = text.trim().parse().map_err(|_| format!("'{text}' is not a valid float."))?;
    axis.hold(number).map_err(|why| format!("{why}."))
}

pub(crate) use beginning::row;

/// Who starts the units after a boot.
fn boot(acoupi: &Acoupi) -> Boot {
    Boot::find(&acoupi.outside, &acoupi.settings.units, &acoupi.settings.service)
}
