//! What pages of unattended machines have in common: a shell and its style, scripts and graphs that are embedded, and a server
//! just large enough for them.
//!
//! ```text
//!                 ┌ server ──────────────────────────────────────────────────────┐
//!  browser ─────▶ │ room ─▶ hosts ─▶ login ─▶ assets ─▶ origin + token (POST) ──▶ │ ─Request─▶ Site::answer (a `match`)
//!     ▲           │  who     421      401                     403                │                │
//!     │           └──────────────────────────────────────────────────────────────┘                │
//!     ├──── policy, nosniff, cookie ◀────────── Response: a page, JSON, a redirection ◀───────────┤
//!     └──── event: name, a fragment ◀────────── Feed (somebody looks) ◀── Feed::send ◀────────────┘
//! ```
//!
//! In reading order: [`settings`] is where a server listens and who may use it, `server` is its life, [`request`] and
//! [`response`] what goes in and out, [`feed`] what is told as it happens; `hosts`, `login` and `token` are the guards, `room` is
//! who is connected; [`shell`] is the page around a body, [`parts`] what a body is made of, [`assets`] what is embedded.
//!
//! A program implements [`Site`] and calls [`run`]:
//!
//! ```no_run
//! use minder_page::{Method, Request, Response, Settings, Shell, Site};
//!
//! struct Taps;
//!
//! impl Site for Taps {
//!     fn name(&self) -> &str {
//!         "Taps"
//!     }
//!     async fn answer(&self, request: Request) -> Response {
//!         match (request.method(), &*request.segments()) {
//!             (Method::Get, []) => Shell::new("Taps").page("Taps", &maud::html! { p { "None yet." } }),
//!             (_, _) => Response::not_found(&Shell::new("Taps")),
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), minder_page::ServerError> {
//! minder_page::run(&Settings::default(), |_address| Taps)
//! # }
//! ```
//!
//! # Invariants
//! - It knows nothing of what is shown: no keg, no chamber, no program of minder.
//! - No page asks another machine for anything, and none has a script or a style of its own in its text: the policy that every
//!   answer carries forbids both.
//! - Nothing changes by a GET; a POST changes something only when a page of this very server sent it.
//! - Off loopback nobody is served without a password; the calls of programs below a site's own path ([`Site::calls_below`]) take the
//!   key that the site asks for instead.
//! - Whatever a client can make large or long has a bound, which is a constant here; nothing is polled, and where nobody is
//!   connected nothing wakes.

pub mod assets;
pub mod feed;
mod form;
mod hosts;
mod login;
pub mod parts;
pub mod request;
pub mod response;
mod room;
mod server;
pub mod settings;
pub mod shell;
mod token;

pub use assets::Asset;
pub use feed::{Event, Feed};
pub use request::{Call, Method, Request};
pub use response::Response;
pub use server::{
    BODY_WITHIN, CONNECTIONS_MAX, END_WITHIN, HEAD_BYTES_MAX, HEADERS_MAX, IDLE_MAX, Server, ServerError,
    Site, run,
};
pub use settings::{Settings, SettingsError};
pub use shell::Shell;
pub use token::Token;
