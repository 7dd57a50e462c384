//! A program.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use minder_core::backoff::Shortage;
use minder_core::ids::{ByteString, Signal};
use minder_core::program::{
    Announce, Ceiling, Choice, Command, EnvironmentBase, ErrorOutput, Leads, Notice, OutputSpec, ProgramSpec,
    Readiness, ReasonShown, StageNotices, Startup, StdinSource, Unborn,
};
use minder_core::restart::RestartPolicy;
use minder_core::stop::Reach;

use super::toml_text::{self, Entry, duration, key, quoted, texts};
use super::{Unsaid, not_text, output};
use crate::native::{limits, words};

/// Where a program stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProgramContext<'a> {
    pub(super) group: &'a str,
    /// The name of its section.
    pub(super) section: &'a str,
    /// The `PATH` by which it is looked for without being said.
    pub(super) path: &'a str,
    /// Where relative paths of the plan are meant.
    pub(super) directory: &'a Path,
}

/// Writes its section. One whose command cannot be split never starts, and is left out.
pub(super) fn write(
    program: &ProgramSpec,
    context: &ProgramContext<'_>,
    text: &mut String,
    unsaid: &mut Vec<Unsaid>,
) {
    let mut writer = Writer { context, entries: Vec::new(), unsaid };
    if !writer.command(program) {
        let _ = writeln!(
            text,
            "\n# {}: left out, its command cannot be understood: {}",
            context.section,
            one_line(&program.command.line)
        );
        return;
    }
    writer.place(program);
    writer.surroundings(program);
    writer.rights(program);
    writer.life(program);
    writer.stop(program);
    writer.stdin(&program.stdin);
    let section = key(context.section);
    let _ = write!(text, "\n[program.{section}]\n{}", toml_text::entries(&writer.entries));
    stream("stdout", &program.stdout, context, text, unsaid);
    if let ErrorOutput::Own(output) = &program.stderr {
        stream("stderr", output, context, text, unsaid);
    }
    notices(&program.notices, context, text, unsaid);
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn stream(
    name: &str,
    output: &OutputSpec,
    context: &ProgramContext<'_>,
    text: &mut String,
    unsaid: &mut Vec<Unsaid>,
) {
    match output::entries(output, context.directory) {
        Ok(entries) => {
            let _ =
                write!(text, "\n[program.{}.{name}]\n{}", key(context.section), toml_text::entries(&entries));
        }
        Err(refused) => unsaid.extend(refused.into_iter().map(|what| not_text(context.section, what))),
    }
}

fn notices(
    notices: &StageNotices,
    context: &ProgramContext<'_>,
    text: &mut String,
    unsaid: &mut Vec<Unsaid>,
) {
    if *notices == StageNotices::default() {
        return;
    }
    let mut writer = Writer { context, entries: Vec::new(), unsaid };
    writer.notice(&notices.identity, ["identity-before", "identity-after", "identity-reason"]);
    writer.notice(&notices.directory, ["directory-before", "directory-after", "directory-reason"]);
    writer.notice(&notices.exec, ["exec-before", "exec-after", "exec-reason"]);
    let _ =
        write!(text, "\n[program.{}.notices]\n{}", key(context.section), toml_text::entries(&writer.entries));
}

struct Writer<'a> {
    context: &'a ProgramContext<'a>,
    entries: Vec<Entry>,
    unsaid: &'a mut Vec<Unsaid>,
}

impl Writer<'_> {
    fn say(&mut self, key: &'static str, value: String) {
        self.entries.push(Entry::new(key, value));
    }

    fn text(&mut self, key: &'static str, bytes: &ByteString) {
        match std::str::from_utf8(bytes.as_bytes()) {
            Ok(text) => self.say(key, quoted(text)),
            Err(_) => self.unsaid.push(not_text(self.context.section, key)),
        }
    }

    fn path(&mut self, key: &'static str, bytes: &ByteString) {
        match toml_text::path_text(bytes, self.context.directory) {
            Some(path) => self.say(key, quoted(&path)),
            None => self.unsaid.push(not_text(self.context.section, key)),
        }
    }

    /// Whether it can be understood.
    fn command(&mut self, program: &ProgramSpec) -> bool {
        let Command { line, file, words: split, search, choice } = &program.command;
        let as_text = |bytes: &ByteString| std::str::from_utf8(bytes.as_bytes()).map(str::to_owned);
        let Ok(split) = split else { return false };
        let Ok(split) = split.iter().map(as_text).collect::<Result<Vec<String>, _>>() else {
            self.unsaid.push(not_text(self.context.section, "command"));
            return false;
        };
        if words::split(line).as_ref() == Ok(&split) {
            self.say("command", quoted(line));
        } else {
            self.say("command", texts(split.iter().map(String::as_str)));
            if words::joined(&split) != **line {
                self.say("command-line", quoted(line));
            }
        }
        if let Some(file) = file {
            self.path("executable", file);
        }
        let environment = program.environment.iter().rev().find(|(name, _)| name.as_bytes() == b"PATH");
        let path = environment.map_or(self.context.path.as_bytes(), |(_, path)| path.as_bytes());
        let expected: Vec<&[u8]> = path.split(|&byte| byte == b':').collect();
        if search.iter().map(ByteString::as_bytes).ne(expected) {
            match search.iter().map(as_text).collect::<Result<Vec<String>, _>>() {
                Ok(search) => self.say("search", texts(search.iter().map(String::as_str))),
                Err(_) => self.unsaid.push(not_text(self.context.section, "search")),
            }
        }
        if *choice == Choice::FirstPermitted {
            self.say("search-for", quoted("first-permitted"));
        }
        true
    }

    fn place(&mut self, program: &ProgramSpec) {
        let name = program.name.as_str();
        if self.context.group != self.context.section {
            self.say("group", quoted(self.context.group));
        }
        if name != self.context.section {
            self.say("name", quoted(name));
        }
        if let Some(directory) = &program.directory {
            self.path("directory", directory);
        }
        if !program.environment.is_empty() {
            let pairs: Result<Vec<String>, _> = program
                .environment
                .iter()
                .map(|(name, value)| String::from_utf8([name.as_bytes(), b"=", value.as_bytes()].concat()))
                .collect();
            match pairs {
                Ok(pairs) => self.say("environment", texts(pairs.iter().map(String::as_str))),
                Err(_) => self.unsaid.push(not_text(self.context.section, "environment")),
            }
        }
    }

    fn surroundings(&mut self, program: &ProgramSpec) {
        let around = &program.surroundings;
        if around.environment == EnvironmentBase::Empty {
            self.say("inherit-environment", "false".to_owned());
        }
        if around.leads == Leads::Session {
            self.say("leads", quoted("session"));
        }
        if !around.limits.is_empty() {
            let limits: Vec<String> = around
                .limits
                .iter()
                .filter_map(|limit| {
                    let ceiling = match limit.ceiling {
                        Ceiling::At(number) => number.to_string(),
                        Ceiling::Unlimited => quoted("unlimited"),
                        Ceiling::Highest => quoted("highest"),
                    };
                    Some(format!("{} = {ceiling}", limits::name(limit.resource)?))
                })
                .collect();
            self.say("limits", format!("{{ {} }}", limits.join(", ")));
        }
        if !around.sockets.is_empty() {
            let words: Vec<String> = around
                .sockets
                .iter()
                .map(|socket| format!("{}={}", socket.source.name(), socket.descriptor))
                .collect();
            self.say("sockets", texts(words.iter().map(String::as_str)));
        }
        let gapless = around.sockets.iter().zip(3..).all(|(socket, number)| socket.descriptor == number);
        let expected = gapless && !around.sockets.is_empty();
        if (around.announce == Announce::ListenFds) != expected {
            self.say("announce-sockets", (!expected).to_string());
        }
        if around.unborn == Unborn::NotMade {
            self.say("failed-setup", quoted("no-start"));
        }
    }

    fn rights(&mut self, program: &ProgramSpec) {
        if let Some(identity) = &program.identity {
            self.say("user", identity.uid.to_string());
            self.say("group-id", identity.gid.to_string());
            let groups: Vec<String> = identity.groups.iter().map(u32::to_string).collect();
            self.say("groups", format!("[{}]", groups.join(", ")));
        }
        if let Some(umask) = program.umask {
            self.say("umask", format!("\"{umask:03o}\""));
        }
        if program.priority != 0 {
            self.say("priority", program.priority.to_string());
        }
    }

    fn life(&mut self, program: &ProgramSpec) {
        if program.startup == Startup::OnRequest {
            self.say("start", quoted("manual"));
        }
        match program.restart {
            RestartPolicy::Always => {}
            RestartPolicy::OnUnexpectedExit => self.say("restart", quoted("on-failure")),
            RestartPolicy::Never => self.say("restart", quoted("never")),
        }
        let codes = &program.expected_exits.0;
        if *codes != [0] {
            let codes: Vec<String> = codes.iter().map(u8::to_string).collect();
            self.say("exit-codes", format!("[{}]", codes.join(", ")));
        }
        let Readiness::StaysUp(ready) = program.readiness;
        if ready != Duration::from_secs(1) {
            self.say("ready-after", duration(ready));
        }
        if program.backoff.retries != u32::MAX {
            self.say("retries", program.backoff.retries.to_string());
        }
        if program.backoff.step != Duration::from_secs(1) {
            self.say("retry-step", duration(program.backoff.step));
        }
        if program.backoff.shortage == Shortage::Counts {
            self.say("shortages", quoted("count"));
        }
    }

    fn stop(&mut self, program: &ProgramSpec) {
        let stop = program.stop;
        if stop.signal != Signal::TERM {
            self.say("stop-signal", limits::signal_text(stop.signal.0));
        }
        if stop.grace != Duration::from_secs(10) {
            self.say("stop-grace", duration(stop.grace));
        }
        for (key, reach) in [("stop-reach", stop.reach), ("kill-reach", stop.kill_reach)] {
            let word = match reach {
                Reach::Group => continue,
                Reach::Process => "process",
                Reach::Family => "family",
                Reach::Children => "children",
                Reach::Tree => "tree",
                Reach::Descendants => "descendants",
                Reach::Descendant(pid) => {
                    let what = format!("`{key}` is the process {pid}, which is none of a file");
                    self.unsaid.push(Unsaid { subject: self.context.section.to_owned(), what });
                    continue;
                }
            };
            self.say(key, quoted(word));
        }
    }

    fn stdin(&mut self, stdin: &StdinSource) {
        match stdin {
            StdinSource::Null => {}
            StdinSource::Pipe => self.say("stdin", quoted("pipe")),
            StdinSource::Own => self.say("stdin", quoted("own")),
            StdinSource::GroupSocket => self.say("stdin", quoted("group-socket")),
            StdinSource::Socket(name) => self.say("stdin", quoted(&format!("socket:{name}"))),
        }
    }

    fn notice(&mut self, notice: &Notice, keys: [&'static str; 3]) {
        let [before, after, reason] = keys;
        if !notice.before.is_empty() {
            self.text(before, &notice.before);
        }
        if !notice.after.is_empty() {
            self.text(after, &notice.after);
        }
        if notice.reason == ReasonShown::Hidden {
            self.say(reason, "false".to_owned());
        }
    }
}
