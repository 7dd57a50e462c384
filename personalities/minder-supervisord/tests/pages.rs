//! The pages: what they show, what they do, and for whom.

#[path = "rpc/fake.rs"]
mod fake;

use std::rc::Rc;

use bytes::Bytes;
use fake::{FATAL, Fake, at, bytes, program, run, up};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use minder_core::control::Request as Asked;
use minder_core::control::{Refusal, Until};
use minder_core::ids::InstanceId;
use minder_core::instance::Trouble;
use minder_supervisord::http::reply::Body;
use minder_supervisord::http::{Peer, Site};

struct Pages {
    fake: Fake,
    site: Site,
}

impl Pages {
    fn new() -> Pages {
        let fake = Fake::with(vec![
            ("web", 999, vec![program("web", "/bin/cat")]),
            ("grp", 1, vec![program("<b>&\"'", "x"), program("bad", "x")]),
        ]);
        fake.set("web", |report| {
            report.facts.phase = up(7);
            report.facts.started = Some(at(1_795_000_000 - 65));
        });
        fake.set("bad", |report| {
            report.facts.phase = FATAL;
            report.facts.trouble = Some(Trouble::DiedYoung);
        });
        let site = Site::new(Rc::new(fake.rpc()), None, None).unwrap();
        Pages { fake, site }
    }

    fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        run(async {
            let response: Response<Body> = self.site.handle(request, Peer::Unix).await;
            let header =
                |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            let (status, location, policy) =
                (response.status().as_u16(), header("location"), header("content-security-policy"));
            let body = response.into_body().collect().await.unwrap().to_bytes();
            Answer { status, location, policy, body: String::from_utf8(body.into()).unwrap() }
        })
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = Request::get(path).header("host", "pi:9001");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.send(request.body(Full::default()).unwrap())
    }

    fn post(&self, form: &str, headers: &[(&str, &str)]) -> Answer {
        let request =
            Request::post("/index.html").header("host", "pi:9001").header("content-length", form.len());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.send(request.body(Full::from(form.to_owned())).unwrap())
    }

    /// The token, as a browser finds it in the page.
    fn token(&self) -> String {
        let page = self.get("/", &[]).body;
        let (_, rest) = page.split_once("name=\"token\" value=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }
}

struct Answer {
    status: u16,
    location: Option<String>,
    policy: Option<String>,
    body: String,
}

impl Answer {
    /// The message that the next page shows.
    fn message(&self) -> String {
        assert_eq!(self.status, 301, "{}", self.body);
        let location = self.location.as_deref().unwrap();
        let message = location.strip_prefix("http://pi:9001/?message=");
        // To a page of ours the answer is relative.
        let message = message.or(location.strip_prefix("./?message=")).unwrap();
        minder_supervisord::pages::unquote(message)
    }
}

const BROWSER: (&str, &str) = ("user-agent", "Mozilla/5.0");
const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");
const FOREIGN: (&str, &str) = ("sec-fetch-site", "cross-site");

#[test]
fn the_table_shows_all_programs_with_what_can_be_done_to_them() {
    let pages = Pages::new();
    let answer = pages.get("//index.html?message=%3Cscript%3Ehi&refresh=10", &[]);
    assert_eq!(answer.status, 200);
    assert!(answer.policy.is_some());
    let page = answer.body;
    for part in [
        "<div class=\"status_msg\" role=\"status\">&lt;script&gt;hi</div>",
        "<meta http-equiv=\"refresh\" content=\"10\">",
        "<span class=\"statusrunning\">running</span>",
        "<span>pid 7, uptime 0:01:05</span>",
        "<span class=\"statuserror\">fatal</span>",
        "Exited too quickly (process log may have details)",
        "<span class=\"statusnominal\">stopped</span>",
        "grp:&lt;b&gt;&amp;&quot;&#39;</a>",
        "<a href=\"logtail/grp%3A%3Cb%3E%26%22%27/stderr\"",
        "<a href=\"tail.html?processname=web\"",
    ] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    let rows: Vec<_> = page.split("<tr").skip(2).collect();
    let buttons = |row: &str| row.matches("<button").count();
    assert_eq!(rows.iter().map(|row| buttons(row)).collect::<Vec<_>>(), [2, 2, 3]);
    assert!(rows[1].starts_with(" class=\"shade\" ") && rows[2].contains("value=\"restart\""));
}

#[test]
fn with_no_programs_there_is_nothing_to_manage() {
    let site = Site::new(Rc::new(Fake::with(vec![]).rpc()), None, None).unwrap();
    let pages = Pages { fake: Fake::default(), site };
    assert!(pages.get("/", &[]).body.contains("No programs to manage"));
}

#[test]
fn a_script_may_act_by_a_mere_link() {
    let pages = Pages::new();
    let start =
        |name: &str| pages.get(&format!("/index.html?action=start&processname={name}"), &[]).message();
    assert_eq!(start("grp:bad"), "Process grp:bad started");
    assert_eq!(pages.fake.orders(), vec![Asked::Start(InstanceId(2), Until::Settled)]);
    assert_eq!(start("nope"), "No such process named nope");
    assert_eq!(start("grp:*"), "No such process named grp:*");
    assert_eq!(start("web"), "ERROR: Process web: already started");
    for (refusal, why) in [
        (Refusal::NotStarted(Trouble::DiedYoung), "spawn error"),
        (Refusal::Interrupted, "abnormal termination"),
        (Refusal::Command(minder_core::program::CommandProblem::NotFound(bytes("x"))), "no such file"),
        (Refusal::Command(minder_core::program::CommandProblem::Empty), "file not executable"),
        (Refusal::Lost, "unexpected rpc fault [30] FAILED: grp:bad is in an unknown process state"),
    ] {
        pages.fake.refuse("bad", refusal);
        assert_eq!(start("grp:bad"), format!("ERROR: Process grp:bad: {why}"));
    }
    let message = |form: &str| pages.post(form, &[]).message();
    assert_eq!(message("action=stop&processname=grp:bad"), "unexpected rpc fault [70] NOT_RUNNING: grp:bad");
    assert_eq!(message("action=stop&processname=web"), "Process web stopped");
    assert_eq!(message("action=restart&processname=grp%3Abad"), "Process grp:bad restarted");
    assert_eq!(message("action=clearlog&processname=web"), "Log for web cleared");
    assert!(message("action=stopall").starts_with("All stopped at "));
    assert!(message("action=restartall").starts_with("All restarted at "));
    assert!(message("action=refresh").starts_with("Page refreshed at "));
    assert_eq!(pages.get("/index.html?action=start", &[]).status, 500);
    assert_eq!(pages.get("/index.html?action=what", &[]).status, 500);
    assert_eq!(pages.get("/index.html?action=what&processname=web", &[]).status, 500);
    assert_eq!(pages.get("/index.html?action=what&processname=x", &[]).message(), "No such process named x");
}

#[test]
fn a_browser_acts_only_by_a_button_of_ours() {
    let pages = Pages::new();
    let token = pages.token();
    let form = format!("token={token}&processname=web&action=stop");
    pages.fake.orders();

    let stopped = pages.post(&form, &[BROWSER, OWN]);
    assert_eq!(stopped.location.as_deref(), Some("./?message=Process%20web%20stopped"));
    assert_eq!(pages.post(&form, &[BROWSER, ("origin", "http://pi:9001")]).message(), "Process web stopped");
    assert_eq!(pages.fake.orders().len(), 2);

    let stale = "token=0123&processname=web&action=stop";
    let none = "processname=web&action=stop";
    let link = format!("/index.html?{form}");
    let asked_back = [
        (pages.post(&form, &[BROWSER, FOREIGN]), 403),
        (pages.post(&form, &[BROWSER, ("origin", "http://evil.example")]), 403),
        (pages.post(&form, &[BROWSER, ("origin", "null")]), 403),
        (pages.post(&form, &[BROWSER]), 403),
        (pages.post(&form, &[("cookie", "a=b")]), 403),
        (pages.post(stale, &[BROWSER, OWN]), 403),
        (pages.post(none, &[BROWSER, OWN]), 403),
        (pages.get(&link, &[BROWSER, FOREIGN]), 200),
        (pages.get(&link, &[BROWSER, OWN]), 200),
        (pages.get(&link, &[BROWSER, ("sec-fetch-site", "none")]), 200),
        (pages.get(&link, &[("accept-language", "en")]), 200),
        (pages.get(&link, &[("referer", "http://pi:9001/")]), 200),
    ];
    for (answer, status) in asked_back {
        assert_eq!(answer.status, status);
        assert!(answer.body.contains("Nothing has been done yet"), "{}", answer.body);
        assert!(answer.body.contains(&format!("name=\"token\" value=\"{token}\"")));
        assert!(answer.policy.unwrap().contains("frame-ancestors 'none'"));
    }
    assert_eq!(pages.fake.orders(), vec![]);
    // What changes nothing needs no button.
    assert_eq!(pages.get("/index.html?action=refresh", &[BROWSER, FOREIGN]).status, 301);
}

#[test]
fn a_log_ends_in_a_page() {
    let pages = Pages::new();
    let log = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(log.path(), format!("{}<&{}", "a".repeat(10), "z".repeat(1022))).unwrap();
    let path = bytes(log.path().to_str().unwrap());
    pages.fake.set("web", |report| report.stdout_log = Some(path));
    let page = pages.get("/tail.html?processname=web&limit=5", &[]).body;
    assert!(page.contains("<title>Supervisor tail of process web</title>"), "{page}");
    assert!(page.contains(&format!("<pre>&lt;&amp;{}</pre>", "z".repeat(1022))), "{page}");
    let page = pages.get("/tail.html?processname=web&limit=2000", &[]).body;
    assert!(page.contains("<pre>aaaaaaaaaa&lt;&amp;zz"), "{page}");
    for (query, text) in [
        ("", "<pre>No process name found</pre>"),
        ("processname=", "<pre>No process name found</pre>"),
        ("processname=grp:bad", "<pre>No file for grp:bad</pre>"),
        ("processname=nope", "<pre>ERROR: unexpected rpc fault [10] BAD_NAME: nope</pre>"),
    ] {
        let page = pages.get(&format!("/tail.html?{query}"), &[]).body;
        assert!(page.contains(text), "{text} in {page}");
    }
}
