//! `[supervisord]`: the daemon itself.

use crate::conf::environment::{self, Environment};
use crate::conf::expand::expand;
use crate::conf::names::{Names, Scope};
use crate::conf::paths::normalized;
use crate::conf::reader::{Default, Looked, Reader, Request, View};
use crate::conf::settings::DaemonSection;
use crate::conf::types::{self, LogLevel};
use minder_config::Problem;

const SECTION: &str = "supervisord";
/// 50 MB, the size at which logs are rotated unless the file says otherwise.
pub(super) const LOG_BYTES: i64 = 50 << 20;

/// Reads the section. `user` and the paths are finished by [`realized`], at the end of the walk.
pub(in crate::conf) fn read(reader: &mut Reader<'_>) -> DaemonSection {
    let mut names = Names::new();
    names.set("here", reader.here.as_str());
    let machine = reader.machine;
    let mut view = reader.view(SECTION, &names);
    let minfds = view.integer("minfds", 1024);
    let minprocs = view.integer("minprocs", 200);
    let looked = view.look("directory", None);
    let directory = view.convert(looked, |text| types::existing_directory(text, machine));
    let _ = view.look("user", None);
    let looked = view.look("umask", None);
    let umask = view.convert(looked, types::octal).unwrap_or(0o022);
    let logfile = path(&mut view, "logfile", "supervisord.log");
    let logfile_maxbytes = view.bytes("logfile_maxbytes", LOG_BYTES);
    let logfile_backups = view.integer("logfile_backups", 10);
    let looked = view.look("loglevel", None);
    let loglevel = view.convert(looked, types::log_level).unwrap_or(LogLevel::Info);
    let pidfile = path(&mut view, "pidfile", "supervisord.pid");
    let identifier = view.text("identifier").unwrap_or_else(|| "supervisor".to_owned());
    let nodaemon = view.flag("nodaemon", Default::Off);
    let silent = view.flag("silent", Default::Off);
    let temporary = machine.temporary_directory();
    let looked = view.look("childlogdir", Some(&temporary));
    let childlogdir =
        view.convert(looked, |text| types::existing_directory(text, machine)).unwrap_or(temporary);
    let nocleanup = view.flag("nocleanup", Default::Off);
    let strip_ansi = view.flag("strip_ansi", Default::Off);
    let environment = variables(&mut view);
    DaemonSection {
        minfds,
        minprocs,
        directory,
        user: None,
        umask,
        logfile,
        logfile_maxbytes,
        logfile_backups,
        loglevel,
        pidfile,
        identifier,
        nodaemon,
        silent,
        childlogdir,
        nocleanup,
        strip_ansi,
        environment,
    }
}

fn path(view: &mut View<'_, '_>, key: &str, default: &str) -> String {
    let machine = view.reader.machine;
    let looked = view.look(key, Some(default));
    view.convert(looked, |text| types::existing_parent(text, machine)).unwrap_or_else(|| default.to_owned())
}

/// `environment` is expanded twice, the second time with the machine's name known: a mistake of the original that files have
/// to write around by doubling their percent signs, so it is kept.
fn variables(view: &mut View<'_, '_>) -> Environment {
    let Looked::Found(found) = view.look("environment", Some("")) else { return Environment::default() };
    let mut names = view.locals.clone();
    names.set("host_node_name", view.reader.machine.host_name());
    let text = match expand(&found.value, Scope(&[&names, &view.reader.environment]), "environment") {
        Ok(text) => text,
        Err(error) => {
            view.reader.unexpandable("environment", found.at, &found.value, &error);
            return Environment::default();
        }
    };
    parsed(view.reader, &text, found.at)
}

/// A list of variables; empty, with a fault, if the text is none.
pub(super) fn parsed(reader: &mut Reader<'_>, text: &str, at: Option<minder_config::Span>) -> Environment {
    environment::parse(text).unwrap_or_else(|error| {
        let expected = "variables such as KEY=\"value\",OTHER=\"value\"";
        let hint = "put every value in quotes, and a comma between two variables".to_owned();
        let problem =
            Problem::error("").with_subject("environment").with_clash(text, expected).with_place(at);
        reader.fault(error.to_string(), problem.with_hint(Some(hint)));
        Environment::default()
    })
}

/// Puts the command line on top, finds the user, and makes the paths absolute. The original does so after everything else.
pub(in crate::conf) fn realized(
    section: DaemonSection,
    request: &Request,
    reader: &mut Reader<'_>,
) -> DaemonSection {
    let machine = reader.machine;
    let mut section = section.overridden(&request.overrides);
    let found = named_user(request, reader);
    if let Some((text, at)) = found {
        match types::user(&text, machine) {
            Ok(user) => section.user = Some(user),
            Err(error) => {
                let problem =
                    Problem::error("").with_subject("user").with_clash(text, error.expected()).with_place(at);
                reader.fault(error.to_string(), problem);
            }
        }
    }
    if section.logfile != "syslog" {
        section.logfile = normalized(&section.logfile, machine);
    }
    section.pidfile = normalized(&section.pidfile, machine);
    section
}

fn named_user(request: &Request, reader: &mut Reader<'_>) -> Option<(String, Option<minder_config::Span>)> {
    if let Some(user) = &request.overrides.user {
        return Some((user.clone(), None));
    }
    let mut names = Names::new();
    names.set("here", reader.here.as_str());
    // A value that cannot be expanded is already a fault; looking twice must not add it twice.
    let mark = reader.mark();
    let found = reader.look(SECTION, "user", None, &names).found();
    reader.forget(mark);
    found.map(|found| (found.value, found.at))
}
