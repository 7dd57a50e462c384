//! `examples/first`: needs nothing that minder does not bring.

use super::place::{Place, Port};
use super::station::{Interrupts, Station};
use super::{bring_up, list, next_steps, put_away, stay, take_down};
use crate::cli::terminal;
use crate::cli::{Complaint, Ended};

const CONFIGURATION: &str = include_str!("../../../../examples/first/supervisord.conf");
/// The ports that are taken if they are free.
const WEB_PORT: u16 = 8080;
const PAGE_PORT: u16 = 9001;

pub(super) async fn run() -> Result<Ended, Complaint> {
    let mut interrupts = Interrupts::catch()?;
    let place = Place::new(&[("supervisord.conf", CONFIGURATION)])?;
    let (web, page) = (Port::free(WEB_PORT)?, Port::free(PAGE_PORT)?);
    terminal::say("minder demo: a small station from examples/first/supervisord.conf\n");
    let variables = [
        ("MINDER", place.minder().display().to_string()),
        ("WEB_PORT", web.number.to_string()),
        ("PAGE_PORT", page.number.to_string()),
    ];
    let mut station = Station::start(&place, &variables, &[place.directory()])?;
    let over = match bring_up(&mut station, &mut interrupts).await {
        Ok(()) => {
            terminal::say(&introduction(&place, web.number, page.number));
            stay(&mut station, &mut interrupts).await
        }
        Err(over) => over,
    };
    take_down(&mut station, &mut interrupts, &over).await;
    put_away(place, over)
}

fn introduction(place: &Place, web: u16, page: u16) -> String {
    let places = list(&[
        ("configuration", place.file("supervisord.conf").display().to_string()),
        ("socket", place.file("supervisor.sock").display().to_string()),
        ("logs", place.file("log").display().to_string()),
        ("web page", format!("http://127.0.0.1:{page}/")),
        ("its web server", format!("http://127.0.0.1:{web}/")),
    ]);
    let steps = next_steps(
        place,
        &[
            ("bin/supervisorctl restart worker:*", "three at once"),
            ("bin/minder status", "in minder's own words"),
            ("bin/minder logs -f --stderr watcher", "what the event listener hears"),
            ("kill -9 $(pgrep -P $(cat supervisord.pid) supervisord)", "the mind dies, and nobody notices"),
        ],
    );
    format!("\n{places}{steps}")
}
