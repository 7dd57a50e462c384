//! Questions to the server that nobody waits for while a pour goes on: whose a token is, and how warm it is.

use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread;

use minder_kegbot_app::threads::Failure;
use minder_kegbot_app::{Log, Logger};

use crate::api::{Api, ApiError, Use};
use crate::core::token::Token;
use crate::core::{Input, Owner};

/// So many temperatures wait while the server is slow. Further ones are dropped; there is one a minute and sensor.
const TEMPERATURES_MAX: usize = 256;

/// Where questions go.
pub(super) struct Inquiries {
    tokens: Sender<(String, Token)>,
    temperatures: SyncSender<(String, f64)>,
    log: Logger,
}

/// Starts the two threads that ask.
pub(super) fn start(api: &Api, logs: &Log, inputs: Sender<Input>) -> Result<Inquiries, Failure> {
    let (tokens, asked) = channel();
    let (temperatures, read) = sync_channel(TEMPERATURES_MAX);
    let log = logs.logger("api-backend");
    let (api_of_tokens, api_of_temperatures, log_of_temperatures) = (api.clone(), api.clone(), log.clone());
    let spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
        let spawned = thread::Builder::new().name(name.to_owned()).spawn(body);
        spawned.map(drop).map_err(|error| Failure::new("error", error.to_string()))
    };
    spawn("tokens", Box::new(move || ask_about_tokens(&api_of_tokens, &asked, &inputs)))?;
    spawn("temperatures", Box::new(move || record(&api_of_temperatures, &read, &log_of_temperatures)))?;
    Ok(Inquiries { tokens, temperatures, log })
}

impl Inquiries {
    /// Asks whose a token is. The answer is an input.
    pub(super) fn whose(&self, tap: String, token: Token) {
        let _ = self.tokens.send((tap, token));
    }

    /// Tells how warm it is, degrees Celsius.
    pub(super) fn record(&self, sensor: String, degrees: f64) {
        if let Err(TrySendError::Full(_)) = self.temperatures.try_send((sensor, degrees)) {
            self.log.warning("The server is too slow; dropping reading.");
        }
    }
}

fn ask_about_tokens(api: &Api, asked: &Receiver<(String, Token)>, inputs: &Sender<Input>) {
    for (tap, token) in asked {
        let owner = match api.token(&token.device, &token.value) {
            Ok(found) => match (found.use_of_it, found.username) {
                (Use::Disabled, Some(_)) => Owner::Disabled,
                (Use::Enabled, Some(name)) => Owner::User(name),
                (_, None) => Owner::Nobody,
            },
            Err(ApiError::Refused { status: 404 | 500, .. }) => Owner::Nobody,
            Err(error) if error.is_not_found() => Owner::Nobody,
            Err(error) => Owner::Unknown(error.to_string()),
        };
        if inputs.send(Input::LookedUp { tap, token, owner }).is_err() {
            return;
        }
    }
}

fn record(api: &Api, read: &Receiver<(String, f64)>, log: &Logger) {
    for (sensor, degrees) in read {
        match api.temperature(&sensor, degrees) {
            Ok(()) => {}
            Err(error) if error.is_not_found() => {
                log.warning(&format!("No sensor on backend named \"{sensor}\""));
            }
            Err(error) if error.is_of_the_network() => {
                log.warning("Socket error recording temperature; dropping reading.");
                log.debug(&format!("It was: {error}"));
            }
            Err(error) => {
                log.warning("Server error recording temperature; dropping reading.");
                log.debug(&format!("It was: {error}"));
            }
        }
    }
}
