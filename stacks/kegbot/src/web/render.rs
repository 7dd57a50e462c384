//! What pages look like.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use minder_page::parts::{self, Tone};
use minder_page::{Shell, Token};

use super::source::{DrinkView, TapView};
use crate::kegnet::{FlowState, FlowUpdate};

/// The events of pages, and the places that they fill.
pub(super) const TAPS: &str = "taps";
pub(super) const DRINKS: &str = "drinks";

/// The shell of all pages.
pub(super) fn shell(title: &str, has_temperatures: Temperatures) -> Shell {
    let shell = Shell::new(title).link("/", "Taps");
    match has_temperatures {
        Temperatures::Kept => shell.link("/temperatures", "Temperatures"),
        Temperatures::NotKept => shell,
    }
}

/// Whether there is a page of temperatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Temperatures {
    /// There is.
    Kept,
    /// There is not.
    NotKept,
}

/// The front page.
pub(super) fn front(taps: &Markup, drinks: &Markup) -> Markup {
    parts::live(
        "/events",
        &html! {
            (parts::place(TAPS, taps))
            (parts::card(&"Last drinks", &parts::place(DRINKS, drinks)))
        },
    )
}

/// All taps, with what runs.
pub(super) fn taps(taps: &[TapView], flow: impl Fn(&str) -> Option<FlowUpdate>) -> Markup {
    if taps.is_empty() {
        return parts::empty("No taps", &"The server knows of none yet.");
    }
    let cards: Vec<Markup> = taps.iter().map(|tap| card(tap, flow(&tap.meter_name).as_ref())).collect();
    parts::cards(&cards)
}

fn card(tap: &TapView, flow: Option<&FlowUpdate>) -> Markup {
    let beer = tap.beer.as_deref().unwrap_or("Unknown beer");
    let title = match tap.id {
        Some(id) => html! { a href={ "/taps/" (id) } { (tap.name) } },
        None => html! { (tap.name) },
    };
    let body = html! {
        div.row {
            (keg(tap.percent))
            div {
                p { strong { (beer) } @if let Some(brewer) = &tap.brewer { br; span.soft { (brewer) } } }
                (state(flow))
            }
        }
        (parts::readings(&[
            parts::reading("In the keg", tap.percent.map(|percent| format!("{percent:.0}")).as_deref(), "%"),
            parts::reading("Temperature", tap.degrees.map(|degrees| format!("{degrees:.1}")).as_deref(), "°C"),
            parts::reading("This pour", flow.map(|flow| format!("{:.0}", flow.volume_ml)).as_deref(), "mL"),
        ]))
    };
    parts::card(&title, &body)
}

fn state(flow: Option<&FlowUpdate>) -> Markup {
    match flow {
        None => parts::badge(Tone::Quiet, "at rest"),
        Some(flow) => {
            let who = flow.username.as_deref().unwrap_or("a guest");
            let what = match flow.state {
                FlowState::Initial => "ready for",
                FlowState::Active | FlowState::Idle | FlowState::Completed => "pouring for",
            };
            parts::badge(Tone::Busy, &format!("{what} {who}"))
        }
    }
}

/// A keg, as full as it is.
fn keg(percent: Option<f64>) -> Markup {
    let full = percent.unwrap_or(0.0).clamp(0.0, 100.0);
    let (top, height) = (8.0 + 0.84 * (100.0 - full), 0.84 * full);
    let label =
        percent.map_or_else(|| "a keg".to_owned(), |percent| format!("a keg, {percent:.0} percent full"));
    html! {
        svg width="54" height="76" viewBox="0 0 70 100" role="img" aria-label=(label) {
            rect x="10" y=(format!("{top:.1}")) width="50" height=(format!("{height:.1}")) fill="#e0a020" {}
            rect x="10" y="8" width="50" height="84" rx="9" fill="none" stroke="currentColor" stroke-width="4" {}
            line x1="10" y1="34" x2="60" y2="34" stroke="currentColor" stroke-width="2" {}
            line x1="10" y1="66" x2="60" y2="66" stroke="currentColor" stroke-width="2" {}
            rect x="26" y="1" width="18" height="7" rx="2" fill="currentColor" {}
        }
    }
}

/// The last drinks.
pub(super) fn drinks(drinks: &[DrinkView]) -> Markup {
    if drinks.is_empty() {
        return parts::empty("No drinks yet", &"The first one appears here as soon as it is poured.");
    }
    let rows: Vec<Vec<Markup>> = drinks.iter().map(row).collect();
    parts::table("Last drinks", &["Who", "How much", "Tap", "When"], &rows)
}

fn row(drink: &DrinkView) -> Vec<Markup> {
    let when = drink.time.map(|at| {
        let utc = at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M").to_string();
        parts::time(at.as_second(), &utc)
    });
    vec![
        html! { (drink.who.as_deref().unwrap_or("a guest")) },
        html! { (format!("{:.0} mL", drink.volume_ml)) },
        html! { (drink.tap.as_deref().unwrap_or("–")) },
        when.unwrap_or_else(|| html! { "–" }),
    ]
}

/// A tap, where its keg can be changed.
pub(super) fn tap(tap: &TapView, id: i64, token: &Token) -> Markup {
    let fields = html! {
        (parts::field("What is in it", &html! { input name="beer" required maxlength="80"; }))
        (parts::field("Who made it", &html! { input name="brewer" maxlength="80"; }))
        (parts::field("How much, litres", &html! { input name="litres" type="number" min="1" max="200" step="0.1" value="50" required; }))
        (parts::submit("Tap this keg"))
    };
    html! {
        (parts::cards(&[card(tap, None)]))
        (parts::card(&"A new keg", &parts::form(token, &format!("/taps/{id}/keg"), &fields)))
        p { a href="/" { "All taps" } }
    }
}

/// There are no temperatures yet.
pub(super) fn no_temperatures() -> Markup {
    parts::empty("No temperatures yet", &"A thermometer is recorded once a minute.")
}

/// Temperatures.
pub(super) fn temperatures() -> Markup {
    html! {
        (parts::card(&"The last two hours", &parts::graph("Temperatures", "/temperatures/data", None)))
        p.soft { "Drag over a part of the graph to see it larger. A double click shows all again." }
    }
}

/// Now, for a page that says since when something is so.
pub(super) fn now() -> i64 {
    Timestamp::now().as_second()
}
