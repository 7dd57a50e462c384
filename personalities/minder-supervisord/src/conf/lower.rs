//! Settings as a plan of minder's own model: every notion of the original becomes a policy that is data there.
//!
//! That a main log of level debug also shows what the programs print is no policy of theirs: whoever runs the plan asks for it.

use super::python::encode;
use super::settings::{
    Channel, DaemonSection, FcgiListen, FcgiSocket, GroupKind, GroupSection, ProcessSection, Settings,
};
use super::shellwords;
use super::types::{AutoRestart, LogFile};
use minder_config::Problem;
use minder_core::backoff::{Backoff, Shortage};
use minder_core::ids::{BytePath, ByteString, GroupName, ProgramName, Signal};
use minder_core::plan::{
    Echo, GroupSocket, GroupSpec, JournalSpec, Plan, PlanProblem, SocketAddress, Subscription,
};
use minder_core::program::{
    Capture, Choice, Command, CommandProblem, ErrorOutput, Identity, LogTarget, Notice, OutputFilter,
    OutputSpec, ProgramSpec, Publish, Readiness, ReasonShown, Rotation, StageNotices, Startup, StdinSource,
    Surroundings, Syslog,
};
use minder_core::restart::{ExpectedExits, RestartPolicy};
use minder_core::stop::{Reach, StopPolicy};
use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// The pause before the n-th new try is n times this.
const BACKOFF_STEP: Duration = Duration::from_secs(1);
/// What a program prints around output that is meant for event listeners.
const CAPTURE: (&str, &str) = ("<!--XSUPERVISOR:BEGIN-->", "<!--XSUPERVISOR:END-->");
/// How answers of event listeners are judged; the only way there is.
pub const JUDGE: &str = "supervisor.dispatchers:default_handler";

/// The plan of the settings.
///
/// The original takes two groups or two processes of one name and silently runs only one of them: of groups the first in start
/// order, of processes the last. So does this; [`repetitions`] says it.
///
/// # Errors
///
/// None that settings of this reader can cause: what the plan would refuse is taken out before.
pub fn plan(settings: &Settings) -> Result<Plan, PlanProblem> {
    let search = settings.search.iter().map(|directory| bytes(directory)).collect();
    let lowering = Lowering { settings, known: RefCell::default(), notices: RefCell::default(), search };
    let mut names = HashSet::new();
    let groups = settings.groups.iter().filter(|group| names.insert(&group.name));
    Plan::new(groups.map(|group| lowering.group(group)).collect())
}

/// A warning for each group and process that another one of the same name keeps from running.
#[must_use]
pub fn repetitions(groups: &[GroupSection]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut names = HashSet::new();
    for group in groups {
        if !names.insert(&group.name) {
            let at = group.processes.first().and_then(|process| process.at);
            let problem =
                Problem::warning(format!("a second group is called `{}`, it is never started", group.name));
            problems.push(problem.with_place(at).with_hint(Some("give it another name".to_owned())));
        }
        let mut names = HashSet::new();
        for process in &group.processes {
            if !names.insert(&process.name) {
                let message = format!(
                    "several processes are called `{}:{}`, only one is run",
                    group.name, process.name
                );
                let hint = "use %(process_num)s or %(program_name)s in `process_name`".to_owned();
                problems.push(Problem::warning(message).with_place(process.at).with_hint(Some(hint)));
            }
        }
    }
    problems
}

/// Where the daemon's own log goes.
#[must_use]
pub fn journal(daemon: &DaemonSection) -> JournalSpec {
    let syslog = daemon.logfile == "syslog";
    let echo = daemon.nodaemon && !daemon.silent;
    JournalSpec {
        log: if syslog { LogTarget::Nowhere } else { LogTarget::File(encode(&daemon.logfile).into()) },
        rotation: rotation(daemon.logfile_maxbytes, daemon.logfile_backups),
        echo: if echo { Echo::Stdout } else { Echo::Off },
        syslog: syslog.then(|| "supervisord".into()),
    }
}

/// What all processes share.
struct Lowering<'a> {
    settings: &'a Settings,
    /// Texts that were met before. Copies of one program differ in a few words only.
    known: RefCell<HashSet<ByteString>>,
    /// Notices that were met before.
    notices: RefCell<HashSet<Arc<StageNotices>>>,
    /// Where all look for their executable that say nothing else.
    search: Arc<[BytePath]>,
}

impl Lowering<'_> {
    /// A text as the kernel takes it; one that was met before is shared.
    fn bytes(&self, text: &str) -> ByteString {
        let fresh = bytes(text);
        let mut known = self.known.borrow_mut();
        if let Some(shared) = known.get(&fresh) {
            return shared.clone();
        }
        known.insert(fresh.clone());
        fresh
    }

    fn group(&self, group: &GroupSection) -> GroupSpec {
        let mut programs: Vec<Arc<ProgramSpec>> = Vec::with_capacity(group.processes.len());
        let mut places = HashMap::new();
        for process in &group.processes {
            let program = Arc::new(self.program(group, process));
            match places.entry(process.name.as_str()) {
                Entry::Vacant(entry) => {
                    entry.insert(programs.len());
                    programs.push(program);
                }
                Entry::Occupied(entry) => programs[*entry.get()] = program,
            }
        }
        let (subscription, socket) = match &group.kind {
            GroupKind::Programs => (None, None),
            GroupKind::Listeners(pool) => {
                let topics = pool.events.iter().map(|event| event.as_str().into()).collect();
                (
                    Some(Subscription { topics, backlog: saturated(pool.buffer_size), judge: JUDGE.into() }),
                    None,
                )
            }
            GroupKind::FastCgi(socket) => (None, Some(group_socket(socket))),
        };
        GroupSpec {
            name: GroupName::new(group.name.as_str()),
            priority: group.priority,
            programs,
            subscription,
            socket,
        }
    }

    fn program(&self, group: &GroupSection, process: &ProcessSection) -> ProgramSpec {
        let listens = matches!(group.kind, GroupKind::Listeners(_));
        let mut stdout = self.output(process, "stdout", &process.stdout);
        if listens {
            stdout.capture = None;
            stdout.publish = Publish::Dialogue;
        }
        let stderr = match process.redirect_stderr {
            true => ErrorOutput::WithStdout,
            false => ErrorOutput::Own(self.output(process, "stderr", &process.stderr)),
        };
        ProgramSpec {
            name: ProgramName::new(process.name.as_str()),
            command: self.command(process),
            directory: process.directory.as_deref().map(bytes),
            surroundings: Surroundings::default(),
            environment: self.environment(group, process),
            identity: self.identity(process),
            umask: process.umask.map(mode),
            priority: process.priority,
            startup: if process.autostart { Startup::Automatic } else { Startup::OnRequest },
            restart: match process.autorestart {
                AutoRestart::Never => RestartPolicy::Never,
                AutoRestart::Unexpected => RestartPolicy::OnUnexpectedExit,
                AutoRestart::Always => RestartPolicy::Always,
            },
            expected_exits: ExpectedExits(process.exitcodes.clone()),
            readiness: Readiness::StaysUp(seconds(process.startsecs)),
            backoff: Backoff {
                // One less than without end: the original has one, and pauses that grow until then.
                retries: saturated(process.startretries).min(u32::MAX - 1),
                step: BACKOFF_STEP,
                shortage: Shortage::Passes,
            },
            stop: StopPolicy {
                signal: Signal(u8::try_from(process.stopsignal).unwrap_or(Signal::TERM.0)),
                grace: seconds(process.stopwaitsecs),
                reach: if process.stopasgroup { Reach::Group } else { Reach::Process },
                kill_reach: if process.killasgroup { Reach::Group } else { Reach::Process },
            },
            stdin: match group.kind {
                GroupKind::FastCgi(_) => StdinSource::GroupSocket,
                GroupKind::Programs | GroupKind::Listeners(_) => StdinSource::Pipe,
            },
            stdout,
            stderr,
            notices: self.shared_notices(process),
        }
    }

    fn command(&self, process: &ProcessSection) -> Command {
        let words = match shellwords::split(&process.command) {
            Ok(words) if words.is_empty() => Err(CommandProblem::Empty),
            Ok(words) => Ok(words.iter().map(|word| self.bytes(word)).collect()),
            Err(error) => Err(CommandProblem::Unsplittable(error.to_string().into())),
        };
        let search = match process.environment.get("PATH") {
            Some(path) => split_path(path).iter().map(|directory| self.bytes(directory)).collect(),
            None => self.search.clone(),
        };
        Command { line: process.command.as_str().into(), file: None, words, search, choice: Choice::First }
    }

    fn environment(&self, group: &GroupSection, process: &ProcessSection) -> Vec<(ByteString, ByteString)> {
        let url =
            process.serverurl.as_ref().or(self.settings.server_url.as_ref()).filter(|url| !url.is_empty());
        let own = [("SUPERVISOR_ENABLED", "1")]
            .into_iter()
            .chain(url.map(|url| ("SUPERVISOR_SERVER_URL", url.as_str())))
            .chain([
                ("SUPERVISOR_PROCESS_NAME", process.name.as_str()),
                ("SUPERVISOR_GROUP_NAME", group.name.as_str()),
            ]);
        own.chain(process.environment.iter())
            .map(|(name, value)| (self.bytes(name), self.bytes(value)))
            .collect()
    }

    /// Nothing is changed for a process of the user that the daemon already is, so that also a daemon without rights can name
    /// its own user.
    fn identity(&self, process: &ProcessSection) -> Option<Identity> {
        let user = process.user.as_ref().filter(|user| user.uid != self.settings.uid)?;
        Some(Identity { uid: user.uid, gid: user.gid, groups: user.groups.clone() })
    }

    fn output(&self, process: &ProcessSection, name: &str, channel: &Channel) -> OutputSpec {
        let daemon = &self.settings.supervisord;
        let log = match &channel.logfile {
            LogFile::None | LogFile::Syslog => LogTarget::Nowhere,
            LogFile::Path(path) if path.is_empty() => LogTarget::Nowhere,
            LogFile::Path(path) => LogTarget::File(self.bytes(path)),
            LogFile::Auto => LogTarget::Fresh {
                directory: self.bytes(&daemon.childlogdir),
                prefix: self.bytes(&format!("{}-{name}---{}-", process.name, daemon.identifier)),
                suffix: self.bytes(".log"),
            },
        };
        let limit = u64::try_from(channel.capture_maxbytes).unwrap_or(0);
        OutputSpec {
            log,
            rotation: rotation(channel.maxbytes, channel.backups),
            syslog: if channel.syslog { Syslog::Lines } else { Syslog::Off },
            filter: if daemon.strip_ansi { OutputFilter::StripAnsi } else { OutputFilter::Raw },
            capture: (limit > 0).then(|| {
                let (begin, end) = (self.bytes(CAPTURE.0), self.bytes(CAPTURE.1));
                Box::new(Capture { limit, begin, end })
            }),
            publish: if channel.events_enabled { Publish::Chunks } else { Publish::Silent },
        }
    }

    fn shared_notices(&self, process: &ProcessSection) -> Arc<StageNotices> {
        let fresh = self.notices(process);
        let mut known = self.notices.borrow_mut();
        if let Some(shared) = known.get(&fresh) {
            return shared.clone();
        }
        let fresh = Arc::new(fresh);
        known.insert(fresh.clone());
        fresh
    }

    fn notices(&self, process: &ProcessSection) -> StageNotices {
        const END: &str = "\nsupervisor: child process was not spawned\n";
        let notice = |before: String, reason: ReasonShown| Notice {
            before: self.bytes(&before),
            after: self.bytes(END),
            reason,
        };
        let uid = process.user.as_ref().map_or(self.settings.uid, |user| user.uid);
        let refused = if self.settings.uid == 0 {
            "Could not set groups of effective user"
        } else {
            "Can't drop privilege as nonroot user"
        };
        let directory = process.directory.as_deref().unwrap_or_default();
        let program = shellwords::split(&process.command)
            .ok()
            .and_then(|words| words.into_iter().next())
            .unwrap_or_default();
        StageNotices {
            identity: notice(format!("supervisor: couldn't setuid to {uid}: {refused}"), ReasonShown::Hidden),
            directory: notice(format!("supervisor: couldn't chdir to {directory}: "), ReasonShown::Symbol),
            exec: notice(format!("supervisor: couldn't exec {program}: "), ReasonShown::Symbol),
        }
    }
}

fn group_socket(socket: &FcgiSocket) -> GroupSocket {
    let address = match &socket.address {
        FcgiListen::Unix { path, owner, mode: bits } => SocketAddress::Unix {
            path: bytes(path),
            mode: mode(*bits),
            // The kernel reads the highest id as "leave as it is", which is what an owner without group means.
            owner: owner.map(|owner| (owner.uid.unwrap_or(u32::MAX), owner.gid.unwrap_or(u32::MAX))),
        },
        FcgiListen::Tcp { host, port } => SocketAddress::Tcp { host: host.as_str().into(), port: *port },
    };
    GroupSocket { address, backlog: socket.backlog.map(saturated) }
}

fn bytes(text: &str) -> ByteString {
    encode(text).into()
}

pub(super) fn split_path(path: &str) -> Vec<String> {
    path.split(':').map(str::to_owned).collect()
}

/// The nearest number from zero on.
fn saturated(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// A negative time is none.
fn seconds(number: i64) -> Duration {
    Duration::from_secs(u64::try_from(number).unwrap_or(0))
}

/// The permission bits of a mode, which is all that the kernel looks at.
fn mode(bits: i64) -> u32 {
    u32::try_from(bits & 0o7777).unwrap_or(0)
}

/// Sizes of zero and below mean that a file is never rotated.
fn rotation(max_bytes: i64, backups: i64) -> Rotation {
    Rotation::AfterWrite {
        max_bytes: u64::try_from(max_bytes).ok().filter(|bytes| *bytes > 0),
        backups: saturated(backups),
    }
}
