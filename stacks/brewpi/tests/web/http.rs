//! The pages, asked without a browser.

use std::io::Write as _;

use crate::place::{Place, between, status, until};

#[test]
fn every_page_has_the_policy_and_is_refused_under_a_foreign_name() {
    let place = Place::new();
    for path in
        ["/", "/chambers/1", "/profiles", "/profiles/new", "/chambers/1/log/stderr", "/chambers/9", "/x"]
    {
        let page = place.get(path);
        assert!(
            page.contains("content-security-policy: default-src 'none'; script-src 'self'"),
            "{path}: {page}"
        );
        assert!(
            !page.contains("<style") && !page.contains("style=\"") && !page.contains("<script>"),
            "{path}"
        );
        let refused = place.ask(&format!("GET {path}"), &["Host: evil.example"], "");
        assert_eq!(status(&refused), "421", "{path}");
    }
    assert_eq!(status(&place.get("/chambers/9")), "404");
    assert_eq!(status(&place.get("/chambers/1/log/..%2fweb")), "404");
}

#[test]
fn a_chamber_is_set_by_a_form_of_ours_and_by_nothing_else() {
    let place = Place::with_script();
    let form = "mode=beer_constant&degrees=17.5";
    let page = place.get("/chambers/1");
    let cookie = format!("Cookie: {}", between(&page, "set-cookie: ", ";"));
    assert_eq!(status(&place.ask("POST /chambers/1/mode", &[&cookie], form)), "403", "there is no token");
    let token = between(&page, "name=\"token\" value=\"", "\"");
    let with_token = format!("token={token}&{form}");
    let foreign = ["Origin: http://evil.example", &cookie];
    assert_eq!(status(&place.ask("POST /chambers/1/mode", &foreign, &with_token)), "403", "a foreign page");
    assert!(!place.measured().contains("17.5"), "{}", place.measured());

    let answer = place.post("/chambers/1/mode", form);
    assert!(answer.contains("location: /chambers/1?done=mode"), "{answer}");
    until("the controller holds the beer", || place.measured().contains("\"BeerSet\":17.50").then_some(()));
    assert!(place.get("/chambers/1").contains("Beer constant"));

    let answer = place.post("/chambers/1/mode", "mode=fridge_constant&degrees=6");
    assert_eq!(status(&answer), "303", "{answer}");
    until("the controller holds the fridge", || {
        place.measured().contains("\"FridgeSet\":6.00").then_some(())
    });
    let answer = place.post("/chambers/1/mode", "mode=off");
    assert_eq!(status(&answer), "303", "{answer}");
    until("the controller holds nothing", || place.measured().contains("\"BeerSet\":null").then_some(()));

    let answer = place.post("/chambers/1/mode", "mode=beer_constant&degrees=60");
    assert!(status(&answer) == "400" && answer.contains("The controller takes 1 to 30"), "{answer}");
    let answer = place.post("/chambers/1/mode", "mode=beer_constant&degrees=warm");
    assert!(status(&answer) == "400" && answer.contains("expected a temperature such as 18.5"), "{answer}");
}

#[test]
fn a_profile_is_made_followed_kept_as_it_is_and_removed_when_that_is_over() {
    let place = Place::with_script();
    let made = place.post("/profiles/new", "name=Ale&unit=C&after=0h&degrees=16.5&after=3d&degrees=16.5");
    let path = between(&made, "location: ", "?").to_owned();
    assert_eq!(path, "/profiles/1");
    let wrong = place.post("/profiles/1", "name=Ale&unit=C&after=soon&degrees=16.5");
    assert!(wrong.contains("Point 1: found `s`") && wrong.contains("value=\"soon\""), "{wrong}");

    let over = place.post("/chambers/1/mode", "mode=beer_profile&profile=1&passed=3d");
    assert!(status(&over) == "400" && over.contains("This profile is over after 3d"), "{over}");
    let answer = place.post("/chambers/1/mode", "mode=beer_profile&profile=1&passed=1d");
    assert_eq!(status(&answer), "303", "{answer}");
    until("the controller follows", || place.measured().contains("\"BeerSet\":16.50").then_some(()));
    let chamber = place.get("/chambers/1");
    assert!(chamber.contains("Beer profile") && chamber.contains("Ale: 1d, of 3d"), "{chamber}");
    let refused = place.post("/profiles/1", "name=Ale&unit=C&after=0h&degrees=10");
    assert!(status(&refused) == "400" && refused.contains("cellar follows this profile"), "{refused}");
    assert!(place.post("/profiles/1/remove", "").contains("done=leaving"));
    assert!(place.get("/profiles").contains("goes when it is over"));
    assert_eq!(status(&place.post("/chambers/1/mode", "mode=off")), "303");
    assert!(place.get("/profiles").contains("No profiles yet"));

    let copied = place.post("/profiles/new", "name=<b>&unit=F&after=0h&degrees=68");
    assert_eq!(status(&copied), "303", "{copied}");
    let all = place.get("/profiles");
    assert!(all.contains("&lt;b&gt;") && !all.contains("<b>"), "{all}");
    let id = between(&copied, "location: /profiles/", "?");
    assert_eq!(status(&place.post(&format!("/profiles/{id}/copy"), "")), "303");
    assert!(place.get("/profiles").contains("&lt;b&gt; copy"));
}

#[test]
fn a_brew_is_logged_and_its_history_is_told_as_numbers() {
    let place = Place::with_script();
    assert!(place.get("/chambers/1").contains("No data points yet"));
    let wrong = place.post("/chambers/1/brew", "do=start&name=../etc");
    assert_eq!(status(&wrong), "400", "{wrong}");
    assert_eq!(status(&place.post("/chambers/1/brew", "do=start&name=Old+Ale")), "303");
    let mut stream = place.stream("/events");
    stream.wait("event: points-1");
    let history = until("points are kept", || {
        let told = place.get("/chambers/1/history.json?beer=Old%20Ale&points=500");
        let body = told.split("\r\n\r\n").nth(1)?.to_owned();
        (body.contains("\"label\":\"Beer\"") && !body.contains("\"data\":[[],")).then_some(body)
    });
    let told: minder_tests::Value = history.parse().expect("JSON");
    let columns = told["data"].as_array().expect("columns");
    assert_eq!((told["unit"].as_str(), columns.len()), (Some("°C"), 6), "{told}");
    assert!(
        columns.iter().all(|column| column.as_array().map(Vec::len) == columns[0].as_array().map(Vec::len))
    );
    assert!(place.get("/chambers/1/history.json?beer=None").contains("\"data\":[[],"));
    assert_eq!(status(&place.post("/chambers/1/brew", "do=pause")), "303");
    assert!(place.get("/chambers/1").contains("Old Ale (paused)"));
    let again = place.post("/chambers/1/brew", "do=pause");
    assert!(status(&again) == "400" && again.contains("Logging already paused or stopped."), "{again}");
}

#[test]
fn a_script_that_does_not_run_is_told_and_nothing_is_changed_without_it() {
    let place = Place::new();
    let page = place.get("/");
    assert!(page.contains("Script not running") && page.contains("cellar"), "{page}");
    let refused = place.post("/chambers/1/mode", "mode=off");
    assert!(
        status(&refused) == "503" && refused.contains("The script of cellar is not running"),
        "{refused}"
    );
    let refused = place.post("/chambers/1/brew", "do=start&name=Ale");
    assert_eq!(status(&refused), "503", "{refused}");
    // Somebody listens and says nothing.
    std::fs::create_dir_all(place.path("run")).expect("a directory");
    let _silent = std::os::unix::net::UnixListener::bind(place.path("run/cellar.socket")).expect("a socket");
    let page = place.get("/");
    assert!(page.contains("Script does not answer"), "{page}");
}

#[test]
fn what_happens_in_a_chamber_and_in_its_log_is_told_as_it_happens() {
    let place = Place::with_script();
    let mut events = place.stream("/events");
    events.wait("event: card-1");
    events.wait("event: now-1");
    assert_eq!(status(&place.post("/chambers/1/mode", "mode=beer_constant&degrees=17.5")), "303");
    events.wait("Beer to <strong>17.5");

    let mut log = place.stream("/chambers/1/log/stderr/events");
    log.wait("Notification: Beer temperature set to 17.5");
    let path = place.path("log/dev-cellar-stderr.log");
    let mut file = std::fs::File::options().append(true).open(path).expect("a log");
    writeln!(file, "a <new> line").expect("a line");
    log.wait("a &lt;new&gt; line");
}

#[test]
fn without_a_database_it_says_how_to_make_one_and_off_loopback_it_wants_a_password() {
    let place = Place::new();
    for name in ["brewpi.db", "brewpi.db-wal", "brewpi.db-shm"] {
        let _ = std::fs::remove_file(place.path(name));
    }
    assert!(place.get("/").contains("brewpi device add"));
    let (status, said) = place.done(&["web", "--listen", "0.0.0.0:0"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("can be reached from other machines, which takes a password"), "{said}");
    let (status, said) = place.done(&["web", "--colour"]);
    assert!(status == Some(2) && said.contains("not understood: --colour"), "{said}");
}
