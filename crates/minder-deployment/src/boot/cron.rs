//! A line in the user's table of cron, where no user manager answers.

use std::path::Path;
use std::time::Duration;

use super::{BootError, BootUnit, CronEntry};
use crate::outside::{Answer, Outside, Silence};
use crate::undo::Undo;

/// How long `crontab` may take.
const ASKED: Duration = Duration::from_secs(20);
/// How long starting and stopping may take; what works may finish, for which units and scripts have eleven minutes.
const WAITED: Duration = Duration::from_secs(700);

/// The user's table.
#[derive(Clone, Debug)]
pub struct Cron {
    outside: Outside,
}

impl Cron {
    /// The table, if there is a `crontab` to change it.
    pub(super) fn find(outside: Outside) -> Result<Self, String> {
        match outside.find("crontab") {
            Some(_) => Ok(Self { outside }),
            None => Err("there is no `crontab`".into()),
        }
    }

    pub(super) fn enable(&self, unit: &BootUnit, undo: &mut Undo) -> Result<(), BootError> {
        let Some(entry) = &unit.cron else { return Ok(()) };
        let wanted = line(&unit.name, &entry.start);
        let table = self.table()?;
        if table.lines().any(|line| line == wanted) {
            return Ok(());
        }
        let (again, other) = (self.clone(), unit.clone());
        undo.note(format!("removed the line of {} from the crontab", unit.name), move || {
            again.disable(&other).map_err(|error| error.to_string())
        });
        let mut table = without(&table, &unit.name);
        table.push_str(&wanted);
        table.push('\n');
        self.write(&table)
    }

    pub(super) fn disable(&self, unit: &BootUnit) -> Result<(), BootError> {
        let table = self.table()?;
        let rest = without(&table, &unit.name);
        if rest == table { Ok(()) } else { self.write(&rest) }
    }

    pub(super) fn is_enabled(&self, unit: &BootUnit) -> Option<bool> {
        let Some(entry) = &unit.cron else { return None };
        let wanted = line(&unit.name, &entry.start);
        Some(self.table().ok()?.lines().any(|line| line == wanted))
    }

    pub(super) fn start(&self, unit: &BootUnit, undo: &mut Undo) -> Result<String, BootError> {
        let Some(CronEntry { start, .. }) = &unit.cron else { return Ok(String::new()) };
        let (again, other) = (self.clone(), unit.clone());
        undo.note(format!("stopped {}", unit.name), move || {
            again.stop(&other).map(|_| ()).map_err(|error| error.to_string())
        });
        self.run(start)
    }

    pub(super) fn stop(&self, unit: &BootUnit) -> Result<String, BootError> {
        match &unit.cron {
            Some(CronEntry { stop, .. }) => self.run(stop),
            None => Ok(String::new()),
        }
    }

    fn run(&self, file: &Path) -> Result<String, BootError> {
        let name = file.display().to_string();
        let answer = self.outside.ask(&name, &[""; 0], WAITED).map_err(BootError::Silent)?;
        if answer.is_well() {
            return Ok(format!("{}{}", answer.output, answer.errors));
        }
        Err(BootError::Refused(name, answer.last_words()))
    }

    /// The table as it is. A user without one is told so, with a status of 1.
    fn table(&self) -> Result<String, BootError> {
        let answer = self.ask(&["-l"], "")?;
        let none = answer.errors.contains("no crontab");
        match answer.is_well() || none {
            true => Ok(answer.output),
            false => Err(BootError::Refused("crontab -l".into(), answer.last_words())),
        }
    }

    fn write(&self, table: &str) -> Result<(), BootError> {
        let answer = self.ask(&["-"], table)?;
        match answer.is_well() {
            true => Ok(()),
            false => Err(BootError::Refused("crontab -".into(), answer.last_words())),
        }
    }

    fn ask(&self, arguments: &[&str], input: &str) -> Result<Answer, BootError> {
        self.outside
            .tell("crontab", arguments, input, ASKED)
            .map_err(|silence: Silence| BootError::Silent(silence))
    }
}

/// The line of a unit; `%` is a line's end for cron.
fn line(unit: &str, start: &Path) -> String {
    format!("@reboot '{}' {}", start.display().to_string().replace('%', "\\%"), mark(unit))
}

fn mark(unit: &str) -> String {
    format!("# minder deployment: {unit}")
}

fn without(table: &str, unit: &str) -> String {
    let mark = mark(unit);
    table.lines().filter(|line| !line.ends_with(&mark)).map(|line| format!("{line}\n")).collect()
}
