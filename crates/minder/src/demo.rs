//! `minder demo`: an example, brought up for real and taken down without a trace.
//!
//! ```text
//!  embedded example ─▶ place (a fresh directory, free ports) ─▶ station: minder called as supervisord or circusd
//!                                                                 │
//!      interrupt, or the station's end ─▶ stop, remove ◀── show ◀─┴─ it answers, its programs have settled
//! ```
//!
//! - [`first`], [`pyapps`] and [`web_chain`]: the examples, and what is particular about each.
//! - [`place`]: the directory, the ports; [`station`]: the supervisor as a child; [`changes`]: being told that files change.
//! - [`preparing`]: what `pyapps` and `web-chain` need and how it gets there.
//! - [`parts`]: the programs of `examples/first`.
//!
//! Invariant: nothing is waited for by looking again and again; whatever is awaited wakes the waiter, or a deadline does.

mod changes;
mod first;
pub(crate) mod parts;
mod place;
mod preparing;
mod pyapps;
mod station;
mod web_chain;

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::table::{Cell, Table};
use crate::cli::terminal::{self, Colour, coloured};
use crate::cli::{Complaint, Ended};
use place::Place;
use station::{Interrupts, Station, Woken};

/// How long the programs of a station may take to settle before they are shown as they are.
const SETTLING_MAX: Duration = Duration::from_secs(15);

/// Bring up an example station, show what there is to see, and take it down on Ctrl-C.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which example.
    #[arg(value_enum, default_value_t = Example::First)]
    example: Example,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Example {
    /// Needs nothing but minder: a web server, workers, a crasher, a chatty program, an event listener.
    First,
    /// Gunicorn, celery and redis, which are installed if they are not there.
    Pyapps,
    /// nginx before a socket of minder's, and two chaussettes that share it; installed if they are not there.
    WebChain,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Complaint::failed(format!("cannot make an event loop: {error}")))?;
    match arguments.example {
        Example::First => runtime.block_on(first::run()),
        Example::Pyapps => {
            // Preparing takes long and is not ours to undo, so until it is done Ctrl-C simply ends the demo.
            let tools = preparing::prepare_pyapps()?;
            runtime.block_on(pyapps::run(&tools))
        }
        Example::WebChain => {
            let tools = preparing::prepare_web_chain()?;
            runtime.block_on(web_chain::run(&tools))
        }
    }
}

/// Why a demo is over.
enum Over {
    /// Somebody wants it to end.
    Asked,
    /// The supervisor ended by itself, or never came up.
    Broken(Complaint),
}

impl From<Complaint> for Over {
    fn from(complaint: Complaint) -> Over {
        Over::Broken(complaint)
    }
}

/// Waits until the station answers and its programs have settled, and shows them.
async fn bring_up(station: &mut Station, interrupts: &mut Interrupts) -> Result<(), Over> {
    station.until_answering(interrupts).await?;
    let programs = station.until_settled(interrupts, SETTLING_MAX).await?;
    terminal::say(&format!("\n{}", crate::cli::status_table(&programs).render("  ", terminal::paint())));
    Ok(())
}

/// Waits for the end of a station that is up.
async fn stay(station: &mut Station, interrupts: &mut Interrupts) -> Over {
    loop {
        match station.wait(interrupts, None).await {
            Woken::Interrupted => return Over::Asked,
            Woken::Ended => return Over::Broken(station.broken()),
            Woken::Changed | Woken::Late => {}
        }
    }
}

/// Stops the station, whatever it was over for, and says so.
async fn take_down(station: &mut Station, interrupts: &mut Interrupts, over: &Over) {
    if matches!(over, Over::Asked) {
        terminal::say("\nstopping the programs, then minder …\n");
    }
    station.stop(interrupts).await;
}

/// Removes the directory and makes an exit status of it all.
fn put_away(place: Place, over: Over) -> Result<Ended, Complaint> {
    let shown = place.directory().display().to_string();
    let removed = place.remove();
    match (over, removed) {
        (Over::Asked, Ok(())) => {
            terminal::say(&format!("everything is stopped, {shown} is removed\n"));
            Ok(Ended::Well)
        }
        (Over::Asked, Err(error)) => {
            Err(Complaint::failed(format!("everything is stopped, but {shown} cannot be removed: {error}")))
        }
        (Over::Broken(complaint), _) => Err(complaint),
    }
}

/// Lines of `name  value`, the names aligned.
fn list(rows: &[(&str, String)]) -> String {
    let mut table = Table::default();
    for (name, value) in rows {
        table.push(vec![Cell::painted(*name, Colour::Dim), Cell::plain(value)]);
    }
    table.render("  ", terminal::paint())
}

/// What to type next with supervisorctl.
fn next_steps(place: &Place, steps: &[(&str, &str)]) -> String {
    let (ctl, conf) = (place.file("bin/supervisorctl"), place.file("supervisord.conf"));
    steps_after(&format!("{} -c {} status", ctl.display(), conf.display()), place, steps)
}

/// What to type next: a command line that works anywhere, then some in the directory of the demo, where the configuration
/// is found without being named, each with what it is for.
fn steps_after(anywhere: &str, place: &Place, steps: &[(&str, &str)]) -> String {
    let paint = terminal::paint();
    let shown = |command: &str| format!("  {}\n", coloured(command, Colour::Bold, paint));
    let mut table = Table::default();
    for (command, purpose) in steps {
        table.push(vec![Cell::painted(*command, Colour::Bold), Cell::painted(*purpose, Colour::Dim)]);
    }
    format!(
        "\nIn a second terminal:\n{}or\n{}{}\nCtrl-C stops everything.\n",
        shown(anywhere),
        shown(&format!("cd {}", place.directory().display())),
        table.render("  ", paint)
    )
}
