//! `brewpi web`: pages of chambers, profiles, histories and logs.
//!
//! ```text
//!  browser ─▶ minder-page ─Request─▶ Pages::answer ─┬─ chambers, chamber ─▶ table of devices, socket of each script
//!     ▲                                             ├─ mode, brew (POST) ─▶ socket of the script, table
//!     │                                             ├─ history ──────────▶ history.db
//!     │                                             ├─ profiles, profile_editor ─▶ table
//!     │                                             └─ logs ─────────────▶ dev-NAME-stdout.log, dev-NAME-stderr.log
//!     └────────── events ◀── live (only while somebody looks) ◀── scripts asked, files that tell of changes
//! ```
//!
//! - `asking` speaks with a script, `condition` is what came of it, `notice` tells of changed files.
//! - `chambers`, `chamber`, `history`, `logs`, `profiles` and `profile_editor` are the pages, `mode` and `brew` what they change.
//!
//! Invariant: it holds no state that matters. Whatever it changes goes through the script, or through the table as Fermentrack's
//! pages change it; it may be ended at any time.

mod asking;
mod brew;
mod chamber;
mod chambers;
mod condition;
mod history;
mod live;
mod logs;
mod mode;
mod notice;
mod profile_editor;
mod profiles;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use maud::{Markup, html};
use minder_page::{Asset, Feed, Method, Request, Response, ServerError, Settings, Shell, Site, parts};
use tokio::task::JoinSet;

use crate::device::{Beer, Device};
use crate::places::Places;
use crate::table::{KeptProfile, Table, TableError};
use condition::Condition;

/// What all pages are under.
const SITE: &str = "BrewPi";
/// The editor's script.
static EDITOR: Asset = Asset::script("profile-editor.js", include_bytes!("assets/profile-editor.js"));
static ASSETS: [&Asset; 1] = [&EDITOR];

/// Serves pages until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot begin.
pub(crate) fn run(places: &Places, settings: &Settings) -> Result<(), ServerError> {
    minder_page::run(settings, |_address| {
        let pages = Rc::new(Pages {
            places: places.clone(),
            feed: Feed::new(),
            latest: RefCell::default(),
            logs: logs::Feeds::default(),
        });
        tokio::task::spawn_local(live::run(pages.clone()));
        SharedPages(pages)
    })
}

/// What pages are made of.
struct Pages {
    places: Places,
    /// What happens in all chambers.
    feed: Feed,
    /// What was told last, by the name of its event; empty while nobody looks.
    latest: RefCell<BTreeMap<String, String>>,
    logs: logs::Feeds,
}

struct SharedPages(Rc<Pages>);

/// A device with all that is known of it now.
struct Chamber {
    device: Device,
    condition: Condition,
    beer: Option<Beer>,
    profile: Option<KeptProfile>,
}

impl Site for SharedPages {
    fn name(&self) -> &str {
        SITE
    }

    fn assets(&self) -> &[&'static Asset] {
        &ASSETS
    }

    async fn answer(&self, request: Request) -> Response {
        let pages = &self.0;
        let answered = match (request.method(), &*request.segments()) {
            (Method::Get, []) => chambers::page(pages, &request).await,
            (Method::Get, ["events"]) => Ok(pages.events()),
            (Method::Get, ["profiles"]) => profiles::page(pages, &request),
            (Method::Get, ["profiles", "new"]) => Ok(profile_editor::new(&request)),
            (Method::Post, ["profiles", "new"]) => profile_editor::add(pages, &request),
            (Method::Get, ["profiles", id]) => profile_editor::page(pages, &request, number(id)),
            (Method::Post, ["profiles", id]) => profile_editor::change(pages, &request, number(id)),
            (Method::Post, ["profiles", id, "copy"]) => profiles::copy(pages, number(id)),
            (Method::Post, ["profiles", id, "remove"]) => profiles::remove(pages, number(id)),
            (method, ["chambers", id, rest @ ..]) => match pages.device(number(id)) {
                Ok(Some(device)) => self.of_chamber(method, &request, device, rest).await,
                Ok(None) => Ok(Response::not_found(&shell())),
                Err(error) => Err(error),
            },
            (_, _) => Ok(Response::not_found(&shell())),
        };
        answered.unwrap_or_else(|error| no_table(&error))
    }
}

impl SharedPages {
    async fn of_chamber(
        &self,
        method: Method,
        request: &Request,
        device: Device,
        rest: &[&str],
    ) -> Result<Response, TableError> {
        let pages = &self.0;
        match (method, rest) {
            (Method::Get, []) => chamber::page(pages, request, device).await,
            (Method::Get, ["history.json"]) => Ok(history::answer(pages, request, &device).await),
            (Method::Get, ["log", which]) => Ok(logs::page(pages, &device, which)),
            (Method::Get, ["log", which, "events"]) => Ok(logs::events(pages, &device, which)),
            (Method::Post, ["mode"]) => mode::change(pages, request, &device).await,
            (Method::Post, ["brew"]) => Ok(brew::change(pages, request, &device).await),
            (_, _) => Ok(Response::not_found(&shell())),
        }
    }
}

impl Pages {
    /// The table as it is, without which there is nothing to show.
    fn table(&self) -> Result<Table, TableError> {
        Table::open(&self.places.database)
    }

    fn device(&self, id: Option<i64>) -> Result<Option<Device>, TableError> {
        let devices = self.table()?.devices()?;
        Ok(devices.into_iter().find(|device| Some(device.id) == id))
    }

    /// All chambers, as they are now. All scripts are asked at once: one that does not answer holds up no other.
    async fn chambers(&self) -> Result<Vec<Chamber>, TableError> {
        let devices = self.table()?.devices()?;
        let mut asked = JoinSet::new();
        for (i, device) in devices.iter().enumerate() {
            let (device, run) = (device.clone(), self.places.run.clone());
            asked.spawn_local(async move { (i, Condition::of(&device, &run).await) });
        }
        let mut conditions = BTreeMap::new();
        while let Some(answered) = asked.join_next().await {
            conditions.extend(answered.ok());
        }
        let table = self.table()?;
        let with = |(i, device): (usize, Device)| {
            let condition = conditions.remove(&i).unwrap_or(Condition::Silent);
            Chamber::new(&table, device, condition)
        };
        devices.into_iter().enumerate().map(with).collect()
    }

    fn events(&self) -> Response {
        let latest = self.latest.borrow();
        let events: Vec<_> = latest.iter().map(|(name, data)| minder_page::Event::new(name, data)).collect();
        self.feed.answer(&events)
    }
}

impl Chamber {
    fn new(table: &Table, device: Device, condition: Condition) -> Result<Self, TableError> {
        let beer = device.beer.map(|beer| table.beer(beer)).transpose()?.flatten();
        let profile = device.profile.map(|profile| table.kept_profile(profile)).transpose()?.flatten();
        Ok(Self { device, condition, beer, profile })
    }
}

fn shell() -> Shell {
    Shell::new(SITE).link("/", "Chambers").link("/profiles", "Profiles")
}

fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn no_table(error: &TableError) -> Response {
    match error {
        TableError::Missing(path) => {
            let text = html! {
                "There is no database " code { (path.display()) } " yet. " code { "brewpi device add" }
                " makes one and adds a device to it."
            };
            shell().page("Chambers", &parts::empty("No devices", &text))
        }
        TableError::Database(..) => {
            let text = format!(
                "The database of devices cannot be used: {error}. It is tried again when you reload."
            );
            Response::unavailable(&shell(), "No database", &text)
        }
    }
}

/// What a page says when it was come to from a change: words that only we know, so that no link can put others there.
fn done(request: &Request) -> Markup {
    let text = match request.query("done") {
        Some("mode") => "The controller has the new setting.",
        Some("brew") => "Done.",
        Some("saved") => "The profile is saved.",
        Some("removed") => "The profile is removed.",
        Some("leaving") => "A chamber follows this profile: it is removed when that is over.",
        _ => return html! {},
    };
    parts::notice(text)
}
