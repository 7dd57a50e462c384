//! What a detector found in a recording.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::recording::Recording;

/// All that one detector found in one recording.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ModelOutput {
    /// Its id.
    pub id: Uuid,
    /// The detector.
    pub name_model: String,
    /// Where it looked.
    pub recording: Recording,
    /// What it found.
    pub detections: Vec<Detection>,
    /// When it had looked.
    #[serde(with = "crate::moment::json")]
    pub created_on: Timestamp,
}

impl ModelOutput {
    /// Without detections and tags of a smaller score. A threshold of zero takes nothing away.
    pub fn cleaned(mut self, threshold: f64) -> Self {
        if threshold == 0.0 {
            return self;
        }
        self.detections.retain(|detection| detection.detection_score >= threshold);
        for detection in &mut self.detections {
            detection.tags.retain(|tag| tag.confidence_score >= threshold);
        }
        self
    }

    /// The highest score in it, 0 if nothing was found.
    pub fn confidence(&self) -> f64 {
        self.detections.iter().map(|detection| detection.detection_score).fold(0.0, f64::max)
    }
}

/// Something that was found.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Detection {
    /// Its id.
    pub id: Uuid,
    /// What kind of statement it is.
    pub prediction_type: PredictionType,
    /// Where in the recording. `None`: somewhere.
    pub location: Option<BoundingBox>,
    /// How sure the detector is that there is anything, 0 to 1.
    pub detection_score: f64,
    /// What it may be.
    pub tags: Vec<PredictedTag>,
}

/// What kind of statement a detection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PredictionType {
    /// One sound or more of this kind.
    Presence,
    /// Sounds that belong together.
    Sequence,
    /// One sound.
    Event,
}

impl PredictionType {
    /// Its word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Sequence => "sequence",
            Self::Event => "event",
        }
    }

    /// The one of this word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Presence, Self::Sequence, Self::Event].into_iter().find(|kind| kind.word() == word)
    }
}

/// A part of a recording, in time and pitch.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(from = "TaggedBox", into = "TaggedBox")]
pub struct BoundingBox {
    /// Seconds from the recording's begin.
    pub start: f64,
    /// Hz.
    pub low: f64,
    /// Seconds; more than `start`.
    pub end: f64,
    /// Hz; more than `low`.
    pub high: f64,
}

#[derive(Serialize, Deserialize)]
struct TaggedBox {
    #[serde(rename = "type")]
    kind: BoxKind,
    coordinates: [f64; 4],
}

#[derive(Serialize, Deserialize)]
enum BoxKind {
    BoundingBox,
}

impl From<TaggedBox> for BoundingBox {
    fn from(tagged: TaggedBox) -> Self {
        let [start, low, end, high] = tagged.coordinates;
        Self { start, low, end, high }
    }
}

impl From<BoundingBox> for TaggedBox {
    fn from(place: BoundingBox) -> Self {
        Self { kind: BoxKind::BoundingBox, coordinates: [place.start, place.low, place.end, place.high] }
    }
}

/// What a detection may be.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PredictedTag {
    /// The word for it.
    pub tag: Tag,
    /// How sure the detector is of it, 0 to 1.
    pub confidence_score: f64,
}

/// A word for something, as `species` `Myotis myotis`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tag {
    /// What it is about.
    pub key: String,
    /// What it says.
    pub value: String,
}
