//! `system.*`: what can be called. `multicall` has a file of its own.

use crate::rpc::Rpc;
use crate::rpc::faults::{Code, Failure, fault};
use crate::rpc::help::Method;
use crate::xmlrpc::Value;

impl Rpc {
    pub(in crate::rpc) fn list_methods(&self) -> Value {
        // The table is in the order of names, as the answer has to be.
        Value::Array(self.methods().map(|method| Value::from(method.name)).collect())
    }

    pub(in crate::rpc) fn method_help(&self, name: &Value) -> Result<Value, Failure> {
        self.known(name).map(|method| Value::String(method.help()))
    }

    pub(in crate::rpc) fn method_signature(&self, name: &Value) -> Result<Value, Failure> {
        self.known(name).map(|method| Value::Array(method.signature().into_iter().map(Value::from).collect()))
    }

    fn known(&self, name: &Value) -> Result<&'static Method, Failure> {
        let unknown = || fault(Code::SignatureUnsupported, None);
        let name = name.as_str().ok_or_else(unknown)?;
        self.methods().find(|method| method.name == name).ok_or_else(unknown)
    }
}
