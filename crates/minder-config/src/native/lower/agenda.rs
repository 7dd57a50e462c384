//! `[task.NAME]`, `[worker.NAME]`, `[resident.NAME]` and `[queue]`.

use std::num::NonZeroU32;
use std::time::Duration;

use minder_core::agenda::{
    Agenda, AgendaProblem, AgendaSettings, Bound, Due, JetStreamSpec, Job, JobCommand, Missed, Overlap,
    Phase, Place, QueueSpec, ResidentSpec, Retry, TaskSpec, Timeout, WorkerSpec,
};
use minder_core::ids::{ResidentName, TaskName, WorkerName};

use super::program::path_bytes;
use super::{Lowering, Named, beat_of, u32_of};
use crate::native::Beat;
use crate::native::table::Table;
use crate::source::Span;

/// Who does a task that does not say.
const DEFAULT_WORKER: &str = "default";
/// The worker that does one thing at a time unless it says otherwise, as acoupi's.
const RECORDING: &str = "recording";
/// How many runs may wait for a worker.
const BACKLOG: u32 = 1000;
/// A run that outlives its time-out is killed after this.
const KILL_AFTER: Duration = Duration::from_secs(10);

impl Lowering<'_> {
    pub(super) fn agenda(&mut self, whole: Span) -> (Option<Agenda>, Beat) {
        let named = std::mem::take(&mut self.sections.named);
        let of = |section: &'static str| named.iter().filter(move |named| named.section == section);
        let tasks: Vec<Option<TaskSpec>> = of("task").map(|named| self.task(named)).collect();
        let tasks: Vec<TaskSpec> = tasks.into_iter().flatten().collect();
        let residents = of("resident").filter_map(|named| self.resident(named)).collect();
        let mut workers: Vec<WorkerSpec> =
            of("worker").map(|named| worker(&named.name, Some(&named.table))).collect();
        for task in &tasks {
            if workers.iter().all(|worker| worker.name != task.worker) {
                workers.push(worker(task.worker.as_str(), None));
            }
        }
        if let Some(queue) = self.sections.single.get("queue").cloned() {
            self.server_words(&queue);
        }
        let (settings, beat) = self.agenda_settings();
        let agenda = Agenda::new(tasks, workers, residents, settings);
        // The value that is meant, or the section where it says nothing of it.
        let place = |section: &'static str, name: &str, key: &str| {
            let named = of(section).find(|named| named.name == name);
            named.map_or(whole, |named| if named.table.has(key) { named.table.place(key) } else { named.at })
        };
        let agenda = match agenda {
            Ok(agenda) => Some(agenda),
            Err(problems) => {
                for problem in problems {
                    self.agenda_problem(&problem, &place);
                }
                None
            }
        };
        self.sections.named = named;
        (agenda, beat)
    }

    fn agenda_problem(&mut self, problem: &AgendaProblem, place: &dyn Fn(&'static str, &str, &str) -> Span) {
        let (at, subject, message, hint) = match problem {
            // TOML refuses a name that is given twice.
            AgendaProblem::DuplicateTask(name) => {
                (place("task", name.as_str(), ""), name.to_string(), "is given twice".to_owned(), None)
            }
            AgendaProblem::DuplicateWorker(name) => {
                (place("worker", name.as_str(), ""), name.to_string(), "is given twice".to_owned(), None)
            }
            AgendaProblem::DuplicateResident(name) => {
                (place("resident", name.as_str(), ""), name.to_string(), "is given twice".to_owned(), None)
            }
            AgendaProblem::NoSuchWorker(task, worker) => {
                let hint = format!("add `[worker.{worker}]`");
                (
                    place("task", task.as_str(), "worker"),
                    task.to_string(),
                    format!("there is no worker `{worker}`"),
                    Some(hint),
                )
            }
            AgendaProblem::NoSuchResident(task, resident) => {
                let hint = format!("add `[resident.{resident}]`");
                (
                    place("task", task.as_str(), "resident"),
                    task.to_string(),
                    format!("there is no resident `{resident}`"),
                    Some(hint),
                )
            }
            AgendaProblem::NoSuchFollower(task, follower) => {
                let hint = format!("add `[task.{follower}]`");
                (
                    place("task", task.as_str(), "then"),
                    task.to_string(),
                    format!("there is no task `{follower}` that could follow"),
                    Some(hint),
                )
            }
            AgendaProblem::Circle(task) => (
                place("task", task.as_str(), "then"),
                task.to_string(),
                "is followed, maybe through others, by itself".to_owned(),
                None,
            ),
            AgendaProblem::NoPlace(task) => {
                let hint = "set `latitude` and `longitude` in [deployment]".to_owned();
                (
                    place("task", task.as_str(), ""),
                    task.to_string(),
                    "looks at the sun, and nobody said from where".to_owned(),
                    Some(hint),
                )
            }
        };
        self.error(at, &subject, message, hint);
    }

    fn agenda_settings(&mut self) -> (AgendaSettings, Beat) {
        let defaults = AgendaSettings::default();
        let deployment = self.sections.single.get("deployment");
        let degrees = |key: &str| deployment.and_then(|table| table.degrees(key));
        let place = degrees("latitude").zip(degrees("longitude"));
        let zone = deployment.and_then(|table| table.text("zone")).unwrap_or_default();
        let history = deployment.and_then(|table| table.whole("history")).map_or(defaults.history, u32_of);
        let queue = self.sections.single.get("queue");
        let settings = AgendaSettings {
            zone: zone.into(),
            place: place.map(|(latitude, longitude)| Place { latitude, longitude }),
            queue: match queue.and_then(|table| table.text("nats")) {
                None => QueueSpec::Embedded,
                Some(servers) => QueueSpec::JetStream(JetStreamSpec {
                    servers: servers.into(),
                    stream: queue.and_then(|table| table.text("stream")).unwrap_or("minder").into(),
                    credentials: queue
                        .and_then(|table| self.path_of(table, "credentials"))
                        .map(|path| path_bytes(&path)),
                }),
            },
            history,
        };
        (settings, beat_of(queue.and_then(|table| table.text("beat"))))
    }

    /// What a NATS server would refuse, or the way to it: each worker would fail of it for ever.
    fn server_words(&mut self, queue: &Table) {
        if let Some(servers) = queue.text("nats")
            && let Some(server) = servers.split(',').map(str::trim).find(|server| !is_server(server))
        {
            let message = format!("found \"{server}\", expected a server such as \"nats://host:4222\"");
            self.error(queue.place("nats"), "nats", message, None);
        }
        if let Some(stream) = queue.text("stream").filter(|stream| !is_stream(stream)) {
            let message =
                format!("found \"{stream}\", expected a name without blanks, dots, slashes, `*` and `>`");
            self.error(queue.place("stream"), "stream", message, None);
        }
    }

    pub(super) fn job_command(&self, table: &Table) -> Option<JobCommand> {
        let (_, words) = table.command("command")?;
        let bytes = |text: &str| minder_core::ids::ByteString::from(text.as_bytes());
        Some(JobCommand {
            argv: words.iter().map(|word| bytes(word)).collect(),
            directory: self.path_of(table, "directory").map(|path| path_bytes(&path)),
            environment: self
                .variables(table.pairs("environment"))
                .iter()
                .map(|(name, value)| (bytes(name), bytes(value)))
                .collect(),
        })
    }

    fn resident(&mut self, named: &Named) -> Option<ResidentSpec> {
        match self.job_command(&named.table) {
            Some(command) => Some(ResidentSpec { name: ResidentName::new(named.name.as_str()), command }),
            None if named.table.was_refused("command") => None,
            None => {
                let hint = Some("add `command = \"…\"`".to_owned());
                self.error(named.at, &named.name, "a resident needs a command", hint);
                None
            }
        }
    }

    fn task(&mut self, named: &Named) -> Option<TaskSpec> {
        let table = &named.table;
        let job = match (self.job_command(table), table.text("resident")) {
            (Some(command), None) => Some(Job::Command(command)),
            (None, Some(resident)) => Some(Job::Resident(ResidentName::new(resident))),
            (None, None) if table.was_refused("command") || table.was_refused("resident") => None,
            (command, _) => {
                let message = match command {
                    Some(_) => "has both a command and a resident",
                    None => "has nothing to do",
                };
                let hint = Some("write `command = \"…\"` or `resident = \"…\"`".to_owned());
                self.error(named.at, &named.name, message, hint);
                None
            }
        };
        let due = self.due(named);
        self.idle_words(table);
        let timeout = self.timeout(named);
        Some(TaskSpec {
            name: TaskName::new(named.name.as_str()),
            job: job?,
            due: due?,
            zone: table.text("zone").map(Into::into),
            between: table.window("between"),
            jitter: table.duration("jitter").unwrap_or_default(),
            overlap: match table.text("overlap") {
                Some("queue") => Overlap::Queue,
                Some("replace") => Overlap::Replace,
                _ => Overlap::Skip,
            },
            missed: match (table.flag("missed-once"), table.whole("missed")) {
                (Some(true), _) => Missed::Once,
                (_, Some(most)) => Missed::Each(NonZeroU32::new(u32_of(most)).unwrap_or(NonZeroU32::MIN)),
                (_, None) => Missed::Skip,
            },
            timeout,
            retry: retry(table),
            then: table
                .words("then")
                .unwrap_or_default()
                .iter()
                .map(|name| TaskName::new(name.as_str()))
                .collect(),
            worker: WorkerName::new(table.text("worker").unwrap_or(DEFAULT_WORKER)),
        })
    }

    fn due(&mut self, named: &Named) -> Option<Due> {
        let table = &named.table;
        let given: Vec<&str> = ["every", "cron", "at"].into_iter().filter(|key| table.has(key)).collect();
        if let [_, second, ..] = given[..] {
            let message = format!("there is `{}` too", given[0]);
            self.error(table.place(second), second, message, Some("keep one of them".to_owned()));
            return None;
        }
        if let Some(interval) = table.duration("every") {
            if interval.is_zero() {
                self.error(table.place("every"), "every", "found no time at all, expected more", None);
                return None;
            }
            let offset = table.duration("offset").unwrap_or_default();
            if offset >= interval {
                self.error(table.place("offset"), "offset", "is not less than `every`", None);
                return None;
            }
            let aligned = table.flag("aligned") == Some(true);
            if !aligned && table.has("offset") {
                let hint = Some("add `aligned = true`".to_owned());
                self.error(table.place("offset"), "offset", "only means something to an aligned task", hint);
            }
            let phase = if aligned { Phase::Aligned(offset) } else { Phase::Free };
            return Some(Due::Every { interval, phase });
        }
        if let Some(cron) = table.text("cron") {
            return Some(Due::Cron(cron.into()));
        }
        if let Some(moments) = table.moments("at") {
            return Some(Due::At(moments.to_vec()));
        }
        Some(Due::OnDemand)
    }

    /// Words that say something about due times that the task does not have: whoever wrote them meant something else.
    fn idle_words(&mut self, table: &Table) {
        let has = |keys: &[&str]| keys.iter().any(|key| table.has(key) || table.was_refused(key));
        if !has(&["every"]) {
            for key in ["aligned", "offset"].into_iter().filter(|key| table.has(key)) {
                self.error(table.place(key), key, "only means something to a task with `every`", None);
            }
        }
        if !has(&["every", "cron", "at"]) {
            for key in ["between", "jitter", "missed", "missed-once"].into_iter().filter(|key| table.has(key))
            {
                let hint = Some("add `every`, `cron` or `at`".to_owned());
                self.error(
                    table.place(key),
                    key,
                    "only means something to a task that is due at times",
                    hint,
                );
            }
        }
        if table.flag("missed-once") == Some(true) && table.has("missed") {
            let hint = Some("keep one of them".to_owned());
            self.error(table.place("missed-once"), "missed-once", "there is `missed` too", hint);
        }
    }

    fn timeout(&mut self, named: &Named) -> Timeout {
        let table = &named.table;
        let (soft, hard) = (table.duration("timeout"), table.duration("kill-after"));
        if let (Some(soft), Some(hard)) = (soft, hard)
            && hard <= soft
        {
            self.error(table.place("kill-after"), "kill-after", "is not more than `timeout`", None);
        }
        Timeout { soft, hard: hard.or_else(|| soft.map(|soft| soft.saturating_add(KILL_AFTER))) }
    }
}

fn retry(table: &Table) -> Retry {
    Retry {
        times: table.whole("retries").map_or(0, u32_of),
        delay: table.duration("retry-delay").unwrap_or(Duration::from_secs(10)),
        factor_percent: table.whole("retry-factor").map_or(200, u32_of),
        delay_max: table.duration("retry-delay-max").unwrap_or(Duration::from_secs(3600)),
    }
}

fn worker(name: &str, table: Option<&Table>) -> WorkerSpec {
    let default = if name == RECORDING { Some(NonZeroU32::MIN) } else { None };
    let at_once = match table {
        Some(table) if table.has("at-once") => {
            table.whole("at-once").and_then(|number| NonZeroU32::new(u32_of(number)))
        }
        _ => default,
    };
    let text = |key: &str| table.and_then(|table| table.text(key));
    WorkerSpec {
        name: WorkerName::new(name),
        at_once,
        backlog: table.and_then(|table| table.whole("backlog")).map_or(BACKLOG, u32_of),
        bound: match text("when-full") {
            Some("drop-oldest") => Bound::DropOldest,
            Some("wait") => Bound::Wait,
            _ => Bound::Refuse,
        },
    }
}

/// Whether this may be where a NATS server is: a host, maybe with a scheme before it, who asks, and a port behind it.
fn is_server(text: &str) -> bool {
    let address = match text.split_once("://") {
        Some((scheme, address)) if ["nats", "tls", "ws", "wss"].contains(&scheme) => address,
        Some(_) => return false,
        None => text,
    };
    let host = address.rsplit_once('@').map_or(address, |(_, host)| host).trim_end_matches('/');
    // The colons of an address of version 6 stand in brackets.
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (host, None),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    !host.is_empty() && !host.contains(char::is_whitespace) && port.is_none_or(is_port)
}

/// Whether a NATS server takes this as the name of a stream.
fn is_stream(text: &str) -> bool {
    let is_refused =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '.' | '*' | '>' | '/' | '\\');
    !text.is_empty() && text.len() <= 255 && !text.contains(is_refused)
}

#[cfg(test)]
mod tests {
    use super::{is_server, is_stream};

    #[test]
    fn what_a_nats_server_cannot_be_called_is_known() {
        for good in [
            "nats://host:4222",
            "host",
            "tls://user:word@[::1]:4222",
            "[fe80::1]",
            "10.0.0.1:4222",
            "ws://a/",
        ] {
            assert!(is_server(good), "{good}");
        }
        for bad in ["", "http://host", "nats://", "host:", "host:0", "host:70000", "a b", "nats://:4222"] {
            assert!(!is_server(bad), "{bad}");
        }
        assert!(is_stream("minder") && is_stream("box_7-ü"));
        for bad in ["", "a b", "a.b", "a*", ">", "a/b", "a\\b", "a\tb"] {
            assert!(!is_stream(bad), "{bad}");
        }
    }
}
