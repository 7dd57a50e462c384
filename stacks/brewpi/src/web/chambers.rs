//! All chambers.

use maud::{Markup, html};
use minder_page::{Request, Response, parts};

use super::{Chamber, Pages, done, shell};
use crate::profile::duration_text;
use crate::table::TableError;

pub(super) async fn page(pages: &Pages, request: &Request) -> Result<Response, TableError> {
    let all = pages.chambers().await?;
    let body = if all.is_empty() {
        let text = html! { "Add one: " code { "brewpi device add cellar --serial auto" } };
        parts::empty("No devices yet", &text)
    } else {
        let cards: Vec<Markup> = all.iter().map(card).collect();
        parts::live("/events", &parts::cards(&cards))
    };
    Ok(shell().at("/").page("Chambers", &html! { (done(request)) (body) }))
}

fn card(chamber: &Chamber) -> Markup {
    let title = html! { a href=(format!("/chambers/{}", chamber.device.id)) { (chamber.device.name) } };
    parts::card(&title, &parts::place(&event(chamber), &now(chamber)))
}

/// The name of the event that has [`now`].
pub(super) fn event(chamber: &Chamber) -> String {
    format!("card-{}", chamber.device.id)
}

/// What is on a card.
pub(super) fn now(chamber: &Chamber) -> Markup {
    html! {
        (chamber.condition.shown(chamber.device.unit))
        (belongings(chamber))
    }
}

/// The beer that is logged, and the profile that is followed.
pub(super) fn belongings(chamber: &Chamber) -> Markup {
    let logging = chamber.device.logging.word();
    html! {
        dl.facts {
            dt { "Brew" }
            dd { @match &chamber.beer { Some(beer) => { (beer.name) " (" (logging) ")" }, None => { "none logged" } } }
            @if let Some(text) = progress(chamber) { dt { "Profile" } dd { (text) } }
        }
    }
}

/// How far a profile is, to the hour: more would be told anew at each look.
fn progress(chamber: &Chamber) -> Option<String> {
    let kept = chamber.profile.as_ref()?;
    let last = kept.profile.as_ref()?.points().last()?.after;
    let began = chamber.device.profile_started?;
    let passed = jiff::Timestamp::now().as_second() - began;
    let hours = u64::try_from(passed).unwrap_or(0) / 3600;
    let passed = duration_text(std::time::Duration::from_secs(hours * 3600));
    let passed = if hours == 0 { "just begun" } else { &passed };
    Some(format!("{}: {passed}, of {}", kept.name, duration_text(last)))
}
