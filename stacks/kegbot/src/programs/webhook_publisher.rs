//! `webhook_publisher`: posts each drink to an address of yours, as JSON.

use std::ffi::OsString;
use std::io::Write as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use minder_kegbot_app::flags::Defaults;
use minder_kegbot_app::threads::{Failure, Threads};
use minder_kegbot_app::{Application, Definition, Kind, Logger, Program};

use crate::flags;
use crate::json::spaced;
use crate::kegnet::{DrinkCreated, Event};
use crate::tls;

const URL: Definition =
    Definition::new("webhook_url", Kind::Text, "", "Where drinks are posted to, as JSON.");

/// What is known of the command line.
pub const PROGRAM: Program = Program {
    name: "webhook_publisher",
    root: "main",
    about: "Posts each drink to an address of yours, as JSON.\n",
    own: &[URL],
    modules: &[flags::KEGNET],
};

/// How often an address is tried, and how long it is waited in between, which doubles each time.
const TRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the program, and returns its exit status.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    super::live(&PROGRAM, arguments, Defaults::new(), work)
}

/// What became of the publishers to networks that are closed to such programs today.
#[must_use]
pub fn moved(arguments: &[OsString]) -> u8 {
    let name = arguments.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default().to_owned();
    let text = format!(
        "{name}: it does not exist any more. webhook_publisher posts each drink as JSON to an address of yours, from where it \
         can go anywhere: webhook_publisher --webhook_url=URL\n"
    );
    let _ = std::io::stderr().write_all(text.as_bytes());
    1
}

fn work(application: &Application) -> Result<u8, Failure> {
    let (flags, log) = (&application.flags, application.main_logger());
    let url = flags.text(&URL).to_owned();
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        log.error(&format!(
            "--webhook_url: found '{url}', expected an address that begins with http:// or https://"
        ));
        return Ok(1);
    }
    let client = super::kegnet(application)?;
    let Ok(_pidfile) = application.pidfile(&log) else { return Ok(1) };
    let asked = super::signalled(&log)?;
    let (drinks, posted) = channel();
    log.info("Starting all service threads.");
    let (mut threads, _ended) = Threads::new(log.clone());
    let of_thread = client.clone();
    threads.start("kegnet", move || {
        of_thread.run(|event| {
            if let Event::DrinkCreated(drink) = event {
                let _ = drinks.send(drink);
            }
        });
        Ok(())
    })?;
    let (ending, over) = channel::<()>();
    let publisher = application.log.logger("publisher");
    threads.start("publisher", move || {
        for drink in &posted {
            publish(&url, &drink, &over, &publisher);
        }
        Ok(())
    })?;
    log.info("All threads started.");
    log.info("Running generic main loop (going to sleep).");
    let _ = asked.recv();
    log.info("Exiting main loop");
    drop(ending);
    client.quit();
    threads.stop();
    Ok(0)
}

fn publish(url: &str, drink: &DrinkCreated, over: &Receiver<()>, log: &Logger) {
    let body = spaced(&Event::DrinkCreated(drink.clone()).data());
    let mut config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE));
    if let Some(tls) = tls::for_address(url) {
        config = config.tls_config(tls);
    }
    let agent = config.build().new_agent();
    let mut wait = FIRST_WAIT;
    for attempt in 1..=TRIES {
        match agent.post(url).header("Content-Type", "application/json").send(&body[..]) {
            Ok(_) => return log.info(&format!("Published drink {}", drink.drink_id)),
            Err(error) => log.warning(&format!("Drink {} was not published: {error}", drink.drink_id)),
        }
        if attempt == TRIES || over.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
            break;
        }
        wait *= 2;
    }
    log.error(&format!("Drink {} is given up.", drink.drink_id));
}
