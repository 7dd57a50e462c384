//! `[program.NAME]`.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use minder_core::backoff::{Backoff, Shortage};
use minder_core::ids::{BytePath, ByteString, ProgramName, Signal, SocketName};
use minder_core::program::{
    Announce, Ceiling, Choice, Command, EnvironmentBase, ErrorOutput, Identity, InheritedSocket, Leads,
    Notice, OutputSpec, ProgramSpec, Readiness, ReasonShown, ResourceLimit, SocketSource, StageNotices,
    Startup, StdinSource, Surroundings, Unborn,
};
use minder_core::restart::{ExpectedExits, RestartPolicy};
use minder_core::socket::{Sharing, SocketSpec};
use minder_core::stop::{Reach, StopPolicy};

use super::output::plain;
use super::{Lowering, u32_of};
use crate::native::MinderSettings;
use crate::native::limits;
use crate::native::table::{Limit, Table};
use crate::source::Span;

/// Where programs are looked for when nobody has a `PATH`: what execvp(3) does.
const DEFAULT_PATH: &str = "/bin:/usr/bin";
/// The first descriptor behind the three streams.
const FIRST_SOCKET: i32 = 3;

impl Lowering<'_> {
    /// The program of a table, under this name in its group. `log` is how its log's file is called.
    pub(super) fn program(
        &mut self,
        table: &Table,
        name: &str,
        log: &str,
        minder: &MinderSettings,
        sockets: &[Arc<SocketSpec>],
    ) -> Option<ProgramSpec> {
        let environment = self.variables(table.pairs("environment"));
        let command = self.command(table, &environment);
        let surroundings = self.surroundings(table, sockets);
        let identity = self.identity(table);
        let stdin = self.stdin(table, sockets);
        let own_file = minder.logs.join(format!("{log}.log"));
        let stdout = self.stdout(table, &own_file);
        let stderr = self.stderr(table, &minder.logs.join(format!("{log}-stderr.log")));
        let stop = self.stop(table);
        let bytes = |text: &str| ByteString::from(text.as_bytes());
        Some(ProgramSpec {
            name: ProgramName::new(name),
            command: command?,
            directory: self.path_of(table, "directory").map(|path| path_bytes(&path)),
            environment: environment.iter().map(|(name, value)| (bytes(name), bytes(value))).collect(),
            surroundings,
            identity,
            umask: table.whole("umask").map(u32_of),
            priority: table.whole("priority").unwrap_or(0),
            startup: match table.text("start") {
                Some("manual") => Startup::OnRequest,
                _ => Startup::Automatic,
            },
            restart: match table.text("restart") {
                Some("never") => RestartPolicy::Never,
                Some("on-failure") => RestartPolicy::OnUnexpectedExit,
                _ => RestartPolicy::Always,
            },
            expected_exits: ExpectedExits(match table.numbers("exit-codes") {
                Some(codes) => codes.iter().filter_map(|code| u8::try_from(*code).ok()).collect(),
                None => vec![0],
            }),
            readiness: Readiness::StaysUp(table.duration("ready-after").unwrap_or(Duration::from_secs(1))),
            backoff: Backoff {
                retries: table.whole("retries").map_or(u32::MAX, u32_of),
                step: table.duration("retry-step").unwrap_or(Duration::from_secs(1)),
                shortage: match table.text("shortages") {
                    Some("count") => Shortage::Counts,
                    _ => Shortage::Passes,
                },
            },
            stop,
            stdin,
            stdout,
            stderr,
            notices: Arc::new(table.table("notices").map(notices).unwrap_or_default()),
        })
    }

    fn command(&mut self, table: &Table, environment: &[(String, String)]) -> Option<Command> {
        let Some((line, words)) = table.command("command") else {
            if !table.was_refused("command") {
                let hint = Some("add `command = \"…\"`".to_owned());
                self.error(heading_of(table.at), "command", "a program needs one", hint);
            }
            return None;
        };
        let of_program =
            environment.iter().rev().find(|(name, _)| name == "PATH").map(|(_, path)| path.as_str());
        let path = of_program
            .or_else(|| self.surroundings.environment().get("PATH").map(String::as_str))
            .unwrap_or(DEFAULT_PATH);
        let search: Vec<&str> = match table.words("search") {
            Some(search) => search.iter().map(String::as_str).collect(),
            None => path.split(':').collect(),
        };
        Some(Command {
            line: table.text("command-line").unwrap_or(line).into(),
            file: self.path_of(table, "executable").map(|path| path_bytes(&path)),
            words: Ok(words.iter().map(|word| word.as_bytes().into()).collect()),
            search: search.into_iter().map(|path| BytePath::from(path.as_bytes())).collect(),
            choice: match table.text("search-for") {
                Some("first-permitted") => Choice::FirstPermitted,
                _ => Choice::First,
            },
        })
    }

    fn surroundings(&mut self, table: &Table, sockets: &[Arc<SocketSpec>]) -> Surroundings {
        let inherited = self.inherited(table, sockets);
        let gapless =
            inherited.iter().zip(FIRST_SOCKET..).all(|(socket, number)| socket.descriptor == number);
        let announced = match table.flag("announce-sockets") {
            Some(true) if !gapless => {
                let message =
                    "sockets can only be announced when their descriptors are 3 and those that follow";
                self.error(table.place("announce-sockets"), "announce-sockets", message, None);
                false
            }
            Some(announced) => announced && !inherited.is_empty(),
            None => gapless && !inherited.is_empty(),
        };
        Surroundings {
            environment: match table.flag("inherit-environment") {
                Some(false) => EnvironmentBase::Empty,
                _ => EnvironmentBase::Inherited,
            },
            leads: match table.text("leads") {
                Some("session") => Leads::Session,
                _ => Leads::Group,
            },
            limits: table.limits("limits").unwrap_or_default().iter().filter_map(limit).collect(),
            sockets: inherited,
            announce: if announced { Announce::ListenFds } else { Announce::Nothing },
            unborn: match table.text("failed-setup") {
                Some("no-start") => Unborn::NotMade,
                _ => Unborn::Exited,
            },
        }
    }

    fn inherited(&mut self, table: &Table, sockets: &[Arc<SocketSpec>]) -> Vec<InheritedSocket> {
        let mut found: Vec<InheritedSocket> = Vec::new();
        for word in table.words("sockets").unwrap_or_default() {
            let (name, number) = match word.split_once('=') {
                Some((name, number)) => {
                    (name, number.parse::<i32>().ok().filter(|number| *number >= FIRST_SOCKET))
                }
                None => {
                    let next = found.iter().map(|socket| socket.descriptor + 1).max().unwrap_or(FIRST_SOCKET);
                    (word.as_str(), Some(next))
                }
            };
            let spec = self.socket_of(table.place("sockets"), name, sockets);
            match (spec, number) {
                (Some(spec), Some(descriptor))
                    if found.iter().all(|known| known.descriptor != descriptor) =>
                {
                    let source = match spec.sharing {
                        Sharing::Common => SocketSource::Common(spec.name.clone()),
                        Sharing::EachItsOwn => SocketSource::Own(spec),
                    };
                    found.push(InheritedSocket { source, descriptor });
                }
                (Some(_), Some(_)) => {
                    let message = format!("`{word}`: another socket has this descriptor");
                    self.error(table.place("sockets"), "sockets", message, None);
                }
                (Some(_), None) => {
                    let message = format!("`{word}`: a descriptor is a number from 3 on");
                    self.error(table.place("sockets"), "sockets", message, None);
                }
                (None, _) => {}
            }
        }
        found
    }

    fn socket_of(&mut self, at: Span, name: &str, sockets: &[Arc<SocketSpec>]) -> Option<Arc<SocketSpec>> {
        let found = sockets.iter().find(|socket| socket.name.as_str() == name);
        if found.is_none() {
            let known = sockets.iter().map(|socket| socket.name.as_str());
            let hint = crate::native::table::meant(name, known);
            self.error(at, name, "there is no such socket", hint.or(Some(format!("add `[socket.{name}]`"))));
        }
        found.cloned()
    }

    fn identity(&mut self, table: &Table) -> Option<Identity> {
        let wanted = name_or_number(table, "user")?;
        let Some(mut identity) = self.surroundings.user(&wanted) else {
            self.error(table.place("user"), &wanted, "there is no such user", None);
            return None;
        };
        if let Some(group) = name_or_number(table, "group-id") {
            match self.surroundings.group(&group) {
                Some(gid) => identity.gid = gid,
                None => self.error(table.place("group-id"), &group, "there is no such group of users", None),
            }
        }
        if let Some(groups) = table.numbers("groups") {
            identity.groups = groups.iter().map(|group| u32_of(*group)).collect();
        }
        // Nothing is changed for the user that minder already is, so that one without rights can name its own.
        let explicit = table.has("group-id") || table.has("groups");
        (explicit || identity.uid != self.surroundings.own_uid()).then_some(identity)
    }

    fn stdin(&mut self, table: &Table, sockets: &[Arc<SocketSpec>]) -> StdinSource {
        match table.text("stdin") {
            None | Some("null") => StdinSource::Null,
            Some("pipe") => StdinSource::Pipe,
            Some("own") => StdinSource::Own,
            Some("group-socket") => StdinSource::GroupSocket,
            Some(word) => match word.strip_prefix("socket:") {
                Some(name) => {
                    self.socket_of(table.place("stdin"), name, sockets);
                    StdinSource::Socket(SocketName::new(name))
                }
                None => {
                    let hint =
                        "write \"null\", \"pipe\", \"own\", \"group-socket\" or \"socket:NAME\"".to_owned();
                    self.error(table.place("stdin"), "stdin", format!("found \"{word}\""), Some(hint));
                    StdinSource::Null
                }
            },
        }
    }

    fn stdout(&mut self, table: &Table, file: &Path) -> OutputSpec {
        match (table.table("stdout"), table.text("stdout")) {
            (Some(stream), _) => self.stream(stream, file),
            (None, Some(text)) => self.short_stream(text),
            (None, None) => plain(file),
        }
    }

    fn stderr(&mut self, table: &Table, file: &Path) -> ErrorOutput {
        match (table.table("stderr"), table.text("stderr")) {
            (Some(stream), _) => ErrorOutput::Own(self.stream(stream, file)),
            (None, None | Some("stdout")) => ErrorOutput::WithStdout,
            (None, Some(text)) => ErrorOutput::Own(self.short_stream(text)),
        }
    }

    fn stop(&mut self, table: &Table) -> StopPolicy {
        let signal = match name_or_number(table, "stop-signal") {
            None => Signal::TERM,
            Some(text) => match limits::signal(&text) {
                Some(number) => Signal(number),
                None => {
                    let known = limits::SIGNALS.iter().map(|(name, _)| *name);
                    let hint = crate::native::table::meant(&text, known);
                    self.error(table.place("stop-signal"), &text, "there is no such signal", hint);
                    Signal::TERM
                }
            },
        };
        StopPolicy {
            signal,
            grace: table.duration("stop-grace").unwrap_or(Duration::from_secs(10)),
            reach: reach(table.text("stop-reach")),
            kill_reach: reach(table.text("kill-reach")),
        }
    }
}

/// The heading alone: the whole table would be underlined else.
fn heading_of(at: Span) -> Span {
    Span { end: at.start, ..at }
}

fn name_or_number(table: &Table, key: &str) -> Option<String> {
    table.text(key).map(str::to_owned).or_else(|| table.whole(key).map(|number| number.to_string()))
}

fn limit((name, limit): &(String, Limit)) -> Option<ResourceLimit> {
    let ceiling = match limit {
        Limit::At(number) => Ceiling::At(*number),
        Limit::Unlimited => Ceiling::Unlimited,
        Limit::Highest => Ceiling::Highest,
    };
    Some(ResourceLimit { resource: limits::number(name)?, ceiling })
}

fn reach(word: Option<&str>) -> Reach {
    match word {
        Some("process") => Reach::Process,
        Some("family") => Reach::Family,
        Some("children") => Reach::Children,
        Some("tree") => Reach::Tree,
        Some("descendants") => Reach::Descendants,
        _ => Reach::Group,
    }
}

fn notices(table: &Table) -> StageNotices {
    let notice = |before: &str, after: &str, reason: &str| {
        let text = |key: &str| table.text(key).unwrap_or_default().as_bytes().to_vec().into();
        Notice {
            before: text(before),
            after: text(after),
            reason: if table.flag(reason) == Some(false) { ReasonShown::Hidden } else { ReasonShown::Symbol },
        }
    };
    StageNotices {
        identity: notice("identity-before", "identity-after", "identity-reason"),
        directory: notice("directory-before", "directory-after", "directory-reason"),
        exec: notice("exec-before", "exec-after", "exec-reason"),
    }
}

pub(super) fn path_bytes(path: &Path) -> BytePath {
    path.as_os_str().as_bytes().into()
}
