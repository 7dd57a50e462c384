//! The log files of programs.

use minder_core::control::{Report, Request};
use minder_core::ids::BytePath;

use super::each::{name_of, status};
use crate::rpc::Rpc;
use crate::rpc::dispatch::Channel;
use crate::rpc::faults::{Failure, of_refusal};
use crate::rpc::logs;
use crate::rpc::python;
use crate::xmlrpc::Value;

impl Rpc {
    pub(in crate::rpc) async fn read_process_log(
        &self,
        channel: Channel,
        name: &Value,
        offset: &Value,
        length: &Value,
    ) -> Result<Value, Failure> {
        self.gate().await?;
        let report = self.resolve_program(name).await?;
        logs::read(log_of(&report, channel), offset, length).await
    }

    pub(in crate::rpc) async fn tail_process_log(
        &self,
        channel: Channel,
        name: &Value,
        offset: &Value,
        length: &Value,
    ) -> Result<Value, Failure> {
        self.gate().await?;
        let report = self.resolve_program(name).await?;
        logs::tail(log_of(&report, channel), offset, length).await
    }

    /// `readProcessStdoutLog`, for the pages.
    pub(crate) async fn read_stdout(&self, name: &Value, offset: i64) -> Result<String, Failure> {
        let (offset, length) = (Value::Int(offset), Value::Int(0));
        let text = self.read_process_log(Channel::Stdout, name, &offset, &length).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    pub(in crate::rpc) async fn clear_process_logs(&self, name: &Value) -> Result<Value, Failure> {
        self.gate().await?;
        let report = self.resolve_program(name).await?;
        self.clear(&report, &python::text(name)).await?;
        Ok(Value::Bool(true))
    }

    pub(in crate::rpc) async fn clear_all_process_logs(&self) -> Result<Value, Failure> {
        self.gate().await?;
        let mut statuses = Vec::new();
        for report in self.everything().await? {
            let outcome = self.clear(&report, &name_of(&report)).await;
            statuses.push(status(&report, outcome));
        }
        Ok(Value::Array(statuses))
    }

    async fn clear(&self, report: &Report, name: &str) -> Result<(), Failure> {
        match self.ask(Request::ClearLogs(report.id)).await {
            Ok(_) => Ok(()),
            Err(refusal) => Err(of_refusal(&refusal, Some(name))),
        }
    }
}

/// The file of one stream.
pub(crate) fn log_of(report: &Report, channel: Channel) -> Option<&BytePath> {
    match channel {
        Channel::Stdout => report.stdout_log.as_ref(),
        Channel::Stderr => report.stderr_log.as_ref(),
    }
}
