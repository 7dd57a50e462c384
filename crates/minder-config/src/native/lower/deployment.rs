//! `[deployment]` and `[check.NAME]`.

use std::num::NonZeroU32;
use std::time::Duration;

use minder_core::deployment::{CheckSpec, DeploymentSpec, Drain, Probe, Storage, StorageKind};
use minder_core::ids::{CheckName, TaskName};

use super::program::path_bytes;
use super::{Lowering, Named, u32_of};
use crate::native::MinderSettings;

/// How long finding out may take.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Lowering<'_> {
    pub(super) fn deployment(&mut self, minder: &MinderSettings) -> (DeploymentSpec, Option<String>) {
        let named = std::mem::take(&mut self.sections.named);
        let of_checks = named.iter().filter(|named| named.section == "check");
        let checks = of_checks.filter_map(|named| self.check(named, minder)).collect();
        self.sections.named = named;
        let Some(table) = self.sections.single.get("deployment").cloned() else {
            return (DeploymentSpec { checks, ..DeploymentSpec::default() }, None);
        };
        for (key, other) in [("latitude", "longitude"), ("longitude", "latitude")] {
            if table.has(key) && !table.has(other) {
                self.error(
                    table.place(key),
                    key,
                    format!("there is no `{other}`"),
                    Some(format!("add `{other}`")),
                );
            }
        }
        let storage =
            |kind: StorageKind| move |path: std::path::PathBuf| Storage { path: path_bytes(&path), kind };
        let paths = |key: &str| -> Vec<_> {
            table.words(key).unwrap_or_default().iter().map(|path| self.path(path)).collect()
        };
        let directories = paths("directories").into_iter().map(storage(StorageKind::Directory));
        let files = paths("files").into_iter().map(storage(StorageKind::File));
        let defaults = Drain::default();
        let drain: Vec<TaskName> = table
            .words("drain")
            .unwrap_or_default()
            .iter()
            .map(|name| TaskName::new(name.as_str()))
            .collect();
        let storages = directories.chain(files).collect();
        for task in &drain {
            if self.sections.named("task").all(|named| named.name != task.as_str()) {
                let hint = Some(format!("add `[task.{task}]`"));
                self.error(table.place("drain"), task.as_str(), "there is no such task", hint);
            }
        }
        let drain = Drain {
            tasks: drain,
            timeout: table.duration("drain-timeout").unwrap_or(defaults.timeout),
            rounds: table
                .whole("drain-rounds")
                .and_then(|rounds| NonZeroU32::new(u32_of(rounds)))
                .unwrap_or(defaults.rounds),
        };
        (DeploymentSpec { storages, checks, drain }, table.text("name").map(str::to_owned))
    }

    fn check(&mut self, named: &Named, minder: &MinderSettings) -> Option<CheckSpec> {
        let table = &named.table;
        let mut probes: Vec<Probe> = Vec::new();
        probes.extend(self.job_command(table).map(Probe::Command));
        if let Some(bytes) = table.size("free-space") {
            let path = self.path_of(table, "path").unwrap_or_else(|| minder.state.clone());
            probes.push(Probe::FreeSpace(path_bytes(&path), bytes));
        }
        probes.extend(self.path_of(table, "writable").map(|path| Probe::Writable(path_bytes(&path))));
        probes.extend(table.text("reachable").map(|place| Probe::Reachable(place.into())));
        let refused =
            ["command", "free-space", "writable", "reachable"].iter().any(|key| table.was_refused(key));
        if probes.len() != 1 && !refused {
            let message = if probes.is_empty() { "checks nothing" } else { "checks more than one thing" };
            let hint = "write one of `command`, `free-space`, `writable` and `reachable`".to_owned();
            self.error(named.at, &named.name, message, Some(hint));
        }
        Some(CheckSpec {
            name: CheckName::new(named.name.as_str()),
            probe: probes.pop()?,
            hint: table.text("hint").map(Into::into),
            timeout: table.duration("timeout").unwrap_or(TIMEOUT),
        })
    }
}
