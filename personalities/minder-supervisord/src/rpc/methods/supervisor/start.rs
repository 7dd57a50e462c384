//! Starting programs.

use minder_core::control::{Refusal, Report, Request};

use super::each::{Step, Target, Wait, each, name_of};
use crate::rpc::Rpc;
use crate::rpc::faults::{Failure, of_command, of_refusal};
use crate::rpc::python;
use crate::words::State;
use crate::xmlrpc::Value;

impl Rpc {
    pub(in crate::rpc) async fn start_process(&self, name: &Value, wait: Wait) -> Result<Value, Failure> {
        self.gate().await?;
        match self.resolve(name).await? {
            Target::Program(report) => {
                self.start(&report, python::text(name), wait).await?;
                Ok(Value::Bool(true))
            }
            Target::Group(members) => self.start_each(members, wait).await,
        }
    }

    pub(in crate::rpc) async fn start_process_group(
        &self,
        name: &Value,
        wait: Wait,
    ) -> Result<Value, Failure> {
        self.gate().await?;
        let members = self.members(name).await?;
        self.start_each(members, wait).await
    }

    pub(in crate::rpc) async fn start_all_processes(&self, wait: Wait) -> Result<Value, Failure> {
        self.gate().await?;
        let all = self.everything().await?;
        self.start_each(all, wait).await
    }

    async fn start_each(&self, mut reports: Vec<Report>, wait: Wait) -> Result<Value, Failure> {
        reports.retain(|report| !State::of(&report.facts).is_running());
        each(reports, |report| self.start(report, name_of(report), wait)).await
    }

    /// Orders a start now; the future is its outcome. `name` is what a fault says.
    fn start(&self, report: &Report, name: String, wait: Wait) -> Step {
        let answer = self.ask(Request::Start(report.id, wait.into()));
        let spec = report.spec.clone();
        Box::pin(async move {
            match answer.await {
                Ok(_) => Ok(()),
                Err(Refusal::Command(problem)) => Err(of_command(&problem, &spec.command.line)),
                Err(refusal) => Err(of_refusal(&refusal, Some(&name))),
            }
        })
    }
}
