//! Four days of the recorder by the beat's own planner, on the agenda that `acoupi setup` and minder make: whatever is due has a
//! recording, or an event says why not, over power cuts and a clock that is set. Only the machine is not real: its clock is moved.

#[path = "acoupi/home.rs"]
#[expect(dead_code, reason = "it is a home for acoupi too")]
mod home;
#[path = "../../../stacks/recorder/tests/season/machine.rs"]
mod machine;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use home::{Home, Init};
use jiff::{SignedDuration, Timestamp};
use machine::Simulated;
use minder_core::agenda::Agenda;
use minder_core::ids::TaskName;
use minder_core::time::{Instant, Now, WallTime};
use minder_recorder::program::{Program, ProgramKind, Surroundings};
use minder_recorder::station::Station;
use minder_recorder::store::events::{Event, EventKind};
use minder_recorder::tasks;
use minder_schedule::TimeZone;
use minder_tasks::agenda_file;
use minder_tasks::planner::{Mark, Note, Planner};
use minder_tasks::state_dir::StateDir;
use serde_json::Value;

const RECORDING: &str = "recording_task";

struct Days {
    home: Home,
    machine: Simulated,
    agenda: Agenda,
    marks: BTreeMap<TaskName, Mark>,
    planner: Planner,
    station: Station,
    recorded: usize,
    /// Times at which a recording was due and there is none.
    absent: Vec<Timestamp>,
    /// Of these, how many nobody was there to notice.
    missed: usize,
}

impl Days {
    fn begin() -> Self {
        let home = Home::recording(Init::Systemd);
        for (field, value) in [
            ("timezone", "UTC"),
            ("microphone.samplerate", "2000"),
            ("recording.interval", "600"),
            ("recording.schedule_start", "20:00"),
            ("recording.schedule_end", "06:00"),
        ] {
            let said = home.acoupi(&["config", "set", "--field", field, value]);
            assert_eq!(said.status, 0, "{said:?}");
        }
        // minder makes the agenda; nothing of it is due without a beat.
        for word in ["start", "stop"] {
            assert_eq!(home.acoupi(&["workers", word]).status, 0, "{}", home.logs());
        }
        let (_, agenda) = agenda_file::newest(&StateDir::new(home.path(".acoupi/state"))).expect("an agenda");
        let machine = Simulated::begin("2024-06-01T12:00:00Z".parse().expect("a time"));
        let (station, marks) = (station(&home, &machine), BTreeMap::new());
        let planner = planner(&agenda, &marks, &machine);
        Self { home, machine, agenda, marks, planner, station, recorded: 0, absent: Vec::new(), missed: 0 }
    }

    /// Goes on for so long, and does whatever is due.
    fn pass(&mut self, length: Duration) {
        let end = self.machine.state().passed + length;
        loop {
            self.step();
            let now = now(&self.machine);
            let wake = self.planner.wake();
            let wall = wake.wall.and_then(|wall| u64::try_from(wall.0 - now.wall.0).ok());
            let monotonic = wake.monotonic.map(|monotonic| monotonic.since(now.monotonic));
            let ahead = [wall.map(Duration::from_micros), monotonic].into_iter().flatten().min();
            let next = now_passed(&self.machine) + ahead.unwrap_or(length);
            if next > end {
                break;
            }
            self.machine.state().passed = next;
        }
        let mut state = self.machine.state();
        state.passed = state.passed.max(end);
    }

    fn step(&mut self) {
        let turn = self.planner.step(now(&self.machine));
        self.marks.extend(turn.marks);
        for note in turn.notes {
            if let Note::Missed(missing) = note
                && missing.task.as_str() == RECORDING
            {
                self.missed += 1;
                self.absent.extend([missing.first, missing.last].map(moment));
            }
        }
        for offer in turn.offers {
            let (task, due) = (offer.task.as_str().to_owned(), self.machine.wall());
            let run = uuid::Uuid::new_v4();
            let done = tasks::run(&mut self.station, &task, run, &Value::Null);
            match done {
                Ok(Value::Null) | Err(_) if task == RECORDING => self.absent.push(due),
                Ok(_) if task == RECORDING => self.recorded += 1,
                done => drop(done.expect("files are looked after")),
            }
        }
    }

    /// The power fails for so long, and takes with it what was in memory.
    fn cut(&mut self, length: Duration) {
        for entry in std::fs::read_dir(self.home.path("tmp")).expect("a folder") {
            std::fs::remove_file(entry.expect("an entry").path()).expect("removed");
        }
        {
            let mut state = self.machine.state();
            state.passed += length;
            state.booted = state.passed;
            state.boot += 1;
        }
        self.station = station(&self.home, &self.machine);
        self.planner = planner(&self.agenda, &self.marks, &self.machine);
    }

    fn events(&self) -> Vec<Event> {
        self.station.events.between(Timestamp::MIN, Timestamp::MAX).expect("a database")
    }
}

#[test]
fn whatever_is_due_is_recorded_or_explained() {
    let mut days = Days::begin();
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    for day in 0..4 {
        days.pass(hours(11));
        if day == 1 {
            // Somebody sets the clock; what it leaves out is due at no time.
            days.machine.state().offset += SignedDuration::from_hours(2);
        }
        days.pass(hours(10));
        days.cut(hours(3));
    }
    days.pass(hours(1));
    let events = days.events();
    let near = SignedDuration::from_secs(5);
    for at in &days.absent {
        let is_told = events.iter().any(|event| event.since - near <= *at && *at <= event.until + near);
        assert!(is_told, "nobody says why there is no recording of {at}: {events:#?}");
    }
    let count = |kind| events.iter().filter(|event| event.kind == kind).count();
    assert_eq!((count(EventKind::PowerCut), count(EventKind::ClockJump)), (4, 1), "{events:#?}");
    assert!(days.missed >= 4, "{}", days.missed);
    // Ten hours a night, of which three are dark at most.
    assert!(days.recorded > 4 * 6 * 7, "{}", days.recorded);
    let rows = days.home.rows("SELECT count(*) || '' FROM recording");
    assert_eq!(rows, [days.recorded.to_string()]);
}

fn station(home: &Home, machine: &Simulated) -> Station {
    let surroundings = Surroundings { home: home.path(""), temporary: home.path("tmp") };
    let file = home.path(".acoupi/config/program.json");
    let program = Program::read(ProgramKind::Default, &file, &surroundings).expect("a configuration");
    let Program::Recorder(program) = program else { panic!("it records") };
    Station::open(*program, Arc::new(machine.clone())).expect("a station").unread()
}

fn planner(agenda: &Agenda, marks: &BTreeMap<TaskName, Mark>, machine: &Simulated) -> Planner {
    Planner::new(agenda, &TimeZone::UTC, marks, 42, now(machine)).expect("a planner")
}

fn now(machine: &Simulated) -> Now {
    let passed = u64::try_from(now_passed(machine).as_nanos()).expect("some days");
    Now { monotonic: Instant(passed), wall: WallTime(machine.wall().as_microsecond()) }
}

fn now_passed(machine: &Simulated) -> Duration {
    machine.state().passed
}

fn moment(wall: WallTime) -> Timestamp {
    Timestamp::from_microsecond(wall.0).expect("a time")
}
