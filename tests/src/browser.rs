//! A real browser, without a window, driven over its debugging pipe.
//!
//! Chromium reads commands of the Chrome DevTools protocol from its descriptor 3 and answers on 4: JSON, each message
//! ended by a zero byte. A shell moves its own standard input and output there, so nothing here needs a port, a
//! WebSocket or a descriptor passed by hand.

use crate::place::MARK;
use crate::wait;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long an answer may take: two cores run many things at once, and a first start reads 200 MB.
const PATIENCE: Duration = Duration::from_secs(40);

/// Names under which systems have it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// What keeps it quiet: it may look at no site but ours.
const OPTIONS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--remote-debugging-pipe",
];

/// A running browser with one page. Dropping it ends it.
pub struct Browser {
    child: Child,
    commands: ChildStdin,
    answers: Receiver<Value>,
    last: u64,
    session: Option<String>,
    complaints: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts it, with an empty page. `mark` is the place's, by which leftovers are found.
    ///
    /// # Panics
    /// When there is no Chromium, with what to do about it, or it does not answer.
    pub fn start(mark: &str) -> Browser {
        let profile = tempfile::Builder::new().prefix("mt-browser-").tempdir().expect("a directory");
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh", program()])
            .args(OPTIONS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env("HOME", profile.path())
            .env(MARK, mark)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("a browser");
        let commands = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for message in output.split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("the debugging protocol is JSON");
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser = Browser {
            child,
            commands,
            answers,
            last: 0,
            session: None,
            complaints: Vec::new(),
            _profile: profile,
        };
        let page = browser.command("Target.createTarget", &json!({"url": "about:blank"}))["targetId"].clone();
        let session = browser.command("Target.attachToTarget", &json!({"targetId": page, "flatten": true}));
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Log.enable", "Runtime.enable"] {
            browser.command(domain, &json!({}));
        }
        browser
    }

    /// One command of the protocol, and its result.
    ///
    /// # Panics
    /// When it fails or no answer comes.
    pub fn command(&mut self, method: &str, params: &Value) -> Value {
        self.try_command(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The same, where a refusal may be right: a page that is just being left answers nothing.
    fn try_command(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).expect("the browser lives");
        loop {
            let answer = self.answers.recv_timeout(PATIENCE);
            let answer = answer.unwrap_or_else(|error| panic!("no answer to {method}: {error}"));
            self.complaints.extend(complaint(&answer));
            if answer["id"] == self.last {
                return match &answer["error"] {
                    Value::Null => Ok(answer["result"].clone()),
                    error => Err(error.clone()),
                };
            }
        }
    }

    /// The value of a JavaScript expression. It is ours, not the page's: it works where pages may not run any.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let result =
            self.command("Runtime.evaluate", &json!({"expression": expression, "returnByValue": true}));
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// What its console has complained of so far: violations of a policy, errors of scripts, answers that were none.
    pub fn complaints(&mut self) -> Vec<String> {
        // What was told before this answer has been heard with it.
        self.evaluate("0");
        self.complaints.clone()
    }

    /// Goes to an address and waits until the page is whole.
    pub fn open(&mut self, url: &str) {
        let result = self.command("Page.navigate", &json!({"url": url}));
        assert!(result["errorText"].is_null(), "{url}: {}", result["errorText"]);
        self.wait_text("the page is whole", |_| true);
    }

    /// What a reader sees.
    pub fn text(&mut self) -> String {
        let text = "document.readyState === 'complete' && document.body ? document.body.innerText : ''";
        let asked = json!({"expression": text, "returnByValue": true});
        // Between two pages there is nobody to ask, and nothing to see.
        let answer = self.try_command("Runtime.evaluate", &asked).unwrap_or_default();
        answer["result"]["value"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page, loaded to its end, shows what `fits`.
    pub fn wait_text(&mut self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let seen = wait::within(PATIENCE, || {
            let text = self.text();
            (!text.is_empty() && fits(&text)).then_some(text)
        });
        seen.unwrap_or_else(|| panic!("waited in vain until {what}; the page shows:\n{}", self.text()))
    }

    /// Clicks with the mouse into the middle of what a CSS selector finds.
    ///
    /// # Panics
    /// When it finds nothing.
    pub fn click(&mut self, selector: &str) {
        let found = self.evaluate(&format!(
            "(() => {{ const found = document.querySelector({}); if (!found) return null; \
             found.scrollIntoView({{block: 'center'}}); const r = found.getBoundingClientRect(); \
             return [r.x + r.width / 2, r.y + r.height / 2]; }})()",
            json!(selector)
        ));
        assert!(found.is_array(), "nothing on the page is {selector}:\n{}", self.text());
        for kind in ["mousePressed", "mouseReleased"] {
            self.command(
                "Input.dispatchMouseEvent",
                &json!({"type": kind, "x": found[0], "y": found[1], "button": "left", "clickCount": 1}),
            );
        }
    }

    /// The role and the name of everything on the page, as a screen reader gets them.
    pub fn spoken(&mut self) -> Vec<String> {
        let tree = self.command("Accessibility.getFullAXTree", &json!({}));
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let word = |node: &Value, key: &str| node[key]["value"].as_str().unwrap_or_default().to_owned();
        nodes
            .iter()
            .filter(|node| node["ignored"] != true)
            .map(|node| format!("{} {}", word(node, "role"), word(node, "name")))
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its helpers end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a message of the protocol complains of, if it does.
fn complaint(message: &Value) -> Option<String> {
    let params = &message["params"];
    match message["method"].as_str()? {
        "Log.entryAdded" if params["entry"]["level"] != "verbose" => Some(params["entry"].to_string()),
        "Runtime.exceptionThrown" => Some(params["exceptionDetails"].to_string()),
        _ => None,
    }
}

/// The browser's name on this system.
fn program() -> &'static str {
    let path = std::env::var("PATH").unwrap_or_default();
    let exists = |name: &str| path.split(':').any(|dir| std::path::Path::new(dir).join(name).exists());
    NAMES.into_iter().find(|name| exists(name)).unwrap_or_else(|| {
        panic!(
            "the web page is looked at with a real browser, and there is none of {NAMES:?} here: run `cargo xtask setup`, \
             or as root: apt-get install chromium"
        )
    })
}
