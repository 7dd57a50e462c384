//! What is known of processes.

use minder_core::control::{Report, Selection};

use crate::rpc::Rpc;
use crate::rpc::faults::Failure;
use crate::rpc::process_info;
use crate::words::ProcessInfo;
use crate::xmlrpc::Value;

impl Rpc {
    pub(in crate::rpc) async fn process_info(&self, name: &Value) -> Result<Value, Failure> {
        let now = self.gate().await?.now;
        let report = self.resolve_program(name).await?;
        Ok(process_info::value(&ProcessInfo::new(&report, now, &self.zone())))
    }

    pub(in crate::rpc) async fn all_process_info(&self) -> Result<Value, Failure> {
        let now = self.gate().await?.now;
        let zone = self.zone();
        let reports = self.reports_by_name().await?;
        let infos = reports.iter().map(|report| ProcessInfo::new(report, now, &zone));
        Ok(Value::Array(infos.map(|info| process_info::value(&info)).collect()))
    }

    /// The same, as the body of a response.
    pub(in crate::rpc) async fn encode_all_process_info(&self) -> Result<Vec<u8>, Failure> {
        let now = self.gate().await?.now;
        let zone = self.zone();
        let reports = self.reports_by_name().await?;
        Ok(process_info::encode_response(reports.iter().map(|report| ProcessInfo::new(report, now, &zone))))
    }

    /// All programs, by the names of group and program.
    pub(crate) async fn reports_by_name(&self) -> Result<Vec<Report>, Failure> {
        let mut reports = self.reports(Selection::All, None).await?;
        reports.sort_by(|a, b| (&a.group, &a.spec.name).cmp(&(&b.group, &b.spec.name)));
        Ok(reports)
    }
}
