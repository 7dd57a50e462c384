//! What is due, when, and who does it: tasks and workers as plain data.
//!
//! The programs of a [`Plan`](crate::plan::Plan) run all the time; a task runs when it is due. A *beat* puts what is due into
//! a queue, *workers* take it from there, and both are programs of the plan like any other, so that they are started again
//! when they die and can be on other machines.
//!
//! ```text
//!  Agenda ─▶ beat ──due──▶ queue ──claimed──▶ worker ──▶ a process of the task
//!                            ▲                   │
//!                            └── then, retry ────┘
//! ```

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::num::NonZeroU32;
use core::time::Duration;

use crate::ids::{BytePath, ByteString, ResidentName, TaskName, WorkerName};

/// All tasks, and all who do them. Can be built only in valid form.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Agenda {
    tasks: Vec<TaskSpec>,
    workers: Vec<WorkerSpec>,
    residents: Vec<ResidentSpec>,
    settings: AgendaSettings,
}

/// What all tasks have in common.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgendaSettings {
    /// The IANA name of the time zone in which clock times are meant, unless a task has its own. Empty: the machine's.
    pub zone: Box<str>,
    /// Where the sun is looked at from.
    pub place: Option<Place>,
    /// Where runs wait.
    pub queue: QueueSpec,
    /// How many ended runs of each task are remembered, 1 or more.
    pub history: u32,
}

impl Default for AgendaSettings {
    fn default() -> Self {
        Self { zone: Box::default(), place: None, queue: QueueSpec::Embedded, history: 1000 }
    }
}

/// A place on the earth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Millionths of a degree to the north, -90,000,000 to 90,000,000.
    pub latitude: i32,
    /// Millionths of a degree to the east, -180,000,000 to 180,000,000.
    pub longitude: i32,
}

/// Where runs wait to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum QueueSpec {
    /// In a database beside the configuration's state.
    Embedded,
    /// In a work-queue stream of a NATS server, for workers on more than one machine.
    JetStream(JetStreamSpec),
}

/// Which stream of which NATS server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JetStreamSpec {
    /// `nats://host:4222`, or several with commas between them.
    pub servers: Box<str>,
    /// The stream's name.
    pub stream: Box<str>,
    /// A file of credentials.
    pub credentials: Option<BytePath>,
}

/// Why tasks and workers do not fit together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AgendaProblem {
    /// Two tasks of one name.
    DuplicateTask(TaskName),
    /// Two workers of one name.
    DuplicateWorker(WorkerName),
    /// Two residents of one name.
    DuplicateResident(ResidentName),
    /// A task wants a worker that there is not.
    NoSuchWorker(TaskName, WorkerName),
    /// A task wants a resident that there is not.
    NoSuchResident(TaskName, ResidentName),
    /// A task is followed by one that there is not.
    NoSuchFollower(TaskName, TaskName),
    /// A task is followed, maybe through others, by itself.
    Circle(TaskName),
    /// A task looks at the sun, and nobody said where.
    NoPlace(TaskName),
}

impl Agenda {
    /// Takes tasks and workers in the order of their file.
    ///
    /// # Errors
    /// Everything that does not fit.
    pub fn new(
        tasks: Vec<TaskSpec>,
        workers: Vec<WorkerSpec>,
        residents: Vec<ResidentSpec>,
        settings: AgendaSettings,
    ) -> Result<Self, Vec<AgendaProblem>> {
        let agenda = Self { tasks, workers, residents, settings };
        let problems = agenda.problems();
        if problems.is_empty() { Ok(agenda) } else { Err(problems) }
    }

    /// In the order of the file.
    pub fn tasks(&self) -> &[TaskSpec] {
        &self.tasks
    }

    /// In the order of the file.
    pub fn workers(&self) -> &[WorkerSpec] {
        &self.workers
    }

    /// In the order of the file.
    pub fn residents(&self) -> &[ResidentSpec] {
        &self.residents
    }

    /// What all have in common.
    pub fn settings(&self) -> &AgendaSettings {
        &self.settings
    }

    /// The task of this name.
    pub fn task(&self, name: &TaskName) -> Option<&TaskSpec> {
        self.tasks.iter().find(|task| task.name == *name)
    }

    /// The worker of this name.
    pub fn worker(&self, name: &WorkerName) -> Option<&WorkerSpec> {
        self.workers.iter().find(|worker| worker.name == *name)
    }

    /// The resident of this name.
    pub fn resident(&self, name: &ResidentName) -> Option<&ResidentSpec> {
        self.residents.iter().find(|resident| resident.name == *name)
    }

    fn problems(&self) -> Vec<AgendaProblem> {
        let mut problems = Vec::new();
        let (mut tasks, mut workers, mut residents) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for worker in self.workers.iter().filter(|worker| !workers.insert(&worker.name)) {
            problems.push(AgendaProblem::DuplicateWorker(worker.name.clone()));
        }
        for resident in self.residents.iter().filter(|resident| !residents.insert(&resident.name)) {
            problems.push(AgendaProblem::DuplicateResident(resident.name.clone()));
        }
        for task in self.tasks.iter().filter(|task| !tasks.insert(&task.name)) {
            problems.push(AgendaProblem::DuplicateTask(task.name.clone()));
        }
        for task in &self.tasks {
            self.problems_of(task, &mut problems);
        }
        problems
    }

    fn problems_of(&self, task: &TaskSpec, problems: &mut Vec<AgendaProblem>) {
        let name = || task.name.clone();
        if self.worker(&task.worker).is_none() {
            problems.push(AgendaProblem::NoSuchWorker(name(), task.worker.clone()));
        }
        if let Job::Resident(resident) = &task.job
            && self.resident(resident).is_none()
        {
            problems.push(AgendaProblem::NoSuchResident(name(), resident.clone()));
        }
        for follower in task.then.iter().filter(|follower| self.task(follower).is_none()) {
            problems.push(AgendaProblem::NoSuchFollower(name(), follower.clone()));
        }
        if self.settings.place.is_none() && task.looks_at_the_sun() {
            problems.push(AgendaProblem::NoPlace(name()));
        }
        if self.leads_to(&task.then, &task.name) {
            problems.push(AgendaProblem::Circle(name()));
        }
    }

    fn leads_to(&self, from: &[TaskName], goal: &TaskName) -> bool {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&TaskName> = from.iter().collect();
        while let Some(name) = open.pop() {
            if name == goal {
                return true;
            }
            if seen.insert(name) {
                open.extend(self.task(name).into_iter().flat_map(|task| &task.then));
            }
        }
        false
    }
}

/// Work that is due at times.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaskSpec {
    /// Unique in the agenda.
    pub name: TaskName,
    /// What is done.
    pub job: Job,
    /// When.
    pub due: Due,
    /// Its own time zone, an IANA name. `None`: [`AgendaSettings::zone`].
    pub zone: Option<Box<str>>,
    /// The part of the day in which it may begin. `None`: all of it.
    pub between: Option<Window>,
    /// It begins up to this much later than it is due, each time by chance.
    pub jitter: Duration,
    /// What happens when it is due while an earlier run waits or works.
    pub overlap: Overlap,
    /// What happens to times at which nobody was there to notice.
    pub missed: Missed,
    /// How long it may take.
    pub timeout: Timeout,
    /// What happens after a run that failed.
    pub retry: Retry,
    /// Who is given its output when it has ended well.
    pub then: Vec<TaskName>,
    /// Who does it.
    pub worker: WorkerName,
}

impl TaskSpec {
    /// Whether its times depend on where it is done.
    pub fn looks_at_the_sun(&self) -> bool {
        let sunny = |moment: &DayTime| matches!(moment, DayTime::Sun { .. });
        let due = match &self.due {
            Due::At(moments) => moments.iter().any(|moment| match moment {
                Moment::Daily(time) => sunny(time),
                Moment::Once(_) => false,
            }),
            Due::OnDemand | Due::Every { .. } | Due::Cron(_) => false,
        };
        due || self.between.as_ref().is_some_and(|window| sunny(&window.from) || sunny(&window.until))
    }
}

/// What a task does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Job {
    /// A process for each run.
    Command(JobCommand),
    /// A line to a process that stays.
    Resident(ResidentName),
}

/// A process that does a run, with the rights of its worker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobCommand {
    /// What is executed, and its arguments; at least one, looked up in the path if it has no slash.
    pub argv: Vec<ByteString>,
    /// Where. `None`: where the worker is.
    pub directory: Option<BytePath>,
    /// Variables over those of the worker.
    pub environment: Vec<(ByteString, ByteString)>,
}

/// A process that does one run after another, told of each by a line of JSON.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResidentSpec {
    /// Unique in the agenda.
    pub name: ResidentName,
    /// Its process. A worker has one of it for each thing that it does at once.
    pub command: JobCommand,
}

/// When a task is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Due {
    /// When somebody asks, or another task has ended.
    OnDemand,
    /// Again and again.
    Every {
        /// From one time to the next; more than zero.
        interval: Duration,
        /// How times are reckoned.
        phase: Phase,
    },
    /// At the times of a cron expression of five fields, or six with seconds first.
    Cron(Box<str>),
    /// At these moments; at least one.
    At(Vec<Moment>),
}

/// How the times of an interval are reckoned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// From the moment the beat first began, by the monotonic clock. A beat that begins again goes on from the last due time,
    /// which it can only know by the wall clock.
    Free,
    /// By the wall clock: multiples of the interval since midnight of 1970 in the task's time zone, and this much later, which
    /// is less than the interval.
    Aligned(Duration),
}

/// A moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Moment {
    /// Each day.
    Daily(DayTime),
    /// Once: a date and time as `2027-03-01T06:30:00`, in the task's time zone unless it has one of its own.
    Once(Box<str>),
}

/// A time of the day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DayTime {
    /// By the clock: seconds since midnight, 0 to 86,400.
    Clock(u32),
    /// By the sun.
    Sun {
        /// What it does.
        event: SunEvent,
        /// Seconds later, or earlier if negative.
        offset: i32,
    },
}

/// What the sun does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SunEvent {
    /// Its upper edge appears (centre at -0.833°).
    Sunrise,
    /// Its upper edge goes.
    Sunset,
    /// Its centre is 6° below the horizon in the morning: civil dawn.
    Dawn,
    /// Its centre is 6° below the horizon in the evening: civil dusk.
    Dusk,
    /// It is highest.
    Noon,
}

/// A part of the day; over midnight when it ends before it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Its first moment.
    pub from: DayTime,
    /// The moment after its last one.
    pub until: DayTime,
}

/// What happens when a task is due while an earlier run of it waits or works.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Overlap {
    /// The new one is left out, and that is remembered.
    #[default]
    Skip,
    /// The new one waits.
    Queue,
    /// The earlier one is stopped, and the new one done instead.
    Replace,
}

/// What happens to times at which no beat was running.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Missed {
    /// They are left out, and that is remembered.
    #[default]
    Skip,
    /// However many they were, the task is done once.
    Once,
    /// Each is done, but no more than this many of the last ones.
    Each(NonZeroU32),
}

/// How long a run may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Timeout {
    /// Then it is asked to end, by SIGTERM. `None`: never.
    pub soft: Option<Duration>,
    /// Then it is killed. `None`: 10 s after it was asked. From the run's begin; more than `soft`.
    pub hard: Option<Duration>,
}

/// What happens after a run that failed: the exit status is not 0, a signal, a time-out, an error of a resident.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Retry {
    /// How often it is tried again.
    pub times: u32,
    /// How long after the first failure.
    pub delay: Duration,
    /// Each delay is this many hundredths of the one before, 100 or more; 0 is as 100.
    pub factor_percent: u32,
    /// No delay is longer. Zero: no bound.
    pub delay_max: Duration,
}

/// A process that does tasks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkerSpec {
    /// Unique in the agenda.
    pub name: WorkerName,
    /// How many runs it does at a time. `None`: as many as the machine has processors.
    pub at_once: Option<NonZeroU32>,
    /// How many runs may wait for it, 1 or more.
    pub backlog: u32,
    /// What happens beyond that.
    pub bound: Bound,
}

/// What happens to a run for a worker that has as many waiting as may.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Bound {
    /// The new one is refused; who asked is told, the beat remembers that it was left out.
    #[default]
    Refuse,
    /// The oldest that waits is dropped, and that is remembered.
    DropOldest,
    /// Who asks waits until there is room. For one that only the beat asks for it is as if the clock stood still.
    Wait,
}
