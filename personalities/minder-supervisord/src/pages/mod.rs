//! The pages for people.
//!
//! ```text
//! path, query, form ─▶ Ask ─show─┬─ status   the table of programs, with a button for each action
//!                                ├─ tail     the end of a log
//!                                ├─ confirm  "do you want that?"
//!                                └─ actions  what a button does ─▶ a message, shown by the next page
//! ```
//!
//! - [`form`]: what a request holds, and how text travels in URLs.
//! - [`html`]: a page being written; text can only get into it escaped.
//! - [`status`], [`tail`], [`confirm`]: the pages.
//! - [`actions`]: what they do.
//!
//! The pages need no JavaScript and load nothing but the style sheet. Their addresses are the original's:
//! `index.html?action=stop&processname=x` still stops `x` when a script asks for it, and leads a browser to a button
//! (the rules, and why, are in [`http::origin`](crate::http::origin)).

use std::io::{self, Read};

pub mod actions;
pub mod confirm;
pub mod form;
pub mod html;
pub mod status;
pub mod tail;

pub use actions::Action;
pub use form::{Form, quote, unquote};

use crate::http::auth::same;
use crate::http::origin::Sender;
use crate::rpc::Rpc;

/// The style of all pages.
pub const STYLE_SHEET: &str = include_str!("supervisor.css");

/// A page that has an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Page {
    /// `/` and `/index.html`: all programs.
    Status,
    /// `/tail.html`: the end of a log.
    Tail,
    /// `/ok.html`: for whoever only wants to know that the server answers.
    Ok,
}

impl Page {
    /// The page at a path, which is given without leading slashes.
    #[must_use]
    pub fn named(path: &str) -> Option<Page> {
        match path {
            "" | "index.html" => Some(Page::Status),
            "tail.html" => Some(Page::Tail),
            "ok.html" => Some(Page::Ok),
            _ => None,
        }
    }
}

/// What proves that a form is from a page of this site: another site's page cannot read it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one, of 128 random bits.
    ///
    /// # Errors
    /// When the kernel gives no random bytes.
    pub fn random() -> io::Result<Token> {
        let mut bytes = [0_u8; 16];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Token(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Its text, for a form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is it.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        same(self.0.as_bytes(), text.as_bytes())
    }
}

/// What a request for a page asks.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// Query and form.
    pub form: &'a Form,
    /// Who sent it.
    pub sender: Sender,
    /// Whether it is a POST.
    pub posted: bool,
    /// The token of this site's forms.
    pub token: &'a Token,
}

/// What is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shown {
    /// A page.
    Html(String),
    /// A page in the place of what was asked.
    Refused(String),
    /// Plain text.
    Text(&'static str),
    /// The status page again, with a message.
    Message(String),
    /// Nothing that the original foresees: HTTP 500.
    Crashed,
}

impl Ask<'_> {
    /// Whether an action may be carried out without asking back.
    fn may_act(&self) -> bool {
        match self.sender {
            Sender::Script => true,
            Sender::OwnPage => {
                self.posted && self.form.get("token").is_some_and(|token| self.token.is(token))
            }
            Sender::Browser | Sender::ForeignPage => false,
        }
    }
}

/// Makes a page, or does what it is asked to do.
pub async fn show(rpc: &Rpc, page: Page, ask: &Ask<'_>) -> Shown {
    match page {
        Page::Ok => Shown::Text("OK"),
        Page::Tail => Shown::Html(tail::page(rpc, ask.form).await),
        Page::Status => {
            let Some(action) = ask.form.get("action") else { return status::page(rpc, ask).await };
            let name = ask.form.get("processname");
            let Some(action) = Action::named(action) else { return actions::unknown(rpc, name).await };
            if action.changes_nothing() || ask.may_act() {
                return actions::carry_out(rpc, action, name).await;
            }
            let page = confirm::page(action, name, ask.token);
            if ask.posted { Shown::Refused(page) } else { Shown::Html(page) }
        }
    }
}
