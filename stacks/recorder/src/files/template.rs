//! How files are named: acoupi's templates, as `{recording.created_on:%Y%m%d_%H%M%S}_{recording.id}.wav`.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::recording::Recording;

/// acoupi's own.
pub const DEFAULT: &str = "{recording.created_on:%Y%m%d_%H%M%S}_{recording.id}.wav";

/// What no file's name has.
const RESERVED: [char; 9] = ['<', '>', ':', '"', '/', '\\', '|', '?', '*'];

/// A template that can be filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Value { field: Field, format: String },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Field {
    Id,
    CreatedOn,
    Duration,
    Samplerate,
    AudioChannels,
    TimeExpansion,
    DeploymentId,
    DeploymentName,
    Latitude,
    Longitude,
    StartedOn,
    EndedOn,
    Device,
}

const FIELDS: [(&str, Field); 13] = [
    ("recording.id", Field::Id),
    ("recording.created_on", Field::CreatedOn),
    ("recording.duration", Field::Duration),
    ("recording.samplerate", Field::Samplerate),
    ("recording.audio_channels", Field::AudioChannels),
    ("recording.time_expansion", Field::TimeExpansion),
    ("deployment.id", Field::DeploymentId),
    ("deployment.name", Field::DeploymentName),
    ("deployment.latitude", Field::Latitude),
    ("deployment.longitude", Field::Longitude),
    ("deployment.started_on", Field::StartedOn),
    ("deployment.ended_on", Field::EndedOn),
    ("device.id", Field::Device),
];

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// With the field that there is not, or the brace that is alone.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid = |what: &str| format!("Invalid filename template: {text}: {what}");
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            let after = &rest[at + 1..];
            if let Some(after) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let (inside, after) = match after.split_once('}') {
                Some(parts) if brace == "{" => parts,
                Some(_) | None => return Err(invalid("a brace is alone")),
            };
            let (name, format) = inside.split_once(':').unwrap_or((inside, ""));
            let known = FIELDS.iter().find(|(known, _)| *known == name);
            let Some((_, field)) = known else { return Err(invalid(&format!("there is no {name}"))) };
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Value { field: *field, format: format.to_owned() });
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Ok(Self { pieces })
    }

    /// The name of a recording's file.
    #[must_use]
    pub fn name(&self, recording: &Recording, device: &str) -> String {
        let filled = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Value { field, format } => field.value(recording, device, format),
        });
        filled.collect::<String>().replace(RESERVED, "_")
    }
}

impl Field {
    fn value(self, recording: &Recording, device: &str, format: &str) -> String {
        let deployment = &recording.deployment;
        let number = |number: Option<f64>| number.map_or_else(String::new, |number| format!("{number:?}"));
        let date = |at: Option<Timestamp>| at.map_or_else(String::new, |at| dated(at, format));
        match self {
            Self::Id => recording.id.to_string(),
            Self::CreatedOn => date(Some(recording.created_on)),
            Self::Duration => number(Some(recording.duration)),
            Self::Samplerate => recording.samplerate.to_string(),
            Self::AudioChannels => recording.audio_channels.to_string(),
            Self::TimeExpansion => number(Some(recording.time_expansion)),
            Self::DeploymentId => deployment.id.to_string(),
            Self::DeploymentName => deployment.name.clone(),
            Self::Latitude => number(deployment.latitude),
            Self::Longitude => number(deployment.longitude),
            Self::StartedOn => date(Some(deployment.started_on)),
            Self::EndedOn => date(deployment.ended_on),
            Self::Device => device.to_owned(),
        }
    }
}

/// A moment in UTC, in a format of `strftime`; what that does not know stays as it is.
#[must_use]
pub fn dated(at: Timestamp, format: &str) -> String {
    if format.is_empty() {
        return crate::moment::spaced(at);
    }
    let config = jiff::fmt::strtime::Config::new().lenient(true);
    let time = jiff::fmt::strtime::BrokenDownTime::from(&at.to_zoned(TimeZone::UTC));
    let mut text = String::new();
    match time.format_with_config(&config, format, &mut jiff::fmt::StdFmtWrite(&mut text)) {
        Ok(()) => text,
        Err(_) => crate::moment::spaced(at),
    }
}
