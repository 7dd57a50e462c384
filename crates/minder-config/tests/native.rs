//! `minder.toml`: what it means, what is said about mistakes, and that a written plan is the same when it is read.
//!
//! Long because each kind of mistake has its text beside what is said about it.

use std::collections::BTreeMap;
use std::path::Path;

use minder_config::native::{self, Native, Surroundings};
use minder_config::{Paint, Sources, render_text};
use minder_core::agenda::{Due, Overlap};
use minder_core::program::Identity;

struct Here(BTreeMap<String, String>);

impl Here {
    fn new() -> Self {
        Self(BTreeMap::from([("PATH".to_owned(), "/bin:/usr/bin".to_owned())]))
    }
}

impl Surroundings for Here {
    fn environment(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    fn user(&self, name: &str) -> Option<Identity> {
        let uid = if name == "pi" { 1000 } else { name.parse().ok()? };
        Some(Identity { uid, gid: uid, groups: vec![uid] })
    }

    fn group(&self, name: &str) -> Option<u32> {
        name.parse().ok()
    }

    fn own_uid(&self) -> u32 {
        0
    }
}

fn read(text: &str) -> (Option<Native>, String) {
    let mut sources = Sources::new();
    let file = sources.add("minder.toml", text.as_bytes());
    let (native, problems) = native::read(&sources, file, Path::new("/etc/minder/minder.toml"), &Here::new());
    let said: Vec<String> =
        problems.iter().map(|problem| render_text(problem, &sources, Paint::Plain)).collect();
    (native, said.join(""))
}

fn native(text: &str) -> Native {
    let (native, said) = read(text);
    native.unwrap_or_else(|| panic!("{said}"))
}

#[test]
fn a_program_needs_no_more_than_a_command() {
    let native = native("[program.web]\ncommand = \"python3 -m http.server '8 0'\"\n");
    let group = &native.plan.groups()[0];
    let program = &group.programs[0];
    assert_eq!((group.name.as_str(), program.name.as_str()), ("web", "web"));
    let words: Vec<_> = program
        .command
        .words
        .as_ref()
        .expect("words")
        .iter()
        .map(minder_core::ids::ByteString::as_bytes)
        .collect();
    assert_eq!(words, [&b"python3"[..], b"-m", b"http.server", b"8 0"]);
}

#[test]
fn tasks_have_the_workers_that_they_name() {
    let native = native(
        "[deployment]\nlatitude = 52.5\nlongitude = 13.4\n\
         [task.record]\ncommand = \"true\"\nevery = \"10s\"\nworker = \"recording\"\nbetween = \"sunset-30m..sunrise+30m\"\n\
         [task.send]\ncommand = \"true\"\ncron = \"*/2 * * * *\"\noverlap = \"queue\"\n",
    );
    let workers: Vec<_> = native
        .agenda
        .workers()
        .iter()
        .map(|worker| (worker.name.as_str(), worker.at_once.map(std::num::NonZeroU32::get)))
        .collect();
    assert_eq!(workers, [("recording", Some(1)), ("default", None)]);
    assert!(matches!(native.agenda.tasks()[1].due, Due::Cron(_)));
    assert_eq!(native.agenda.tasks()[1].overlap, Overlap::Queue);
}

#[test]
fn every_mistake_is_told_in_one_reading() {
    let (native, said) = read(
        "[progam.web]\ncommand = \"x\"\n\
         [program.a]\ncommand = 5\nrestart = \"allways\"\nstop-grace = \"5 sec\"\nretries = -1\nsockets = [\"web\"]\n\
         [program.b]\ncomand = \"x\"\n\
         [task.t]\ncommand = \"x\"\nevery = \"5m\"\ncron = \"* * * * *\"\nbetween = \"22..6\"\n\
         [check.c]\n",
    );
    assert_eq!(native, None);
    for expected in [
        "minder.toml:1:2: ",
        "did you mean `program`?",
        "minder.toml:4:11: ",
        "minder.toml:5:11: `restart`: found \"allways\", expected one of \"always\", \"on-failure\", \"never\"",
        "did you mean `always`?",
        "minder.toml:6:14: `stop-grace`: found \"5 sec\", expected a duration such as",
        "minder.toml:7:11: `retries`: found \"-1\", expected a whole number from 0 to 4294967295 or \"unlimited\"",
        "minder.toml:8:11: `web`: there is no such socket",
        "did you mean `command`?",
        "there is `every` too",
        "`between`: found",
        "checks nothing",
    ] {
        assert!(said.contains(expected), "{expected}\n--- in ---\n{said}");
    }
}

#[test]
fn words_that_mean_nothing_here_and_servers_that_cannot_be_are_told() {
    let (native, said) = read(
        "[task.a]\ncommand = \"x\"\naligned = true\noffset = \"5s\"\nbetween = \"22:00..06:00\"\njitter = \"5s\"\n\
         missed = 3\n\
         [task.b]\ncommand = \"x\"\ncron = \"* * * * *\"\naligned = false\nmissed = 3\nmissed-once = true\n\
         [queue]\nnats = \"nats://a:4222, http://b\"\nstream = \"a b\"\n",
    );
    assert_eq!(native, None);
    for expected in [
        "minder.toml:3:11: `aligned`: only means something to a task with `every`",
        "minder.toml:4:10: `offset`: only means something to a task with `every`",
        "minder.toml:5:11: `between`: only means something to a task that is due at times",
        "minder.toml:7:10: `missed`: only",
        "minder.toml:11:11: `aligned`: only",
        "minder.toml:13:15: `missed-once`: there is `missed` too",
        "minder.toml:15:8: `nats`: found \"http://b\", expected a server such as",
        "minder.toml:16:10: `stream`: found \"a b\", expected a name without",
    ] {
        assert!(said.contains(expected), "{expected}\n--- in ---\n{said}");
    }
}

#[test]
fn what_a_task_names_and_nobody_knows_is_told_where_it_is_named() {
    let (native, said) =
        read("[task.a]\nresident = \"r\"\nthen = [\"gone\"]\n[task.b]\ncommand = \"x\"\nthen = [\"b\"]\n");
    assert_eq!(native, None);
    for expected in [
        "minder.toml:2:12: `a`: there is no resident `r`",
        "minder.toml:3:8: `a`: there is no task `gone` that could follow",
        "minder.toml:6:8: `b`: is followed",
    ] {
        assert!(said.contains(expected), "{expected}\n--- in ---\n{said}");
    }
}

#[test]
fn limits_have_a_unit_and_a_range() {
    let limits = |text: &str| native(&format!("[limits]\n{text}")).minder.bounds;
    let set =
        limits("connections = 8\nhead-bytes = \"2KB\"\nbody-bytes = 65536\ndepth = 4\nidle = \"90s\"\n");
    assert_eq!((set.connections, set.head_bytes, set.body_bytes, set.depth), (8, 2048, 65_536, 4));
    assert_eq!((set.idle.as_secs(), set.followers), (90, limits("").followers));
    let (refused, said) = read("[limits]\nconnections = 1\nidle = \"8d\"\nhead-bytes = 1023\nheads = 1\n");
    assert_eq!(refused, None);
    for expected in [
        "`connections`: found \"1\", expected a whole number from 2 to 4096",
        "`idle`: found \"8d\", expected a duration from 1s to 7d",
        "`head-bytes`: found \"1023\", expected a size from 1KB to 1MB",
        "`heads`: there is no such key here",
    ] {
        assert!(said.contains(expected), "{expected}\n--- in ---\n{said}");
    }
}

#[test]
fn syntax_errors_are_all_told_and_have_places() {
    let (native, said) = read("[program.a]\ncommand = \"x\nrestart = = 5\n[program.b\n");
    assert_eq!(native, None);
    assert!(said.contains("minder.toml:2:"), "{said}");
    assert!(said.contains("minder.toml:3:"), "{said}");
}

#[test]
fn a_variable_that_is_not_set_is_told() {
    let (native, said) = read("[program.a]\ncommand = \"${NOT_SET}\"\n");
    assert_eq!(native, None);
    assert!(said.contains("the variable `NOT_SET` is not set"), "{said}");
}

#[test]
fn no_bytes_make_a_reading_panic() {
    let mut sources = Sources::new();
    for bytes in [
        &b"\xff\xfe[program"[..],
        b"[program.\"\\u0000\"]\ncommand=\"\"",
        b"program = 5",
        b"[[program]]",
        b"a.b.c.d = 1",
    ] {
        let file = sources.add("x", bytes);
        let (native, problems) = native::read(&sources, file, Path::new("/x"), &Here::new());
        assert!(native.is_none() && !problems.is_empty());
    }
}

#[test]
fn the_reference_is_as_it_was_written() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/minder-toml.md");
    let written = std::fs::read_to_string(page).unwrap_or_default();
    assert!(
        written == native::reference::page(),
        "docs/reference/minder-toml.md is of another list: write it by `minder schema --reference`"
    );
}

mod round_trip {
    use std::num::{NonZeroU32, NonZeroU64};
    use std::sync::Arc;
    use std::time::Duration;

    use minder_config::native::write::{Source, write};
    use minder_core::backoff::{Backoff, Shortage};
    use minder_core::ids::{ByteString, GroupName, ProgramName, Signal, SocketName};
    use minder_core::plan::{GroupSocket, GroupSpec, Plan, SocketAddress, Subscription};
    use minder_core::program::{
        Announce, Capture, Ceiling, Choice, Colour, Command, EnvironmentBase, ErrorOutput, InheritedSocket,
        Leads, LogTarget, Notice, OutputFilter, OutputSpec, PeriodUnit, Periods, ProgramSpec, Publish,
        Readiness, ReasonShown, ResourceLimit, Rotation, Sink, SocketSource, StageNotices, Stamp, StampLook,
        Startup, StdinSource, Surroundings, Syslog, Unborn, Weekday, Zone,
    };
    use minder_core::restart::{ExpectedExits, RestartPolicy};
    use minder_core::socket::{Blocking, Existing, Family, Sharing, SocketKind, SocketPlace, SocketSpec};
    use minder_core::stop::{Reach, StopPolicy};
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn text() -> impl Strategy<Value = String> {
        "[a-zA-Z0-9 _$\\{\\}\"'\\\\=:/.\n\tä%-]{0,12}"
    }

    fn bytes() -> impl Strategy<Value = ByteString> {
        text().prop_map(|text| text.into_bytes().into())
    }

    fn path() -> impl Strategy<Value = ByteString> {
        "/[a-z0-9 _$\\{\\}\"'ä/.-]{0,12}".prop_map(|text| text.into_bytes().into())
    }

    fn duration() -> impl Strategy<Value = Duration> {
        prop_oneof![
            (0_u64..200_000).prop_map(Duration::from_secs),
            (0_u64..5000).prop_map(Duration::from_millis)
        ]
    }

    fn rotation() -> impl Strategy<Value = Rotation> {
        let unit = select(vec![
            PeriodUnit::Seconds,
            PeriodUnit::Minutes,
            PeriodUnit::Hours,
            PeriodUnit::Days,
            PeriodUnit::Midnights,
            PeriodUnit::Weeks(Weekday::Sunday),
        ]);
        let zone = select(vec![Zone::Local, Zone::Utc]);
        let size = select(vec![1, 1000, 10 << 20, 50 << 20]);
        prop_oneof![
            Just(Rotation::Never),
            (proptest::option::of(size.clone()), 0_u32..20)
                .prop_map(|(max_bytes, backups)| Rotation::AfterWrite { max_bytes, backups }),
            (size, 0_u32..20).prop_map(|(size, backups)| Rotation::BeforeWrite {
                max_bytes: NonZeroU64::new(size).expect("more than zero"),
                backups
            }),
            (unit, 1_u32..9, zone, 0_u32..20).prop_map(|(unit, count, zone, backups)| {
                let count = NonZeroU32::new(count).expect("more than zero");
                Rotation::Periods(Periods { unit, count, zone, backups })
            }),
        ]
    }

    fn output() -> impl Strategy<Value = OutputSpec> {
        let log = prop_oneof![
            Just(LogTarget::Nowhere),
            Just(LogTarget::Direct(Sink::Null)),
            Just(LogTarget::Direct(Sink::Own)),
            path().prop_map(LogTarget::File),
            path().prop_map(LogTarget::Followed),
            (path(), bytes(), bytes()).prop_map(|(directory, prefix, suffix)| LogTarget::Fresh {
                directory,
                prefix,
                suffix
            }),
        ];
        let look = select(vec![StampLook::Plain, StampLook::Coloured(Colour::Cyan)]);
        let filter = prop_oneof![
            Just(OutputFilter::Raw),
            Just(OutputFilter::StripAnsi),
            (text(), look).prop_map(|(time, look)| OutputFilter::Stamped(Stamp { time: time.into(), look })),
        ];
        let capture = proptest::option::of((1_u64..9999, bytes(), bytes()))
            .prop_map(|capture| capture.map(|(limit, begin, end)| Box::new(Capture { limit, begin, end })));
        let syslog = select(vec![Syslog::Off, Syslog::Lines]);
        let publish = select(vec![Publish::Silent, Publish::Chunks, Publish::Dialogue]);
        (log, rotation(), syslog, filter, capture, publish).prop_map(
            |(log, rotation, syslog, filter, capture, publish)| OutputSpec {
                log,
                rotation,
                syslog,
                filter,
                capture,
                publish,
            },
        )
    }

    fn command() -> impl Strategy<Value = Command> {
        let words = proptest::collection::vec(text(), 1..4);
        let line = proptest::option::of(text());
        let search = proptest::option::of(proptest::collection::vec(bytes(), 0..3));
        let choice = select(vec![Choice::First, Choice::FirstPermitted]);
        (words, line, proptest::option::of(path()), search, choice).prop_map(
            |(words, line, file, search, choice)| {
                let usual = || vec![ByteString::from(&b"/bin"[..]), ByteString::from(&b"/usr/bin"[..])];
                Command {
                    line: line.unwrap_or_else(|| words.join(" ")).into(),
                    file,
                    words: Ok(words.into_iter().map(|word| word.into_bytes().into()).collect()),
                    search: search.unwrap_or_else(usual).into(),
                    choice,
                }
            },
        )
    }

    fn surroundings() -> impl Strategy<Value = Surroundings> {
        let environment = select(vec![EnvironmentBase::Inherited, EnvironmentBase::Empty]);
        let leads = select(vec![Leads::Group, Leads::Session]);
        let ceiling = select(vec![Ceiling::At(7), Ceiling::Unlimited, Ceiling::Highest]);
        let limits = proptest::option::of((0_i32..16, ceiling)).prop_map(|limit| {
            limit
                .into_iter()
                .map(|(resource, ceiling)| ResourceLimit { resource, ceiling })
                .collect::<Vec<_>>()
        });
        let unborn = select(vec![Unborn::Exited, Unborn::NotMade]);
        let announce = select(vec![Announce::Nothing, Announce::ListenFds]);
        (environment, leads, limits, select(vec![0, 3, 5]), announce, unborn).prop_map(
            |(environment, leads, limits, descriptor, announce, unborn)| {
                let socket =
                    InheritedSocket { source: SocketSource::Common(SocketName::new("web")), descriptor };
                let sockets = if descriptor == 0 { Vec::new() } else { vec![socket] };
                let announce = if descriptor == 3 { announce } else { Announce::Nothing };
                Surroundings { environment, leads, limits, sockets, announce, unborn }
            },
        )
    }

    fn notices() -> impl Strategy<Value = StageNotices> {
        let notice = || {
            (bytes(), bytes(), select(vec![ReasonShown::Symbol, ReasonShown::Hidden]))
                .prop_map(|(before, after, reason)| Notice { before, after, reason })
        };
        (notice(), notice(), notice()).prop_map(|(identity, directory, exec)| StageNotices {
            identity,
            directory,
            exec,
        })
    }

    prop_compose! {
        fn life()(
            startup in select(vec![Startup::Automatic, Startup::OnRequest]),
            restart in select(vec![RestartPolicy::Always, RestartPolicy::Never, RestartPolicy::OnUnexpectedExit]),
            exits in proptest::collection::vec(any::<u8>(), 0..3),
            ready in duration(),
            retries in select(vec![0, 3, u32::MAX]),
            step in duration(),
            shortage in select(vec![Shortage::Counts, Shortage::Passes]),
            signal in 0_u8..=64,
            grace in duration(),
            reach in select(vec![Reach::Process, Reach::Group, Reach::Tree]),
            kill_reach in select(vec![Reach::Family, Reach::Group, Reach::Descendants]),
        ) -> (Startup, RestartPolicy, ExpectedExits, Readiness, Backoff, StopPolicy) {
            (
                startup,
                restart,
                ExpectedExits(exits),
                Readiness::StaysUp(ready),
                Backoff { retries, step, shortage },
                StopPolicy { signal: Signal(signal), grace, reach, kill_reach },
            )
        }
    }

    prop_compose! {
        fn program(name: String)(
            command in command(),
            directory in proptest::option::of(path()),
            environment in proptest::collection::vec(("[A-Z]{1,4}", text()), 0..3),
            surroundings in surroundings(),
            identity in proptest::option::of((1_u32..9, 0_u32..9, proptest::collection::vec(0_u32..9, 0..3))),
            umask in proptest::option::of(0_u32..0o777),
            priority in select(vec![0, -5, 999]),
            life in life(),
            stdin in select(vec![
                StdinSource::Null,
                StdinSource::Pipe,
                StdinSource::Own,
                StdinSource::GroupSocket,
                StdinSource::Socket(SocketName::new("web")),
            ]),
            stdout in output(),
            stderr in proptest::option::of(output()),
            notices in notices(),
        ) -> ProgramSpec {
            let (startup, restart, expected_exits, readiness, backoff, stop) = life;
            ProgramSpec {
                name: ProgramName::new(name.as_str()),
                command,
                directory,
                environment: environment
                    .into_iter()
                    .map(|(name, value)| (name.into_bytes().into(), value.into_bytes().into()))
                    .collect(),
                surroundings,
                identity: identity.map(|(uid, gid, groups)| Identity { uid, gid, groups }),
                umask,
                priority,
                startup,
                restart,
                expected_exits,
                readiness,
                backoff,
                stop,
                stdin,
                stdout,
                stderr: stderr.map_or(ErrorOutput::WithStdout, ErrorOutput::Own),
                notices: Arc::new(notices),
            }
        }
    }

    fn group(name: &'static str) -> impl Strategy<Value = GroupSpec> {
        let subscription = proptest::option::of((proptest::collection::vec(text(), 0..3), 1_u32..99, text()));
        let address = prop_oneof![
            (path(), 0_u32..0o777, proptest::option::of((0_u32..9, 0_u32..9)))
                .prop_map(|(path, mode, owner)| SocketAddress::Unix { path, mode, owner }),
            ("[a-z]{0,5}", 1_u16..).prop_map(|(host, port)| SocketAddress::Tcp { host: host.into(), port }),
        ];
        let socket = proptest::option::of((address, proptest::option::of(0_u32..99)));
        let programs = select(vec![vec![name], vec!["0", "1"], vec!["a b", name], vec![]]);
        let programs = programs.prop_flat_map(|names| {
            names.into_iter().map(|name| program(name.to_owned()).prop_map(Arc::new)).collect::<Vec<_>>()
        });
        (programs, subscription, socket).prop_map(move |(programs, subscription, socket)| GroupSpec {
            name: GroupName::new(name),
            priority: 0,
            programs,
            subscription: subscription.map(|(topics, backlog, judge)| Subscription {
                topics: topics.into_iter().map(Into::into).collect(),
                backlog,
                judge: judge.into(),
            }),
            socket: socket.map(|(address, backlog)| GroupSocket { address, backlog }),
        })
    }

    fn socket() -> impl Strategy<Value = SocketSpec> {
        let place = prop_oneof![
            (
                "[a-z.]{0,5}",
                any::<u16>(),
                select(vec![Family::V4, Family::V6]),
                proptest::option::of(bytes())
            )
                .prop_map(|(host, port, family, device)| SocketPlace::Port {
                    host: host.into(),
                    port,
                    family,
                    device
                }),
            (path(), proptest::option::of(0_u32..0o777), select(vec![Existing::Kept, Existing::Replaced]))
                .prop_map(|(path, umask, existing)| SocketPlace::File { path, umask, existing }),
        ];
        let kind = select(vec![SocketKind::Stream, SocketKind::Datagram, SocketKind::SequencedPackets]);
        (place, kind, 0_u32..9, 0_u32..9999, select(vec![Blocking::Waits, Blocking::Never])).prop_map(
            |(place, kind, protocol, backlog, blocking)| SocketSpec {
                name: SocketName::new("web"),
                place,
                kind,
                protocol,
                backlog,
                sharing: Sharing::Common,
                blocking,
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn a_plan_that_was_written_is_the_same_when_it_is_read(
            groups in (group("first"), group("sec ond"), -3_i64..3),
            socket in socket(),
        ) {
            let (first, second, priority) = groups;
            let plan = Plan::new(vec![first, GroupSpec { priority: priority.max(0), ..second }]).expect("two names");
            let sockets = [Arc::new(socket)];
            let source =
                Source { plan: &plan, sockets: &sockets, path: "/bin:/usr/bin", directory: Path::new("/etc/minder") };
            let (text, unsaid) = write(&source);
            prop_assert_eq!(unsaid, vec![]);
            let (native, said) = read(&text);
            let native = native.ok_or_else(|| TestCaseError::fail(format!("{said}\n{text}")))?;
            prop_assert_eq!(&native.plan, &plan, "{}", text);
            prop_assert_eq!(&native.sockets[..], &sockets[..], "{}", text);
        }
    }
}
