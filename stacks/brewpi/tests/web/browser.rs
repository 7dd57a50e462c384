//! The pages in a real browser: what is shown, that nothing breaks the policy, and that it fits on a phone.

use minder_tests::browser::Browser;
use minder_tests::json;

use crate::place::Place;

/// A telephone and a desk, in pixels.
const SCREENS: [(u64, u64); 2] = [(360, 740), (1280, 800)];

fn url(place: &Place, path: &str) -> String {
    format!("http://{}{path}", place.address)
}

fn number(browser: &mut Browser, expression: &str) -> f64 {
    let value = browser.evaluate(expression);
    value.as_f64().unwrap_or_else(|| panic!("{expression} is {value}"))
}

/// Presses at one place, moves, and lets go at another; in pixels of the window.
fn drag(browser: &mut Browser, from: (f64, f64), to: (f64, f64)) {
    let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
    for (kind, (x, y), buttons) in [
        ("mouseMoved", from, 0),
        ("mousePressed", from, 1),
        ("mouseMoved", middle, 1),
        ("mouseMoved", to, 1),
        ("mouseReleased", to, 0),
    ] {
        let button = if kind == "mouseMoved" && buttons == 0 { "none" } else { "left" };
        browser.command(
            "Input.dispatchMouseEvent",
            &json!({"type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1}),
        );
    }
}

#[test]
fn temperatures_are_live_and_nothing_breaks_the_policy_or_the_width_of_a_screen() {
    let place = Place::with_script();
    place.done(&[
        "profile",
        "add",
        "a profile with a rather long name for a telephone",
        "0h=18",
        "3d=18",
        "5d=20",
    ]);
    place.post("/chambers/1/brew", "do=start&name=Old+Ale");
    let mut browser = Browser::start("");
    for (width, height) in SCREENS {
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        browser.command("Emulation.setDeviceMetricsOverride", &screen);
        for scheme in ["light", "dark"] {
            let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            browser.command("Emulation.setEmulatedMedia", &features);
            for path in ["/", "/chambers/1", "/profiles", "/profiles/1", "/chambers/1/log/stdout", "/nowhere"]
            {
                browser.open(&url(&place, path));
                let wide = number(&mut browser, "document.documentElement.scrollWidth");
                assert!(
                    wide <= f64::from(u32::try_from(width).unwrap_or(0)),
                    "{path} has {wide} pixels of {width}"
                );
            }
        }
    }
    browser.open(&url(&place, "/chambers/1"));
    browser.wait_text("there is a graph", |text| text.contains("Drag over the graph"));
    assert_eq!(browser.evaluate("document.querySelectorAll('.uplot canvas').length"), 1);
    // Another set point, from elsewhere, comes to the page that is open.
    place.post("/chambers/1/mode", "mode=beer_constant&degrees=15.5");
    browser.wait_text("the new set point is shown", |text| text.contains("Beer to 15.5"));
    let complaints = browser.complaints();
    let complaints: Vec<_> = complaints.iter().filter(|text| !text.contains("/nowhere")).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn a_chamber_is_set_with_a_button_and_the_buttons_have_names() {
    let place = Place::with_script();
    let mut browser = Browser::start("");
    browser.open(&url(&place, "/chambers/1"));
    browser.evaluate("document.querySelector('input[name=degrees]').value = '14.5'");
    browser.click("fieldset button");
    browser.wait_text("it is set", |text| {
        text.contains("The controller has the new setting.") && text.contains("Beer to 14.5")
    });
    let spoken = browser.spoken();
    for node in ["button Turn control off", "heading cellar", "navigation Pages", "link Profiles"] {
        assert!(spoken.iter().any(|seen| seen == node), "{node:?} is not in {spoken:#?}");
    }
    assert!(browser.complaints().is_empty(), "{:#?}", browser.complaints());
}

#[test]
fn a_point_of_a_profile_is_dragged_one_is_added_by_a_tap_and_both_are_saved() {
    let place = Place::new();
    place.done(&["profile", "add", "ale", "0h=18", "4d=18", "8d=20"]);
    let mut browser = Browser::start("");
    browser.open(&url(&place, "/profiles/1"));
    browser.wait_text("the editor is there", |text| text.contains("Add a point"));
    let circle = |browser: &mut Browser, i: usize, what: &str| {
        let expression = format!(
            "(() => {{ const r = document.querySelectorAll('circle[r=\"20\"]')[{i}].getBoundingClientRect(); \
             return r.{what} + r.{} / 2; }})()",
            if what == "x" { "width" } else { "height" }
        );
        number(browser, &expression)
    };
    let from = (circle(&mut browser, 1, "x"), circle(&mut browser, 1, "y"));
    drag(&mut browser, from, (from.0 + 40.0, from.1 + 40.0));
    let values = |browser: &mut Browser| {
        browser.evaluate("[...document.querySelectorAll('[data-points] input')].map((input) => input.value)")
    };
    let moved = values(&mut browser);
    assert_ne!(moved[2], "4d", "{moved}");
    assert!(
        moved[3].as_str().and_then(|text| text.parse::<f64>().ok()).is_some_and(|it| it < 18.0),
        "{moved}"
    );

    let last = (circle(&mut browser, 2, "x"), circle(&mut browser, 2, "y"));
    let tap = (last.0 + 30.0, last.1 + 30.0);
    drag(&mut browser, tap, tap);
    let added = values(&mut browser);
    assert_eq!(added.as_array().map(Vec::len), Some(8), "{added}");
    browser.click("button[type=submit]");
    browser.wait_text("it is saved", |text| text.contains("The profile is saved."));
    let listed = place.done(&["profile", "list"]).1;
    assert_eq!(listed.matches('=').count(), 4, "{listed}");
    assert!(browser.complaints().is_empty(), "{:#?}", browser.complaints());
}

#[test]
fn a_history_is_zoomed_by_dragging_and_whole_again_by_a_double_click() {
    let place = Place::with_script();
    place.post("/chambers/1/brew", "do=start&name=Old+Ale");
    let mut browser = Browser::start("");
    browser.open(&url(&place, "/chambers/1"));
    browser.wait_text("there is a graph", |text| text.contains("Drag over the graph"));
    let asked = "performance.getEntriesByType('resource').map((one) => one.name).filter((name) => name.includes('history'))";
    browser.evaluate("document.querySelector('.u-over').scrollIntoView({block: 'center'})");
    let x = number(&mut browser, "document.querySelector('.u-over').getBoundingClientRect().x");
    let y = number(&mut browser, "document.querySelector('.u-over').getBoundingClientRect().y");
    drag(&mut browser, (x + 50.0, y + 50.0), (x + 200.0, y + 60.0));
    let last_asked = format!("({asked}).at(-1)");
    let until = |browser: &mut Browser, what: &str, fits: &dyn Fn(&str) -> bool| {
        crate::place::until(what, || {
            let last = browser.evaluate(&last_asked);
            last.as_str().is_some_and(fits).then_some(())
        });
    };
    until(&mut browser, "a part is asked for", &|last| last.contains("from="));
    for count in [1, 2] {
        for kind in ["mousePressed", "mouseReleased"] {
            let at =
                json!({"type": kind, "x": x + 100.0, "y": y + 50.0, "button": "left", "clickCount": count});
            browser.command("Input.dispatchMouseEvent", &at);
        }
    }
    until(&mut browser, "all is asked for", &|last| !last.contains("from="));
    assert!(browser.complaints().is_empty(), "{:#?}", browser.complaints());
}

#[test]
fn a_page_that_has_lost_its_server_says_so_and_goes_on_when_that_is_back() {
    let mut place = Place::with_script();
    let mut browser = Browser::start("");
    browser.open(&url(&place, "/chambers/1"));
    browser.wait_text("it is live", |text| text.contains("Control off"));
    place.end_pages();
    browser.wait_text("it is told", |text| text.contains("Not connected. What is shown is old"));
    place.start_pages_again();
    browser.wait_text("it is over", |text| !text.contains("Not connected."));
    place.done(&["ask", "cellar", "setBeer=15.5"]);
    browser.wait_text("it is live again", |text| text.contains("Beer to 15.5"));
}

#[test]
fn a_point_of_a_profile_is_dragged_with_a_finger_too() {
    let place = Place::new();
    place.done(&["profile", "add", "ale", "0h=18", "4d=18", "8d=20"]);
    let mut browser = Browser::start("");
    let screen = json!({"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": true});
    browser.command("Emulation.setDeviceMetricsOverride", &screen);
    browser.command("Emulation.setTouchEmulationEnabled", &json!({"enabled": true}));
    browser.open(&url(&place, "/profiles/1"));
    browser.wait_text("the editor is there", |text| text.contains("Add a point"));
    let middle = "(() => { const r = document.querySelectorAll('circle[r=\"20\"]')[1].getBoundingClientRect(); return r";
    let x = number(&mut browser, &format!("{middle}.x + r.width / 2; }})()"));
    let y = number(&mut browser, &format!("{middle}.y + r.height / 2; }})()"));
    for (kind, way) in [("touchStart", 0.0), ("touchMove", 15.0), ("touchMove", 30.0), ("touchEnd", 30.0)] {
        let points = if kind == "touchEnd" { json!([]) } else { json!([{"x": x, "y": y - way}]) };
        browser.command("Input.dispatchTouchEvent", &json!({"type": kind, "touchPoints": points}));
    }
    crate::place::until("the point is moved", || {
        let value = browser.evaluate("document.querySelectorAll('[name=degrees]')[1].value");
        value.as_str().and_then(|text| text.parse::<f64>().ok()).filter(|degrees| *degrees > 18.0)
    });
}
