//! What runs by a converted file is what runs by its source: the plans are equal, whatever the source says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use minder_config::native::write::{Source, write};
use minder_config::native::{self, Surroundings};
use minder_config::{Paint, Sources, render_text};
use minder_core::plan::Plan;
use minder_core::program::Identity;
use minder_core::socket::SocketSpec;
use minder_supervisord::conf::{self, RealMachine, lower};
use proptest::prelude::*;
use proptest::sample::select;

struct Here(BTreeMap<String, String>);

impl Surroundings for Here {
    fn environment(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    fn user(&self, name: &str) -> Option<Identity> {
        let uid = name.parse().ok()?;
        Some(Identity { uid, gid: uid, groups: vec![uid] })
    }

    fn group(&self, name: &str) -> Option<u32> {
        name.parse().ok()
    }

    fn own_uid(&self) -> u32 {
        u32::MAX
    }
}

/// Writes a plan as a minder.toml, and reads that.
fn through(
    plan: &Plan,
    sockets: &[Arc<SocketSpec>],
    directory: &Path,
) -> Result<(Plan, Vec<Arc<SocketSpec>>), String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let (text, unsaid) = write(&Source { plan, sockets, path: &path, directory });
    if !unsaid.is_empty() {
        return Err(format!("{unsaid:?}"));
    }
    let mut sources = Sources::new();
    let file = sources.add("minder.toml", text.as_bytes());
    let here = Here(std::env::vars().collect());
    let (native, problems) = native::read(&sources, file, &directory.join("minder.toml"), &here);
    let said: String = problems.iter().map(|problem| render_text(problem, &sources, Paint::Plain)).collect();
    let native = native.ok_or_else(|| format!("{said}\n{text}"))?;
    Ok((native.plan, native.sockets))
}

fn option() -> impl Strategy<Value = String> {
    let number = |name: &'static str, values: &'static [&'static str]| {
        select(values).prop_map(move |value| format!("{name}={value}"))
    };
    prop_oneof![
        number("numprocs", &["1", "2", "3"]),
        number("priority", &["1", "999", "-4"]),
        number("autostart", &["true", "false"]),
        number("autorestart", &["true", "false", "unexpected"]),
        number("startsecs", &["0", "1", "7"]),
        number("startretries", &["0", "3"]),
        number("exitcodes", &["0", "0,2", "1"]),
        number("stopsignal", &["TERM", "HUP", "USR1", "KILL"]),
        number("stopwaitsecs", &["0", "10", "33"]),
        number("stopasgroup", &["true", "false"]),
        number("killasgroup", &["true"]),
        number("redirect_stderr", &["true", "false"]),
        number("umask", &["022", "077"]),
        number("directory", &["/", "/tmp"]),
        number("environment", &["A=\"1\"", "A=\"x y\",B=\"${C} $$\"", "PATH=\"/bin:/opt\""]),
        number("stdout_logfile", &["NONE", "AUTO", "syslog", "/tmp/a b.log", "/dev/stdout"]),
        number("stdout_logfile_maxbytes", &["0", "1MB", "50MB"]),
        number("stdout_logfile_backups", &["0", "3"]),
        number("stdout_capture_maxbytes", &["0", "1KB"]),
        number("stdout_events_enabled", &["true"]),
        number("stderr_logfile", &["NONE", "AUTO", "/tmp/e.log"]),
        number("stderr_syslog", &["true"]),
    ]
}

fn supervisor_file() -> impl Strategy<Value = String> {
    let command = select(vec![
        "/bin/cat",
        "sleep 5",
        "sh -c 'echo \"$HOME\" ${x} $$'",
        "a \"b c\" d\\ e",
        "/bin/\u{e4} \u{20ac}",
    ]);
    let section = (command, proptest::collection::vec(option(), 0..8));
    let sections = proptest::collection::vec(section, 1..4);
    (sections, select(vec!["", "strip_ansi=true\n"]), any::<bool>()).prop_map(
        |(sections, daemon, listener)| {
            let mut text = format!("[supervisord]\nnodaemon=true\nchildlogdir=/tmp\n{daemon}");
            for (i, (command, options)) in sections.iter().enumerate() {
                let _ = write!(
                    text,
                    "[program:p{i}]\ncommand={command}\nprocess_name=%(program_name)s_%(process_num)s\n"
                );
                let mut seen = Vec::new();
                for option in options {
                    let name = option.split('=').next().unwrap_or_default().to_owned();
                    // stopasgroup without killasgroup is refused.
                    if !(seen.contains(&name) || name == "killasgroup" || name == "stopasgroup") {
                        let _ = writeln!(text, "{option}");
                        seen.push(name);
                    }
                }
            }
            if listener {
                text.push_str("[eventlistener:l]\ncommand=cat\nevents=TICK_5,PROCESS_STATE\nbuffer_size=7\n");
                text.push_str("[fcgi-program:f]\ncommand=cat\nsocket=unix:///tmp/f.sock\nsocket_mode=0600\n");
                text.push_str("[group:g]\nprograms=p0\npriority=5\n");
            }
            text
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_supervisord_conf_says_the_same_as_its_minder_toml(text in supervisor_file()) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("supervisord.conf");
        std::fs::write(&file, &text).expect("a file in it");
        let request = conf::Request { file: file.display().to_string(), ..conf::Request::default() };
        let settings = conf::read(&request, &RealMachine).accepted().map_err(TestCaseError::fail)?;
        let plan = lower::plan(&settings).expect("names that differ");
        let (again, _) = through(&plan, &[], directory.path()).map_err(TestCaseError::fail)?;
        prop_assert_eq!(again, plan);
    }

    #[test]
    fn a_circus_ini_says_the_same_as_its_minder_toml(
        numprocesses in 0_u32..4,
        shell in any::<bool>(),
        priority in -3..3,
        rotation in select(vec!["", "stdout_stream.max_bytes=1000\nstdout_stream.backup_count=2\n", "stdout_stream.time_format=%H:%M:%S\n"]),
        rest in select(vec!["", "rlimit_nofile=99\nstop_signal=QUIT\ngraceful_timeout=2.5\n", "max_retry=-1\nstop_children=True\nrespawn=False\n", "autostart=False\nclose_child_stderr=True\n"]),
    ) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("circus.ini");
        let log = directory.path().join("out.log");
        let text = format!(
            "[circus]\n[watcher:web]\ncmd=sleep {{}} $(circus.sockets.s)\nargs=1 'a b'\nshell={shell}\nnumprocesses={numprocesses}\n\
             priority={priority}\nuse_sockets=True\ncopy_env=True\nstdout_stream.class=FileStream\nstdout_stream.filename={}\n{rotation}{rest}\
             [socket:s]\nhost=127.0.0.1\nport=0\n[env:web]\nA=b c\n",
            log.display()
        );
        std::fs::write(&file, &text).expect("a file in it");
        let converted =
            minder_circusd::daemon::converting::plan(&file.display().to_string()).map_err(TestCaseError::fail)?;
        let (again, sockets) =
            through(&converted.plan, &converted.sockets, directory.path()).map_err(TestCaseError::fail)?;
        prop_assert_eq!(again, converted.plan);
        prop_assert_eq!(sockets, converted.sockets);
    }

    #[test]
    fn a_kegbot_cfg_says_the_same_as_its_minder_toml(
        flags in proptest::collection::vec(("[a-z_]{1,9}", "[a-zA-Z0-9 _/.:-]{0,9}"), 0..5),
    ) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("kegbot.cfg");
        let mut text = "[DEFAULT]\nlogfile = /tmp/%(__name__)s.log\n[kegbot_core]\n".to_owned();
        let mut seen = Vec::new();
        for (name, value) in flags {
            if !seen.contains(&name) && !["daemon", "enabled", "command", "program", "logfile", "pidfile"].contains(&name.as_str()) {
                let _ = writeln!(text, "{name} = {value}");
                seen.push(name);
            }
        }
        std::fs::write(&file, &text).expect("a file in it");
        let reading = minder_kegbot_master::station::Origin::new(&file, None).read().reading;
        if let Some(reading) = reading {
            let (again, _) = through(&reading.plan, &[], directory.path()).map_err(TestCaseError::fail)?;
            prop_assert_eq!(again, reading.plan);
        }
    }
}
