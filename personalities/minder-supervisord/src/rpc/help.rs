//! Long because it is the table of all methods: what `methodHelp` and `methodSignature` answer, and which counts of
//! parameters are taken.

use super::dispatch::Procedure;

/// A type, a name, and what is meant by it.
type Item = (&'static str, &'static str, &'static str);

/// One method that can be called.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// With its namespace.
    pub name: &'static str,
    /// What it does.
    pub procedure: Procedure,
    /// The same, for people.
    about: &'static str,
    takes: &'static [Item],
    gives: Item,
}

impl Method {
    /// Whether this many parameters can be given: `wait` may be left out, it is always the last one.
    #[must_use]
    pub fn accepts(&self, count: usize) -> bool {
        let most = self.takes.len();
        let least = match self.takes.last() {
            Some((_, "wait", _)) => most - 1,
            Some(_) | None => most,
        };
        (least..=most).contains(&count)
    }

    /// What the method says of itself, with a line for each parameter and one for the result: some clients parse those.
    #[must_use]
    pub fn help(&self) -> String {
        let mut text = format!(" {}\n\n", self.about);
        for (kind, name, meaning) in self.takes {
            text.push_str(&format!("        @param {kind} {name}  {meaning}\n"));
        }
        let (kind, name, meaning) = self.gives;
        text.push_str(&format!("        @return {kind} {name}  {meaning}\n        "));
        text
    }

    /// The type of the result, then those of the parameters.
    #[must_use]
    pub fn signature(&self) -> Vec<&'static str> {
        std::iter::once(self.gives.0).chain(self.takes.iter().map(|item| item.0)).collect()
    }
}

const NAME: Item = ("string", "name", "The process: its name, or group:name.");
const NAMES: Item = ("string", "name", "The process: its name, group:name, or group:* for the whole group.");
const GROUP: Item = ("string", "name", "The group.");
const START_WAIT: Item = ("boolean", "wait", "Whether to answer only when it is up. Yes, if left out.");
const STOP_WAIT: Item = ("boolean", "wait", "Whether to answer only when it is down. Yes, if left out.");
const START_WAITS: Item = ("boolean", "wait", "Whether to answer only when each is up. Yes, if left out.");
const STOP_WAITS: Item = ("boolean", "wait", "Whether to answer only when each is down. Yes, if left out.");
const SIGNAL: Item = ("string", "signal", "The signal: a name such as HUP or SIGHUP, or a number.");
const OFFSET: Item = ("int", "offset", "Where to begin; negative: that many bytes before the end.");
const LENGTH: Item = ("int", "length", "How many bytes; 0: up to the end.");
const TAIL_OFFSET: Item = ("int", "offset", "Up to where the caller has read.");
const TAIL_LENGTH: Item = ("int", "length", "The most that is returned.");
const YES: Item = ("boolean", "result", "Always true.");
const STATUSES: Item =
    ("array", "result", "A struct for each process: name, group, status (80: it went well), description.");
const TAILED: Item = (
    "array",
    "result",
    "The text, the offset just behind the end of the log, and whether bytes were skipped.",
);
const TEXT: Item = ("string", "text", "The bytes.");

/// Every method, by name. The deprecated names are methods like all others.
pub const METHODS: &[Method] = &[
    Method {
        name: "supervisor.addProcessGroup",
        procedure: Procedure::AddProcessGroup,
        about: "Takes a group of the configuration that was read last into service.",
        takes: &[GROUP],
        gives: YES,
    },
    Method {
        name: "supervisor.clearAllProcessLogs",
        procedure: Procedure::ClearAllProcessLogs,
        about: "Removes the log files of all processes and begins new ones.",
        takes: &[],
        gives: STATUSES,
    },
    Method {
        name: "supervisor.clearLog",
        procedure: Procedure::ClearLog,
        about: "Removes the server's own log file and begins a new one.",
        takes: &[],
        gives: YES,
    },
    Method {
        name: "supervisor.clearProcessLog",
        procedure: Procedure::ClearProcessLogs,
        about: "Removes the log files of a process and begins new ones. An old name of clearProcessLogs.",
        takes: &[NAME],
        gives: YES,
    },
    Method {
        name: "supervisor.clearProcessLogs",
        procedure: Procedure::ClearProcessLogs,
        about: "Removes the log files of a process and begins new ones.",
        takes: &[NAME],
        gives: YES,
    },
    Method {
        name: "supervisor.getAPIVersion",
        procedure: Procedure::ApiVersion,
        about: "The version of this programming interface.",
        takes: &[],
        gives: ("string", "version", "Such as 3.0."),
    },
    Method {
        name: "supervisor.getAllConfigInfo",
        procedure: Procedure::AllConfigInfo,
        about: "The configuration that was read last, as far as it is about processes.",
        takes: &[],
        gives: ("array", "result", "A struct for each process, sorted by name."),
    },
    Method {
        name: "supervisor.getAllProcessInfo",
        procedure: Procedure::AllProcessInfo,
        about: "What is known of all processes.",
        takes: &[],
        gives: (
            "array",
            "result",
            "A struct for each process, as of getProcessInfo, sorted by group and name.",
        ),
    },
    Method {
        name: "supervisor.getIdentification",
        procedure: Procedure::Identification,
        about: "The identifier from the configuration, to tell servers apart.",
        takes: &[],
        gives: ("string", "identifier", "The text after identifier=."),
    },
    Method {
        name: "supervisor.getPID",
        procedure: Procedure::Pid,
        about: "The process id of the server.",
        takes: &[],
        gives: ("int", "pid", "The number in the pidfile."),
    },
    Method {
        name: "supervisor.getProcessInfo",
        procedure: Procedure::ProcessInfo,
        about: "What is known of a process.",
        takes: &[NAME],
        gives: ("struct", "info", "Its names, state, times, log files and a line for people."),
    },
    Method {
        name: "supervisor.getState",
        procedure: Procedure::State,
        about: "What the server as a whole is doing.",
        takes: &[],
        gives: ("struct", "state", "A struct with statecode (int) and statename (string)."),
    },
    Method {
        name: "supervisor.getSupervisorVersion",
        procedure: Procedure::SupervisorVersion,
        about: "The version of Supervisor that the server is compatible with.",
        takes: &[],
        gives: ("string", "version", "Such as 4.3.0."),
    },
    Method {
        name: "supervisor.getVersion",
        procedure: Procedure::ApiVersion,
        about: "The version of this programming interface. An old name of getAPIVersion.",
        takes: &[],
        gives: ("string", "version", "Such as 3.0."),
    },
    Method {
        name: "supervisor.readLog",
        procedure: Procedure::ReadLog,
        about: "A part of the server's own log.",
        takes: &[OFFSET, LENGTH],
        gives: TEXT,
    },
    Method {
        name: "supervisor.readMainLog",
        procedure: Procedure::ReadLog,
        about: "A part of the server's own log. An old name of readLog.",
        takes: &[OFFSET, LENGTH],
        gives: TEXT,
    },
    Method {
        name: "supervisor.readProcessLog",
        procedure: Procedure::ReadStdout,
        about: "A part of the log of a process's standard output. An old name of readProcessStdoutLog.",
        takes: &[NAME, OFFSET, LENGTH],
        gives: TEXT,
    },
    Method {
        name: "supervisor.readProcessStderrLog",
        procedure: Procedure::ReadStderr,
        about: "A part of the log of a process's standard error.",
        takes: &[NAME, OFFSET, LENGTH],
        gives: TEXT,
    },
    Method {
        name: "supervisor.readProcessStdoutLog",
        procedure: Procedure::ReadStdout,
        about: "A part of the log of a process's standard output.",
        takes: &[NAME, OFFSET, LENGTH],
        gives: TEXT,
    },
    Method {
        name: "supervisor.reloadConfig",
        procedure: Procedure::ReloadConfig,
        about: "Reads the configuration again. Nothing is changed by this: see addProcessGroup and removeProcessGroup.",
        takes: &[],
        gives: ("array", "result", "[[added, changed, removed]], each an array of names of groups."),
    },
    Method {
        name: "supervisor.removeProcessGroup",
        procedure: Procedure::RemoveProcessGroup,
        about: "Takes a group out of service. All its processes must have been stopped.",
        takes: &[GROUP],
        gives: YES,
    },
    Method {
        name: "supervisor.restart",
        procedure: Procedure::Restart,
        about: "Stops all processes and begins afresh with the configuration on disk. The answer comes before anything stops.",
        takes: &[],
        gives: YES,
    },
    Method {
        name: "supervisor.sendProcessStdin",
        procedure: Procedure::SendProcessStdin,
        about: "Writes text to the standard input of a process, as UTF-8.",
        takes: &[NAME, ("string", "chars", "The text.")],
        gives: YES,
    },
    Method {
        name: "supervisor.sendRemoteCommEvent",
        procedure: Procedure::SendRemoteCommEvent,
        about: "Tells something to the event listeners that listen to REMOTE_COMMUNICATION.",
        takes: &[("string", "type", "What it is about."), ("string", "data", "The rest.")],
        gives: YES,
    },
    Method {
        name: "supervisor.shutdown",
        procedure: Procedure::Shutdown,
        about: "Stops all processes and then the server. The answer comes before anything stops.",
        takes: &[],
        gives: YES,
    },
    Method {
        name: "supervisor.signalAllProcesses",
        procedure: Procedure::SignalAllProcesses,
        about: "Sends a signal to each process that runs.",
        takes: &[SIGNAL],
        gives: STATUSES,
    },
    Method {
        name: "supervisor.signalProcess",
        procedure: Procedure::SignalProcess,
        about: "Sends a signal to a process, and to none of its children.",
        takes: &[NAMES, SIGNAL],
        gives: YES,
    },
    Method {
        name: "supervisor.signalProcessGroup",
        procedure: Procedure::SignalProcessGroup,
        about: "Sends a signal to each process of a group that runs.",
        takes: &[GROUP, SIGNAL],
        gives: STATUSES,
    },
    Method {
        name: "supervisor.startAllProcesses",
        procedure: Procedure::StartAllProcesses,
        about: "Starts all processes that do not run.",
        takes: &[START_WAITS],
        gives: STATUSES,
    },
    Method {
        name: "supervisor.startProcess",
        procedure: Procedure::StartProcess,
        about: "Starts a process.",
        takes: &[NAMES, START_WAIT],
        gives: YES,
    },
    Method {
        name: "supervisor.startProcessGroup",
        procedure: Procedure::StartProcessGroup,
        about: "Starts those processes of a group that do not run.",
        takes: &[GROUP, START_WAITS],
        gives: STATUSES,
    },
    Method {
        name: "supervisor.stopAllProcesses",
        procedure: Procedure::StopAllProcesses,
        about: "Stops all processes that run.",
        takes: &[STOP_WAITS],
        gives: STATUSES,
    },
    Method {
        name: "supervisor.stopProcess",
        procedure: Procedure::StopProcess,
        about: "Stops a process.",
        takes: &[NAMES, STOP_WAIT],
        gives: YES,
    },
    Method {
        name: "supervisor.stopProcessGroup",
        procedure: Procedure::StopProcessGroup,
        about: "Stops those processes of a group that run.",
        takes: &[GROUP, STOP_WAITS],
        gives: STATUSES,
    },
    Method {
        name: "supervisor.tailProcessLog",
        procedure: Procedure::TailStdout,
        about: "What was added to the log of a process's standard output. An old name of tailProcessStdoutLog.",
        takes: &[NAME, TAIL_OFFSET, TAIL_LENGTH],
        gives: TAILED,
    },
    Method {
        name: "supervisor.tailProcessStderrLog",
        procedure: Procedure::TailStderr,
        about: "What was added to the log of a process's standard error. Where more was added than asked for, its last part.",
        takes: &[NAME, TAIL_OFFSET, TAIL_LENGTH],
        gives: TAILED,
    },
    Method {
        name: "supervisor.tailProcessStdoutLog",
        procedure: Procedure::TailStdout,
        about: "What was added to the log of a process's standard output. Where more was added than asked for, its last part.",
        takes: &[NAME, TAIL_OFFSET, TAIL_LENGTH],
        gives: TAILED,
    },
    Method {
        name: "system.listMethods",
        procedure: Procedure::ListMethods,
        about: "The names of all methods.",
        takes: &[],
        gives: ("array", "names", "Strings, sorted."),
    },
    Method {
        name: "system.methodHelp",
        procedure: Procedure::MethodHelp,
        about: "What a method says of itself.",
        takes: &[("string", "name", "The method.")],
        gives: ("string", "text", "A text like this one."),
    },
    Method {
        name: "system.methodSignature",
        procedure: Procedure::MethodSignature,
        about: "The types of a method's result and parameters.",
        takes: &[("string", "name", "The method.")],
        gives: ("array", "types", "First that of the result, then those of the parameters."),
    },
    Method {
        name: "system.multicall",
        procedure: Procedure::Multicall,
        about: "Carries out several calls one after the other. A call that fails does not keep the next from being made.",
        takes: &[("array", "calls", "Structs with methodName (string) and params (array).")],
        gives: ("array", "results", "The result of each call, or a struct with faultCode and faultString."),
    },
];
