//! Clients that ask all the time, and start and stop some programs: each call gets an answer or an end.

use super::chance::Chance;
use super::station::{PATIENCE, Station, TOGGLED};
use crate::rpc::Client;
use crate::step::Problem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than this no call takes that gets anything at all.
const NO_END: Duration = Duration::from_secs(10);

/// What came of calls.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Calls {
    pub(super) answered: u64,
    /// The connection ended, or was refused, or there was a fault.
    pub(super) ended: u64,
    pub(super) without_end: u64,
}

/// Which of the programs that are started and stopped are to run, as far as that was answered.
#[derive(Debug, Clone)]
pub(super) struct Wishes([Option<bool>; TOGGLED]);

/// Two clients at work.
#[derive(Debug)]
pub(super) struct Traffic {
    done: Arc<AtomicBool>,
    asking: Option<JoinHandle<Calls>>,
    toggling: Option<JoinHandle<(Calls, Wishes)>>,
}

impl Traffic {
    pub(super) fn begin(station: &Station, seed: u64) -> Traffic {
        let done = Arc::new(AtomicBool::new(false));
        let (socket, over) = (station.path("socket"), done.clone());
        let asking = std::thread::spawn(move || {
            let mut calls = Calls::default();
            while !over.load(Ordering::Relaxed) {
                call(
                    &mut Client::new(&socket).patient(NO_END),
                    "supervisor.getAllProcessInfo",
                    "",
                    &mut calls,
                );
                std::thread::sleep(Duration::from_millis(3));
            }
            calls
        });
        let (socket, over) = (station.path("socket"), done.clone());
        let toggling = std::thread::spawn(move || {
            let (mut calls, mut wishes, mut chance) =
                (Calls::default(), Wishes([None; TOGGLED]), Chance::of(seed ^ 7));
            while !over.load(Ordering::Relaxed) {
                let which = usize::try_from(chance.below(TOGGLED as u64)).unwrap_or(0);
                let run = chance.below(2) == 0;
                let method = if run { "supervisor.startProcess" } else { "supervisor.stopProcess" };
                let parameter = format!("<param><value><string>toggled{which}</string></value></param>");
                let mut client = Client::new(&socket).patient(NO_END);
                // Without an answer nobody knows whether it was heard.
                wishes.0[which] = call(&mut client, method, &parameter, &mut calls).then_some(run);
                std::thread::sleep(Duration::from_millis(10));
            }
            (calls, wishes)
        });
        Traffic { done, asking: Some(asking), toggling: Some(toggling) }
    }

    /// Waits for the last calls.
    pub(super) fn end(&mut self) -> (Calls, Wishes) {
        self.done.store(true, Ordering::Relaxed);
        let asked = self.asking.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        let toggled = self.toggling.take().and_then(|thread| thread.join().ok());
        let (calls, wishes) = toggled.unwrap_or((Calls::default(), Wishes([None; TOGGLED])));
        let calls = Calls {
            answered: asked.answered + calls.answered,
            ended: asked.ended + calls.ended,
            without_end: asked.without_end + calls.without_end,
        };
        (calls, wishes)
    }
}

/// One call; whether it did what it says. That it was so already is as good.
fn call(client: &mut Client, method: &str, parameters: &str, calls: &mut Calls) -> bool {
    let begun = Instant::now();
    match client.call(method, parameters) {
        Ok(_) => {
            calls.answered += 1;
            true
        }
        Err(error) => {
            let text = error.to_string();
            if text.contains("<fault>") {
                calls.answered += 1;
            } else if begun.elapsed() >= NO_END {
                calls.without_end += 1;
            } else {
                calls.ended += 1;
            }
            text.contains("ALREADY_STARTED") || text.contains("NOT_RUNNING")
        }
    }
}

impl Wishes {
    /// How many programs are not as they were asked to be.
    pub(super) fn forgotten(&self, station: &Station) -> Result<u64, Problem> {
        let begun = Instant::now();
        loop {
            let wrong = self.0.iter().enumerate().filter(|(number, wish)| {
                let pid = pid_of(station, &format!("toggled{number}"));
                wish.is_some_and(|run| pid.is_none_or(|pid| run != (pid != 0)))
            });
            let wrong = wrong.count() as u64;
            // The last ones may still be on their way.
            if wrong == 0 || begun.elapsed() > PATIENCE {
                return Ok(wrong);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The pid that is told of a program; zero while it does not run.
pub(super) fn pid_of(station: &Station, name: &str) -> Option<u64> {
    let parameter = format!("<param><value><string>{name}</string></value></param>");
    let mut client = station.client();
    let answer = client.call("supervisor.getProcessInfo", &parameter).ok()?;
    let text = String::from_utf8_lossy(answer).into_owned();
    let behind = text.split("<name>pid</name>").nth(1)?;
    behind.split("<int>").nth(1)?.split('<').next()?.parse().ok()
}
