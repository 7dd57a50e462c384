//! What happens at a bar: a script of scenes, a line each, or evenings that are made up.
//!
//! ```text
//! # a line beginning with # says something to people
//! wait 2s
//! pour flow0 473ml in 12s
//! pour flow1 1041ticks in 14s at once     # the next line begins together with it
//! token core.rfid 680096068f              # shown and gone
//! token core.onewire 6000000012345601 for 20s
//! warm thermo-f800080012345610 4.25
//! jump flow0 1101
//! odometer flow0 4294967290
//! noise 40
//! reset
//! unplug 3s
//! repeat
//! ```

use std::fmt;
use std::time::Duration;

/// A tick of the usual meter, mL.
pub const ML_PER_TICK: f64 = 1000.0 / 2200.0;

/// Scenes that a script may have.
const SCENES_MAX: usize = 100_000;

/// Something that happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Scene {
    /// Nothing, for a while.
    Wait(Duration),
    /// Somebody pours.
    Pour {
        /// Through which meter.
        meter: String,
        /// How much, ticks.
        ticks: f64,
        /// In how long.
        time: Duration,
        /// Whether the next scene waits for its end.
        pace: Pace,
    },
    /// Somebody holds a token against a reader.
    Token {
        /// The reader, as the board calls it.
        device: String,
        /// The bytes, in the order of the wire.
        bytes: Vec<u8>,
        /// How long; shown only, if nothing.
        held: Option<Duration>,
    },
    /// It is so warm at a thermometer, degrees Celsius.
    Warm(String, f64),
    /// A meter counts what did not run.
    Jump(String, f64),
    /// A meter has another count.
    Odometer(String, u32),
    /// So many bytes come over the line that nobody sent.
    Noise(usize),
    /// The board is switched off and on.
    Reset,
    /// The board is pulled out, for so long.
    Unplug(Duration),
    /// From the beginning again.
    Repeat,
}

/// Whether the next scene waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Until this one is over.
    InTurn,
    /// It does not.
    AtOnce,
}

/// A line that is no scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneError {
    /// Where, from one on.
    pub line: usize,
    /// What is wrong.
    pub text: String,
}

impl fmt::Display for SceneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.text)
    }
}

impl std::error::Error for SceneError {}

/// Reads a script. All that is wrong is told at once.
///
/// # Errors
/// Every line that is no scene.
pub fn read(text: &str) -> Result<Vec<Scene>, Vec<SceneError>> {
    let (mut scenes, mut errors) = (Vec::new(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        match scene(line) {
            Ok(scene) => scenes.push(scene),
            Err(text) => errors.push(SceneError { line: number + 1, text }),
        }
    }
    let lasts = scenes.iter().any(|scene| match scene {
        Scene::Wait(time) | Scene::Unplug(time) => !time.is_zero(),
        Scene::Pour { time, pace, .. } => !time.is_zero() && *pace == Pace::InTurn,
        Scene::Token { held, .. } => held.is_some_and(|held| !held.is_zero()),
        _ => false,
    });
    if scenes.contains(&Scene::Repeat) && !lasts {
        errors.push(SceneError {
            line: text.lines().count(),
            text: "`repeat`: no scene takes any time".into(),
        });
    }
    if scenes.len() > SCENES_MAX {
        errors.push(SceneError { line: SCENES_MAX, text: format!("expected at most {SCENES_MAX} scenes") });
    }
    if errors.is_empty() { Ok(scenes) } else { Err(errors) }
}

fn scene(line: &str) -> Result<Scene, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["wait", time] => Ok(Scene::Wait(span(time)?)),
        ["pour", meter, amount, "in", time] => pour(meter, amount, time, Pace::InTurn),
        ["pour", meter, amount, "in", time, "at", "once"] => pour(meter, amount, time, Pace::AtOnce),
        ["token", device, value] => token(device, value, None),
        ["token", device, value, "for", time] => token(device, value, Some(span(time)?)),
        ["warm", sensor, degrees] => {
            let value: Option<f64> = degrees.parse().ok().filter(|value: &f64| value.is_finite());
            let value = value.ok_or_else(|| wrong(degrees, "degrees Celsius such as 4.25"))?;
            Ok(Scene::Warm((*sensor).to_owned(), value))
        }
        ["jump", meter, ticks] => Ok(Scene::Jump((*meter).to_owned(), f64::from(number(ticks, "ticks")?))),
        ["odometer", meter, ticks] => Ok(Scene::Odometer((*meter).to_owned(), number(ticks, "ticks")?)),
        ["noise", bytes] => Ok(Scene::Noise(number(bytes, "bytes")?.min(1 << 20) as usize)),
        ["reset"] => Ok(Scene::Reset),
        ["unplug", time] => Ok(Scene::Unplug(span(time)?)),
        ["repeat"] => Ok(Scene::Repeat),
        _ => Err(wrong(
            line,
            "wait TIME, pour METER AMOUNT in TIME [at once], token READER VALUE [for TIME], warm SENSOR DEGREES, \
             jump METER TICKS, odometer METER TICKS, noise BYTES, reset, unplug TIME or repeat",
        )),
    }
}

fn wrong(found: &str, expected: &str) -> String {
    format!("found `{found}`, expected {expected}")
}

fn number(text: &str, what: &str) -> Result<u32, String> {
    text.parse().map_err(|_| wrong(text, &format!("a whole number of {what}")))
}

fn pour(meter: &str, amount: &str, time: &str, pace: Pace) -> Result<Scene, String> {
    let expected = || wrong(amount, "an amount such as 473ml or 1041ticks");
    let read = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    let ticks = match (amount.strip_suffix("ml"), amount.strip_suffix("ticks")) {
        (Some(text), _) => read(text).map(|ml| (ml / ML_PER_TICK).round()),
        (None, Some(text)) => read(text),
        (None, None) => None,
    };
    let ticks = ticks.ok_or_else(expected)?;
    Ok(Scene::Pour { meter: meter.to_owned(), ticks, time: span(time)?, pace })
}

/// Tokens are written as the core shows them, which is the other way round than they come over the wire.
fn token(device: &str, value: &str, held: Option<Duration>) -> Result<Scene, String> {
    let expected = || wrong(value, "an even number of hex digits, at most 64");
    let digits: Option<Vec<u8>> =
        value.chars().map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits =
        digits.filter(|all| all.len() % 2 == 0 && !all.is_empty() && all.len() <= 64).ok_or_else(expected)?;
    let bytes: Vec<u8> = digits.chunks(2).rev().map(|pair| pair[0] << 4 | pair[1]).collect();
    let device = if device == "core.onewire" { "onewire" } else { device };
    Ok(Scene::Token { device: device.to_owned(), bytes, held })
}

fn span(text: &str) -> Result<Duration, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let unit = units.iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(unit)?.parse::<f64>().ok()?;
        Some(number * seconds)
    });
    let seconds = unit.filter(|seconds| seconds.is_finite() && (0.0..=1e9).contains(seconds));
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| wrong(text, "a time such as 500ms, 12s or 3m"))
}

/// Evenings: somebody comes now and then, shows a token or not, and drinks.
#[derive(Clone, Copy, Debug)]
pub struct Evenings {
    state: u64,
}

impl Evenings {
    /// The same number makes the same evenings.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A number, by splitmix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// What happens next.
    pub fn scenes(&mut self) -> Vec<Scene> {
        let mut scenes = vec![Scene::Wait(Duration::from_secs(self.between(3, 25)))];
        if self.between(0, 2) > 0 {
            let (device, bytes) = match self.between(0, 2) {
                0 => ("core.rfid", vec![0x8f, 0x06, 0x96, 0x00, 0x68]),
                1 => ("core.rfid", vec![0xad, 0x0b, 0x00, 0x00, 0x00]),
                _ => ("onewire", vec![0x01, 0x56, 0x34, 0x12, 0x00, 0x00, 0x00, 0x60]),
            };
            let held = (device == "onewire").then(|| Duration::from_secs(self.between(1, 3)));
            scenes.push(Scene::Token { device: device.to_owned(), bytes, held });
        }
        let meter = format!("flow{}", self.between(0, 1));
        #[expect(clippy::cast_precision_loss, reason = "a glass")]
        let ml = self.between(5, 500) as f64;
        let seconds = (ml / 33.0).max(1.0);
        let time = Duration::from_secs_f64(seconds);
        scenes.push(Scene::Pour { meter, ticks: (ml / ML_PER_TICK).round(), time, pace: Pace::InTurn });
        #[expect(clippy::cast_precision_loss, reason = "degrees")]
        let degrees = 3.0 + self.between(0, 300) as f64 / 100.0;
        scenes.push(Scene::Warm("thermo-f800080012345610".to_owned(), degrees));
        scenes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read_line_by_line() {
        let text = "# an evening\nwait 2s\npour flow0 473ml in 12s\npour flow1 10ticks in 500ms at once # two\n\
                    token core.rfid 680096068f\ntoken core.onewire 6000000012345601 for 20s\n\
                    warm thermo-1 -1.5\njump flow0 1101\nodometer flow0 4294967290\nnoise 40\nreset\nunplug 1m\nrepeat\n";
        let scenes = read(text).unwrap();
        assert_eq!(scenes.len(), 12);
        assert_eq!(
            scenes[1],
            Scene::Pour {
                meter: "flow0".into(),
                ticks: 1041.0,
                time: Duration::from_secs(12),
                pace: Pace::InTurn
            }
        );
        let bytes = vec![0x8f, 0x06, 0x96, 0x00, 0x68];
        assert_eq!(scenes[3], Scene::Token { device: "core.rfid".into(), bytes, held: None });
    }

    #[test]
    fn all_that_is_wrong_is_told_with_its_line() {
        let errors = read("wait soon\n\ndance\npour flow0 473 in 1s\ntoken a 123\nrepeat\n").unwrap_err();
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(lines[0], "1: found `soon`, expected a time such as 500ms, 12s or 3m");
        assert!(lines[1].starts_with("3: found `dance`, expected wait TIME"), "{lines:?}");
        assert_eq!(lines[2], "4: found `473`, expected an amount such as 473ml or 1041ticks");
        assert_eq!(lines[3], "5: found `123`, expected an even number of hex digits, at most 64");
        assert_eq!(lines[4], "6: `repeat`: no scene takes any time");
    }

    #[test]
    fn a_seed_says_everything_of_an_evening() {
        let evening = |seed| {
            let mut evenings = Evenings::new(seed);
            (0..20).flat_map(|_| evenings.scenes()).collect::<Vec<_>>()
        };
        assert_eq!(evening(7), evening(7));
        assert_ne!(evening(7), evening(8));
    }
}
