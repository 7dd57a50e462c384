//! `[program:…]` and what `[fcgi-program:…]` and `[eventlistener:…]` share with it: one section, `numprocs` processes.

use crate::conf::expand::expand;
use crate::conf::machine::User;
use crate::conf::names::{Names, Scope};
use crate::conf::python::{repr, strip};
use crate::conf::reader::{Default, Found, Looked, Reader, View};
use crate::conf::sections::supervisord::{LOG_BYTES, parsed};
use crate::conf::settings::{Channel, ProcessSection};
use crate::conf::types::{self, AutoRestart, LogFile};
use minder_config::{Problem, Span};

/// Most processes of one section. The original has no limit and dies of hunger; a machine has far fewer process ids to give.
const NUMPROCS_MAX: i64 = 100_000;

/// Reads the processes of a section, sorted as they start. Mistakes get the original's note of section and file.
pub(super) fn processes(reader: &mut Reader<'_>, section: &str, group_name: &str) -> Vec<ProcessSection> {
    let mark = reader.mark();
    let mut processes = all(reader, section, group_name);
    let included_from = reader.tree.section(section).and_then(|section| section.included_from.clone());
    let file = included_from.unwrap_or_else(|| reader.file.clone());
    let suffix = format!(" in section {} (file: {})", repr(section), repr(&file));
    for fault in reader.since(mark) {
        fault.text.push_str(&suffix);
    }
    processes.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    processes
}

/// The part of the section's name behind the colon, as the name of a program or group.
pub(super) fn name_of_section(reader: &mut Reader<'_>, section: &str) -> String {
    let written = section.split_once(':').map_or(section, |(_, name)| name);
    types::name(written).unwrap_or_else(|error| {
        let at = reader.section_at(section);
        let problem =
            Problem::error("").with_subject(section).with_clash(written, error.expected()).with_place(at);
        reader.fault(error.to_string(), problem);
        strip(written).to_owned()
    })
}

fn all(reader: &mut Reader<'_>, section: &str, group_name: &str) -> Vec<ProcessSection> {
    let program_name = name_of_section(reader, section);
    let mut names = Names::new();
    names.set("here", reader.here.as_str());
    names.set("program_name", program_name);
    names.set("host_node_name", reader.machine.host_name());
    names.set("group_name", group_name);
    let shared = Shared::read(&mut reader.view(section, &names));
    let mut processes = Vec::new();
    for index in 0..shared.numprocs {
        let number = shared.numprocs_start.saturating_add(index);
        let mark = reader.mark();
        // The names of one process stay for the next, variables included: a habit of the original that files may lean on.
        names.set("process_num", number);
        names.set("numprocs", shared.numprocs);
        names.extend(&reader.environment);
        processes.extend(one(reader, section, &shared, &mut names));
        if reader.mark() > mark {
            break;
        }
    }
    processes
}

/// What all processes of a section have in common; evaluated once, without `process_num`.
#[allow(clippy::struct_excessive_bools, reason = "each is one key of the file")]
struct Shared {
    priority: i64,
    autostart: bool,
    autorestart: AutoRestart,
    startsecs: i64,
    startretries: i64,
    stopsignal: i32,
    stopwaitsecs: i64,
    stopasgroup: bool,
    killasgroup: bool,
    exitcodes: Vec<u8>,
    redirect_stderr: bool,
    numprocs: i64,
    numprocs_start: i64,
    environment: Option<(String, Span)>,
    outputs: [(i64, bool); 2],
    serverurl: Option<String>,
    user: Option<User>,
    umask: Option<i64>,
    process_name: Found,
}

impl Shared {
    fn read(view: &mut View<'_, '_>) -> Self {
        let machine = view.reader.machine;
        let priority = view.integer("priority", 999);
        let autostart = view.flag("autostart", Default::On);
        let looked = view.look("autorestart", None);
        let autorestart = view.convert(looked, types::auto_restart).unwrap_or(AutoRestart::Unexpected);
        let startsecs = view.integer("startsecs", 1);
        let startretries = view.integer("startretries", 3);
        let looked = view.look("stopsignal", None);
        let stopsignal = view.convert(looked, types::signal).unwrap_or(15);
        let stopwaitsecs = view.integer("stopwaitsecs", 10);
        let stopasgroup = view.flag("stopasgroup", Default::Off);
        let killasgroup = view.flag("killasgroup", if stopasgroup { Default::On } else { Default::Off });
        let looked = view.look("exitcodes", None);
        let exitcodes = view.convert(looked, types::exit_codes).unwrap_or_else(|| vec![0]);
        let redirect_stderr = view.flag("redirect_stderr", Default::Off);
        let numprocs = view.integer("numprocs", 1);
        let numprocs_start = view.integer("numprocs_start", 0);
        let environment = view.reader.written(view.section, "environment");
        let outputs = ["stdout", "stderr"].map(|output| {
            let bytes = view.bytes(&format!("{output}_capture_maxbytes"), 0);
            (bytes, view.flag(&format!("{output}_events_enabled"), Default::Off))
        });
        let serverurl = view.text("serverurl").filter(|url| strip(url).to_uppercase() != "AUTO");
        let looked = view.look("user", None);
        let user = view.convert(looked, |text| types::user(text, machine));
        let looked = view.look("umask", None);
        let umask = view.convert(looked, types::octal);
        let process_name = process_name(view);
        let shared = Self {
            priority,
            autostart,
            autorestart,
            startsecs,
            startretries,
            stopsignal,
            stopwaitsecs,
            stopasgroup,
            killasgroup,
            exitcodes,
            redirect_stderr,
            numprocs,
            numprocs_start,
            environment,
            outputs,
            serverurl,
            user,
            umask,
            process_name,
        };
        shared.contradictions(view)
    }

    /// What no single setting shows to be wrong.
    fn contradictions(mut self, view: &mut View<'_, '_>) -> Self {
        let place = |view: &View<'_, '_>, key: &str| view.reader.written(view.section, key).map(|(_, at)| at);
        if self.numprocs > NUMPROCS_MAX {
            let text = format!("numprocs {} is above upper bound ({NUMPROCS_MAX})", self.numprocs);
            let at = place(view, "numprocs");
            view.reader.refuse(text, at);
            self.numprocs = 0;
        }
        if self.numprocs > 1 && !self.process_name.value.contains("%(process_num)") {
            let hint = "write `process_name = %(program_name)s_%(process_num)02d`".to_owned();
            let at = place(view, "process_name").or_else(|| place(view, "numprocs"));
            let problem = Problem::error("several processes of one program need different names");
            let problem = problem.with_subject("process_name").with_place(at).with_hint(Some(hint));
            let text = "%(process_num) must be present within process_name when numprocs > 1";
            view.reader.fault(text, problem);
            self.numprocs = 1;
        }
        if self.stopasgroup && !self.killasgroup {
            let hint = "leave `killasgroup` out: it follows `stopasgroup`".to_owned();
            let problem = Problem::error("a program that is stopped as a group has to be killed as a group");
            let problem = problem.with_subject("killasgroup").with_place(place(view, "killasgroup"));
            let text = "Cannot set stopasgroup=true and killasgroup=false";
            view.reader.fault(text, problem.with_hint(Some(hint)));
        }
        self
    }
}

/// The name is checked before it is expanded, and not again afterwards.
fn process_name(view: &mut View<'_, '_>) -> Found {
    let written = view.reader.written(view.section, "process_name");
    let (value, at) =
        written.map_or_else(|| ("%(program_name)s".to_owned(), None), |(value, at)| (value, Some(at)));
    let found = Found { key: "process_name".to_owned(), value, at };
    let value = match types::name(&found.value) {
        Ok(name) => name,
        Err(error) => {
            view.reader.mistyped(&found, &error);
            found.value.clone()
        }
    };
    Found { value, ..found }
}

fn one(reader: &mut Reader<'_>, section: &str, shared: &Shared, names: &mut Names) -> Option<ProcessSection> {
    let at = reader.section_at(section);
    let text = shared.environment.as_ref().map_or("", |(text, _)| text);
    let written_at = shared.environment.as_ref().map(|(_, at)| *at);
    let environment = match expand(text, Scope(&[names]), "environment") {
        Ok(text) => parsed(reader, &text, written_at),
        Err(error) => {
            reader.unexpandable("environment", written_at, text, &error);
            return None;
        }
    };
    for (name, value) in environment.iter() {
        names.set_variable(name, value);
    }
    let mut view = reader.view(section, names);
    let directory = view.text("directory");
    let stdout = channel(&mut view, "stdout", shared.outputs[0]);
    let mut stderr = channel(&mut view, "stderr", shared.outputs[1]);
    if shared.redirect_stderr {
        if matches!(stderr.logfile, LogFile::Path(_)) {
            let text = format!(
                "For [{section}], redirect_stderr=true but stderr_logfile has also been set to a filename, the filename has \
                 been ignored"
            );
            let at = view.reader.written(section, "stderr_logfile").map(|(_, at)| at);
            view.reader.note(text, at);
        }
        stderr.logfile = LogFile::None;
    }
    let command = command(&mut view, at)?;
    let name = match expand(&shared.process_name.value, Scope(&[names]), "process_name") {
        Ok(name) => name,
        Err(error) => {
            reader.unexpandable("process_name", shared.process_name.at, &shared.process_name.value, &error);
            return None;
        }
    };
    Some(ProcessSection {
        name,
        section: section.to_owned(),
        at,
        command,
        directory,
        umask: shared.umask,
        priority: shared.priority,
        autostart: shared.autostart,
        autorestart: shared.autorestart,
        startsecs: shared.startsecs,
        startretries: shared.startretries,
        user: shared.user.clone(),
        stdout,
        stderr,
        stopsignal: shared.stopsignal,
        stopwaitsecs: shared.stopwaitsecs,
        stopasgroup: shared.stopasgroup,
        killasgroup: shared.killasgroup,
        exitcodes: shared.exitcodes.clone(),
        redirect_stderr: shared.redirect_stderr,
        environment,
        serverurl: shared.serverurl.clone(),
    })
}

fn command(view: &mut View<'_, '_>, at: Option<Span>) -> Option<String> {
    let looked = view.look("command", None);
    let section = view.section;
    if matches!(looked, Looked::Absent) {
        let hint = "write `command = /path/to/program`".to_owned();
        let problem =
            Problem::error("no `command`").with_subject(section).with_place(at).with_hint(Some(hint));
        view.reader.fault(format!("program section {section} does not specify a command"), problem);
    }
    looked.found().map(|found| found.value)
}

fn channel(
    view: &mut View<'_, '_>,
    output: &str,
    (capture_maxbytes, events_enabled): (i64, bool),
) -> Channel {
    let section = view.section;
    let key = format!("{output}_logfile");
    let mut logfile = log_file(view, &key);
    let at = view.reader.written(section, &key).map(|(_, at)| at);
    let backups = view.integer(&format!("{output}_logfile_backups"), 10);
    let maxbytes = view.bytes(&format!("{output}_logfile_maxbytes"), LOG_BYTES);
    let mut syslog = view.flag(&format!("{output}_syslog"), Default::Off);
    if logfile == LogFile::Syslog {
        let text = format!(
            "For [{section}], {key}=syslog but this is deprecated and will be removed.  Use {output}_syslog=true to enable \
             syslog instead."
        );
        view.reader.note(text, at);
        logfile = LogFile::None;
        syslog = true;
    }
    if logfile == LogFile::Auto && maxbytes == 0 {
        let text = format!(
            "For [{section}], AUTO logging used for {key} without rollover, set maxbytes > 0 to avoid filling up filesystem \
             unintentionally"
        );
        let at = view.reader.written(section, &format!("{output}_logfile_maxbytes")).map(|(_, at)| at);
        view.reader.note(text, at);
    }
    Channel { logfile, syslog, maxbytes, backups, capture_maxbytes, events_enabled }
}

/// A log file's name is expanded twice, so a percent sign in it is written as four. The original does so, and files do.
fn log_file(view: &mut View<'_, '_>, key: &str) -> LogFile {
    let machine = view.reader.machine;
    let looked = view.look(key, None);
    let Looked::Found(found) = looked else { return LogFile::Auto };
    match expand(&found.value, Scope(&[view.locals]), key) {
        Ok(value) => {
            let again = Looked::Found(Found { value, ..found });
            view.convert(again, |text| types::log_file(text, machine)).unwrap_or(LogFile::Auto)
        }
        Err(error) => {
            view.reader.unexpandable(key, found.at, &found.value, &error);
            LogFile::Auto
        }
    }
}
