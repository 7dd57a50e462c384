//! Stopping programs.

use minder_core::control::{Refusal, Report, Request};

use super::each::{Step, Target, Wait, each, name_of};
use crate::rpc::Rpc;
use crate::rpc::faults::{Code, Failure, fault, of_refusal};
use crate::rpc::python;
use crate::words::{State, errno_name};
use crate::xmlrpc::Value;

impl Rpc {
    pub(in crate::rpc) async fn stop_process(&self, name: &Value, wait: Wait) -> Result<Value, Failure> {
        self.gate().await?;
        match self.resolve(name).await? {
            Target::Program(report) => {
                self.stop(&report, python::text(name), wait).await?;
                Ok(Value::Bool(true))
            }
            Target::Group(members) => self.stop_each(members, wait).await,
        }
    }

    pub(in crate::rpc) async fn stop_process_group(
        &self,
        name: &Value,
        wait: Wait,
    ) -> Result<Value, Failure> {
        self.gate().await?;
        let members = self.members(name).await?;
        self.stop_each(members, wait).await
    }

    pub(in crate::rpc) async fn stop_all_processes(&self, wait: Wait) -> Result<Value, Failure> {
        self.gate().await?;
        let all = self.everything().await?;
        self.stop_each(all, wait).await
    }

    /// All at once, in ascending priority: the original does not wait for one before it stops the next.
    async fn stop_each(&self, mut reports: Vec<Report>, wait: Wait) -> Result<Value, Failure> {
        reports.retain(|report| State::of(&report.facts).is_running());
        each(reports, |report| self.stop(report, name_of(report), wait)).await
    }

    /// Orders a stop now; the future is its outcome. `name` is what a fault says.
    fn stop(&self, report: &Report, name: String, wait: Wait) -> Step {
        let answer = self.ask(Request::Stop(report.id, wait.into()));
        let before = State::of(&report.facts);
        let program = report.spec.name.clone();
        let pid = report.facts.pid().map_or(0, minder_core::ids::Pid::get);
        Box::pin(async move {
            match answer.await {
                Ok(_) => Ok(()),
                // It was in the state UNKNOWN before, where there is nothing left that could be stopped.
                Err(Refusal::Lost) if before == State::Unknown => Err(fault(Code::NotRunning, Some(&name))),
                Err(Refusal::Lost) => {
                    let text = format!("unknown problem killing {program} ({pid}):EPERM");
                    Err(fault(Code::Failed, Some(&text)))
                }
                Err(Refusal::SignalRefused(errno)) => {
                    let why = errno_name(errno);
                    Err(fault(
                        Code::Failed,
                        Some(&format!("unknown problem killing {program} ({pid}):{why}")),
                    ))
                }
                Err(refusal) => Err(of_refusal(&refusal, Some(&name))),
            }
        })
    }
}
