//! Which brew is logged, changed through the script.

use minder_page::{Request, Response};
use serde_json::Value;

use super::asking::ask;
use super::{Pages, mode, shell};
use crate::device::Device;

/// The longest name of a brew, in characters: it is a part of files' names.
const NAME_MAX: usize = 60;

pub(super) async fn change(pages: &Pages, request: &Request, device: &Device) -> Response {
    let order = match request.form("do") {
        Some("start") => {
            let name = request.form("name").unwrap_or_default().trim();
            if !is_name(name) {
                let text = "The name of a brew is a part of files' names: letters, digits, spaces, _ and -, 2 to 60 of them.";
                return Response::refused(&shell(), "Not started", text);
            }
            format!("startNewBrew={name}")
        }
        Some("pause") => "pauseLogging".to_owned(),
        Some("resume") => "resumeLogging".to_owned(),
        Some("stop") => "stopLogging".to_owned(),
        _ => return Response::refused(&shell(), "Not changed", "Choose what is to be done with the log."),
    };
    let answer = match ask(device, &pages.places.run, &order).await {
        Ok(answer) => answer,
        Err(silence) => return mode::unheard(device, silence),
    };
    let told: Value = serde_json::from_str(&answer).unwrap_or_default();
    if told.get("status").and_then(Value::as_i64) == Some(0) {
        return Response::see(&format!("/chambers/{}?done=brew", device.id));
    }
    let why = told.get("statusMessage").and_then(Value::as_str).unwrap_or("The script has not said why.");
    Response::refused(&shell(), "Not changed", why)
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-');
    (2..=NAME_MAX).contains(&name.len()) && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_brew_is_named_so_that_its_files_can_be() {
        assert!(is_name("Old Ale_2-b"));
        for wrong in ["", "a", "../x", "Bière", "a/b", "a\nb", &"x".repeat(61)] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
