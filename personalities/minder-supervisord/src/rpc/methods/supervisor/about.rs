//! The server itself: versions, identity, state, and its end.

use minder_core::control::{Ending, Reply, Request};

use crate::rpc::faults::{Failure, of_refusal};
use crate::rpc::{API_VERSION, Rpc, SUPERVISOR_VERSION};
use crate::xmlrpc::Value;

impl Rpc {
    pub(in crate::rpc) async fn api_version(&self) -> Result<Value, Failure> {
        self.gate().await?;
        Ok(API_VERSION.into())
    }

    pub(in crate::rpc) async fn supervisor_version(&self) -> Result<Value, Failure> {
        self.gate().await?;
        Ok(SUPERVISOR_VERSION.into())
    }

    pub(in crate::rpc) async fn identification(&self) -> Result<Value, Failure> {
        self.gate().await?;
        Ok(self.facts.identifier.as_str().into())
    }

    /// Always the same: whoever passes the gate finds the server running.
    pub(in crate::rpc) async fn state(&self) -> Result<Value, Failure> {
        self.gate().await?;
        Ok(Value::record([("statecode", Value::Int(1)), ("statename", "RUNNING".into())]))
    }

    pub(in crate::rpc) async fn troubles(&self) -> Result<Value, Failure> {
        let troubles = match self.ask(Request::Troubles).await {
            Ok(Reply::Troubles(troubles)) => troubles,
            Ok(_) | Err(_) => Vec::new(),
        };
        Ok(Value::Array(troubles.iter().map(|text| text.as_ref().into()).collect()))
    }

    pub(in crate::rpc) async fn pid(&self) -> Result<Value, Failure> {
        Ok(self.gate().await?.pid.into())
    }

    pub(in crate::rpc) async fn shutdown(&self) -> Result<Value, Failure> {
        self.end(Ending::Exit).await
    }

    pub(in crate::rpc) async fn restart(&self) -> Result<Value, Failure> {
        self.end(Ending::Again).await
    }

    async fn end(&self, ending: Ending) -> Result<Value, Failure> {
        self.gate().await?;
        match self.ask(Request::Shutdown(ending)).await {
            Ok(_) => Ok(Value::Bool(true)),
            Err(refusal) => Err(of_refusal(&refusal, None)),
        }
    }
}
