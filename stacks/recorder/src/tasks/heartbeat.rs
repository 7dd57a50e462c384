//! `heartbeat_task`: tells that the device is alive.

use serde_json::Value;

use super::TaskError;
use crate::messages::heartbeat::{Heartbeat, metrics};
use crate::messages::{Lock, SendError};
use crate::station::Station;

/// Sends a heartbeat, which is never stored: one that nobody takes is of no use later.
///
/// # Errors
/// When nobody takes it.
pub fn run(station: &mut Station) -> Result<Value, TaskError> {
    let Some(messages) = &station.messages else { return Ok(Value::Null) };
    let Some(mut messenger) = station.messenger.take() else { return Ok(Value::Null) };
    let path = messages.path().to_owned();
    let lock = Lock::wait(&path).map_err(|error| TaskError::File(path, error));
    let names = &station.program.minder.heartbeat_metrics;
    let metrics = metrics(names, station.machine.as_ref(), &station.program.paths.recordings);
    let message = Heartbeat::now(station.now(), &station.device, metrics).message();
    let sent = match (lock, message) {
        (Ok(_alone), Ok(message)) => messenger.send(&message).map_err(TaskError::Send),
        (Err(error), _) => Err(error),
        (_, Err(error)) => Err(TaskError::Send(SendError::Unsendable(error.to_string()))),
    };
    messenger.rest();
    station.messenger = Some(messenger);
    let status = sent?.status.number();
    station.log.info("heartbeat", format_args!("Heartbeat Sent - Response Status: {status}"));
    Ok(Value::Null)
}
