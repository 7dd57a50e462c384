//! What is on the display: four lines of text each.

use jiff::Zoned;

use super::{COLUMNS, LINES};

/// A US fluid ounce, mL.
const ML_PER_OUNCE: f64 = 29.5735;

/// A screen.
pub type Screen = [String; LINES];

/// What is shown while nothing else is.
#[must_use]
pub fn splash() -> Screen {
    let rule = " ================== ".to_owned();
    [rule.clone(), "       kegbot!      ".to_owned(), "      beer you.     ".to_owned(), rule]
}

/// Somebody pours.
#[must_use]
pub fn pour(name: &str, volume_ml: f64) -> Screen {
    let boxed = |text: String| format!("|{text}");
    [
        titled("now pouring"),
        boxed(format!("user: {name}")),
        boxed(format!("oz: {:.2}", volume_ml / ML_PER_OUNCE)),
        boxed(String::new()),
    ]
}

/// Somebody has poured.
#[must_use]
pub fn last_pour(name: &str, when: &Zoned, volume_ml: f64) -> Screen {
    let when = when.strftime("%b %d %I:%M%P").to_string().to_lowercase();
    [
        titled("last pour"),
        format!("user: {name}"),
        format!("when: {when}"),
        format!("size: {:.2} ounces", volume_ml / ML_PER_OUNCE),
    ]
}

/// What a tap has.
#[must_use]
pub fn tap(
    name: &str,
    beer: Option<&str>,
    brewer: Option<&str>,
    percent: Option<f64>,
    degrees: Option<f64>,
) -> Screen {
    let degrees = degrees.map(|degrees| format!("  {degrees:.1}c")).unwrap_or_default();
    [
        titled(name),
        beer.unwrap_or("Unknown Beer").to_owned(),
        brewer.unwrap_or("Unknown Brewer").to_owned(),
        format!("{:.1}% full{degrees}", percent.unwrap_or(0.0)),
    ]
}

/// A title between underscores.
fn titled(text: &str) -> String {
    let text: String = text.chars().take(COLUMNS - 1).collect();
    format!("_{text:_<width$}", width = COLUMNS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_look_as_they_always_did() {
        let when = jiff::civil::date(2012, 6, 21).at(23, 6, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
        assert_eq!(pour("mikey", 454.5)[..3], ["_now pouring________", "|user: mikey", "|oz: 15.37"]);
        assert_eq!(
            last_pour("mikey", &when, 454.5),
            ["_last pour__________", "user: mikey", "when: jun 21 11:06pm", "size: 15.37 ounces"]
        );
        assert_eq!(
            tap("Main Tap", Some("Racer 5"), None, Some(71.4), Some(4.2)),
            ["_Main Tap___________", "Racer 5", "Unknown Brewer", "71.4% full  4.2c"]
        );
        assert_eq!(tap("x", None, None, None, None)[3], "0.0% full");
    }
}
