//! `test_flow`: pours without a tap, for trying a core out.

use std::ffi::OsString;
use std::time::Duration;

use minder_kegbot_app::flags::Defaults;
use minder_kegbot_app::threads::{Failure, Threads};
use minder_kegbot_app::{Application, Definition, Kind, Program, signals};

use crate::flags;
use crate::kegnet::{Client, Event, FlowRequest, Request, TokenAuth, TokenStatus};

const TICKS: Definition = Definition::new("ticks", Kind::Positive, "1000", "How much to pour, in ticks.");
const STEPS: Definition = Definition::new("steps", Kind::Positive, "10", "In how many steps.");
const DELAY: Definition =
    Definition::new("delay_seconds", Kind::Between(0.0, 60.0), "0.1", "How long to wait after each step.");
const AUTH_TOKEN: Definition =
    Definition::new("auth_token", Kind::Text, "", "The token to hold against the tap: DEVICE|TOKEN.");
const EXPLICIT: Definition = Definition::new(
    "explicit_start_stop",
    Kind::Switch,
    "false",
    "Ask for the flow's beginning and its end.",
);

/// What is known of the command line.
pub const PROGRAM: Program = Program {
    name: "test_flow",
    root: "test_flow",
    about: "Pours without a tap.\n",
    own: &[AUTH_TOKEN, DELAY, EXPLICIT, STEPS, flags::TAP_NAME, TICKS],
    modules: &[flags::KEGNET],
};

/// How long the core has for what was sent.
const SETTLE: Duration = Duration::from_secs(3);

/// Runs the program, and returns its exit status.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    super::live(&PROGRAM, arguments, Defaults::new(), work)
}

fn work(application: &Application) -> Result<u8, Failure> {
    let log = application.main_logger();
    let client = super::kegnet(application)?;
    let Ok(_pidfile) = application.pidfile(&log) else { return Ok(1) };
    let of_signals = client.clone();
    let watch = signals::watch(log.clone(), move || of_signals.quit());
    watch.map_err(|error| Failure::new("error", error.to_string()))?;
    let Ok(stream) = client.connect() else {
        log.error("Could not connect to core.");
        return Ok(1);
    };
    let (mut threads, _ended) = Threads::new(log.clone());
    let (of_thread, asyncore) = (client.clone(), application.log.logger("asyncore"));
    threads.start("asyncore", move || {
        asyncore.info("Starting up");
        of_thread.converse(&stream, &mut drop);
        Ok(())
    })?;
    let pour = Pour { application, client: &client };
    let status = pour.run();
    client.quit();
    threads.stop();
    Ok(status)
}

struct Pour<'a> {
    application: &'a Application,
    client: &'a Client,
}

impl Pour<'_> {
    fn run(&self) -> u8 {
        let (flags, log) = (&self.application.flags, self.application.main_logger());
        let token = token(flags.text(&AUTH_TOKEN));
        for status in [TokenStatus::Added, TokenStatus::Removed, TokenStatus::Added] {
            self.token(token.as_ref(), status);
        }
        if flags.is_on(&EXPLICIT) {
            self.ask(Request::Start);
        }
        let ticks = flags.integer(&TICKS);
        let step = ticks.div_euclid(flags.integer(&STEPS).max(1))
            + i64::from(ticks.rem_euclid(flags.integer(&STEPS).max(1)) > 0);
        let delay = Duration::try_from_secs_f64(flags.number(&DELAY)).unwrap_or_default();
        let mut reading = 0;
        loop {
            log.info(&format!("Sending flow update: {reading}"));
            self.client.send(Event::MeterUpdate { tap_name: self.tap(), reading });
            std::thread::sleep(delay);
            if reading >= ticks {
                break;
            }
            reading = (reading + step).min(ticks);
        }
        self.token(token.as_ref(), TokenStatus::Removed);
        if flags.is_on(&EXPLICIT) {
            self.ask(Request::Stop);
        }
        let sent = self.client.drain(SETTLE);
        std::thread::sleep(SETTLE);
        if sent {
            return 0;
        }
        log.error("The core has not taken everything.");
        1
    }

    fn tap(&self) -> String {
        self.application.flags.text(&flags::TAP_NAME).to_owned()
    }

    fn token(&self, token: Option<&(String, String)>, status: TokenStatus) {
        let Some((device, value)) = token.cloned() else { return };
        self.client.send(Event::TokenAuth(TokenAuth {
            tap_name: self.tap(),
            auth_device_name: device,
            token_value: value,
            status,
        }));
    }

    fn ask(&self, request: Request) {
        self.client.send(Event::FlowRequest(FlowRequest { tap_name: self.tap(), request }));
    }
}

/// `DEVICE|TOKEN`, or `DEVICE:TOKEN` as later versions have it; anything else is no token.
fn token(text: &str) -> Option<(String, String)> {
    let separator = if text.contains('|') { '|' } else { ':' };
    let mut parts = text.split(separator);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(device), Some(value), None) if !device.is_empty() && !value.is_empty() => {
            Some((device.to_owned(), value.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn a_token_has_a_device_and_a_value() {
        let pair = |device: &str, value: &str| Some((device.to_owned(), value.to_owned()));
        assert_eq!(token("core.rfid|680096068f"), pair("core.rfid", "680096068f"));
        assert_eq!(token("core.rfid:680096068f"), pair("core.rfid", "680096068f"));
        for none in ["", "core.rfid", "a|b|c", "|b", "a:"] {
            assert_eq!(token(none), None, "{none}");
        }
    }
}
