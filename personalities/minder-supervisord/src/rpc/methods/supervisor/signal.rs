//! Sending signals to programs.

use minder_core::control::{Refusal, Report, Request};
use minder_core::ids::Signal;
use minder_core::stop::Reach;

use super::each::{Step, Target, each, name_of};
use crate::rpc::Rpc;
use crate::rpc::faults::{Code, Failure, fault, of_refusal};
use crate::rpc::python::{self, NoInt};
use crate::words::{State, errno_name, is_signal, parse_signal};
use crate::xmlrpc::Value;

impl Rpc {
    pub(in crate::rpc) async fn signal_process(
        &self,
        name: &Value,
        signal: &Value,
    ) -> Result<Value, Failure> {
        self.gate().await?;
        match self.resolve(name).await? {
            Target::Program(report) => {
                let signal = read_signal(signal)?;
                self.signal(&report, python::text(name), signal).await?;
                Ok(Value::Bool(true))
            }
            Target::Group(members) => self.signal_each(members, signal).await,
        }
    }

    pub(in crate::rpc) async fn signal_process_group(
        &self,
        name: &Value,
        signal: &Value,
    ) -> Result<Value, Failure> {
        python::expect_hashable(name)?;
        self.gate().await?;
        let members = self.members(name).await?;
        self.signal_each(members, signal).await
    }

    pub(in crate::rpc) async fn signal_all_processes(&self, signal: &Value) -> Result<Value, Failure> {
        self.gate().await?;
        let all = self.everything().await?;
        self.signal_each(all, signal).await
    }

    async fn signal_each(&self, mut reports: Vec<Report>, signal: &Value) -> Result<Value, Failure> {
        reports.retain(|report| State::of(&report.facts).is_signallable());
        if reports.is_empty() {
            // Nobody looks at the signal then, so that it is wrong goes unnoticed.
            return Ok(Value::Array(Vec::new()));
        }
        match read_signal(signal) {
            Err(Failure::Crash(crash)) => Err(Failure::Crash(crash)),
            // A wrong signal is told for each program, as the original does.
            Err(Failure::Fault(wrong)) => {
                each(reports, |_| {
                    let wrong = Failure::Fault(wrong.clone());
                    Box::pin(async move { Err(wrong) })
                })
                .await
            }
            Ok(signal) => each(reports, |report| self.signal(report, name_of(report), signal)).await,
        }
    }

    fn signal(&self, report: &Report, name: String, signal: Signal) -> Step {
        let answer = self.ask(Request::Signal(report.id, signal, Reach::Process));
        let before = State::of(&report.facts);
        let program = report.spec.name.clone();
        let pid = report.facts.pid().map_or(0, minder_core::ids::Pid::get);
        Box::pin(async move {
            match answer.await {
                Ok(_) => Ok(()),
                Err(Refusal::Lost) if before == State::Unknown => Err(fault(Code::NotRunning, Some(&name))),
                Err(Refusal::Lost) => {
                    let text = format!("unknown problem sending sig {program} ({pid}):EPERM");
                    Err(fault(Code::Failed, Some(&text)))
                }
                Err(Refusal::SignalRefused(errno)) => {
                    let why = errno_name(errno);
                    let text = format!("unknown problem sending sig {program} ({pid}):{why}");
                    Err(fault(Code::Failed, Some(&text)))
                }
                Err(refusal) => Err(of_refusal(&refusal, Some(&name))),
            }
        })
    }
}

/// A name or a number; a number may come as an integer or as text.
fn read_signal(value: &Value) -> Result<Signal, Failure> {
    let bad = || fault(Code::BadSignal, python::detail(value).as_deref());
    if let Some(text) = value.as_str() {
        return parse_signal(text).map_err(|_| bad());
    }
    match python::int(value) {
        Ok(number) => match u8::try_from(number).map(Signal) {
            Ok(signal) if is_signal(signal) => Ok(signal),
            Ok(_) | Err(_) => Err(bad()),
        },
        Err(NoInt::Overflow(why)) => Err(Failure::crash("OverflowError", why)),
        // It is tried as a name then.
        Err(NoInt::Type | NoInt::Value(_)) => {
            let message = format!("'{}' object has no attribute 'strip'", python::class(value));
            Err(Failure::crash("AttributeError", message))
        }
    }
}
