//! The server's own log file.

use minder_core::control::{Refusal, Request};

use crate::rpc::Rpc;
use crate::rpc::faults::{Code, Failure, fault, of_refusal};
use crate::rpc::logs;
use crate::xmlrpc::Value;

impl Rpc {
    pub(in crate::rpc) async fn read_log(&self, offset: &Value, length: &Value) -> Result<Value, Failure> {
        let status = self.gate().await?;
        logs::read(status.journal.as_ref(), offset, length).await
    }

    pub(in crate::rpc) async fn clear_log(&self) -> Result<Value, Failure> {
        let status = self.gate().await?;
        match status.journal {
            Some(path) if logs::exists(&path) => {}
            Some(_) | None => return Err(fault(Code::NoFile, None)),
        }
        match self.ask(Request::ClearJournal).await {
            Ok(_) => Ok(Value::Bool(true)),
            Err(Refusal::File(..)) => Err(fault(Code::Failed, None)),
            Err(refusal) => Err(of_refusal(&refusal, None)),
        }
    }
}
