//! `examples/first`: needs nothing that minder does not bring.

use super::place::{Place, free_port};
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
    let (web, page) = (free_port(WEB_PORT)?, free_port(PAGE_PORT)?);
    terminal::say("minder demo: a small station from examples/first/supervisord.conf\n");
    let variables = [
        ("MINDER", place.minder().display().to_string()),
        ("WEB_PORT", web.to_string()),
        ("PAGE_PORT", page.to_string()),
    ];
    let mut station = Station::start(&place, &variables, &[place.directory()])?;
    let over = match bring_up(&mut station, &mut interrupts).await {
        Ok(()) => {
            terminal::say(&introduction(&place, web, page));
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
    let steps = next_steps(&[
        (place.command("supervisorctl", "status"), "the same as ever"),
        (place.minder_command("status"), "the same in minder's own words"),
        (place.minder_command("logs -f --stderr watcher"), "what the event listener hears"),
        (place.minder_command("restart 'worker:*'"), "three at once"),
    ]);
    format!("\n{places}{steps}")
}
