//! The configuration: read it again, take groups into service and out of it.

use minder_core::control::{Reply, Request};
use minder_core::ids::GroupName;

use crate::rpc::Rpc;
use crate::rpc::faults::{Code, Failure, fault, of_refusal};
use crate::rpc::python;
use crate::xmlrpc::Value;

impl Rpc {
    pub(in crate::rpc) async fn reload_config(&self) -> Result<Value, Failure> {
        self.gate().await?;
        match self.ask(Request::Reread).await {
            Ok(Reply::Change(change)) => {
                let names = |groups: &[GroupName]| {
                    Value::Array(groups.iter().map(|group| group.as_str().into()).collect())
                };
                // One array more than one would think: the original could not return three values.
                let three = [names(&change.added), names(&change.changed), names(&change.removed)];
                Ok(Value::Array(vec![Value::Array(three.into())]))
            }
            Ok(
                Reply::Done
                | Reply::Reports(_)
                | Reply::Plan(..)
                | Reply::Status(_)
                | Reply::Sockets(_)
                | Reply::Troubles(_),
            ) => Err(fault(Code::Failed, None)),
            Err(refusal) => Err(of_refusal(&refusal, None)),
        }
    }

    pub(in crate::rpc) async fn add_process_group(&self, name: &Value) -> Result<Value, Failure> {
        self.gate().await?;
        self.change_service(name, Request::AddGroup).await
    }

    pub(in crate::rpc) async fn remove_process_group(&self, name: &Value) -> Result<Value, Failure> {
        self.gate().await?;
        python::expect_hashable(name)?;
        self.change_service(name, Request::RemoveGroup).await
    }

    async fn change_service(
        &self,
        name: &Value,
        request: fn(GroupName) -> Request,
    ) -> Result<Value, Failure> {
        let Some(text) = name.as_str() else {
            return Err(fault(Code::BadName, python::detail(name).as_deref()));
        };
        match self.ask(request(GroupName::new(text))).await {
            Ok(_) => Ok(Value::Bool(true)),
            Err(refusal) => Err(of_refusal(&refusal, Some(text))),
        }
    }
}
