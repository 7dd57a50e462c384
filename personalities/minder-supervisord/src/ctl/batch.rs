//! One deed on several names: `all`, whole groups and single processes, one after the other.

use super::controller::Controller;
use super::exception::Exception;
use super::fault_codes;
use super::outcome::Deed;
use super::process::{Outcome, Target, full_name};
use crate::xmlrpc::Value;

/// How a deed is asked of the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub(super) deed: Deed,
    /// The method for every process there is.
    pub(super) all: &'static str,
    /// The method for a group.
    pub(super) group: &'static str,
    /// The method for a process.
    pub(super) one: &'static str,
    /// The exit status when there is no such group.
    pub(super) no_group: u8,
}

impl Batch {
    /// Does it to each name. `extra` follows the name in every call.
    ///
    /// # Errors
    /// Whatever has no line of its own; the names behind it are not tried any more.
    pub(super) fn run(
        &self,
        ctl: &mut Controller,
        names: &[&str],
        extra: Option<&str>,
    ) -> Result<(), Exception> {
        let extra = extra.map(Value::from);
        let params = |name: Option<&str>| -> Vec<Value> {
            name.map(Value::from).into_iter().chain(extra.clone()).collect()
        };
        if names.contains(&"all") {
            let answer = ctl.call(self.all, &params(None))?;
            return self.report(ctl, &Outcome::list(&answer)?);
        }
        for name in names {
            let target = Target::parse(name);
            match target.process {
                Some(process) => {
                    let shown = full_name(target.group, process);
                    let answer = ctl.call(self.one, &params(Some(name)));
                    self.report_one(ctl, shown, answer)?;
                }
                None => {
                    let answer = ctl.call(self.group, &params(Some(target.group)));
                    self.report_group(ctl, target.group, answer)?;
                }
            }
        }
        Ok(())
    }

    fn report(&self, ctl: &mut Controller, outcomes: &[Outcome]) -> Result<(), Exception> {
        for outcome in outcomes {
            let line = self.deed.line(outcome)?;
            ctl.say(&line);
            if let Some(status) = self.deed.exit_status(outcome.code) {
                ctl.exit_status = status;
            }
        }
        Ok(())
    }

    /// A single process: here a fault is an outcome like any other.
    pub(super) fn report_one(
        &self,
        ctl: &mut Controller,
        shown: String,
        answer: Result<Value, Exception>,
    ) -> Result<(), Exception> {
        match answer {
            Ok(_) => {
                ctl.say(&format!("{shown}: {}", self.deed.done()));
                Ok(())
            }
            Err(exception) => match exception.fault() {
                Some(fault) => self.report(ctl, &[Outcome::of_fault(shown, fault)]),
                None => Err(exception),
            },
        }
    }

    fn report_group(
        &self,
        ctl: &mut Controller,
        group: &str,
        answer: Result<Value, Exception>,
    ) -> Result<(), Exception> {
        match answer {
            Ok(answer) => self.report(ctl, &Outcome::list(&answer)?),
            Err(exception) if exception.fault().is_some_and(|fault| fault.code == fault_codes::BAD_NAME) => {
                ctl.say(&format!("{group}: ERROR (no such group)"));
                ctl.exit_status = self.no_group;
                Ok(())
            }
            Err(exception) => Err(exception),
        }
    }
}
