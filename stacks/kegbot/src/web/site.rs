//! The pages' server, and the simulated server's interface beside them.

use std::net::SocketAddr;
use std::rc::Rc;

use jiff::Timestamp;
use maud::Markup;
use minder_page::{Call, Event as PageEvent, Feed, Method, Request, Response, ServerError, Settings, Site};
use serde_json::json;
use tokio::sync::mpsc::Receiver;

use super::live::{Changed, Flows, listen};
use super::render::{self, Temperatures};
use super::source::{Source, View};
use crate::kegnet::{Client, Event};
use crate::simulate::server::{self, Key, Question, Verb};

/// A keg that somebody taps, litres.
const LITRES: std::ops::RangeInclusive<f64> = 1.0..=200.0;

/// The pages.
#[derive(Clone)]
pub struct Pages(Rc<Inner>);

struct Inner {
    title: String,
    source: Source,
    /// The key that changes need. Any will do without one.
    key: Option<String>,
    flows: Flows,
    feed: Feed,
}

/// Serves pages until a signal ends it.
///
/// # Errors
/// When it cannot listen.
pub fn run(
    settings: &Settings,
    title: &str,
    source: Source,
    key: Option<String>,
    core: Option<Client>,
) -> Result<(), ServerError> {
    minder_page::run(settings, |_address: SocketAddr| {
        let inner =
            Inner { title: title.to_owned(), source, key, flows: Flows::default(), feed: Feed::new() };
        let pages = Pages(Rc::new(inner));
        if let Some(events) = core.and_then(listen) {
            tokio::task::spawn_local(pages.clone().follow(events));
        }
        pages
    })
}

impl Pages {
    /// Tells whoever looks of what the core says.
    async fn follow(self, mut events: Receiver<Event>) {
        while let Some(event) = events.recv().await {
            match self.0.flows.hear(event) {
                Changed::Nothing => {}
                Changed::Flow | Changed::Drink => self.tell().await,
            }
        }
    }

    /// Sends all that changes. While nobody looks the server is not asked.
    async fn tell(&self) {
        if self.0.feed.lookers() == 0 {
            return;
        }
        if let Ok(view) = self.0.source.view().await {
            let (taps, drinks) = self.parts(&view);
            self.0.feed.send(&PageEvent::new(render::TAPS, &taps.into_string()));
            self.0.feed.send(&PageEvent::new(render::DRINKS, &drinks.into_string()));
        }
    }

    fn parts(&self, view: &View) -> (Markup, Markup) {
        let taps = render::taps(&view.taps, |meter| self.0.flows.at(meter));
        (taps, render::drinks(&view.drinks))
    }

    fn shell(&self) -> minder_page::Shell {
        let kept = match self.0.source {
            Source::Store(_) => Temperatures::Kept,
            Source::Server(_) => Temperatures::NotKept,
        };
        render::shell(&self.0.title, kept)
    }

    async fn front(&self) -> Response {
        match self.0.source.view().await {
            Ok(view) => {
                let (taps, drinks) = self.parts(&view);
                self.shell().at("/").page(&self.0.title, &render::front(&taps, &drinks))
            }
            Err(reason) => self.unavailable(&reason),
        }
    }

    fn unavailable(&self, reason: &str) -> Response {
        let text = format!("The server cannot be asked: {reason}. Is --api_url correct?");
        Response::unavailable(&self.shell(), "No server", &text)
    }

    async fn tap(&self, id: &str, request: &Request) -> Response {
        let view = match self.0.source.view().await {
            Ok(view) => view,
            Err(reason) => return self.unavailable(&reason),
        };
        let wanted = id.parse::<i64>().ok();
        match view.taps.iter().find(|tap| wanted.is_some() && tap.id == wanted) {
            Some(tap) => {
                self.shell().page(&tap.name, &render::tap(tap, wanted.unwrap_or_default(), request.token()))
            }
            None => Response::not_found(&self.shell()),
        }
    }

    async fn new_keg(&self, id: &str, request: &Request) -> Response {
        let Source::Store(store) = &self.0.source else { return Response::not_found(&self.shell()) };
        let text = |name: &str| request.form(name).map(str::trim).unwrap_or_default();
        let litres = text("litres").parse::<f64>().ok().filter(|litres| LITRES.contains(litres));
        let (Some(litres), Ok(tap)) = (litres, id.parse::<i64>()) else {
            let wanted = format!("A keg has {} to {} litres.", LITRES.start(), LITRES.end());
            return Response::refused(&self.shell(), "No keg", &wanted);
        };
        if text("beer").is_empty() || text("beer").len() > 200 || text("brewer").len() > 200 {
            return Response::refused(
                &self.shell(),
                "No keg",
                "What is in it has a name of at most 200 letters.",
            );
        }
        match store.new_keg(tap, text("beer"), text("brewer"), litres * 1000.0) {
            Ok(()) => {
                self.tell().await;
                Response::see("/")
            }
            Err(error) => self.unavailable(&error.to_string()),
        }
    }

    fn temperatures(&self) -> Response {
        match self.0.source.temperatures() {
            Ok(all) => {
                let any = all.iter().any(|one| !one.readings.is_empty());
                let body = if any { render::temperatures() } else { render::no_temperatures() };
                self.shell().at("/temperatures").page("Temperatures", &body)
            }
            Err(reason) => self.unavailable(&reason),
        }
    }

    fn temperature_data(&self) -> Response {
        let all = match self.0.source.temperatures() {
            Ok(all) => all,
            Err(reason) => return self.unavailable(&reason),
        };
        let mut times: Vec<i64> = all.iter().flat_map(|one| one.readings.iter().map(|(at, _)| *at)).collect();
        times.sort_unstable();
        times.dedup();
        let series: Vec<_> = all.iter().map(|one| json!({ "label": one.sensor })).collect();
        let mut data = vec![json!(times)];
        for one in &all {
            let at = |time: &i64| one.readings.iter().find(|(at, _)| at == time).map(|(_, degrees)| *degrees);
            data.push(json!(times.iter().map(at).collect::<Vec<_>>()));
        }
        let to = render::now();
        let from = times.first().copied().unwrap_or(to - 3600);
        Response::json(
            json!({ "unit": "°C", "from": from, "to": to, "series": series, "data": data }).to_string(),
        )
    }

    /// The simulated server's interface.
    fn asked(&self, call: &Call) -> Response {
        let Source::Store(store) = &self.0.source else { return Response::not_found(&self.shell()) };
        let request = &call.request;
        let segments = request.segments();
        let query = |name: &str| request.query(name).map(str::to_owned);
        let form = |name: &str| request.form(name).map(str::to_owned);
        let sent = call.header("x-kegbot-api-key").map(str::to_owned);
        let sent =
            sent.filter(|key| !key.is_empty()).or_else(|| form("api_key")).or_else(|| query("api_key"));
        let key = match (&self.0.key, sent) {
            (None, _) => Key::Right,
            (Some(right), Some(sent)) if *right == sent => Key::Right,
            (Some(_), Some(_)) => Key::Wrong,
            (Some(_), None) => Key::Missing,
        };
        let verb = match request.method() {
            Method::Get => Verb::Get,
            Method::Post => Verb::Post,
        };
        let path = segments.get(1..).unwrap_or_default();
        let question = Question { path, verb, query: &query, form: &form, key };
        let answer = server::answer(store, &question, Timestamp::now());
        let text = String::from_utf8_lossy(&answer.text(request.query("indent"))).into_owned();
        Response::json_with(answer.status, text)
    }
}

impl Site for Pages {
    fn name(&self) -> &str {
        &self.0.title
    }

    fn calls_below(&self) -> Option<&str> {
        match self.0.source {
            Source::Store(_) => Some("/api/"),
            Source::Server(_) => None,
        }
    }

    async fn called(&self, call: Call) -> Response {
        let response = self.asked(&call);
        if call.request.method() == Method::Post && response.status() == 200 {
            self.tell().await;
        }
        response
    }

    async fn answer(&self, request: Request) -> Response {
        match (request.method(), &*request.segments()) {
            (Method::Get, []) => self.front().await,
            (Method::Get, ["events"]) => {
                // Whoever comes back has missed something.
                let first = match self.0.source.view().await {
                    Ok(view) => {
                        let (taps, drinks) = self.parts(&view);
                        vec![
                            PageEvent::new(render::TAPS, &taps.into_string()),
                            PageEvent::new(render::DRINKS, &drinks.into_string()),
                        ]
                    }
                    Err(_) => Vec::new(),
                };
                self.0.feed.answer(&first)
            }
            (Method::Get, ["taps", id]) => self.tap(id, &request).await,
            (Method::Post, ["taps", id, "keg"]) => self.new_keg(id, &request).await,
            (Method::Get, ["temperatures"]) => self.temperatures(),
            (Method::Get, ["temperatures", "data"]) => self.temperature_data(),
            (_, _) => Response::not_found(&self.shell()),
        }
    }
}
