//! A profile as points on a graph, and as a table of the same points for keyboards. Without scripts the table is all there is.

use std::time::Duration;

use maud::{Markup, html};
use minder_page::{Request, Response, parts};

use super::{EDITOR, Pages, done, shell};
use crate::firmware::constants::Unit;
use crate::profile::{Point, Profile, duration, duration_text};
use crate::table::{KeptProfile, Stay, TableError};

/// How many points a profile may have.
const POINTS_MAX: usize = 64;
/// How long a profile may be.
const LENGTH_MAX: Duration = Duration::from_secs(366 * 86_400);
/// The longest name, in characters, as in Fermentrack's table.
const NAME_MAX: usize = 128;
/// How many empty rows there are, for those without scripts.
const SPARE_ROWS: usize = 3;
/// What temperatures there are, in degrees Celsius: those that a controller can be set to at all.
const DEGREES: std::ops::RangeInclusive<f64> = -16.0..=112.0;

/// What is in the form: as it was typed, also when it is wrong.
struct Draft {
    action: String,
    name: String,
    unit: Unit,
    /// Time and temperature.
    points: Vec<(String, String)>,
    problem: Option<String>,
    lock: Lock,
}

/// Whether a profile may be changed.
enum Lock {
    Free,
    /// These devices follow it.
    Followed(String),
}

/// A form that is right.
struct Entered {
    name: String,
    unit: Unit,
    points: Vec<Point>,
}

pub(super) fn new(request: &Request) -> Response {
    let points = [("0h", "18.0"), ("3d", "18.0"), ("5d", "20.0"), ("10d", "20.0")];
    let draft = Draft {
        action: "/profiles/new".to_owned(),
        name: String::new(),
        unit: Unit::Celsius,
        points: points.map(|(after, degrees)| (after.to_owned(), degrees.to_owned())).to_vec(),
        problem: None,
        lock: Lock::Free,
    };
    show(request, "New profile", &draft)
}

pub(super) fn page(pages: &Pages, request: &Request, id: Option<i64>) -> Result<Response, TableError> {
    let Some(kept) = kept(pages, id)? else { return Ok(Response::not_found(&shell())) };
    let points = kept.profile.as_ref().map_or(&[][..], Profile::points);
    let draft = Draft {
        action: format!("/profiles/{}", kept.id),
        name: kept.name.clone(),
        unit: kept.unit,
        points: points
            .iter()
            .map(|point| (time_text(point.after), format!("{:.1}", kept.unit.outside(point.degrees))))
            .collect(),
        problem: None,
        lock: lock(&kept),
    };
    Ok(show(request, &kept.name, &draft))
}

/// As it is typed: nobody thinks of seconds where a profile begins.
fn time_text(after: Duration) -> String {
    if after.is_zero() { "0h".to_owned() } else { duration_text(after) }
}

fn lock(kept: &KeptProfile) -> Lock {
    if kept.followers.is_empty() { Lock::Free } else { Lock::Followed(kept.followers.join(", ")) }
}

fn kept(pages: &Pages, id: Option<i64>) -> Result<Option<KeptProfile>, TableError> {
    let kept = id.map(|id| pages.table()?.kept_profile(id)).transpose()?.flatten();
    Ok(kept.filter(|kept| kept.stay == Stay::Kept))
}

pub(super) fn add(pages: &Pages, request: &Request) -> Result<Response, TableError> {
    match read(request) {
        Ok(entered) => {
            let id = pages.table()?.add_profile(&entered.name, entered.unit, &entered.points)?;
            Ok(Response::see(&format!("/profiles/{id}?done=saved")))
        }
        Err(problem) => Ok(again(request, "New profile", "/profiles/new", problem)),
    }
}

pub(super) fn change(pages: &Pages, request: &Request, id: Option<i64>) -> Result<Response, TableError> {
    let Some(kept) = kept(pages, id)? else { return Ok(Response::not_found(&shell())) };
    if let Lock::Followed(by) = lock(&kept) {
        let text =
            format!("{by} follows this profile, so it cannot be changed. Copy it, and change the copy.");
        return Ok(Response::refused(&shell(), "Not saved", &text));
    }
    let action = format!("/profiles/{}", kept.id);
    match read(request) {
        Ok(entered) => {
            pages.table()?.change_profile(kept.id, &entered.name, entered.unit, &entered.points)?;
            Ok(Response::see(&format!("{action}?done=saved")))
        }
        Err(problem) => Ok(again(request, &kept.name, &action, problem)),
    }
}

/// The form as it was sent, with what is wrong about it.
fn again(request: &Request, title: &str, action: &str, problem: String) -> Response {
    let draft = Draft {
        action: action.to_owned(),
        name: request.form("name").unwrap_or_default().to_owned(),
        unit: unit(request),
        points: rows(request).map(|(after, degrees)| (after.to_owned(), degrees.to_owned())).collect(),
        problem: Some(problem),
        lock: Lock::Free,
    };
    show(request, title, &draft)
}

fn unit(request: &Request) -> Unit {
    if request.form("unit") == Some("F") { Unit::Fahrenheit } else { Unit::Celsius }
}

/// The rows that say anything.
fn rows(request: &Request) -> impl Iterator<Item = (&str, &str)> {
    request
        .form_all("after")
        .zip(request.form_all("degrees"))
        .map(|(after, degrees)| (after.trim(), degrees.trim()))
        .filter(|(after, degrees)| !after.is_empty() || !degrees.is_empty())
        .take(POINTS_MAX + 1)
}

fn read(request: &Request) -> Result<Entered, String> {
    let name = request.form("name").unwrap_or_default().trim();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(format!("A profile has a name of 1 to {NAME_MAX} characters."));
    }
    let unit = unit(request);
    let points: Vec<Point> = rows(request)
        .enumerate()
        .map(|(i, (after, degrees))| {
            point(unit, after, degrees).map_err(|error| format!("Point {}: {error}.", i + 1))
        })
        .collect::<Result<_, _>>()?;
    if !(1..=POINTS_MAX).contains(&points.len()) {
        return Err(format!("A profile has 1 to {POINTS_MAX} points."));
    }
    Ok(Entered { name: name.to_owned(), unit, points })
}

fn point(unit: Unit, after: &str, degrees: &str) -> Result<Point, String> {
    let time = duration(after)?;
    if time > LENGTH_MAX {
        return Err(format!("found `{after}`, expected at most a year"));
    }
    let number = degrees.replace(',', ".").parse().map(|number| unit.inside(number));
    let degrees = number
        .ok()
        .filter(|celsius| DEGREES.contains(celsius))
        .ok_or_else(|| format!("found `{degrees}`, expected a temperature such as 18.5"))?;
    Ok(Point { after: time, degrees })
}

fn show(request: &Request, title: &str, draft: &Draft) -> Response {
    let body = html! {
        (done(request))
        @if let Some(problem) = &draft.problem { (parts::error(problem)) }
        @match &draft.lock {
            Lock::Followed(by) => {
                (parts::notice(&format!("{by} follows this profile, so it cannot be changed. Copy it, and change the copy.")))
            },
            Lock::Free => {
                p.soft { "Drag a point, or tap where a new one is to be. The table beside it has the same points." }
            },
        }
        form.stack method="post" action=(draft.action) data-profile {
            (request.token())
            div.row {
                (parts::field("Name", &html! { input name="name" required maxlength=(NAME_MAX) value=(draft.name); }))
                (parts::field("Unit", &html! {
                    select name="unit" {
                        option value="C" selected[draft.unit == Unit::Celsius] { "°C" }
                        option value="F" selected[draft.unit == Unit::Fahrenheit] { "°F" }
                    }
                }))
            }
            div.split {
                section.card data-canvas {}
                section.card { (points(draft)) }
            }
            @if matches!(draft.lock, Lock::Free) { div.row { (parts::submit("Save")) a.button.plain href="/profiles" { "Leave" } } }
        }
    };
    let shell = shell().at("/profiles").script(&EDITOR);
    shell.page(title, &body)
}

fn points(draft: &Draft) -> Markup {
    let spare = match draft.lock {
        Lock::Free => SPARE_ROWS,
        Lock::Followed(_) => 0,
    };
    let empty = (String::new(), String::new());
    let rows = draft.points.iter().chain(std::iter::repeat_n(&empty, spare));
    let locked = matches!(draft.lock, Lock::Followed(_));
    html! {
        table {
            thead { tr { th scope="col" { "After" } th scope="col" { "Temperature" } th { span hidden { "Remove" } } } }
            tbody data-points {
                @for (i, (after, degrees)) in rows.enumerate() {
                    tr {
                        td { input name="after" value=(after) placeholder="3d 4h" readonly[locked]
                            aria-label=(format!("Point {}: time after the start", i + 1)); }
                        td { input name="degrees" value=(degrees) inputmode="decimal" placeholder="18.5" readonly[locked]
                            aria-label=(format!("Point {}: temperature", i + 1)); }
                        td {}
                    }
                }
            }
        }
        p.soft { "Times such as 3d 4h or 12h. Between points the temperature goes in a straight line." }
    }
}

#[cfg(test)]
mod tests {
    use minder_page::Method;

    use super::*;

    fn entered(form: &str) -> Result<Vec<Point>, String> {
        read(&Request::for_test(Method::Post, "/profiles/new", form)).map(|entered| entered.points)
    }

    #[test]
    fn points_are_read_and_empty_rows_are_passed_over() {
        let points = entered("name=Ale&unit=F&after=0h&degrees=68&after=&degrees=&after=1d&degrees=50,0")
            .expect("points");
        let read: Vec<_> = points
            .iter()
            .map(|point| (point.after.as_secs() / 3600, format!("{:.1}", point.degrees)))
            .collect();
        assert_eq!(read, [(0, "20.0".to_owned()), (24, "10.0".to_owned())]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_point() {
        for (form, told) in [
            ("after=0h&degrees=18", "A profile has a name"),
            ("name=Ale", "A profile has 1 to 64 points"),
            ("name=Ale&after=0h&degrees=18&after=x&degrees=18", "Point 2: found `x`"),
            ("name=Ale&after=0h&degrees=hot", "Point 1: found `hot`"),
            ("name=Ale&after=0h&degrees=1000", "Point 1: found `1000`"),
            ("name=Ale&after=900d&degrees=10", "Point 1: found `900d`, expected at most a year"),
        ] {
            let problem = entered(form).expect_err("it is wrong");
            assert!(problem.starts_with(told), "{form}: {problem}");
        }
        let many = "name=Ale".to_owned() + &"&after=1h&degrees=10".repeat(POINTS_MAX + 10);
        assert!(entered(&many).is_err());
    }
}
