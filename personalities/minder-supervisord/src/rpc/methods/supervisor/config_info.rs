//! The configuration that was read last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minder_core::control::{Reply, Report, Request, Selection};
use minder_core::ids::GroupName;
use minder_core::plan::{GroupSpec, Plan};
use minder_core::program::{
    ErrorOutput, LogTarget, OutputSpec, ProgramSpec, Publish, Readiness, Rotation, Startup, Syslog,
};
use minder_core::stop::Reach;

use super::process_logs::log_of;
use crate::rpc::Rpc;
use crate::rpc::dispatch::Channel;
use crate::rpc::faults::{Code, Failure, fault, of_refusal};
use crate::words::lossy;
use crate::xmlrpc::Value;

/// What programs without an own setting have for the size of a log: 50 MB.
const DEFAULT_MAX_BYTES: u64 = 50 << 20;
/// And for the number of old ones.
const DEFAULT_BACKUPS: u32 = 10;
/// The variable by which programs learn where the server is.
const SERVER_URL: &[u8] = b"SUPERVISOR_SERVER_URL";

impl Rpc {
    pub(in crate::rpc) async fn all_config_info(&self) -> Result<Value, Failure> {
        self.gate().await?;
        let (plan, active) = self.plan().await?;
        let reports = self.reports(Selection::All, None).await?;
        let active: BTreeSet<&GroupName> = active.iter().collect();
        // Programs that run by this very reading, by where their specification is.
        let running: BTreeMap<*const ProgramSpec, &Report> =
            reports.iter().map(|report| (Arc::as_ptr(&report.spec), report)).collect();
        let mut infos = Vec::new();
        for group in plan.groups() {
            for program in &group.programs {
                let report = running.get(&Arc::as_ptr(program)).copied();
                let report = report.filter(|report| report.group == group.name);
                let in_use = active.contains(&group.name);
                infos.push((program.name.clone(), self.config_info(group, program, in_use.into(), report)));
            }
        }
        infos.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Value::Array(infos.into_iter().map(|(_, info)| info).collect()))
    }

    async fn plan(&self) -> Result<(Arc<Plan>, Vec<GroupName>), Failure> {
        match self.ask(Request::Plan).await {
            Ok(Reply::Plan(plan, active)) => Ok((plan, active)),
            Ok(
                Reply::Done
                | Reply::Reports(_)
                | Reply::Change(_)
                | Reply::Status(_)
                | Reply::Sockets(_)
                | Reply::Troubles(_),
            ) => Err(fault(Code::Failed, None)),
            Err(refusal) => Err(of_refusal(&refusal, None)),
        }
    }

    /// One program. `report` is there if it runs by this very reading of the configuration: only then are the names
    /// known that were chosen for its logs.
    fn config_info(
        &self,
        group: &GroupSpec,
        program: &ProgramSpec,
        in_use: Value,
        report: Option<&Report>,
    ) -> Value {
        let Readiness::StaysUp(startsecs) = program.readiness;
        let seconds = |duration: std::time::Duration| Value::Int(whole(duration.as_secs()));
        let exitcodes = program.expected_exits.0.iter().map(|code| Value::Int(i64::from(*code)));
        let redirected = matches!(program.stderr, ErrorOutput::WithStdout);
        let mut members: Vec<(&str, Value)> = vec![
            ("autostart", (program.startup == Startup::Automatic).into()),
            (
                "directory",
                program.directory.as_ref().map_or("none".into(), |path| lossy(path).as_ref().into()),
            ),
            ("uid", program.identity.as_ref().map_or("none".into(), |identity| identity.uid.into())),
            ("command", program.command.line.as_ref().into()),
            ("exitcodes", Value::Array(exitcodes.collect())),
            ("group", group.name.as_str().into()),
            ("group_prio", group.priority.into()),
            ("inuse", in_use),
            ("killasgroup", (program.stop.kill_reach == Reach::Group).into()),
            ("name", program.name.as_str().into()),
            ("process_prio", program.priority.into()),
            ("redirect_stderr", redirected.into()),
            ("startretries", program.backoff.retries.into()),
            ("startsecs", seconds(startsecs)),
        ];
        let chosen =
            |channel| report.and_then(|report| log_of(report, channel)).map(|path| lossy(path).into_owned());
        members.extend(output_info(&STDOUT, Some(&program.stdout), chosen(Channel::Stdout)));
        members.push(("stopsignal", i64::from(program.stop.signal.0).into()));
        members.push(("stopwaitsecs", seconds(program.stop.grace)));
        let stderr = match &program.stderr {
            ErrorOutput::Own(output) => Some(output),
            ErrorOutput::WithStdout => None,
        };
        members.extend(output_info(&STDERR, stderr, chosen(Channel::Stderr)));
        members.push(("serverurl", self.server_url_of(program)));
        Value::Struct(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The URL that the program's own section names. The plan only holds what the program is told, so a URL that is
    /// the automatic one counts as not named.
    fn server_url_of(&self, program: &ProgramSpec) -> Value {
        let told = program.environment.iter().rev().find(|(name, _)| name.as_bytes() == SERVER_URL);
        match told.map(|(_, url)| lossy(url)) {
            Some(url) if Some(url.as_ref()) != self.facts.server_url.as_deref() => url.as_ref().into(),
            Some(_) | None => "none".into(),
        }
    }
}

/// The names of one stream's members, in the order in which they are told.
struct Names {
    capture_maxbytes: &'static str,
    events_enabled: &'static str,
    logfile: &'static str,
    logfile_backups: &'static str,
    logfile_maxbytes: &'static str,
    syslog: &'static str,
}

const STDOUT: Names = Names {
    capture_maxbytes: "stdout_capture_maxbytes",
    events_enabled: "stdout_events_enabled",
    logfile: "stdout_logfile",
    logfile_backups: "stdout_logfile_backups",
    logfile_maxbytes: "stdout_logfile_maxbytes",
    syslog: "stdout_syslog",
};

const STDERR: Names = Names {
    capture_maxbytes: "stderr_capture_maxbytes",
    events_enabled: "stderr_events_enabled",
    logfile: "stderr_logfile",
    logfile_backups: "stderr_logfile_backups",
    logfile_maxbytes: "stderr_logfile_maxbytes",
    syslog: "stderr_syslog",
};

/// One stream. Of standard error that goes where standard output goes, the plan does not keep what else was written
/// about it, so it has the defaults.
fn output_info(
    names: &Names,
    output: Option<&OutputSpec>,
    chosen: Option<String>,
) -> [(&'static str, Value); 6] {
    let capture = output.and_then(|output| output.capture.as_ref()).map_or(0, |capture| capture.limit);
    let events = output.is_some_and(|output| output.publish == Publish::Chunks);
    let logfile = match output.map(|output| &output.log) {
        None | Some(LogTarget::Nowhere | LogTarget::Direct(_)) => "none".into(),
        Some(LogTarget::File(path) | LogTarget::Followed(path)) => lossy(path).as_ref().into(),
        Some(LogTarget::Fresh { .. }) => chosen.map_or("auto".into(), Value::from),
    };
    let (max_bytes, backups) = match output.map(|output| output.rotation) {
        None => (DEFAULT_MAX_BYTES, DEFAULT_BACKUPS),
        Some(Rotation::AfterWrite { max_bytes, backups }) => (max_bytes.unwrap_or(0), backups),
        // Not to be had from this configuration.
        Some(Rotation::Never | Rotation::BeforeWrite { .. } | Rotation::Periods(_)) => (0, 0),
    };
    let syslog = output.is_some_and(|output| output.syslog == Syslog::Lines);
    [
        (names.capture_maxbytes, Value::Int(whole(capture))),
        (names.events_enabled, events.into()),
        (names.logfile, logfile),
        (names.logfile_backups, backups.into()),
        (names.logfile_maxbytes, Value::Int(whole(max_bytes))),
        (names.syslog, syslog.into()),
    ]
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
