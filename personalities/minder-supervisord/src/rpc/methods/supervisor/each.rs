//! Methods that do the same to several programs, and the names they are called by.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use minder_core::control::{Report, Selection, Until};
use minder_core::ids::GroupName;

use crate::rpc::Rpc;
use crate::rpc::faults::{Code, Failure, fault};
use crate::rpc::names::{Namespec, namespec};
use crate::rpc::python;
use crate::xmlrpc::Value;

/// Whether the caller waits until an order had its effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// It does.
    Yes,
    /// It does not.
    No,
}

impl From<bool> for Wait {
    fn from(wait: bool) -> Wait {
        if wait { Wait::Yes } else { Wait::No }
    }
}

impl From<Wait> for Until {
    fn from(wait: Wait) -> Until {
        match wait {
            Wait::Yes => Until::Settled,
            Wait::No => Until::Ordered,
        }
    }
}

/// What a name turned out to stand for.
pub(in crate::rpc) enum Target {
    /// One program.
    Program(Box<Report>),
    /// All programs of a group, by priority.
    Group(Vec<Report>),
}

/// What is being done to one program.
pub(in crate::rpc) type Step = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

impl Rpc {
    /// Finds what a name stands for.
    pub(in crate::rpc) async fn resolve(&self, name: &Value) -> Result<Target, Failure> {
        let name = python::expect_text(name, "split")?;
        match Namespec::parse(name) {
            Namespec::Group(group) => {
                let reports = self.reports(Selection::Group(group), Some(name)).await?;
                Ok(Target::Group(by_priority(reports)))
            }
            Namespec::Program(unit) => {
                let mut reports = self.reports(Selection::Unit(unit), Some(name)).await?;
                match reports.pop() {
                    Some(report) => Ok(Target::Program(Box::new(report))),
                    None => Err(fault(Code::BadName, Some(name))),
                }
            }
        }
    }

    /// Finds the one program a name stands for; a whole group is refused.
    pub(in crate::rpc) async fn resolve_program(&self, name: &Value) -> Result<Box<Report>, Failure> {
        match self.resolve(name).await? {
            Target::Program(report) => Ok(report),
            Target::Group(_) => Err(fault(Code::BadName, python::detail(name).as_deref())),
        }
    }

    /// The programs of a group that is named without a star, by priority.
    pub(in crate::rpc) async fn members(&self, name: &Value) -> Result<Vec<Report>, Failure> {
        python::expect_hashable(name)?;
        let Some(text) = name.as_str() else {
            return Err(fault(Code::BadName, python::detail(name).as_deref()));
        };
        self.reports(Selection::Group(GroupName::new(text)), Some(text)).await.map(by_priority)
    }

    /// All programs: groups by priority, and programs by priority in them.
    pub(in crate::rpc) async fn everything(&self) -> Result<Vec<Report>, Failure> {
        let mut reports = self.reports(Selection::All, None).await?;
        // Groups of one priority must not mingle, so the order in which they came decides between them.
        let mut order: Vec<GroupName> = Vec::new();
        let places: Vec<usize> = reports
            .iter()
            .map(|report| match order.iter().rposition(|group| *group == report.group) {
                Some(place) => place,
                None => {
                    order.push(report.group.clone());
                    order.len() - 1
                }
            })
            .collect();
        let mut keyed: Vec<_> = places.into_iter().zip(reports.drain(..)).collect();
        keyed.sort_by_key(|(place, report)| (report.group_priority, *place, report.spec.priority));
        Ok(keyed.into_iter().map(|(_, report)| report).collect())
    }
}

fn by_priority(mut reports: Vec<Report>) -> Vec<Report> {
    reports.sort_by_key(|report| report.spec.priority);
    reports
}

/// The shortest name of a reported program.
pub(in crate::rpc) fn name_of(report: &Report) -> String {
    namespec(report.group.as_str(), report.spec.name.as_str())
}

/// The original looks at what is pending in rounds. Those that are done in one round are told in the order of the list,
/// whichever was the first; scripts have come to rely on it.
const ROUND: Duration = Duration::from_millis(100);

/// Does something to each of these programs at once and tells of each when it is done: those that are done in an
/// earlier round come first.
pub(in crate::rpc) async fn each(
    reports: Vec<Report>,
    mut step: impl FnMut(&Report) -> Step,
) -> Result<Value, Failure> {
    let pending: FuturesUnordered<_> = reports
        .into_iter()
        .enumerate()
        .map(|(place, report)| {
            let step = step(&report);
            async move { (place, status(&report, step.await)) }
        })
        .collect();
    let begun = Instant::now();
    let statuses = pending.map(|(place, status)| (begun.elapsed(), place, status)).collect().await;
    Ok(Value::Array(in_rounds(statuses)))
}

/// Orders what was done after so long, with its place in the list.
fn in_rounds<T>(mut done: Vec<(Duration, usize, T)>) -> Vec<T> {
    done.sort_by_key(|(after, place, _)| (after.as_nanos() / ROUND.as_nanos(), *place));
    done.into_iter().map(|(_, _, what)| what).collect()
}

/// What became of one program.
pub(in crate::rpc) fn status(report: &Report, outcome: Result<(), Failure>) -> Value {
    let (code, text) = match outcome.map_err(Failure::into_fault) {
        Ok(()) => (Code::Success.number(), "OK".to_owned()),
        Err(fault) => (fault.code, fault.text),
    };
    Value::record([
        ("name", report.spec.name.as_str().into()),
        ("group", report.group.as_str().into()),
        ("status", code.into()),
        ("description", text.into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_round_the_list_decides_and_else_the_time() {
        let done = [(30, 2, "c"), (99, 0, "a"), (10, 3, "d"), (230, 1, "b"), (150, 4, "e")];
        let done = done.map(|(after, place, what)| (Duration::from_millis(after), place, what));
        assert_eq!(in_rounds(done.to_vec()), ["a", "c", "d", "e", "b"]);
    }
}
