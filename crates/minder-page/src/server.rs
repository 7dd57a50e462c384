//! The server: connections, guards, and what every answer has.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method as HttpMethod, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::LocalSet;

use crate::assets::{self, Asset};
use crate::hosts::{Hosts, is_origin_of};
use crate::login::Login;
use crate::request::{Call, FORM_BYTES_MAX, Method, Request, header as text_of};
use crate::response::{Body, Response};
use crate::room::{Guest, Room};
use crate::settings::{Settings, SettingsError};
use crate::shell::Shell;
use crate::token::{self, Key, Token};

/// How many connections are served at a time. When one more comes, that goes which has waited longest without a request.
pub const CONNECTIONS_MAX: usize = 128;
/// How long the line and the headers of a request may be together, in bytes. Beyond: HTTP 431.
pub const HEAD_BYTES_MAX: usize = 16 << 10;
/// How many headers a request may have. Beyond: HTTP 431.
pub const HEADERS_MAX: usize = 64;
/// How long a connection may wait for the headers of a request, the first one or another.
pub const IDLE_MAX: Duration = Duration::from_secs(60);
/// How long the body of a form may be on its way.
pub const BODY_WITHIN: Duration = Duration::from_secs(10);
/// How long what was begun may take when the server is to end.
pub const END_WITHIN: Duration = Duration::from_secs(5);
/// How long what was sent may wait to be taken. The kernel counts, and ends the connection.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// After how long the kernel asks a silent client whether it is still there: one that looks, and never sends anything.
const ALIVE_AFTER: Duration = Duration::from_secs(120);
/// How long it takes to be told that a password is wrong, so that nobody tries many.
const WRONG_PASSWORD_AFTER: Duration = Duration::from_millis(500);

/// Pages.
pub trait Site: 'static {
    /// What it is called on pages that are not its own, such as that of a refused request.
    fn name(&self) -> &str;

    /// Scripts and such of its own, beside those of [`assets`].
    fn assets(&self) -> &[&'static Asset] {
        &[]
    }

    /// Where paths begin that programs ask for and not browsers, such as `/api/`. Nothing by default.
    fn calls_below(&self) -> Option<&str> {
        None
    }

    /// The answer to a request of a program. It has passed no guard but that of the host's name: the site itself asks for a key
    /// in a header, which no page of another site can make a browser send.
    fn called(&self, call: Call) -> impl Future<Output = Response> {
        drop(call);
        std::future::ready(Response::not_found(&Shell::new(self.name())))
    }

    /// The answer to a request that has passed all guards.
    fn answer(&self, request: Request) -> impl Future<Output = Response>;
}

/// Why a server does not run.
#[derive(Debug)]
pub enum ServerError {
    /// It may not, as it is set.
    Settings(SettingsError),
    /// It cannot listen.
    Listen(SocketAddr, io::Error),
    /// The system refuses what is needed.
    System(io::Error),
}

impl std::fmt::Display for ServerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Settings(error) => write!(f, "{error}"),
            Self::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::System(error) => write!(f, "cannot serve: {error}"),
        }
    }
}

impl std::error::Error for ServerError {}

/// Serves until SIGTERM or SIGINT, on this thread. Prints where. What `site` makes lives on a [`LocalSet`], so it may
/// spawn tasks of its own with `tokio::task::spawn_local`.
///
/// # Errors
/// When it cannot begin.
pub fn run<S: Site>(settings: &Settings, site: impl FnOnce(SocketAddr) -> S) -> Result<(), ServerError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServerError::System)?;
    LocalSet::new().block_on(&runtime, async {
        let mut terminate = signal(SignalKind::terminate()).map_err(ServerError::System)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(ServerError::System)?;
        let server = Server::bind(settings).await?;
        let site = site(server.address());
        println!("http://{}/", server.address());
        server
            .serve(Rc::new(site), async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            })
            .await;
        Ok(())
    })
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    guards: Guards,
}

#[derive(Debug)]
struct Guards {
    hosts: Hosts,
    login: Option<Login>,
    key: Key,
}

impl Server {
    /// Listens. Nobody is served yet.
    ///
    /// # Errors
    /// When it may not or cannot.
    pub async fn bind(settings: &Settings) -> Result<Self, ServerError> {
        settings.check().map_err(ServerError::Settings)?;
        let failed = |error| ServerError::Listen(settings.listen, error);
        let listener = TcpListener::bind(settings.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let guards = Guards {
            hosts: Hosts::new(address, &settings.names),
            login: settings.password.as_deref().map(Login::new),
            key: Key::new().map_err(ServerError::System)?,
        };
        Ok(Self { listener, address, guards })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then until what was begun is done, but not longer than [`END_WITHIN`]. To be run on a
    /// [`LocalSet`], where each connection becomes a task.
    pub async fn serve<S: Site>(self, site: Rc<S>, stop: impl Future<Output = ()>) {
        let room = Room::new(CONNECTIONS_MAX);
        let (ending, end) = watch::channel(());
        let served = Rc::new(Served { site, guards: self.guards });
        let accept = async {
            loop {
                match self.listener.accept().await {
                    Ok((stream, _)) => {
                        let Some(guest) = room.admit() else { continue };
                        prepare(&stream);
                        tokio::task::spawn_local(connection(stream, guest, served.clone(), end.clone()));
                    }
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    // Most likely there is no file descriptor left. The kernel does not tell when there is one again.
                    Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
                }
            }
        };
        tokio::select! {
            () = accept => {}
            () = stop => {}
        }
        drop(self.listener);
        drop(ending);
        // Who has not gone by then goes with the runtime.
        let _ = tokio::time::timeout(END_WITHIN, room.empty()).await;
    }
}

/// Has the kernel count how long a client takes, so that nobody here has to. Where it refuses, the client keeps its place.
fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let taken_ms = u32::try_from(TAKEN_WITHIN.as_millis()).unwrap_or(u32::MAX);
    let _ = sockopt::set_tcp_user_timeout(stream, taken_ms);
    let _ = sockopt::set_socket_keepalive(stream, true);
    let _ = sockopt::set_tcp_keepidle(stream, ALIVE_AFTER);
}

async fn connection<S: Site>(
    stream: TcpStream,
    guest: Guest,
    served: Rc<Served<S>>,
    mut end: watch::Receiver<()>,
) {
    let guest = Rc::new(guest);
    let streams = Rc::new(std::cell::Cell::new(Streams::No));
    let service = service_fn(|request| {
        let (served, guest, streams) = (served.clone(), guest.clone(), streams.clone());
        async move {
            let response = served.handle(request, &guest).await;
            match response.body() {
                Body::Whole(_) => guest.waits(),
                Body::Events(_) => streams.set(Streams::Yes),
            }
            Ok::<_, Infallible>(response)
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_MAX)
        .max_headers(HEADERS_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        // A client that went away, or spoke no HTTP: there is nobody left to tell.
        served = &mut serving => drop(served),
        () = guest.sent_away() => {}
        _ = end.changed() => {
            // A stream would never end by itself; the browser comes back when there is a server again.
            if streams.get() == Streams::No {
                serving.as_mut().graceful_shutdown();
                let _ = serving.await;
            }
        }
    }
}

/// Whether a connection is one that only tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Streams {
    Yes,
    No,
}

struct Served<S> {
    site: Rc<S>,
    guards: Guards,
}

/// Why a request goes no further.
enum Refusal {
    Host,
    Password,
    Method,
    Foreign,
    Stale,
    TooLarge,
    TooSlow,
}

impl<S: Site> Served<S> {
    async fn handle(&self, request: hyper::Request<Incoming>, guest: &Guest) -> hyper::Response<Body> {
        let known = text_of(&request, "cookie").and_then(token::cookie_of).map(str::to_owned);
        // Without random numbers there is no cookie, so no form will be accepted; pages can still be looked at.
        let cookie = known.clone().or_else(|| token::new_cookie().ok());
        let token = cookie.as_deref().map(|cookie| self.guards.key.token(cookie)).unwrap_or_default();
        let fresh = cookie.filter(|_| known.is_none());
        match self.pass(request, guest, token, known.as_deref()).await {
            Ok(response) => response.finished(fresh.as_deref()),
            Err(refusal) => self.refuse(&refusal).finished(None),
        }
    }

    /// All guards, one behind the other.
    async fn pass(
        &self,
        request: hyper::Request<Incoming>,
        guest: &Guest,
        token: Token,
        cookie: Option<&str>,
    ) -> Result<Response, Refusal> {
        let host =
            text_of(&request, "host").filter(|host| self.guards.hosts.know(host)).ok_or(Refusal::Host)?;
        if self.site.calls_below().is_some_and(|prefix| request.uri().path().starts_with(prefix)) {
            return self.call(request, guest).await;
        }
        if let Some(login) = &self.guards.login
            && !login.admits(text_of(&request, "authorization"))
        {
            if request.headers().contains_key(header::AUTHORIZATION) {
                tokio::time::sleep(WRONG_PASSWORD_AFTER).await;
            }
            return Err(Refusal::Password);
        }
        let method = match *request.method() {
            HttpMethod::GET | HttpMethod::HEAD => Method::Get,
            HttpMethod::POST => Method::Post,
            _ => return Err(Refusal::Method),
        };
        if method == Method::Get {
            if is_foreign_look(&request) {
                return Err(Refusal::Foreign);
            }
            guest.is_served();
            if let Some(asset) = assets::find(request.uri().path(), self.site.assets()) {
                return Ok(asset.response());
            }
            let request = Request::new(method, request.uri(), "", token);
            return Ok(self.site.answer(request).await);
        }
        if !is_ours(&request, host) {
            return Err(Refusal::Foreign);
        }
        let in_header = text_of(&request, token::HEADER).map(str::to_owned);
        let (head, body) = request.into_parts();
        let form = form_of(body).await?;
        guest.is_served();
        let request = Request::new(method, &head.uri, &form, token);
        let sent = in_header.as_deref().or(request.form(token::FIELD)).unwrap_or_default();
        // A cookie that was made just now was in no page.
        if cookie.is_none() || !request.token().is(sent) {
            return Err(Refusal::Stale);
        }
        Ok(self.site.answer(request).await)
    }

    /// A request of a program.
    async fn call(&self, request: hyper::Request<Incoming>, guest: &Guest) -> Result<Response, Refusal> {
        let method = match *request.method() {
            HttpMethod::GET | HttpMethod::HEAD => Method::Get,
            HttpMethod::POST => Method::Post,
            _ => return Err(Refusal::Method),
        };
        let (head, body) = request.into_parts();
        let form = if method == Method::Post { form_of(body).await? } else { String::new() };
        guest.is_served();
        let request = Request::new(method, &head.uri, &form, Token::default());
        Ok(self.site.called(Call { request, headers: head.headers }).await)
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        let (status, title, text) = match refusal {
            Refusal::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                "Not by this name",
                "This server does not know the name by which it was asked for. Use its address, or start it with \
                 --host-name and this name.",
            ),
            Refusal::Password => {
                (StatusCode::UNAUTHORIZED, "Password", "A password is needed. Any user name will do.")
            }
            Refusal::Method => {
                (StatusCode::METHOD_NOT_ALLOWED, "Not so", "Pages are looked at by GET and changed by POST.")
            }
            Refusal::Foreign => (
                StatusCode::FORBIDDEN,
                "Refused",
                "This was sent by a page of another site. Nothing was changed.",
            ),
            Refusal::Stale => (
                StatusCode::FORBIDDEN,
                "Too old",
                "The page that sent this is older than the server, or the browser refuses cookies. Nothing was changed: \
                 go back, load the page again, and do it once more.",
            ),
            Refusal::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "Too much",
                "More was sent than a form can have. Nothing was changed.",
            ),
            Refusal::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "Too slow",
                "What was sent did not come in time. Nothing was changed.",
            ),
        };
        let mut response = Response::problem(&Shell::new(self.site.name()), status, title, text);
        match refusal {
            Refusal::Password => {
                response.set(header::WWW_AUTHENTICATE, "Basic realm=\"pages\", charset=\"UTF-8\"");
            }
            Refusal::Method => response.set(header::ALLOW, "GET, HEAD, POST"),
            Refusal::TooLarge | Refusal::TooSlow => {
                response.set(header::CONNECTION, "close");
            }
            Refusal::Host | Refusal::Foreign | Refusal::Stale => {}
        }
        response
    }
}

/// Whether a page of another site looks at ours without anybody going there: it could hold streams open, and count what it gets.
fn is_foreign_look(request: &hyper::Request<Incoming>) -> bool {
    let foreign =
        text_of(request, "sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    foreign && text_of(request, "sec-fetch-mode") != Some("navigate")
}

/// The body of a form, with a bound on its length and its time.
async fn form_of(body: Incoming) -> Result<String, Refusal> {
    match tokio::time::timeout(BODY_WITHIN, Limited::new(body, FORM_BYTES_MAX).collect()).await {
        Ok(Ok(form)) => Ok(String::from_utf8_lossy(&form.to_bytes()).into_owned()),
        Ok(Err(_)) => Err(Refusal::TooLarge),
        Err(_) => Err(Refusal::TooSlow),
    }
}

/// Whether a page of this server has sent it, as far as the browser says. One that says nothing is told apart by the token.
fn is_ours(request: &hyper::Request<Incoming>, host: &str) -> bool {
    if let Some(site) = text_of(request, "sec-fetch-site") {
        return site == "same-origin";
    }
    match request.headers().get(header::ORIGIN) {
        Some(origin) => origin.to_str().is_ok_and(|origin| is_origin_of(origin, host)),
        None => true,
    }
}
