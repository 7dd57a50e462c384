//! What is sent into programs and to event listeners.

use minder_core::control::Request;
use minder_core::event::Announcement;

use crate::rpc::Rpc;
use crate::rpc::faults::{Code, Failure, fault, of_refusal};
use crate::rpc::python;
use crate::words::State;
use crate::xmlrpc::Value;

impl Rpc {
    pub(in crate::rpc) async fn send_process_stdin(
        &self,
        name: &Value,
        chars: &Value,
    ) -> Result<Value, Failure> {
        self.gate().await?;
        let Some(text) = chars.as_str() else {
            return Err(fault(Code::IncorrectParameters, python::detail(chars).as_deref()));
        };
        let report = self.resolve_program(name).await?;
        match State::of(&report.facts) {
            State::Starting | State::Running => {}
            // A process that was asked to end gets nothing more to read.
            State::Stopped
            | State::Backoff
            | State::Stopping
            | State::Exited
            | State::Fatal
            | State::Unknown => return Err(fault(Code::NotRunning, python::detail(name).as_deref())),
        }
        match self.ask(Request::Feed(report.id, text.as_bytes().to_vec())).await {
            Ok(_) => Ok(Value::Bool(true)),
            Err(refusal) => Err(of_refusal(&refusal, python::detail(name).as_deref())),
        }
    }

    /// The one method that works while everything is being stopped.
    pub(in crate::rpc) async fn send_remote_comm_event(
        &self,
        topic: &Value,
        body: &Value,
    ) -> Result<Value, Failure> {
        let topic = python::text(topic).into_boxed_str();
        let body = python::text(body).into_boxed_str();
        match self.ask(Request::Announce(Announcement { topic, body })).await {
            Ok(_) => Ok(Value::Bool(true)),
            Err(refusal) => Err(of_refusal(&refusal, None)),
        }
    }
}
