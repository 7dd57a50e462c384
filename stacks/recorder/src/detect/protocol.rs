//! What is said between minder and a detector: a line of JSON each.
//!
//! ```text
//!  < {"detector":"my detector","protocol":1}
//!  > {"detect":1,"path":"/a/b.wav","samplerate":384000,"channels":1,"duration":3.0,"time_expansion":1.0,"started":null, …}
//!  < {"detect":1,"detections":[{"start":0.5,"end":0.51,"low":30000,"high":60000,"score":0.9,"tags":[…]}]}
//! ```
//!
//! Reading is a function of the bytes, so that anybody's bytes can be tried.

use std::fmt;

use serde_json::{Value, json};

use super::{Detection, Kind, Region, Subject, Tag};
use crate::wav::WavFormat;

/// The version that is spoken.
pub const VERSION: u64 = 1;

/// The longest line, bytes.
pub const LINE_MAX: usize = 4 * 1024 * 1024;

/// The most detections in an answer.
pub const DETECTIONS_MAX: usize = 10_000;

/// The most tags of a detection.
pub const TAGS_MAX: usize = 1000;

/// The longest name, key or value, bytes.
pub const TEXT_MAX: usize = 1000;

/// Why a line means nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Nonsense {
    /// It is longer than [`LINE_MAX`].
    TooLong,
    /// It is no JSON object.
    NoObject(String),
    /// It is for another protocol.
    Version(String),
    /// It is about another recording.
    Stranger {
        /// Of which one an answer was expected.
        expected: u64,
        /// What was found.
        found: String,
    },
    /// A field is not what it should be.
    Field {
        /// Where.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
}

impl fmt::Display for Nonsense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a line of more than {LINE_MAX} bytes"),
            Self::NoObject(found) => write!(f, "found {found}, expected a JSON object"),
            Self::Version(found) => write!(f, "`protocol`: found {found}, expected {VERSION}"),
            Self::Stranger { expected, found } => write!(f, "`detect`: found {found}, expected {expected}"),
            Self::Field { name, expected, found } => {
                write!(f, "`{name}`: found {found}, expected {expected}")
            }
        }
    }
}

impl std::error::Error for Nonsense {}

/// An answer.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// What was heard.
    Heard(Vec<Detection>),
    /// That it did not work.
    Failed(String),
}

/// Reads the first line of a detector: its name.
///
/// # Errors
/// If it is none.
pub fn greeting(line: &[u8]) -> Result<String, Nonsense> {
    let value = object(line)?;
    if value["protocol"].as_u64() != Some(VERSION) {
        return Err(Nonsense::Version(excerpt(&value["protocol"])));
    }
    text(&value, "detector")
}

/// A question about a recording, with its end of line. `duration` is in seconds, `format` is that of the file.
#[must_use]
pub fn question(number: u64, subject: &Subject<'_>, format: WavFormat, duration: f64) -> Vec<u8> {
    let expansion = subject.time_expansion;
    let (latitude, longitude) = subject.position.unzip();
    let question = json!({
        "detect": number,
        "path": subject.path.to_string_lossy(),
        "samplerate": f64::from(format.samplerate) * expansion,
        "channels": format.channels,
        "duration": duration / expansion,
        "time_expansion": expansion,
        "started": subject.started.map(|started| started.to_string()),
        "latitude": latitude,
        "longitude": longitude,
    });
    let mut line = question.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// Reads an answer to a question.
///
/// # Errors
/// If it is none.
pub fn answer(line: &[u8], number: u64) -> Result<Answer, Nonsense> {
    let value = object(line)?;
    if value["detect"].as_u64() != Some(number) {
        return Err(Nonsense::Stranger { expected: number, found: excerpt(&value["detect"]) });
    }
    if let Some(error) = value["error"].as_str() {
        return Ok(Answer::Failed(shortened(error)));
    }
    let list = list(&value, "detections", DETECTIONS_MAX)?;
    list.iter().map(detection).collect::<Result<_, _>>().map(Answer::Heard)
}

fn detection(value: &Value) -> Result<Detection, Nonsense> {
    let score = score(value).ok_or_else(|| wrong(value, "score", "a number from 0 to 1"))?;
    let kind = match &value["kind"] {
        Value::Null => Kind::Event,
        word => Kind::ALL
            .into_iter()
            .find(|kind| word == kind.word())
            .ok_or_else(|| wrong(value, "kind", "one of presence, sequence, event"))?,
    };
    let tags = match &value["tags"] {
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            let list = list(value, "tags", TAGS_MAX)?;
            list.iter().map(|value| tag(value, score)).collect::<Result<_, _>>()?
        }
    };
    Ok(Detection { kind, region: region(value)?, score, tags })
}

/// All four sides of a box, or none.
fn region(value: &Value) -> Result<Option<Region>, Nonsense> {
    let sides = ["start", "end", "low", "high"];
    if sides.iter().all(|side| value[side].is_null()) {
        return Ok(None);
    }
    let side = |name: &'static str| {
        let number = value[name].as_f64().filter(|number| *number >= 0.0);
        number.ok_or_else(|| {
            wrong(value, name, "a number, 0 or more, as all of start, end, low and high, or none")
        })
    };
    let region = Region { start: side("start")?, end: side("end")?, low: side("low")?, high: side("high")? };
    if region.end <= region.start {
        return Err(wrong(value, "end", "more than `start`"));
    }
    if region.high <= region.low {
        return Err(wrong(value, "high", "more than `low`"));
    }
    Ok(Some(region))
}

fn tag(value: &Value, of_detection: f64) -> Result<Tag, Nonsense> {
    if !value.is_object() {
        return Err(Nonsense::Field { name: "tags", expected: "objects", found: excerpt(value) });
    }
    let score = if value["score"].is_null() { Some(of_detection) } else { score(value) };
    let score = score.ok_or_else(|| wrong(value, "score", "a number from 0 to 1"))?;
    Ok(Tag { key: text(value, "key")?, value: text(value, "value")?, score })
}

fn object(line: &[u8]) -> Result<Value, Nonsense> {
    if line.len() > LINE_MAX {
        return Err(Nonsense::TooLong);
    }
    match serde_json::from_slice::<Value>(line) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) | Err(_) => Err(Nonsense::NoObject(shortened(&String::from_utf8_lossy(line)))),
    }
}

fn list<'a>(value: &'a Value, name: &'static str, most: usize) -> Result<&'a [Value], Nonsense> {
    let list = value[name].as_array().filter(|list| list.len() <= most);
    list.map(Vec::as_slice).ok_or_else(|| wrong(value, name, "a list, and not too long a one"))
}

fn score(value: &Value) -> Option<f64> {
    value["score"].as_f64().filter(|score| (0.0..=1.0).contains(score))
}

fn text(value: &Value, name: &'static str) -> Result<String, Nonsense> {
    let text = value[name].as_str().filter(|text| !text.is_empty() && text.len() <= TEXT_MAX);
    text.map(str::to_owned).ok_or_else(|| wrong(value, name, "a text of 1 to 1000 bytes"))
}

fn wrong(value: &Value, name: &'static str, expected: &'static str) -> Nonsense {
    Nonsense::Field { name, expected, found: excerpt(&value[name]) }
}

fn excerpt(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Array(list) => format!("a list of {}", list.len()),
        Value::Object(_) => "an object".into(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => shortened(&value.to_string()),
    }
}

/// As much of it as a message should have.
fn shortened(text: &str) -> String {
    let mut letters = text.trim().chars();
    let begin: String = letters.by_ref().take(200).collect();
    if letters.next().is_some() { format!("{begin} …") } else { begin }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_what_it_says() {
        let line = br#"{"detect":7,"detections":[
            {"start":0.5,"end":1,"low":2000,"high":8000,"score":0.9,"tags":[{"key":"species","value":"Turdus merula"}]},
            {"kind":"presence","score":0.25,"tags":[{"key":"a","value":"b","score":0.5}]}]}"#;
        let tag = |key: &str, value: &str, score| Tag { key: key.into(), value: value.into(), score };
        let region = Region { start: 0.5, end: 1.0, low: 2000.0, high: 8000.0 };
        let expected = vec![
            Detection {
                kind: Kind::Event,
                region: Some(region),
                score: 0.9,
                tags: vec![tag("species", "Turdus merula", 0.9)],
            },
            Detection { kind: Kind::Presence, region: None, score: 0.25, tags: vec![tag("a", "b", 0.5)] },
        ];
        assert_eq!(answer(line, 7), Ok(Answer::Heard(expected)));
        assert_eq!(answer(br#"{"detect":7,"error":"no model"}"#, 7), Ok(Answer::Failed("no model".into())));
        assert_eq!(greeting(br#"{"detector":"mine","protocol":1}"#), Ok("mine".into()));
    }

    #[test]
    fn nonsense_says_where_it_is() {
        let cases = [
            ("loading model", "found loading model, expected a JSON object"),
            ("[1]", "found [1], expected a JSON object"),
            (r#"{"detect":2,"detections":[]}"#, "`detect`: found 2, expected 1"),
            (r#"{"detect":1}"#, "`detections`: found nothing, expected a list, and not too long a one"),
            (
                r#"{"detect":1,"detections":[{"score":1.5}]}"#,
                "`score`: found 1.5, expected a number from 0 to 1",
            ),
            (r#"{"detect":1,"detections":[3]}"#, "`score`: found nothing, expected a number from 0 to 1"),
            (
                r#"{"detect":1,"detections":[{"score":1,"start":2,"end":1,"low":1,"high":2}]}"#,
                "`end`: found 1, expected more than `start`",
            ),
            (
                r#"{"detect":1,"detections":[{"score":1,"start":2}]}"#,
                "`end`: found nothing, expected a number, 0 or more, as all of start, end, low and high, or none",
            ),
            (
                r#"{"detect":1,"detections":[{"score":1,"kind":"x"}]}"#,
                "`kind`: found \"x\", expected one of presence, sequence, event",
            ),
            (
                r#"{"detect":1,"detections":[{"score":1,"tags":[{"key":"","value":"b"}]}]}"#,
                "`key`: found \"\", expected a text of 1 to 1000 bytes",
            ),
            (
                r#"{"detect":1,"detections":[{"score":1,"tags":["a"]}]}"#,
                "`tags`: found \"a\", expected objects",
            ),
        ];
        for (line, expected) in cases {
            let nonsense = answer(line.as_bytes(), 1).expect_err(line);
            assert_eq!(nonsense.to_string(), expected);
        }
        let nonsense = greeting(br#"{"detector":"mine","protocol":2}"#).expect_err("another protocol");
        assert_eq!(nonsense.to_string(), "`protocol`: found 2, expected 1");
    }

    #[test]
    fn a_question_tells_the_rate_of_life() {
        let subject = Subject {
            path: "/a/b.wav".as_ref(),
            time_expansion: 10.0,
            started: Some(jiff::Timestamp::UNIX_EPOCH),
            position: Some((51.5, -0.1)),
        };
        let line = question(3, &subject, WavFormat { samplerate: 38_400, channels: 1 }, 30.0);
        let expected = concat!(
            r#"{"detect":3,"path":"/a/b.wav","samplerate":384000.0,"channels":1,"duration":3.0,"time_expansion":10.0,"#,
            r#""started":"1970-01-01T00:00:00Z","latitude":51.5,"longitude":-0.1}"#,
            "\n"
        );
        assert_eq!(String::from_utf8_lossy(&line), expected);
    }
}
