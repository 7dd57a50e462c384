//! The script as cron and its user run it: against a daemon that only pretends, against a real Circus, and with the
//! crontab of a real cron.

mod place;

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use place::{CIRCUSD, Home, MARK, ROLE, STARTING, STOPPING, Said, fine, kill, said, until, wait_for_end};

/// Not a test of its own: what the link called updateCronCircus.sh does when a test runs it.
#[test]
fn role() {
    let Some(arguments) = std::env::var_os(ROLE) else { return };
    let argv0 = std::env::args_os().next().unwrap();
    let arguments = arguments.into_string().unwrap();
    let arguments = arguments.split('|').filter(|word| !word.is_empty()).map(OsString::from);
    let arguments = std::iter::once(argv0).chain(arguments).collect();
    let circusd = PathBuf::from(std::env::var_os(CIRCUSD).unwrap());
    print!("{MARK}");
    std::io::stdout().flush().unwrap();
    let status = minder_fermentrack::command::run(arguments, circusd);
    let known = (0..=u8::MAX).find(|number| ExitCode::from(*number) == status);
    #[allow(clippy::exit, reason = "a test cannot return a status to its parent otherwise")]
    std::process::exit(known.map_or(-1, i32::from));
}

mod words {
    use super::*;

    #[test]
    fn anything_else_gets_the_usage() {
        let home = Home::new();
        let script = home.script();
        let usage = format!("Usage: {} {{start|stop|status|startifstopped|add2cron}}\n", script.display());
        assert_eq!(home.run(&[]), fine(&usage));
        assert_eq!(home.run(&["restart"]), fine(&usage));
        assert_eq!(home.run(&["--hold", "stop"]), fine(&usage));
    }

    #[test]
    fn without_a_virtual_environment_nothing_is_started() {
        let home = Home::new();
        std::fs::remove_file(home.path("venv/bin/activate")).unwrap();
        let missing = "ERROR: Could not find python virtualenv enviroment\n";
        let refused = || Said { status: Some(255), ..fine(missing) };
        assert_eq!(home.run(&["start"]), refused());
        assert_eq!(home.run(&["startifstopped"]), refused());
    }

    #[test]
    fn a_daemon_that_is_not_there_is_told_as_circusctl_tells_it() {
        let home = Home::new();
        home.write("fermentrack/circus.ini", "[circus]\nendpoint = ipc://$(circus.env.HOME)/nobody\n");
        let nobody = format!("ipc://{}/nobody", home.directory.path().display());
        let arguments = ["--timeout", "1", "--endpoint", &nobody, "status"];
        let original = reference("circusctl").args(arguments).output().unwrap();
        let timed_out = String::from_utf8(original.stderr).unwrap();
        assert!(timed_out.starts_with("Timed out.\nA time out usually happens in one of those cases:\n"));
        let status = Said { stdout: String::new(), stderr: timed_out, status: Some(1) };
        assert_eq!(home.run(&["status"]), status);
        assert_eq!(home.run(&["stop"]), Said { stdout: STOPPING.into(), ..status });
    }

    #[test]
    fn an_endpoint_that_is_none_is_named() {
        let home = Home::new();
        home.write("fermentrack/circus.ini", "[circus]\nendpoint = 5555\n");
        let problem = "updateCronCircus.sh: `5555`: expected an endpoint such as tcp://127.0.0.1:5555 or ipc:///run/x\n";
        assert_eq!(
            home.run(&["status"]),
            Said { stdout: String::new(), stderr: problem.into(), status: Some(1) }
        );
    }

    #[test]
    fn a_misspelt_hold_stops_nothing() {
        let said = Home::new().run(&["stop", "--hodl"]);
        let problem = "updateCronCircus.sh: stop: unknown option \"--hodl\"; the only one is --hold\n";
        assert_eq!(said, Said { stdout: String::new(), stderr: problem.into(), status: Some(1) });
    }
}

fn reference(program: &str) -> Command {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/reference-venv");
    let venv = std::env::var_os("MINDER_REFERENCE_VENV").unwrap_or_else(|| default.into());
    Command::new(PathBuf::from(venv).join("bin").join(program))
}

/// Starts with a daemon that only pretends: it listens to nobody, but keeps what it inherited.
mod starts {
    use super::*;

    const PRETENDER: &str = "#!/bin/sh
        echo started >> $HOME/starts
        setsid sh -c 'echo $$ > $HOME/daemon.pid; exec sleep 600' > /dev/null 2>&1 &
        until [ -s $HOME/daemon.pid ]; do :; done
        ";

    struct Pretended(Home);

    impl Pretended {
        fn new(circusd: &str) -> Self {
            let home = Home::new();
            home.write("fermentrack/circus.ini", "[circus]\nendpoint = ipc://$(circus.env.HOME)/nobody\n");
            home.install("circusd", circusd);
            Self(home)
        }

        /// What a start says while somebody has the lock.
        fn locked(&self) -> Said {
            let home = self.0.directory.path().display();
            let told =
                format!("{home}/fermentrack/circusd.lock is locked, though nothing listens at ipc://{home}");
            let stderr = format!("updateCronCircus.sh: {told}/nobody yet\n");
            Said { stderr, ..fine(&format!("{STARTING}already running\n")) }
        }
    }

    impl Drop for Pretended {
        fn drop(&mut self) {
            kill(&self.0.read("daemon.pid"));
        }
    }

    #[test]
    fn the_daemon_gets_its_file_and_the_environment_of_the_application() {
        let place = Pretended::new("#!/bin/sh\nprintf '%s\\n' \"$@\" > $HOME/args\nenv > $HOME/env\n");
        assert_eq!(place.0.run(&["start"]), fine(&format!("{STARTING}done\n")));
        let home = place.0.directory.path().display();
        assert_eq!(place.0.read("args"), format!("--daemon\n{home}/fermentrack/circus.ini\n"));
        let env = place.0.read("env");
        for line in [
            format!("VIRTUAL_ENV={home}/venv"),
            format!("PYTHONPATH={home}/fermentrack"),
            format!("PATH={home}/venv/bin:{home}/bin:{}", std::env::var("PATH").unwrap()),
        ] {
            assert!(env.lines().any(|found| found == line), "{line} is not in\n{env}");
        }
    }

    #[test]
    fn a_daemon_that_refuses_is_a_failure_with_its_own_words() {
        let place = Pretended::new("#!/bin/sh\necho what is wrong >&2\nexit 1\n");
        let stdout = format!("{STARTING}failed, please see logfile.\n");
        assert_eq!(place.0.run(&["start"]), Said { stderr: "what is wrong\n".into(), ..fine(&stdout) });
    }

    #[test]
    fn a_lock_that_the_daemon_inherited_keeps_others_from_starting() {
        let place = Pretended::new(PRETENDER);
        assert_eq!(place.0.run(&["start"]), fine(&format!("{STARTING}done\n")));
        assert_eq!(place.0.run(&["start"]), place.locked());
        assert_eq!(place.0.run(&["startifstopped"]), place.locked());
        let pid = place.0.read("daemon.pid");
        kill(&pid);
        std::fs::remove_file(place.0.path("daemon.pid")).unwrap();
        assert_eq!(place.0.run(&["startifstopped"]), fine(&format!("{STARTING}done\n")));
        assert_eq!(place.0.read("starts"), "started\nstarted\n");
    }

    #[test]
    fn a_start_behind_a_stop_waits_for_the_end_of_the_old_daemon() {
        let python = reference("python").get_program().to_owned().into_string().unwrap();
        let daemon = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/place/slow_daemon.py");
        let place = Pretended::new(&format!(
            "#!/bin/sh
            echo started >> $HOME/starts
            rm -f $HOME/daemon.pid
            setsid {python} {daemon} $HOME > /dev/null 2>&1 &
            until [ -s $HOME/daemon.pid ]; do :; done
            "
        ));
        place.0.write("fermentrack/circus.ini", "[circus]\nendpoint = ipc://$(circus.env.HOME)/control\n");
        assert_eq!(place.0.run(&["start"]), fine(&format!("{STARTING}done\n")));
        assert_eq!(place.0.run(&["start"]), fine(&format!("{STARTING}already running\n")));
        assert_eq!(place.0.run(&["stop"]), fine(&format!("{STOPPING}ok\n")));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| place.0.run(&["start"]));
            let inode = std::fs::metadata(place.0.path("fermentrack/circusd.lock")).unwrap().ino();
            until("the second start waits for the lock", || {
                let locks = std::fs::read_to_string("/proc/locks").unwrap();
                locks.lines().any(|lock| lock.contains("-> FLOCK") && lock.contains(&format!(":{inode} ")))
            });
            drop(std::fs::File::options().write(true).open(place.0.path("go")).unwrap());
            assert_eq!(second.join().unwrap(), fine(&format!("{STARTING}done\n")));
        });
        assert_eq!(place.0.read("starts"), "started\nstarted\n");
    }

    #[test]
    fn of_many_starts_at_once_one_starts() {
        let place = Pretended::new(PRETENDER);
        let run = || place.0.run(&["start"]);
        let all: Vec<Said> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..12).map(|_| scope.spawn(run)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (done, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|said| said.stdout.ends_with("done\n"));
        assert_eq!(done.len(), 1);
        assert!(others.iter().all(|said| *said == place.locked()), "{others:?}");
        assert_eq!(place.0.read("starts"), "started\n");
    }

    #[test]
    fn what_listens_and_does_not_answer_is_not_started_beside() {
        let place = Pretended::new(PRETENDER);
        let _mute = std::os::unix::net::UnixListener::bind(place.0.path("nobody")).unwrap();
        let home = place.0.directory.path().display();
        let told = format!("what listens at ipc://{home}/nobody does not answer, so nothing was started");
        let stderr = format!("updateCronCircus.sh: {told}\n");
        let stdout = format!("{STARTING}failed, please see logfile.\n");
        assert_eq!(place.0.run(&["start"]), Said { stderr, ..fine(&stdout) });
        assert_eq!(place.0.read("starts"), "");
    }
}

/// A real Circus under the script.
mod circus {
    use super::*;

    const INI: &str = "
[circus]
endpoint = ipc://$(circus.env.HOME)/control
pubsub_endpoint = ipc://$(circus.env.HOME)/events
stats_endpoint = ipc://$(circus.env.HOME)/stats
multicast_endpoint =
pidfile = $(circus.env.HOME)/daemon.pid
logoutput = $(circus.env.HOME)/fermentrack/log/circusd.log
[watcher:brewpi-spawner]
cmd = sleep 600
copy_env = True
[watcher:Fermentrack]
cmd = sleep 600
copy_env = True
numprocesses = 2
";

    struct Fermentrack(Home);

    impl Fermentrack {
        fn new() -> Self {
            let home = Home::new();
            home.write("fermentrack/circus.ini", INI);
            let circusd = reference("circusd").get_program().to_owned().into_string().unwrap();
            home.install(
                "circusd",
                &format!("#!/bin/sh\necho started >> $HOME/starts\nexec {circusd} \"$@\"\n"),
            );
            Self(home)
        }

        fn run(&self, action: &str) -> Said {
            self.0.run(&[action])
        }

        fn pid(&self) -> String {
            self.0.read("daemon.pid")
        }

        fn is_up(&self) -> bool {
            let said = self.run("status");
            said.stdout.lines().count() == 3 && said.stdout.lines().all(|line| line.ends_with(": active"))
        }
    }

    impl Drop for Fermentrack {
        fn drop(&mut self) {
            let pid = self.pid();
            if !pid.is_empty() {
                self.run("stop");
                wait_for_end(&pid);
            }
        }
    }

    #[test]
    fn a_day_of_a_daemon() {
        let place = Fermentrack::new();
        let done = fine(&format!("{STARTING}done\n"));
        assert_eq!(place.run("start"), done);
        until("all is up", || place.is_up());
        let expected = "Fermentrack: active\nbrewpi-spawner: active\ncircusd-stats: active\n";
        assert_eq!(place.run("status"), fine(expected));
        let endpoint = format!("ipc://{}", place.0.path("control").display());
        let original = reference("circusctl").args(["--endpoint", &endpoint, "status"]).output().unwrap();
        assert_eq!(String::from_utf8(original.stdout).unwrap(), expected);

        assert_eq!(place.run("start"), fine(&format!("{STARTING}already running\n")));
        assert_eq!(place.run("startifstopped"), fine(""));
        assert_eq!(place.0.read("starts"), "started\n");

        let first = place.pid();
        assert_eq!(place.run("stop"), fine(&format!("{STOPPING}ok\n")));
        wait_for_end(&first);
        assert_eq!(place.run("startifstopped"), done);
        until("all is up", || place.is_up());

        let second = place.pid();
        assert_eq!(place.0.run(&["stop", "--hold"]), fine(&format!("{STOPPING}ok\n")));
        wait_for_end(&second);
        assert!(place.0.path("fermentrack/circusd.hold").exists());
        assert_eq!(place.run("startifstopped"), fine(""));
        assert_eq!(place.0.read("starts"), "started\nstarted\n");
        assert_eq!(place.run("start"), done);
        assert!(!place.0.path("fermentrack/circusd.hold").exists());
        until("all is up", || place.is_up());
    }

    #[test]
    fn a_hold_is_kept_although_nothing_ran() {
        let place = Fermentrack::new();
        assert_eq!(place.0.run(&["stop", "--hold"]).status, Some(1));
        assert_eq!(place.run("startifstopped"), fine(""));
        assert_eq!(place.0.read("starts"), "");
    }

    #[test]
    fn the_environment_names_another_daemon_to_ask() {
        let place = Fermentrack::new();
        place.run("start");
        until("all is up", || place.is_up());
        let other = Home::new();
        let mut command = other.command(&other.script(), &["status"]);
        command.env("CIRCUSCTL_ENDPOINT", format!("ipc://{}", place.0.path("control").display()));
        assert_eq!(said(&mut command).status, Some(0));
    }
}

/// The table of a user that was made for this, in a real cron.
mod cron {
    use super::*;

    const CHECKING: &str = "Checking and fixing cron entries for Fermentrack\n";
    const REBOOT: &str = " - Adding @reboot cron entry for fermentrack to cron\n";
    const PERIODIC: &str = " - Adding periodic checks for fermentrack to cron\n";
    const LINES: &str = "@reboot ~/fermentrack/utils/updateCronCircus.sh start\n\
                         */10 * * * * ~/fermentrack/utils/updateCronCircus.sh startifstopped\n";

    /// Removed with its table when it is dropped.
    struct User(String);

    impl User {
        /// Only root can make one and have a table for it: `None` for everybody else.
        fn new(name: &str) -> Option<Self> {
            if !rustix::process::getuid().is_root() {
                eprintln!("not tested: the crontab of a user made for this needs root");
                return None;
            }
            let name = format!("minder-{name}-{}", std::process::id());
            let mut useradd = Command::new("useradd");
            useradd.args(["--no-create-home", "--home-dir", "/nonexistent", "--no-user-group", &name]);
            assert!(useradd.status().unwrap().success());
            Some(Self(name))
        }

        fn crontab(&self, arguments: &[&str]) -> Command {
            let mut command = Command::new("crontab");
            command.args(["-u", &self.0]).args(arguments);
            command
        }

        fn table(&self) -> String {
            String::from_utf8(self.crontab(&["-l"]).output().unwrap().stdout).unwrap()
        }

        fn set(&self, home: &Home, table: &str) {
            home.write("table", table);
            let status = self.crontab(&[home.path("table").to_str().unwrap()]).status().unwrap();
            assert!(status.success());
        }

        /// A home in which `crontab` means this user's.
        fn home(&self) -> Home {
            let home = Home::new();
            let real =
                ["/usr/bin/crontab", "/bin/crontab"].into_iter().find(|path| PathBuf::from(path).exists());
            let real = real.expect("crontab is installed: cargo xtask setup");
            home.install("crontab", &format!("#!/bin/sh\nexec {real} -u {} \"$@\"\n", self.0));
            home
        }
    }

    impl Drop for User {
        fn drop(&mut self) {
            let _ = self.crontab(&["-r"]).output();
            let _ = Command::new("userdel").arg(&self.0).output();
        }
    }

    #[test]
    fn both_entries_are_added_once() {
        let Some(user) = User::new("once") else { return };
        let home = user.home();
        let none = format!("no crontab for {}\n", user.0);
        let added = fine(&format!("{CHECKING}{REBOOT}{PERIODIC}"));
        assert_eq!(home.run(&["add2cron"]), Said { stderr: none, ..added });
        assert_eq!(user.table(), LINES);
        assert_eq!(home.run(&["add2cron"]), fine(CHECKING));
        assert_eq!(user.table(), LINES);
    }

    #[test]
    fn what_is_missing_is_added_behind_what_is_there() {
        let Some(user) = User::new("behind") else { return };
        let home = user.home();
        let (reboot, periodic) = LINES.split_at(LINES.find("*/10").unwrap());
        let table =
            format!("# @reboot updateCronCircus.sh start\n\nMAILTO=\"\"\n{reboot}  0 5 * * *\techo 50\\%\n");
        user.set(&home, &table);
        assert_eq!(home.run(&["add2cron"]), fine(&format!("{CHECKING}{PERIODIC}")));
        assert_eq!(user.table(), format!("{table}{periodic}"));
    }

    #[test]
    fn the_entry_calls_the_script_by_the_path_that_it_was_called_by() {
        let Some(user) = User::new("path") else { return };
        let home = user.home();
        symlink(home.script(), home.path("bin/updateCronCircus.sh")).unwrap();
        let mut command = home.command("updateCronCircus.sh".as_ref(), &["add2cron"]);
        assert_eq!(said(&mut command).status, Some(0));
        assert_eq!(user.table(), LINES.replace("fermentrack/utils", "bin"));
    }

    #[test]
    fn a_table_that_cannot_be_read_is_not_written() {
        let home = Home::new();
        home.install("crontab", "#!/bin/sh\necho \"$@\" >> $HOME/calls\necho not you >&2\nexit 1\n");
        let stderr = "not you\nupdateCronCircus.sh: `crontab -l` failed, so the crontab is left as it is\n";
        let expected = Said { stdout: CHECKING.into(), stderr: stderr.into(), status: Some(1) };
        assert_eq!(home.run(&["add2cron"]), expected);
        assert_eq!(home.read("calls"), "-l\n");
    }

    #[test]
    fn a_table_that_is_refused_is_told() {
        let home = Home::new();
        home.install("crontab", "#!/bin/sh\n[ \"$1\" = -l ] && exit 0\ncat > $HOME/offered\nexit 1\n");
        let stderr = "updateCronCircus.sh: `crontab -` refused the new crontab, so it is as it was\n";
        let expected = Said { stdout: CHECKING.into(), stderr: stderr.into(), status: Some(1) };
        assert_eq!(home.run(&["add2cron"]), expected);
        assert_eq!(home.read("offered"), LINES);
    }
}
