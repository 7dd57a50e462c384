//! One chamber: what it does, what it is to do, and what it has done.

use maud::{Markup, html};
use minder_page::{Request, Response, parts};

use super::condition::Condition;
use super::{Chamber, Pages, chambers, done, shell};
use crate::device::{Device, Logging};
use crate::table::{KeptProfile, Stay, TableError};

pub(super) async fn page(pages: &Pages, request: &Request, device: Device) -> Result<Response, TableError> {
    let condition = Condition::of(&device, &pages.places.run).await;
    let table = pages.table()?;
    let chamber = Chamber::new(&table, device, condition)?;
    let profiles = table.profiles()?;
    let beers = table.beers_of(chamber.device.id)?;
    let shown = request.query("beer").filter(|name| beers.iter().any(|beer| beer == name));
    let shown =
        shown.or(chamber.beer.as_ref().map(|beer| beer.name.as_str())).or(beers.first().map(String::as_str));
    let body = html! {
        (done(request))
        (parts::live("/events", &html! {
            section.card { (parts::place(&event(&chamber), &now(&chamber))) }
            div.split {
                div { (parts::card(&"History", &history(&chamber, shown, &beers))) }
                div {
                    (parts::card(&"Mode", &modes(request, &chamber, &profiles)))
                    (parts::card(&"Brew", &brew(request, &chamber)))
                }
                div { (parts::card(&"Log", &logs(&chamber.device))) }
            }
        }))
    };
    Ok(shell().page(&chamber.device.name, &body))
}

/// The name of the event that has [`now`].
pub(super) fn event(chamber: &Chamber) -> String {
    format!("now-{}", chamber.device.id)
}

/// The name of the event of new data points of a device.
pub(super) fn points_event(device: i64) -> String {
    format!("points-{device}")
}

/// What it does.
pub(super) fn now(chamber: &Chamber) -> Markup {
    let display = match &chamber.condition {
        Condition::Known(known) => known.display.as_slice(),
        _ => &[],
    };
    html! {
        div.row.apart {
            div {
                (chamber.condition.shown(chamber.device.unit))
                (chambers::belongings(chamber))
            }
            @if !display.is_empty() {
                pre aria-label="The controller's display" { @for line in display { (line) "\n" } }
            }
        }
    }
}

fn history(chamber: &Chamber, shown: Option<&str>, beers: &[String]) -> Markup {
    let id = chamber.device.id;
    let Some(shown) = shown else {
        return parts::empty("No data points yet", &"They are kept as soon as a brew is started.");
    };
    let source = format!("/chambers/{id}/history.json?beer={}", parts::in_path(shown));
    let options = html! {
        @for beer in beers { option value=(beer) selected[beer == shown] { (beer) } }
    };
    html! {
        @if beers.len() > 1 {
            form method="get" action=(format!("/chambers/{id}")) {
                (parts::field("Brew", &html! { select name="beer" { (options) } }))
                button.plain type="submit" { "Show" }
            }
        } @else { p.soft { "Brew: " (shown) } }
        (parts::graph(&format!("Temperatures of {shown}"), &source, Some(&points_event(id))))
    }
}

fn logs(device: &Device) -> Markup {
    html! {
        p.row {
            a.button.plain href=(format!("/chambers/{}/log/stderr", device.id)) { "What the script says" }
            a.button.plain href=(format!("/chambers/{}/log/stdout", device.id)) { "What was measured" }
        }
    }
}

fn modes(request: &Request, chamber: &Chamber, profiles: &[KeptProfile]) -> Markup {
    let Condition::Known(known) = &chamber.condition else {
        return html! { p.soft { "It can be changed as soon as the script answers. Load the page again then." } };
    };
    let action = format!("/chambers/{}/mode", chamber.device.id);
    let unit = format!("°{}", chamber.device.unit.letter());
    let constant = |mode: &str, title: &str, now: Option<f64>| {
        let value = now.map(|now| format!("{now:.1}"));
        let input = html! {
            input name="degrees" type="number" step="0.1" inputmode="decimal" required value=[value];
        };
        let body = html! {
            input type="hidden" name="mode" value=(mode);
            (parts::field(&format!("Temperature, {unit}"), &input))
            (parts::submit("Set"))
        };
        html! { fieldset { legend { (title) } (parts::form(request.token(), &action, &body)) } }
    };
    html! {
        (constant("beer_constant", "Hold the beer", known.beer_set.or(known.beer)))
        (constant("fridge_constant", "Hold the fridge", known.fridge_set.or(known.fridge)))
        (follow(request, &action, profiles))
        fieldset { legend { "Hold nothing" }
            (parts::form(request.token(), &action, &html! {
                input type="hidden" name="mode" value="off";
                (parts::submit_after_asking("Turn control off", "Turn control off", "Neither cool nor heat from now on?"))
            }))
        }
    }
}

fn follow(request: &Request, action: &str, profiles: &[KeptProfile]) -> Markup {
    let usable: Vec<_> =
        profiles.iter().filter(|kept| kept.stay == Stay::Kept && kept.profile.is_some()).collect();
    let body = html! {
        input type="hidden" name="mode" value="beer_profile";
        (parts::field("Profile", &html! {
            select name="profile" { @for kept in &usable { option value=(kept.id) { (kept.name) } } }
        }))
        (parts::field("Already passed", &html! { input name="passed" value="0h" placeholder="2d 3h" required; }))
        (parts::submit("Start"))
    };
    html! {
        fieldset { legend { "Have the beer follow a profile" }
            @if usable.is_empty() {
                p.soft { "There is none yet: " a href="/profiles/new" { "make one" } "." }
            } @else { (parts::form(request.token(), action, &body)) }
        }
    }
}

fn brew(request: &Request, chamber: &Chamber) -> Markup {
    if !matches!(chamber.condition, Condition::Known(_)) {
        return html! { p.soft { "It can be changed as soon as the script answers." } };
    }
    let action = format!("/chambers/{}/brew", chamber.device.id);
    let button = |what: &str, text: &str| {
        parts::form(
            request.token(),
            &action,
            &html! {
                input type="hidden" name="do" value=(what);
                button.plain type="submit" { (text) }
            },
        )
    };
    let end = parts::form(
        request.token(),
        &action,
        &html! {
            input type="hidden" name="do" value="stop";
            (parts::submit_after_asking("End the log", "End the log", "Keep no more data points of this brew?"))
        },
    );
    html! {
        @match (&chamber.beer, chamber.device.logging) {
            (Some(beer), Logging::Active) => {
                p { "Data points are kept for " strong { (beer.name) } "." }
                div.row { (button("pause", "Pause")) (end) }
            }
            (Some(beer), Logging::Paused) => {
                p { "No data points are kept for " strong { (beer.name) } " at the moment." }
                div.row { (button("resume", "Go on")) (end) }
            }
            (_, _) => {
                p.soft { "No data points are kept." }
                (parts::form(request.token(), &action, &html! {
                    input type="hidden" name="do" value="start";
                    (parts::field("Name of the brew", &html! {
                        input name="name" required minlength="2" maxlength="60" pattern="[A-Za-z0-9 _\\-]+"
                            title="Letters, digits, spaces, _ and -";
                    }))
                    (parts::submit("Start"))
                }))
            }
        }
    }
}
