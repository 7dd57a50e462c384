//! Which tasks a program has, when they are due and who does them.

use std::time::Duration;

use super::{Program, ProgramKind, RecorderProgram};

/// A task of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedTask {
    /// acoupi's name of it.
    pub name: &'static str,
    /// The queue that it waits in.
    pub queue: &'static str,
    /// From one run to the next. `None`: it follows another.
    pub every: Option<Duration>,
    /// What is done with its output.
    pub then: &'static [&'static str],
}

/// A worker of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedWorker {
    /// acoupi's name of it.
    pub name: &'static str,
    /// The queues that it takes from.
    pub queues: &'static [&'static str],
    /// How many runs at a time. `None`: as many as the machine has processors.
    pub at_once: Option<u32>,
}

/// How often files are looked after, whatever the configuration says.
pub const FILE_MANAGEMENT_INTERVAL: Duration = Duration::from_secs(120);

impl Program {
    /// Its tasks, in the order in which acoupi registers them.
    pub fn tasks(&self) -> Vec<PlannedTask> {
        match self {
            Self::Test(_) => vec![scheduled("test_task", "celery", Duration::from_secs(10))],
            Self::Recorder(program) => program.tasks(),
        }
    }

    /// Its workers.
    pub fn workers(&self) -> Vec<PlannedWorker> {
        let kind = match self {
            Self::Test(_) => ProgramKind::Test,
            Self::Recorder(program) => program.kind,
        };
        let one = |name, queues| PlannedWorker { name, queues, at_once: Some(1) };
        let many = |name| PlannedWorker { name, queues: &["celery"], at_once: None };
        match kind {
            ProgramKind::Test => vec![many("acoupi")],
            ProgramKind::Default | ProgramKind::Connected => {
                vec![one("recording", &["recording"]), many("default")]
            }
            ProgramKind::Detection(_) => {
                vec![one("recording", &["recording"]), one("detection", &["detection"]), many("default")]
            }
        }
    }

    /// The tasks that are done once more when a deployment ends, in their order.
    pub fn drained(&self) -> Vec<&'static str> {
        let order = ["detection_task", "file_management_task", "send_messages_task"];
        let tasks = self.tasks();
        order.into_iter().filter(|name| tasks.iter().any(|task| task.name == *name)).collect()
    }
}

impl RecorderProgram {
    /// Whether there is anybody to send to.
    pub fn sends(&self) -> bool {
        self.messaging.as_ref().is_some_and(|messaging| messaging.http.is_some() || messaging.mqtt.is_some())
    }

    fn tasks(&self) -> Vec<PlannedTask> {
        let detects = matches!(self.kind, ProgramKind::Detection(_));
        let then: &[&str] = if detects { &["detection_task"] } else { &[] };
        let mut tasks = Vec::new();
        if let Some(messaging) = self.messaging.as_ref().filter(|_| self.sends()) {
            tasks.push(scheduled("send_messages_task", "celery", seconds(messaging.message_send_interval)));
            tasks.push(scheduled("heartbeat_task", "celery", seconds(messaging.heartbeat_interval)));
        }
        let recording = scheduled("recording_task", "recording", seconds(self.recording.interval));
        tasks.push(PlannedTask { then, ..recording });
        if detects {
            tasks.push(PlannedTask { name: "detection_task", queue: "detection", every: None, then: &[] });
        }
        tasks.push(scheduled("file_management_task", "celery", FILE_MANAGEMENT_INTERVAL));
        if let Some(interval) = self.summary_interval() {
            tasks.push(scheduled("summary_task", "celery", interval));
        }
        tasks
    }

    /// From one summary to the next, and what it looks back: seconds for both, unlike acoupi, which takes the first for minutes.
    pub fn summary_interval(&self) -> Option<Duration> {
        let interval = self.summariser_config.as_ref()?.interval?;
        Duration::try_from_secs_f64(interval).ok().filter(|interval| !interval.is_zero())
    }
}

fn scheduled(name: &'static str, queue: &'static str, every: Duration) -> PlannedTask {
    PlannedTask { name, queue, every: Some(every), then: &[] }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}
