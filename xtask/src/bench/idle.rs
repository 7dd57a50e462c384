//! What a supervisor costs while nothing happens, and how fast it says so: the states of all over XML-RPC.

use super::answers::{self, Answers};
use super::cost::{self, Cost};
use super::daemon::{Original, Side};
use super::figures::Row;
use super::place::{Pace, Place};
use super::station::Station;
use crate::rpc::Client;
use crate::step::Problem;
use std::time::{Duration, Instant};

const COUNTS: [usize; 2] = [100, 1000];

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let (mut rows, mut states) = (Vec::new(), Vec::new());
    for count in COUNTS {
        // A thousand programs take it most of a minute.
        let supervisor = match place.pace {
            Pace::Quick if count > 100 => None,
            Pace::Quick | Pace::Full => Some(look(place, Side::Original, count)?),
        };
        let (cost, answers) = look(place, Side::Minder, count)?;
        let [memory, latency] = if count > 100 { [5.0, 4.0] } else { [2.5, 0.5] };
        let (its_cost, its_answers) = supervisor.as_ref().map(|(cost, answers)| (cost, answers)).unzip();
        let programs = format!("{count} programs");
        rows.extend(cost::rows(place, Original::Supervisor, &programs, memory, its_cost, &cost));
        let what = format!("getAllProcessInfo, {programs}");
        states.push(answers::row(Original::Supervisor, what, Some(latency), its_answers, &answers));
    }
    rows.extend(states);
    Ok(rows)
}

fn look(place: &Place, side: Side, count: usize) -> Result<(Cost, Answers), Problem> {
    // With log files, as most people have them: the originals' default is a file for each stream.
    let programs = format!(
        "[program:load]\ncommand=/bin/sleep 1000\nprocess_name=%(process_num)d\nnumprocs={count}\nstartsecs=0\n"
    );
    let mut station = Station::start(place, side, &programs)?;
    let mut client = station.client()?;
    until_all_run(&mut client, count, side)?;
    let mut cost = Cost::of(place, &station.daemon);
    let answers = Answers::to(place, || client.timed("supervisor.getAllProcessInfo", ""))?;
    cost.after_requests(&station.daemon, answers.count());
    Ok((cost, answers))
}

fn until_all_run(client: &mut Client, count: usize, side: Side) -> Result<(), Problem> {
    let deadline = Instant::now() + Duration::from_secs(120);
    let running = b"<string>RUNNING</string>";
    loop {
        let answer = client.call("supervisor.getAllProcessInfo", "")?;
        let found = answer.windows(running.len()).filter(|window| window == running).count();
        if found >= count {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(Problem::Failed(side.name().into(), format!("{found} of {count} programs run")));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
