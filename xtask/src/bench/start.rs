//! How long it takes to start and to stop many programs, against a loop of `posix_spawn` and one of `kill` and `wait`.

use super::beacons::{Beacons, Moment};
use super::daemon::{Daemon, Original, SIDES, Side};
use super::figures::{Row, Samples, Verdict, ratio, times};
use super::floor::Floor;
use super::place::{Pace, Place};
use super::station::Station;
use crate::rpc::Client;
use crate::step::Problem;

/// How many programs.
const COUNTS: [usize; 3] = [10, 100, 1000];
const BUDGET: f64 = 1.2;

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    rows::<Group>(place, &COUNTS)
}

/// A daemon with many programs that report and stay.
pub(super) trait Load: Sized {
    /// Whose place minder takes.
    const OF: Original;
    /// Whoever asks it for something.
    type Client: Orders;

    /// Starts the daemon, which starts its programs.
    fn begin(place: &Place, side: Side, count: usize, beacons: &Beacons) -> Result<Self, Problem>;

    /// The daemon.
    fn daemon(&self) -> &Daemon;

    /// A client, once the daemon has nothing to do but to wait for it.
    fn client(&mut self) -> Result<Self::Client, Problem>;
}

/// What can be asked of a [`Load`].
pub(super) trait Orders {
    /// Stops all its programs; returns when they have stopped.
    fn stop_all(&mut self) -> Result<(), Problem>;

    /// Starts them again.
    fn start_all(&mut self) -> Result<(), Problem>;
}

/// What one side, or the floor, took.
#[derive(Debug, Default)]
struct Figures {
    /// From the start of the daemon itself to the first moment of the last program.
    cold: Samples,
    /// From one request to the first moment of the last program.
    warm: Samples,
    /// From one request to the answer that all have stopped.
    stop: Samples,
}

/// Measures each of these numbers of programs.
pub(super) fn rows<L: Load>(place: &Place, counts: &[usize]) -> Result<Vec<Row>, Problem> {
    let (mut starts, mut stops) = (Vec::new(), Vec::new());
    for &count in counts {
        let mut beacons = place.beacons()?;
        let mut floor = Figures::default();
        let [mut original, mut minder] = [Figures::default(), Figures::default()];
        for round in 0..place.pace.choose(2, 4) {
            take_floor(place, count, &mut beacons, &mut floor)?;
            for side in SIDES {
                let figures = match side {
                    // It takes seconds where the others take milliseconds.
                    Side::Original if round >= original_rounds(place.pace, count) || !place.has_time() => {
                        continue;
                    }
                    Side::Original => &mut original,
                    Side::Minder => &mut minder,
                };
                life::<L>(place, side, count, &mut beacons, figures, &mut floor)?;
            }
        }
        starts.push(row::<L>(
            format!("start {count}, with the daemon itself"),
            [&floor.warm, &original.cold, &minder.cold],
            None,
        ));
        starts.push(row::<L>(
            format!("start {count} by one request"),
            [&floor.warm, &original.warm, &minder.warm],
            Some(BUDGET),
        ));
        stops.push(row::<L>(
            format!("stop {count}"),
            [&floor.stop, &original.stop, &minder.stop],
            Some(BUDGET),
        ));
    }
    starts.extend(stops);
    Ok(starts)
}

/// A thousand programs take it most of a minute.
fn original_rounds(pace: Pace, count: usize) -> usize {
    match (pace, count > 100) {
        (Pace::Quick, true) => 0,
        (Pace::Quick, false) | (Pace::Full, true) => 1,
        (Pace::Full, false) => 2,
    }
}

fn row<L: Load>(what: String, [floor, original, minder]: [&Samples; 3], budget: Option<f64>) -> Row {
    let factor = times(minder, floor);
    Row {
        of: L::OF,
        what,
        floor: floor.spread("ms"),
        original: original.spread("ms"),
        minder: minder.spread("ms"),
        ratio: ratio(factor),
        budget: budget.map_or_else(String::new, |budget| format!("≤ {budget} ×")),
        verdict: budget.map_or(Verdict::Open, |budget| Verdict::at_most(factor, budget)),
    }
}

fn take_floor(
    place: &Place,
    count: usize,
    beacons: &mut Beacons,
    floor: &mut Figures,
) -> Result<(), Problem> {
    let (started, stopped) = Floor::once(place, count, beacons)?;
    floor.warm.push_ms(started);
    floor.stop.push_ms(stopped);
    Ok(())
}

/// Starts a daemon with its programs, then stops and starts these by requests.
fn life<L: Load>(
    place: &Place,
    side: Side,
    count: usize,
    beacons: &mut Beacons,
    figures: &mut Figures,
    floor: &mut Figures,
) -> Result<(), Problem> {
    let mut load = L::begin(place, side, count, beacons)?;
    figures.cold.push_ms(beacons.last_of(count, load.daemon().begun, side.name())?);
    let mut client = load.client()?;
    let cycles = match side {
        Side::Original => 1,
        Side::Minder => place.pace.choose(2, 3),
    };
    for cycle in 0..=cycles {
        let began = Moment::now();
        client.stop_all()?;
        let stopped = Moment::now().since(began);
        let began = Moment::now();
        client.start_all()?;
        let started = beacons.last_of(count, began, side.name())?;
        // The first of each is the warm-up, where that does not take minutes.
        if cycle > 0 || side == Side::Original {
            figures.stop.push_ms(stopped);
            figures.warm.push_ms(started);
        }
        if side == Side::Original {
            break;
        }
        // Beside each other, so that both see the same machine.
        take_floor(place, count, beacons, floor)?;
    }
    Ok(())
}

/// A supervisor with one group.
struct Group(Station);

impl Load for Group {
    const OF: Original = Original::Supervisor;
    type Client = Client;

    fn begin(place: &Place, side: Side, count: usize, beacons: &Beacons) -> Result<Self, Problem> {
        let programs = format!(
            "[program:load]\ncommand={} {} stay\nprocess_name=%(process_num)d\nnumprocs={count}\nstartsecs=0\n\
             stdout_logfile=NONE\nstderr_logfile=NONE\n",
            place.program("beacon").display(),
            beacons.path().display()
        );
        Station::start(place, side, &programs).map(Self)
    }

    fn daemon(&self) -> &Daemon {
        &self.0.daemon
    }

    fn client(&mut self) -> Result<Client, Problem> {
        self.0.client()
    }
}

impl Orders for Client {
    fn stop_all(&mut self) -> Result<(), Problem> {
        let group = "<param><value><string>load</string></value></param>";
        self.call("supervisor.stopProcessGroup", group).map(drop)
    }

    fn start_all(&mut self) -> Result<(), Problem> {
        let group = "<param><value><string>load</string></value></param>";
        let at_once = "<param><value><boolean>0</boolean></value></param>";
        self.call("supervisor.startProcessGroup", &format!("{group}{at_once}")).map(drop)
    }
}
