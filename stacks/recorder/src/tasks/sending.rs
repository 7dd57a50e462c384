//! `send_messages_task`: sends what was stored, until somebody has taken it.

use serde_json::{Value, json};
use uuid::Uuid;

use super::TaskError;
use crate::messages::{Lock, Messenger, ResponseStatus, SendError};
use crate::program::Messaging;
use crate::station::Station;
use crate::store::{MessageStore, StoreError};

const PART: &str = "messaging";

/// After so many messages in a row for which nobody was there the rest is left for the next time.
const UNREACHABLE_MAX: u32 = 3;

#[derive(Default)]
struct Tally {
    attempts: usize,
    answered: usize,
    failed: usize,
}

/// Sends the messages that nobody has taken. The output says how many remain.
///
/// # Errors
/// When a database did not do what it should. That nobody can be reached is no error: everything is kept for the next time.
pub fn run(station: &mut Station) -> Result<Value, TaskError> {
    let (Some(messages), Some(messaging)) = (station.messages.clone(), station.program.messaging.clone())
    else {
        return Ok(json!({"remaining": 0}));
    };
    let Some(mut messenger) = station.messenger.take() else { return Ok(json!({"remaining": 0})) };
    station.log.info(PART, "Starting message send task.");
    let sent = send(station, messenger.as_mut(), &messages, &messaging);
    messenger.rest();
    station.messenger = Some(messenger);
    sent?;
    Ok(json!({"remaining": messages.remaining()?}))
}

fn send(
    station: &mut Station,
    messenger: &mut dyn Messenger,
    messages: &MessageStore,
    messaging: &Messaging,
) -> Result<(), TaskError> {
    let path = messages.path();
    let _alone = Lock::wait(path).map_err(|error| TaskError::File(path.to_owned(), error))?;
    let selected = select(station, messages, messaging)?;
    station.log.info(PART, format_args!("Selected {} message(s) to be sent.", selected.len()));
    let mut tally = Tally::default();
    let mut unreachable = 0;
    for id in &selected {
        let Some(message) = messages.message(*id)? else { continue };
        tally.attempts += 1;
        match messenger.send(&message) {
            Ok(response) => {
                messages.store_response(*id, &response)?;
                tally.answered += 1;
                unreachable = 0;
                if response.status != ResponseStatus::Success {
                    let text = response.content.unwrap_or_default();
                    station.log.warning(PART, format_args!("message {id} was refused: {text}"));
                    station.postponed.insert(*id);
                }
            }
            Err(error) => {
                station.log.error(PART, format_args!("Message send failed for message {id}: {error}"));
                tally.failed += 1;
                station.postponed.insert(*id);
                unreachable += match error {
                    SendError::Unreachable(_) => 1,
                    SendError::Unsendable(_) => 0,
                };
            }
        }
        if unreachable >= UNREACHABLE_MAX {
            break;
        }
    }
    station.log.info(
        PART,
        format_args!(
            "Finished message send task: {} message(s) selected, {} send attempt(s), {} successful response(s), \
             {} failed send(s).",
            selected.len(),
            tally.attempts,
            tally.answered,
            tally.failed
        ),
    );
    Ok(())
}

/// Those that failed the last time come after the others: one that nobody can take does not keep the rest from being sent.
fn select(
    station: &mut Station,
    messages: &MessageStore,
    messaging: &Messaging,
) -> Result<Vec<Uuid>, StoreError> {
    let unsent = messages.unsent(messaging.message_order)?;
    let (later, mut selected): (Vec<Uuid>, Vec<Uuid>) =
        unsent.into_iter().partition(|id| station.postponed.contains(id));
    selected.extend(later);
    station.postponed.clear();
    if let Some(most) = messaging.max_messages {
        selected.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    }
    Ok(selected)
}
