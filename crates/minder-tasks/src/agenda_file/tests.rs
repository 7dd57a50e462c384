use std::time::Duration;

use minder_core::agenda::{
    Agenda, AgendaSettings, Bound, DayTime, Due, JetStreamSpec, Job, JobCommand, Missed, Moment, Overlap,
    Phase, Place, QueueSpec, ResidentSpec, Retry, SunEvent, TaskSpec, Timeout, Window, WorkerSpec,
};
use minder_core::ids::{ByteString, ResidentName, TaskName, WorkerName};
use std::num::NonZeroU32;

use super::{AgendaFileError, accept, hash, newest, read};
use crate::state_dir::StateDir;

fn command(words: &[&[u8]]) -> JobCommand {
    JobCommand {
        argv: words.iter().map(|word| ByteString::from(*word)).collect(),
        directory: Some(ByteString::from(&b"/srv"[..])),
        environment: vec![(ByteString::from(&b"A"[..]), ByteString::from(&b"\xff"[..]))],
    }
}

fn task(name: &str, job: Job, due: Due) -> TaskSpec {
    TaskSpec {
        name: TaskName::new(name),
        job,
        due,
        zone: Some("Europe/Berlin".into()),
        between: Some(Window {
            from: DayTime::Sun { event: SunEvent::Dusk, offset: -600 },
            until: DayTime::Clock(23_400),
        }),
        jitter: Duration::from_millis(1500),
        overlap: Overlap::Replace,
        missed: Missed::Each(NonZeroU32::MIN),
        timeout: Timeout { soft: Some(Duration::from_secs(30)), hard: Some(Duration::from_secs(40)) },
        retry: Retry {
            times: 3,
            delay: Duration::from_secs(2),
            factor_percent: 150,
            delay_max: Duration::MAX,
        },
        then: Vec::new(),
        worker: WorkerName::new("default"),
    }
}

/// Everything that there is.
fn whole() -> Agenda {
    let mut first = task("record", Job::Command(command(&[b"arecord", b"\xc3\x28"])), Due::OnDemand);
    first.then = vec![TaskName::new("detect")];
    first.retry.delay_max = Duration::from_secs(60);
    let interval = Duration::from_secs(10);
    let mut tasks = vec![
        first,
        task("detect", Job::Resident(ResidentName::new("model")), Due::Cron("*/5 * * * *".into())),
        task("a", Job::Resident(ResidentName::new("model")), Due::Every { interval, phase: Phase::Free }),
        task(
            "b",
            Job::Resident(ResidentName::new("model")),
            Due::Every { interval, phase: Phase::Aligned(Duration::from_secs(3)) },
        ),
        task(
            "c",
            Job::Resident(ResidentName::new("model")),
            Due::At(vec![
                Moment::Once("2027-03-01T06:30:00".into()),
                Moment::Daily(DayTime::Sun { event: SunEvent::Noon, offset: 1 }),
            ]),
        ),
    ];
    for (task, delay_max) in tasks.iter_mut().zip(1..) {
        task.retry.delay_max = Duration::from_secs(delay_max);
    }
    let workers = vec![WorkerSpec {
        name: WorkerName::new("default"),
        at_once: NonZeroU32::new(4),
        backlog: 100,
        bound: Bound::DropOldest,
    }];
    let residents =
        vec![ResidentSpec { name: ResidentName::new("model"), command: command(&[b"python3", b"m.py"]) }];
    let settings = AgendaSettings {
        zone: "UTC".into(),
        place: Some(Place { latitude: 52_000_000, longitude: -13_400_000 }),
        queue: QueueSpec::JetStream(JetStreamSpec {
            servers: "nats://127.0.0.1:4222".into(),
            stream: "birds".into(),
            credentials: Some(ByteString::from(&b"/etc/nats.creds"[..])),
        }),
        history: 7,
    };
    Agenda::new(tasks, workers, residents, settings).expect("a valid agenda")
}

#[test]
fn what_is_read_is_what_was_accepted() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let state = StateDir::new(dir.path().join("state"));
    let accepted = accept(&state, &whole()).expect("a place to write");
    assert_eq!(read(&state, &accepted).expect("what was written"), whole());
    assert_eq!(newest(&state).expect("what holds"), (accepted.clone(), whole()));
    assert_eq!(hash(&whole()), accepted);
}

#[test]
fn the_agenda_that_was_accepted_last_holds_even_if_it_is_an_old_one() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let state = StateDir::new(dir.path());
    let first = accept(&state, &whole()).expect("a place to write");
    let second = accept(&state, &Agenda::default()).expect("a place to write");
    assert_ne!(first, second);
    assert_eq!(newest(&state).expect("what holds").0, second);
    accept(&state, &whole()).expect("a place to write");
    assert_eq!(newest(&state).expect("what holds").0, first);
}

#[test]
fn an_agenda_that_was_tampered_with_or_is_of_another_version_is_not_followed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let state = StateDir::new(dir.path());
    assert!(matches!(newest(&state), Err(AgendaFileError::None(_))));
    let hash = accept(&state, &whole()).expect("a place to write");
    let text = std::fs::read_to_string(state.agenda(&hash)).expect("what was written");
    std::fs::write(state.agenda(&hash), text.replace("arecord", "rm")).expect("a file that we own");
    assert!(matches!(read(&state, &hash), Err(AgendaFileError::Changed(_))));
    let later = text.replace("\"version\": 1", "\"version\": 2");
    let name = super::hash_of(&later);
    std::fs::write(state.agenda(&name), later).expect("a file that we own");
    let refused = read(&state, &name).expect_err("an unknown version");
    assert!(matches!(refused, AgendaFileError::Version(_, 2)), "{refused}");
}

#[test]
fn only_some_old_agendas_stay() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let state = StateDir::new(dir.path());
    for history in 1..20 {
        let settings = AgendaSettings { history, ..AgendaSettings::default() };
        let agenda = Agenda::new(vec![], vec![], vec![], settings).expect("a valid agenda");
        accept(&state, &agenda).expect("a place to write");
    }
    let files = std::fs::read_dir(dir.path()).expect("the folder");
    let left = files
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("agenda-"))
        .count();
    assert_eq!(left, super::KEPT);
    assert!(newest(&state).is_ok());
}
