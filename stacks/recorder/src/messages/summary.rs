//! What was detected in a while: a message of numbers for each value of a tag.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Message, MessageKind};
use crate::moment;
use crate::output::PredictedTag;
use crate::program::Summariser;

/// A kind of summary.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Summary {
    /// How many there were, and how sure the detector was of them.
    Statistics,
    /// The same, for those of which it was little sure, surer, and very sure.
    Bands {
        /// The highest score of the first.
        low: f64,
        /// The highest score of the second.
        mid: f64,
    },
}

impl Summary {
    /// Those of a program. Bands are told when no threshold is zero.
    #[must_use]
    pub fn of(settings: &Summariser) -> Vec<Self> {
        let set = |threshold: Option<f64>| threshold.filter(|threshold| *threshold != 0.0);
        let thresholds = (
            set(settings.low_band_threshold),
            set(settings.mid_band_threshold),
            set(settings.high_band_threshold),
        );
        let bands = match thresholds {
            (Some(low), Some(mid), Some(_)) => Some(Self::Bands { low, mid }),
            _ => None,
        };
        [Some(Self::Statistics), bands].into_iter().flatten().collect()
    }

    /// The message of what was found from one moment to another. `run` is what asked for it: asked again, it is the same message.
    #[must_use]
    pub fn message(self, run: Uuid, now: Timestamp, interval: Duration, tags: &[PredictedTag]) -> Message {
        let mut scores: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for tag in tags {
            scores.entry(&tag.tag.value).or_default().push(tag.confidence_score);
        }
        let mut told: Map<String, Value> =
            scores.iter().map(|(value, scores)| ((*value).to_owned(), self.numbers(scores))).collect();
        let begin = now.checked_sub(interval).unwrap_or(Timestamp::MIN);
        let interval = json!({"starttime": moment::iso(begin), "endtime": moment::iso(now)});
        told.insert("timeinterval".into(), interval);
        Message {
            id: Uuid::new_v5(&run, self.word().as_bytes()),
            content: Value::Object(told).to_string().into_bytes(),
            created_on: now,
            kind: Some(MessageKind::Summary),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Statistics => "statistics",
            Self::Bands { .. } => "bands",
        }
    }

    fn numbers(self, scores: &[f64]) -> Value {
        match self {
            Self::Statistics => json!({
                "mean": mean(scores),
                "min": scores.iter().copied().fold(f64::INFINITY, f64::min),
                "max": scores.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                "count": scores.len(),
            }),
            Self::Bands { low, mid } => {
                let band = |within: &dyn Fn(f64) -> bool| -> Vec<f64> {
                    scores.iter().copied().filter(|score| within(*score)).collect()
                };
                let bands = [
                    band(&|score| score <= low),
                    band(&|score| low < score && score <= mid),
                    band(&|score| mid < score),
                ];
                let names = ["low", "mid", "high"];
                let mut numbers = Map::new();
                for (name, band) in names.iter().zip(&bands) {
                    numbers.insert(format!("count_{name}_threshold"), json!(band.len()));
                }
                for (name, band) in names.iter().zip(&bands) {
                    let mean = if band.is_empty() { json!(0) } else { json!(mean(band)) };
                    numbers.insert(format!("mean_{name}_threshold"), mean);
                }
                Value::Object(numbers)
            }
        }
    }
}

/// To three digits, as acoupi has it.
#[expect(clippy::cast_precision_loss, reason = "nobody hears so many birds in a while")]
fn mean(scores: &[f64]) -> f64 {
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    (mean * 1000.0).round_ties_even() / 1000.0
}
