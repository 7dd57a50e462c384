//! What files mean, what is said of bad ones, and what no input can do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use minder_config::{Paint, render_text};
use minder_core::control::{Observer, Order};
use minder_core::effect::Effect;
use minder_core::ids::{CoreDump, ExitStatus, GroupName, Pid, ProgramName, Signal, UnitName};
use minder_core::input::Input;
use minder_core::supervision::Supervision;
use minder_core::time::{Instant, Now, WallTime};
use minder_kegbot_app::flags::{self, Asked, Defaults, FlagFiles, Kind};
use minder_kegbot_master::flags::PROGRAM;
use minder_kegbot_master::journal::Journal;
use minder_kegbot_master::launcher::config_test;
use minder_kegbot_master::settings::{self, Directories, PROBLEMS_MAX};
use minder_kegbot_master::station::{Origin, Station};
use minder_kegbot_master::{lower, recognises};
use proptest::prelude::*;

/// The commands and the problems of a file.
fn told(text: &[u8]) -> String {
    let reading = settings::read("keg.cfg", text, &Directories::default());
    let mut shown = config_test(&reading.settings);
    let problems =
        reading.problems.iter().chain(&lower::remarks(&reading.settings)).cloned().collect::<Vec<_>>();
    for problem in problems {
        let _ = write!(shown, "{}", render_text(&problem, &reading.sources, Paint::Plain));
    }
    shown
}

#[test]
fn everything_that_a_good_file_may_hold() {
    let text = "; defaults\n[DEFAULT]\n_logfile_dir = /logs\nhost: example.com ; inline\nREM ark\n[one] and more\n\
        _enabled = YES\nFoo = %(host)s#%(__name__)s\nempty =\nquote = \"a; b\"\nrate = 5%%\nnothing = \"\"\n\
        [two]\n_enabled : on\n_program_name = \"./two words\" -x\n_own = %(logfile)s\nnested = %(_own)s\ndaemon = no\n\
        [one]\nfoo = later\n[off]\nwrong = %(nothing_there)s\n";
    insta::assert_snapshot!(told(text.as_bytes()));
}

#[test]
fn everything_that_can_be_wrong_is_told_at_once() {
    let text = b"api_key = 1\nmore = 2\n[kegbot_core]\n_enabled = maybe\nprice = 5%\nurl = %(hots)s/%(api_key\nhosts = a\n\
        loop = %(loop)s\n[broken\nno sign here\n[]\n[latin]\n_enabled = True\nname = caf\xe9\nzero = a\0b\n";
    insta::assert_snapshot!(told(text));
}

#[test]
fn what_will_hardly_do_what_was_meant_is_a_warning() {
    let text = "[a]\n_enabled = True\npidfile = '/run/a.pid'\nx = 1\nx = 2\ntext = don't\n[b]\n_enabled = 1\n\
        pidfile = /run/c.pid\ndaemon = False\ny = 1\n  2\n[c]\n_enabled = 1\npidfile = /run/c.pid\n";
    insta::assert_snapshot!(told(text.as_bytes()));
}

#[test]
fn references_cannot_fill_the_memory_and_lines_cannot_fill_the_screen() {
    let mut text = "[bomb]\n_enabled = 1\na0 = 0123456789\n".to_owned();
    for level in 1..10 {
        let _ = writeln!(text, "a{level} = {}", format!("%(a{})s", level - 1).repeat(40));
    }
    assert!(told(text.as_bytes()).contains("all values together exceed 4194304 bytes"));
    let reading = settings::read("keg.cfg", "[a]\nx\n".repeat(5000).as_bytes(), &Directories::default());
    assert_eq!(reading.problems.len(), PROBLEMS_MAX);
    assert!(told(&vec![b'a'; 70_000]).contains("longer than 65536 bytes"));
}

#[test]
fn a_file_is_known_by_what_it_says() {
    assert!(recognises(include_bytes!("sample.cfg")));
    assert!(recognises(b"[x]\n_PROGRAM_NAME : y\n"));
    for text in [
        "",
        "[program:x]\ncommand=y\n",
        "[watcher:x]\ncmd = _enabled = 1\n",
        "# _enabled = True\n",
        "_enabled\n",
    ] {
        assert!(!recognises(text.as_bytes()), "{text:?}");
    }
}

fn origin(directory: &Path, text: &str) -> Origin {
    let file = directory.join("keg.cfg");
    std::fs::write(&file, text).unwrap();
    Origin::new(&file, Some(&"/opt/keg/minder".into()))
}

#[test]
fn programs_of_a_plan_stay_in_the_foreground_and_a_snapshot_gives_the_same_plan() {
    let directory = tempfile::tempdir().unwrap();
    let text = "[core]\n_enabled = 1\nkey = 'a  b'\n[board]\n_enabled = 1\n_program_name = sh -c 'echo $$'; board\nlogfile = \"/l g/b.log\"\n\
        [env]\n_enabled = 1\n_program_name = A=1 prog\n[open]\n_enabled = 1\nx = don't\n";
    let draft = origin(directory.path(), text).read();
    let reading = draft.reading.unwrap();
    let mut shown = String::new();
    for group in reading.plan.groups() {
        let program = &group.programs[0];
        let _ = writeln!(shown, "{}: {:?}\n  {:?}", group.name, program.command.words, program.stdout.log);
        assert_eq!(program.command.search.last().unwrap().as_bytes(), b"/opt/keg");
    }
    insta::assert_snapshot!(shown);
    let (station, plan) = Station::read(&reading.snapshot).unwrap();
    assert_eq!(plan, reading.plan);
    assert_eq!(station.reader().reread().unwrap(), reading);
    assert_eq!(station.reader().restore(&reading.snapshot).unwrap(), plan);
    std::fs::write(directory.path().join("keg.cfg"), "[a]\n_enabled = 2\n").unwrap();
    assert!(station.reader().reread().unwrap_err().contains(":2:12: `_enabled`: Not a boolean: 2"));
    for damaged in [&b""[..], b"{}\n", b"{\"version\":2}\n[a]"] {
        assert!(Station::read(damaged).is_err());
    }
}

#[test]
fn a_file_that_is_not_there_has_no_plan() {
    let draft = Origin::new(Path::new("/nonexistent/keg.cfg"), None).read();
    assert!(draft.reading.is_none() && draft.problems.len() == 1);
}

/// A supervision with invented processes, and the log of it.
struct Stage {
    world: Supervision,
    now: Now,
    next_pid: u32,
    log: String,
}

impl Stage {
    fn input(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.world.step(self.now, input, &mut effects);
        let mut spawned = Vec::new();
        for effect in effects {
            match effect {
                Effect::Publish(event) => {
                    let mut orders = Vec::new();
                    let mut journal = Journal::new(jiff::tz::TimeZone::UTC);
                    journal.observe(self.now, &self.world, &event, &mut orders);
                    for order in orders {
                        let Order::Journal(line) = order else { panic!("only lines are ordered") };
                        self.log.push_str(&String::from_utf8(line).unwrap());
                    }
                }
                Effect::Spawn(id) => spawned.push(id),
                _ => {}
            }
        }
        for id in spawned {
            self.next_pid += 1;
            self.input(Input::Spawned(id, Pid::new(self.next_pid).unwrap()));
        }
    }

    fn later(&mut self, seconds: u64) {
        self.now.monotonic = Instant(self.now.monotonic.0 + seconds * 1_000_000_000);
        self.now.wall = WallTime(self.now.wall.0 + i64::try_from(seconds * 1_000_000).unwrap());
    }
}

#[test]
fn the_journal_has_a_line_for_each_start_exit_and_restart() {
    let directory = tempfile::tempdir().unwrap();
    let plan = origin(directory.path(), "[core]\n_enabled = 1\n").read().reading.unwrap().plan;
    let now = Now { monotonic: Instant(1_000_000_000), wall: WallTime(1_340_319_994_705_000) };
    let mut stage = Stage { world: Supervision::new(), now, next_pid: 100, log: String::new() };
    stage.input(Input::AddGroup(plan.groups()[0].clone()));
    stage.input(Input::Begin);
    let name = UnitName { group: GroupName::new("core"), program: ProgramName::new("core") };
    let id = stage.world.find(&name).unwrap();
    stage.input(Input::Exited(id, ExitStatus::Code(1)));
    stage.later(1);
    stage.input(Input::Tick);
    stage.later(6);
    stage.input(Input::Tick);
    let killed = ExitStatus::Signal { signal: Signal::KILL, core: CoreDump::None };
    stage.input(Input::Exited(id, killed));
    stage.input(Input::Stop(id, None));
    stage.input(Input::Exited(id, ExitStatus::Code(0)));
    insta::assert_snapshot!(stage.log);
}

struct Files(BTreeMap<&'static str, &'static str>);

impl FlagFiles for Files {
    fn read(&self, file: &str) -> Result<String, (Option<i32>, String)> {
        let text = self.0.get(file).ok_or((Some(2), "No such file or directory".to_owned()))?;
        Ok((*text).to_owned())
    }
}

fn parsed(line: &str) -> String {
    let files = Files(BTreeMap::from([
        ("one", "# comment\n// too\n\n --pidfile=p \n--flagfile=two\n--verbose\n"),
        ("two", "--flagfile=one\n--logfile=l\n"),
    ]));
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    match flags::parse(&PROGRAM, &words, &Defaults::new(), &files) {
        Err(error) => error.to_string(),
        Ok(Asked::Help(flag)) => format!("{flag:?}"),
        Ok(Asked::Run(values, words)) => {
            let changed = PROGRAM.flags().filter(|one| values.text(one) != one.default);
            let changed: Vec<_> = changed.map(|one| format!("{}={}", one.name, values.text(one))).collect();
            format!("{} | {}", changed.join(" "), words.join(" "))
        }
    }
}

#[test]
fn flags_are_read_as_gflags_reads_them() {
    let lines = [
        "status",
        "--master_config=x status",
        "--master_config x --pid_nothing",
        "--mas x -- --daemon",
        "--daemon --nodaemon --daemon=True --nolog_to_stdout start",
        "--daemon=f --daemon=1",
        "--verb status --verbose",
        "--log=x",
        "--pidfile",
        "--noverbose=1",
        "--nopidfile",
        "--daemon=maybe",
        "--maximum_log_files=abc",
        "--maximum_log_files=-1",
        "--maximum_log_files 3 a",
        "-ticks 5",
        "-t",
        "-?",
        "--help --nosuch",
        "--helpshort",
        "--nohelp status",
        "--nosuch=1 --undefok=nosuch,other --noother status",
        "--flagfile=one status",
        "--flagfile /nonexist",
        "- a",
    ];
    let shown: String = lines.iter().map(|line| format!("{line:55} {}\n", parsed(line))).collect();
    insta::assert_snapshot!(shown);
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "[a]",
        "[DEFAULT]",
        "\n",
        " ",
        "_enabled",
        "=",
        "True",
        "%",
        "%%",
        "%(a)s",
        "%(",
        "(x)s",
        ";",
        " ;",
        "#",
        ":",
        "'",
        "\"",
        "a",
        "pidfile",
        "__name__",
        "\\",
        "$",
        "é",
        "\t",
        "\r",
    ]);
    let wild = prop::collection::vec(any::<u8>(), 0..4);
    let part = prop_oneof![8 => piece.prop_map(|text| text.as_bytes().to_vec()), 1 => wild];
    prop::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in pieces()) {
        let _ = recognises(&bytes);
        let reading = settings::read("keg.cfg", &bytes, &Directories::default());
        let _ = told(&bytes);
        if reading.errors().next().is_none() {
            prop_assert!(lower::plan(&reading.settings, &[]).is_ok());
        }
    }

    #[test]
    fn arbitrary_bytes_neither(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = told(&bytes);
        prop_assert!(Station::read(&bytes).is_err());
    }

    #[test]
    fn arbitrary_words_are_flags_or_mistakes(words in prop::collection::vec("-{0,2}[a-z_=?é0-9]{0,20}", 0..6)) {
        let _ = flags::parse(&PROGRAM, &words, &Defaults::new(), &Files(BTreeMap::new()));
    }

    #[test]
    fn both_forms_of_a_value_mean_the_same_and_the_last_wins(value in "[^ ]{0,12}", other in ".{0,12}") {
        for definition in PROGRAM.flags().filter(|one| one.kind == Kind::Text && one.name != "flagfile") {
            let dashed = format!("--{}", definition.name);
            let first = format!("{dashed}={other}");
            let joined = [first.clone(), format!("{dashed}={value}"), "status".to_owned()];
            let apart = [first, dashed, value.clone(), "status".to_owned()];
            let files = Files(BTreeMap::new());
            let asked = flags::parse(&PROGRAM, &joined, &Defaults::new(), &files).unwrap();
            prop_assert_eq!(&asked, &flags::parse(&PROGRAM, &apart, &Defaults::new(), &files).unwrap());
            let Asked::Run(values, words) = asked else { panic!("no help was asked for") };
            prop_assert_eq!(values.text(definition), &value);
            prop_assert_eq!(words, vec!["status".to_owned()]);
        }
    }
}
