//! All of Supervisor: its files, its protocols, its commands, its words. And nothing else of ours.
//!
//! ```text
//!  supervisord.conf ─conf─▶ Settings ─lower─▶ Plan ─▶ (the mind)
//!  (the mind) ─Event─▶ journal: the main log     listener: event listeners     (in its loop, as observers)
//!  HTTP ─http─▶ rpc │ pages ─Request─▶ (the mind, through `Control`) ─Reply─▶ words ─▶ XML │ HTML
//!  supervisorctl: ctl ─▶ client ─▶ any Supervisor's HTTP
//! ```
//!
//! In reading order: [`conf`] is the configuration, [`reading`] how it is had again; [`words`] says our facts in
//! Supervisor's terms; [`daemon`] is supervisord's start and what its mind is made of; [`journal`], [`events`] and
//! [`listener`] hear what happens; [`xmlrpc`], [`rpc`], [`http`] and [`pages`] answer; [`client`] and [`ctl`] ask;
//! [`pidproxy`] and [`sample`] are the two small programs; [`text`] is how Python shows bytes.
//!
//! # Invariants
//! - It knows the core and no runtime: what it wants done it asks of `Control` or orders as an `Observer`.
//! - Messages and wire formats are the original's, to the letter; where they are not, `docs/from-supervisor.md` says so.
//! - No text from outside makes it panic.

pub mod client;
pub mod conf;
pub mod ctl;
pub mod daemon;
pub mod events;
pub mod http;
pub mod journal;
pub mod listener;
pub mod pages;
pub mod pidproxy;
pub mod reading;
pub mod rpc;
pub mod sample;
pub mod text;
pub mod words;
pub mod xmlrpc;
