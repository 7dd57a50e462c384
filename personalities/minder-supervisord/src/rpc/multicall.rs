//! `system.multicall`: several calls in one, strictly one after the other, waiting for each.

use super::Rpc;
use super::faults::{Code, Failure, fault};
use super::python;
use crate::xmlrpc::{Fault, Value};

impl Rpc {
    /// Each result stands as it is, not in an array of its own: that differs from other servers' `multicall`.
    pub(super) async fn multicall(&self, calls: &Value) -> Result<Value, Failure> {
        let calls = match calls {
            Value::Array(calls) => calls,
            Value::String(text) if text.is_empty() => return Ok(Value::Array(Vec::new())),
            Value::String(_) => return Err(no_get(calls)),
            Value::Nil
            | Value::Int(_)
            | Value::Bool(_)
            | Value::Double(_)
            | Value::DateTime(_)
            | Value::Struct(_) => return Err(fault(Code::IncorrectParameters, None)),
        };
        let mut results = Vec::with_capacity(calls.len());
        for call in calls {
            let Value::Struct(_) = call else { return Err(no_get(call)) };
            results.push(match self.one_of_many(call).await {
                Ok(value) => value,
                Err(failure) => fault_value(failure.into_fault()),
            });
        }
        Ok(Value::Array(results))
    }

    async fn one_of_many(&self, call: &Value) -> Result<Value, Failure> {
        let name = match call.member("methodName") {
            None | Some(Value::Nil) => return Err(fault(Code::IncorrectParameters, Some("No methodName"))),
            Some(name) => name,
        };
        if name.as_str() == Some("system.multicall") {
            let why = "Recursive system.multicall forbidden";
            return Err(fault(Code::IncorrectParameters, Some(why)));
        }
        let name = python::expect_text(name, "split")?;
        let params = match call.member("params") {
            None => Vec::new(),
            Some(Value::Array(params)) => params.clone(),
            // Whatever Python can iterate over will do.
            Some(Value::String(text)) => text.chars().map(|one| Value::String(one.to_string())).collect(),
            Some(Value::Struct(members)) => members.iter().map(|(name, _)| name.as_str().into()).collect(),
            Some(Value::Nil | Value::Int(_) | Value::Bool(_) | Value::Double(_) | Value::DateTime(_)) => {
                // That a method is unknown is noticed before that its parameters are none.
                self.method(name)?;
                return Err(fault(Code::IncorrectParameters, None));
            }
        };
        self.single(name, &params).await
    }
}

fn no_get(call: &Value) -> Failure {
    let class = match call {
        Value::String(_) => "str",
        _ => python::class(call),
    };
    Failure::crash("AttributeError", format!("'{class}' object has no attribute 'get'"))
}

fn fault_value(fault: Fault) -> Value {
    Value::record([("faultCode", fault.code.into()), ("faultString", fault.text.into())])
}
