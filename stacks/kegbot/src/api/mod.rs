//! The server's interface, as devices use it.
//!
//! ```text
//!  taps, drinks, tokens, temperatures ◀─▶ GET and POST of JSON below --api_url
//! ```

mod error;
mod replies;

use std::time::Duration;

use jiff::Timestamp;
use ureq::Agent;
use ureq::http::Response;

use crate::tls;
pub use error::{ApiError, Outcome};
pub use replies::{Answer, Drink, SoundEvent, Tap, Token, Use};

/// More bytes than an answer has.
const ANSWER_BYTES_MAX: u64 = 8 << 20;

/// A server.
#[derive(Clone)]
pub struct Api {
    base: String,
    key: String,
    agent: Agent,
}

/// A drink as it is told to the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Pour {
    /// The meter's name.
    pub meter_name: String,
    /// What it counted.
    pub ticks: i64,
    /// Who had it, if anybody in particular.
    pub username: Option<String>,
    /// When, by the clock of this machine, Unix seconds.
    pub pour_time: i64,
    /// The same clock now. The server uses the difference.
    pub now: i64,
    /// How long it took, s.
    pub duration: i64,
}

/// Drinks, and what the server's clock says.
#[derive(Clone, Debug)]
pub struct Drinks {
    /// The newest first.
    pub drinks: Vec<Drink>,
    /// The time of the answer, if it told one.
    pub server_time: Option<Timestamp>,
}

impl Api {
    /// The server at `base`, such as `http://localhost:8000/api/`. `timeout` bounds connecting and each wait for an answer.
    #[must_use]
    pub fn new(base: &str, key: &str, timeout: Duration) -> Self {
        let mut config = Agent::config_builder()
            .timeout_connect(Some(timeout))
            .timeout_recv_response(Some(timeout))
            .timeout_recv_body(Some(timeout))
            .timeout_send_request(Some(timeout))
            .timeout_send_body(Some(timeout))
            .timeout_resolve(Some(timeout))
            .http_status_as_error(false)
            // A connection that lies idle for minutes is found to be dead only when a drink is sent over it.
            .max_idle_connections(0)
            .max_redirects(3);
        if let Some(tls) = tls::for_address(base) {
            config = config.tls_config(tls);
        }
        Self {
            base: base.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            agent: config.build().new_agent(),
        }
    }

    /// The taps, in the server's order.
    ///
    /// # Errors
    /// As every question to the server.
    pub fn taps(&self) -> Result<Vec<Tap>, ApiError> {
        self.get("taps")?.taps()
    }

    /// The newest drinks.
    ///
    /// # Errors
    /// As every question to the server.
    pub fn drinks(&self) -> Result<Drinks, ApiError> {
        let (answer, server_time) = self.get_with_time("drinks")?;
        Ok(Drinks { drinks: answer.drinks()?, server_time })
    }

    /// What is to be played when.
    ///
    /// # Errors
    /// As every question to the server.
    pub fn sound_events(&self) -> Result<Vec<SoundEvent>, ApiError> {
        self.get("sound-events")?.sound_events()
    }

    /// Who a token belongs to.
    ///
    /// # Errors
    /// As every question to the server.
    pub fn token(&self, device: &str, value: &str) -> Result<Token, ApiError> {
        self.get(&format!("auth-tokens/{}/{}", escaped(device), escaped(value)))?.token()
    }

    /// Records a drink. Nothing if the server has no word about it.
    ///
    /// # Errors
    /// As every question to the server.
    pub fn pour(&self, pour: &Pour) -> Result<Option<Drink>, ApiError> {
        let mut form = vec![
            ("tap_name", pour.meter_name.clone()),
            ("ticks", pour.ticks.to_string()),
            ("pour_time", pour.pour_time.to_string()),
            ("now", pour.now.to_string()),
        ];
        form.extend(pour.username.clone().map(|name| ("username", name)));
        if pour.duration > 0 {
            form.push(("duration", pour.duration.to_string()));
        }
        self.post(&format!("taps/{}", escaped(&pour.meter_name)), &form)?.poured()
    }

    /// Records a temperature, degrees Celsius.
    ///
    /// # Errors
    /// As every question to the server.
    pub fn temperature(&self, sensor: &str, degrees: f64) -> Result<(), ApiError> {
        let form = [("temp_c", degrees.to_string())];
        self.post(&format!("thermo-sensors/{}", escaped(sensor)), &form).map(drop)
    }

    fn get(&self, endpoint: &str) -> Result<Answer, ApiError> {
        self.get_with_time(endpoint).map(|(answer, _)| answer)
    }

    fn get_with_time(&self, endpoint: &str) -> Result<(Answer, Option<Timestamp>), ApiError> {
        let request = self.agent.get(self.url(endpoint)).header("X-Kegbot-Api-Key", &self.key);
        answer(request.call().map_err(ApiError::of)?)
    }

    fn post(&self, endpoint: &str, form: &[(&str, String)]) -> Result<Answer, ApiError> {
        let request = self.agent.post(self.url(endpoint)).header("X-Kegbot-Api-Key", &self.key);
        let form = form.iter().map(|(name, value)| (*name, value.as_str()));
        answer(request.send_form(form).map_err(ApiError::of)?).map(|(answer, _)| answer)
    }

    fn url(&self, endpoint: &str) -> String {
        format!("{}/{endpoint}", self.base)
    }
}

/// What an answer says, and when it was given.
fn answer(response: Response<ureq::Body>) -> Result<(Answer, Option<Timestamp>), ApiError> {
    let status = response.status().as_u16();
    let date = response.headers().get("date").and_then(|date| date.to_str().ok()).and_then(http_date);
    let read = response.into_body().into_with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    let body = read.map_err(|error| ApiError::NoAnswer(error.to_string()))?;
    Answer::read(status, &body).map(|answer| (answer, date))
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|at| at.timestamp())
}

/// A part of a path.
fn escaped(part: &str) -> String {
    use std::fmt::Write as _;
    part.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}
