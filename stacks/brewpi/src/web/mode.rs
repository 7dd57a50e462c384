//! What a chamber is to hold, changed through its script.

use minder_page::{Request, Response};
use serde_json::Value;

use super::asking::{Silence, ask};
use super::condition::Mode;
use super::{Pages, shell};
use crate::device::Device;
use crate::profile::{duration, duration_text};
use crate::table::{KeptProfile, Stay, TableError};

/// What was asked for.
enum Wanted {
    Off,
    Beer(f64),
    Fridge(f64),
    Profile { id: i64, passed_seconds: i64 },
}

pub(super) async fn change(
    pages: &Pages,
    request: &Request,
    device: &Device,
) -> Result<Response, TableError> {
    let wanted = match read(request) {
        Ok(wanted) => wanted,
        Err(text) => return Ok(Response::refused(&shell(), "Not changed", &text)),
    };
    let order = match &wanted {
        Wanted::Off => "setOff".to_owned(),
        Wanted::Beer(degrees) => format!("setBeer={degrees}"),
        Wanted::Fridge(degrees) => format!("setFridge={degrees}"),
        Wanted::Profile { id, .. } => format!("setActiveProfile={id}"),
    };
    if let Wanted::Beer(degrees) | Wanted::Fridge(degrees) = &wanted
        && let Err(text) = within_limits(pages, device, *degrees).await
    {
        return Ok(Response::refused(&shell(), "Not changed", &text));
    }
    // Only a script that answers is told, so that the table never says what the controller does not do.
    if let Err(silence) = ask(device, &pages.places.run, "ack").await {
        return Ok(unheard(device, silence));
    }
    let table = pages.table()?;
    match &wanted {
        Wanted::Profile { id, passed_seconds } => {
            let kept = table.kept_profile(*id)?.filter(|kept| kept.stay == Stay::Kept);
            if let Err(text) = can_begin(kept.as_ref(), *passed_seconds) {
                return Ok(Response::refused(&shell(), "Not changed", &text));
            }
            let began = jiff::Timestamp::now().as_second().saturating_sub(*passed_seconds);
            let began = jiff::Timestamp::from_second(began).unwrap_or_default();
            table.begin_profile(&device.name, *id, &began.strftime("%Y-%m-%d %H:%M:%S").to_string())?;
        }
        Wanted::Off | Wanted::Beer(_) | Wanted::Fridge(_) => table.end_profile(device.id)?,
    }
    table.sweep_profiles()?;
    if let Err(silence) = ask(device, &pages.places.run, &order).await {
        return Ok(unheard(device, silence));
    }
    let now =
        ask(device, &pages.places.run, "getMode").await.ok().and_then(|letter| Mode::of_letter(&letter));
    if now != Some(wanted.mode()) {
        let text = "The script has heard it, but does not say that it holds. Its log says why.";
        return Ok(Response::unavailable(&shell(), "Not changed", text));
    }
    Ok(Response::see(&format!("/chambers/{}?done=mode", device.id)))
}

impl Wanted {
    fn mode(&self) -> Mode {
        match self {
            Self::Off => Mode::Off,
            Self::Beer(_) => Mode::BeerConstant,
            Self::Fridge(_) => Mode::FridgeConstant,
            Self::Profile { .. } => Mode::BeerProfile,
        }
    }
}

fn read(request: &Request) -> Result<Wanted, String> {
    let degrees = || {
        let text = request.form("degrees").unwrap_or_default().trim();
        // Some keyboards have only a comma.
        let number = text.replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| format!("Found `{text}`, expected a temperature such as 18.5."))
    };
    match request.form("mode") {
        Some("off") => Ok(Wanted::Off),
        Some("beer_constant") => degrees().map(Wanted::Beer),
        Some("fridge_constant") => degrees().map(Wanted::Fridge),
        Some("beer_profile") => {
            let id = request.form("profile").and_then(|id| id.parse().ok()).ok_or("Choose a profile.")?;
            let passed = request.form("passed").unwrap_or("0s");
            let passed = duration(passed).map_err(|error| format!("Already passed: {error}."))?;
            let seconds =
                i64::try_from(passed.as_secs()).ok().filter(|seconds| *seconds <= PASSED_SECONDS_MAX);
            let passed_seconds = seconds.ok_or("Already passed: expected at most a year.")?;
            Ok(Wanted::Profile { id, passed_seconds })
        }
        _ => Err("Choose what the chamber is to hold.".to_owned()),
    }
}

/// Whether there is anything to follow: a script that is told to follow what is over holds its last temperature at once.
fn can_begin(kept: Option<&KeptProfile>, passed_seconds: i64) -> Result<(), String> {
    let last = kept.and_then(|kept| kept.profile.as_ref()).and_then(|profile| profile.points().last());
    let Some(last) = last else {
        return Err("There is no such profile any more, or it has no points.".to_owned());
    };
    if u64::try_from(passed_seconds).unwrap_or(0) >= last.after.as_secs() {
        let length = duration_text(last.after);
        return Err(format!(
            "This profile is over after {length}. Hold the beer at its last temperature instead."
        ));
    }
    Ok(())
}

/// How far in the past a profile may begin.
const PASSED_SECONDS_MAX: i64 = 366 * 86_400;

/// Whether a controller would take a temperature. It would not say that it has taken another.
async fn within_limits(pages: &Pages, device: &Device, degrees: f64) -> Result<(), String> {
    let Ok(told) = ask(device, &pages.places.run, "getControlConstants").await else { return Ok(()) };
    let constants: Value = serde_json::from_str(&told).unwrap_or_default();
    let limit = |name: &str| constants.get(name).and_then(Value::as_f64);
    match (limit("tempSetMin"), limit("tempSetMax")) {
        (Some(least), Some(most)) if !(least..=most).contains(&degrees) => {
            let unit = device.unit.letter();
            Err(format!("The controller takes {least} to {most} °{unit}, and was to hold {degrees} °{unit}."))
        }
        (_, _) => Ok(()),
    }
}

/// A script that has not answered.
pub(super) fn unheard(device: &Device, silence: Silence) -> Response {
    let text = match silence {
        Silence::NotRunning => format!(
            "The script of {} is not running, so nothing was changed. The spawner starts it; its log says why it ended.",
            device.name
        ),
        Silence::NoAnswer => format!(
            "The script of {} does not answer. It may be waiting for its controller: look at the chamber again in a minute \
             to see whether the change has come through.",
            device.name
        ),
    };
    Response::unavailable(&shell(), "No answer", &text)
}

#[cfg(test)]
mod tests {
    use minder_page::Method;

    use super::*;

    fn wanted(form: &str) -> Result<Mode, String> {
        read(&Request::for_test(Method::Post, "/chambers/1/mode", form)).map(|wanted| wanted.mode())
    }

    #[test]
    fn what_is_wanted_is_read_and_what_is_wrong_is_told() {
        assert_eq!(wanted("mode=off"), Ok(Mode::Off));
        assert_eq!(wanted("mode=beer_constant&degrees=18%2C5"), Ok(Mode::BeerConstant));
        assert_eq!(wanted("mode=fridge_constant&degrees=-1"), Ok(Mode::FridgeConstant));
        assert_eq!(wanted("mode=beer_profile&profile=1&passed=2d"), Ok(Mode::BeerProfile));
        for (form, told) in [
            ("", "Choose what"),
            ("mode=beer_constant&degrees=warm", "Found `warm`"),
            ("mode=beer_constant&degrees=NaN", "Found `NaN`"),
            ("mode=beer_profile&passed=2d", "Choose a profile"),
            ("mode=beer_profile&profile=1&passed=2", "Already passed: found `2`"),
            ("mode=beer_profile&profile=1&passed=2y", "Already passed: expected at most"),
        ] {
            assert!(wanted(form).is_err_and(|error| error.starts_with(told)), "{form}");
        }
    }
}
