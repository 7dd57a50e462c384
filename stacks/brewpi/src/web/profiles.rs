//! All profiles.

use maud::{Markup, html};
use minder_page::{Request, Response, parts};

use super::{Pages, done, shell};
use crate::profile::{Profile, duration_text};
use crate::table::{KeptProfile, Removed, Stay, TableError};

pub(super) fn page(pages: &Pages, request: &Request) -> Result<Response, TableError> {
    let all = pages.table()?.profiles()?;
    let rows: Vec<Vec<Markup>> = all.iter().map(|kept| row(request, kept)).collect();
    let body = html! {
        (done(request))
        p { a.button href="/profiles/new" { "New profile" } }
        @if rows.is_empty() {
            (parts::empty("No profiles yet", &"A profile is a line of temperatures that the beer follows, over days."))
        } @else {
            section.card { (parts::table("Profiles", &["Name", "Points", "Length", "Followed by", ""], &rows)) }
        }
    };
    Ok(shell().at("/profiles").page("Profiles", &body))
}

fn row(request: &Request, kept: &KeptProfile) -> Vec<Markup> {
    let points = kept.profile.as_ref().map_or(&[][..], Profile::points);
    let length = points.last().map_or_else(|| "–".to_owned(), |last| duration_text(last.after));
    let form = |what: &str, button: &Markup| {
        parts::form(request.token(), &format!("/profiles/{}/{what}", kept.id), button)
    };
    let copy = html! { button.plain type="submit" aria-label=(format!("Copy {}", kept.name)) { "Copy" } };
    let label = format!("Remove {}", kept.name);
    let remove = parts::submit_after_asking("Remove", &label, &format!("Remove the profile {}?", kept.name));
    let actions = match kept.stay {
        Stay::Kept => html! { div.row { (form("copy", &copy)) (form("remove", &remove)) } },
        Stay::Leaving => parts::badge(parts::Tone::Quiet, "goes when it is over"),
    };
    vec![
        html! { a href=(format!("/profiles/{}", kept.id)) { (kept.name) } },
        html! { (points.len()) },
        html! { (length) },
        html! { (if kept.followers.is_empty() { "–".to_owned() } else { kept.followers.join(", ") }) },
        actions,
    ]
}

pub(super) fn copy(pages: &Pages, id: Option<i64>) -> Result<Response, TableError> {
    let table = pages.table()?;
    let Some(kept) = id.map(|id| table.kept_profile(id)).transpose()?.flatten() else {
        return Ok(Response::not_found(&shell()));
    };
    let points = kept.profile.as_ref().map_or(&[][..], Profile::points);
    let copied = table.add_profile(&format!("{} copy", kept.name), kept.unit, points)?;
    Ok(Response::see(&format!("/profiles/{copied}")))
}

pub(super) fn remove(pages: &Pages, id: Option<i64>) -> Result<Response, TableError> {
    let Some(id) = id else { return Ok(Response::not_found(&shell())) };
    let done = match pages.table()?.remove_profile(id)? {
        Removed::Now => "removed",
        Removed::Later => "leaving",
    };
    Ok(Response::see(&format!("/profiles?done={done}")))
}
