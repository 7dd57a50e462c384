//! `summary_task`: stores messages of what was detected in a while.

use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::TaskError;
use crate::messages::summary::Summary;
use crate::station::Station;

const PART: &str = "summary";

/// Stores a message of each kind of summary.
///
/// # Errors
/// When a database did not do what it should.
pub fn run(station: &mut Station, run: Uuid) -> Result<Value, TaskError> {
    let (Some(interval), Some(messages)) = (station.program.summary_interval(), &station.messages) else {
        return Ok(Value::Null);
    };
    let kinds = station.program.summariser_config.as_ref().map(Summary::of).unwrap_or_default();
    station.log.info(PART, format_args!("Starting summary generation for {} summariser(s).", kinds.len()));
    let now = station.now();
    let long = SignedDuration::try_from(interval).unwrap_or(SignedDuration::MAX);
    let begin = now.checked_sub(long).unwrap_or(Timestamp::MIN);
    let tags = station.store.tags_between(begin, now)?;
    for kind in kinds {
        messages.store(&kind.message(run, now, interval, &tags))?;
    }
    Ok(Value::Null)
}
