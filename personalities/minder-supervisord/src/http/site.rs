//! What is where, and who may see it.

use std::borrow::Cow;
use std::error::Error;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderValue, LAST_MODIFIED, WWW_AUTHENTICATE};
use hyper::{Method, Request, Response, StatusCode, Version};
use jiff::Timestamp;
use minder_config::native::ServerBounds;
use minder_core::control::Selection;
use minder_core::ids::BytePath;
use tokio::sync::Semaphore;

use super::auth::{Admission, Login};
use super::follow::Follow;
use super::origin::{Sender, host, may_call};
use super::reply::{Body, error, ok, with_body};
use super::{FORM_BYTES_MAX, Peer};
use crate::pages::{self, Ask, Form, Page, Token};
use crate::rpc::dispatch::Channel;
use crate::rpc::logs;
use crate::rpc::methods::supervisor::process_logs::log_of;
use crate::rpc::names::Namespec;
use crate::rpc::{Answered, Rpc};

/// Takes the lines of the access log, as the original writes them at its level TRAC, without an end of line.
pub type AccessLog = Rc<dyn Fn(&str)>;

/// What one listener serves.
pub struct Site {
    rpc: Rc<Rpc>,
    login: Option<Login>,
    access_log: Option<AccessLog>,
    token: Token,
    /// A permit for each log that may be streamed: each takes three file descriptors and one of the 128 inotify instances that
    /// the kernel grants a user, and the programs' own pipes must not run short.
    followers: Arc<Semaphore>,
}

/// The body of a request, wherever it comes from.
pub trait Upload: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin {}

impl<B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin> Upload for B {}

/// What a request asks for, from its path alone.
enum Place<'a> {
    Rpc,
    /// What follows `/logtail…/`; `None` if there is no second slash.
    LogTail(Option<&'a str>),
    MainLogTail,
    Page(Page),
    StyleSheet,
    /// A folder that is named without a slash at its end.
    Folder(&'static str),
    Nothing,
}

impl Site {
    /// A site for whoever has the login, or for everybody.
    ///
    /// # Errors
    /// When the kernel gives no random bytes for the token that forms carry.
    pub fn new(rpc: Rc<Rpc>, login: Option<Login>, access_log: Option<AccessLog>) -> io::Result<Site> {
        let followers = Arc::new(Semaphore::new(rpc.bounds().followers));
        Ok(Site { rpc, login, access_log, token: Token::random()?, followers })
    }

    /// What whoever asks may take.
    pub(super) fn bounds(&self) -> &ServerBounds {
        self.rpc.bounds()
    }

    /// Answers one request.
    pub async fn handle<B>(&self, request: Request<B>, peer: Peer) -> Response<Body>
    where
        B: Upload,
    {
        let line = self.access_log.as_ref().map(|_| request_line(&request, peer));
        let response = self.answer(request).await;
        match (&self.access_log, line) {
            (Some(log), Some(line)) => logged(response, log.clone(), line),
            _ => response,
        }
    }

    async fn answer<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: Upload,
    {
        if let Some(login) = &self.login {
            match login.admits(request.headers()) {
                Admission::Granted => {}
                Admission::Refused => {
                    self.pass_over(request).await;
                    return unauthorized();
                }
                Admission::Garbled => {
                    self.pass_over(request).await;
                    return error(StatusCode::BAD_REQUEST);
                }
            }
        }
        let decoded = decoded_path(request.uri().path());
        let place = Place::of(request.method(), &decoded);
        let get = request.method() == Method::GET;
        match place {
            Place::Rpc if request.method() == Method::POST => self.call(request).await,
            Place::LogTail(name) if get => self.log_tail(name).await,
            Place::MainLogTail if get => self.main_log_tail().await,
            Place::Page(page) => self.page(page, request).await,
            Place::Rpc | Place::LogTail(_) | Place::MainLogTail => error(StatusCode::BAD_REQUEST),
            Place::StyleSheet | Place::Folder(_) | Place::Nothing
                if !get && request.method() != Method::HEAD =>
            {
                error(StatusCode::BAD_REQUEST)
            }
            Place::StyleSheet => ok("text/css", pages::STYLE_SHEET),
            Place::Folder(folder) => redirect(&format!("{}/{folder}/", base(request.headers()))),
            Place::Nothing => error(StatusCode::NOT_FOUND),
        }
    }

    async fn call<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: Upload,
    {
        if !may_call(request.headers()) {
            self.pass_over(request).await;
            return error(StatusCode::FORBIDDEN);
        }
        let body = match whole_body(request, self.bounds().body_bytes).await {
            Ok(body) => body,
            Err(status) => return error(status),
        };
        match self.rpc.respond(&body).await {
            Answered::Body(body) => ok("text/xml", body),
            Answered::BadRequest => error(StatusCode::BAD_REQUEST),
            Answered::Crashed => error(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    async fn log_tail(&self, name: Option<&str>) -> Response<Body> {
        // The original fails over a path without a name, and so do we.
        let Some(name) = name else { return error(StatusCode::INTERNAL_SERVER_ERROR) };
        let (name, channel) = match name.split_once('/') {
            None | Some((_, "stdout")) => (name.strip_suffix("/stdout").unwrap_or(name), Channel::Stdout),
            Some((name, "stderr")) => (name, Channel::Stderr),
            Some(_) => return error(StatusCode::NOT_FOUND),
        };
        let Namespec::Program(unit) = Namespec::parse(name) else { return error(StatusCode::NOT_FOUND) };
        let Ok(reports) = self.rpc.reports(Selection::Unit(unit), Some(name)).await else {
            return error(StatusCode::NOT_FOUND);
        };
        let mut response = self.follow(reports.first().and_then(|report| log_of(report, channel)));
        if response.status() == StatusCode::OK {
            // Keeps nginx from holding back what is sent.
            response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
        }
        response
    }

    async fn main_log_tail(&self) -> Response<Body> {
        match self.rpc.status().await {
            Ok(status) => self.follow(status.journal.as_ref()),
            Err(_) => error(StatusCode::NOT_FOUND),
        }
    }

    fn follow(&self, log: Option<&BytePath>) -> Response<Body> {
        let Some(path) = logs::followable(log) else { return error(StatusCode::NOT_FOUND) };
        let Ok(place) = self.followers.clone().try_acquire_owned() else {
            return error(StatusCode::SERVICE_UNAVAILABLE);
        };
        let follow = match Follow::new(&path, place) {
            Ok(follow) => follow,
            Err(failed) if failed.kind() == io::ErrorKind::NotFound => return error(StatusCode::NOT_FOUND),
            Err(_) => return error(StatusCode::INTERNAL_SERVER_ERROR),
        };
        let modified = follow.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
        let stream = Body::Stream(Box::new(follow));
        let mut response = with_body(StatusCode::OK, "text/plain;charset=utf-8", stream);
        // Without this a browser holds back the beginning while it guesses what it is.
        response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
        let date = modified.map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        if let Some(date) = date.and_then(|date| HeaderValue::try_from(date).ok()) {
            response.headers_mut().insert(LAST_MODIFIED, date);
        }
        response
    }

    async fn page<B>(&self, page: Page, request: Request<B>) -> Response<Body>
    where
        B: Upload,
    {
        let sender = Sender::of(request.headers());
        let posted = request.method() == Method::POST;
        // To a page of ours the answer is relative: it then also fits behind a proxy that adds TLS or a path.
        let base = match sender {
            Sender::OwnPage => ".".to_owned(),
            Sender::Script | Sender::Browser | Sender::ForeignPage => base(request.headers()),
        };
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = if posted {
            match whole_body(request, FORM_BYTES_MAX).await {
                Ok(body) => body,
                Err(status) => return error(status),
            }
        } else {
            Bytes::new()
        };
        let form = Form::new(&query, &body);
        let ask = Ask { form: &form, sender, posted, token: &self.token };
        match pages::show(&self.rpc, page, &ask).await {
            pages::Shown::Html(html) => uncached(ok("text/html;charset=utf-8", html)),
            pages::Shown::Refused(html) => {
                let body = Body::Whole(html.into());
                uncached(with_body(StatusCode::FORBIDDEN, "text/html;charset=utf-8", body))
            }
            pages::Shown::Text(text) => ok("text/plain", text),
            pages::Shown::Message(message) => {
                uncached(redirect(&format!("{base}/?message={}", pages::quote(&message))))
            }
            pages::Shown::Crashed => error(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// Reads a body to its end and keeps nothing of it. A client that sends head and body one after the other would
    /// otherwise find the connection closed between the two, and never read why.
    async fn pass_over<B>(&self, request: Request<B>)
    where
        B: Upload,
    {
        let most = self.bounds().body_bytes;
        let mut unwanted = std::pin::pin!(http_body_util::Limited::new(request.into_body(), most));
        let to_the_end = async { while let Some(Ok(_)) = unwanted.frame().await {} };
        let _ = tokio::time::timeout(UNWANTED_TIME_MAX, to_the_end).await;
    }
}

impl<'a> Place<'a> {
    /// The first that fits. Only pages look at the method here: all other requests for their paths find nothing.
    fn of(method: &Method, path: &'a str) -> Place<'a> {
        if path.starts_with("/RPC2") {
            return Place::Rpc;
        }
        let bare = path.split(';').next().unwrap_or_default();
        if bare.starts_with("/logtail") {
            return Place::LogTail(bare.trim_start_matches('/').split_once('/').map(|(_, name)| name));
        }
        if bare.starts_with("/mainlogtail") {
            return Place::MainLogTail;
        }
        let bare = bare.trim_start_matches('/');
        let page = if method == Method::GET || method == Method::POST { Page::named(bare) } else { None };
        match (page, bare) {
            (Some(page), _) => Place::Page(page),
            (None, "stylesheets/supervisor.css") => Place::StyleSheet,
            (None, "stylesheets") => Place::Folder("stylesheets"),
            (None, "images") => Place::Folder("images"),
            (None, _) => Place::Nothing,
        }
    }
}

/// How long a body is read although nobody wants it.
const UNWANTED_TIME_MAX: Duration = Duration::from_secs(5);

/// The body of a request that says how long it is.
async fn whole_body<B>(request: Request<B>, bytes_max: usize) -> Result<Bytes, StatusCode>
where
    B: Upload,
{
    let Some(length) = request.headers().get(CONTENT_LENGTH) else { return Err(StatusCode::LENGTH_REQUIRED) };
    let length = length.to_str().ok().and_then(|length| length.parse::<usize>().ok());
    match length {
        None => return Err(StatusCode::BAD_REQUEST),
        Some(length) if length > bytes_max => return Err(StatusCode::PAYLOAD_TOO_LARGE),
        Some(_) => {}
    }
    let limited = http_body_util::Limited::new(request.into_body(), bytes_max);
    match limited.collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

fn unauthorized() -> Response<Body> {
    let mut response = error(StatusCode::UNAUTHORIZED);
    let headers = response.headers_mut();
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"default\""));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn redirect(location: &str) -> Response<Body> {
    let mut response = error(StatusCode::MOVED_PERMANENTLY);
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(hyper::header::LOCATION, location);
    }
    response
}

/// Keeps pages, and redirects after an action, out of caches and out of frames.
fn uncached(mut response: Response<Body>) -> Response<Body> {
    const HEADERS: [(&str, &str); 7] = [
        ("pragma", "no-cache"),
        ("cache-control", "no-cache"),
        ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        // Not `no-referrer`: browsers would then not say either that a form is ours.
        ("referrer-policy", "same-origin"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Where the client reached this site; nothing, so that paths are relative to it, if the client does not say.
fn base(headers: &HeaderMap) -> String {
    host(headers).map(|host| format!("http://{host}")).unwrap_or_default()
}

fn decoded_path(path: &str) -> Cow<'_, str> {
    if path.contains('%') { Cow::Owned(pages::unquote(path)) } else { Cow::Borrowed(path) }
}

fn request_line<B>(request: &Request<B>, peer: Peer) -> String {
    let peer = match peer {
        Peer::Unix => "localhost:0".to_owned(),
        Peer::Tcp(address) => format!("{}:{}", address.ip(), address.port()),
    };
    let version = match request.version() {
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    };
    let date = Timestamp::now().strftime("%d/%b/%Y:%H:%M:%S +0000");
    format!("{peer} - - [{date}] \"{} {} HTTP/{version}\"", request.method(), request.uri())
}

/// Has the line logged when the response has been made; that of a stream when it ends, for only then it is known how
/// much was sent. The number is that of the body's bytes; the original counts the headers too.
fn logged(response: Response<Body>, log: AccessLog, line: String) -> Response<Body> {
    let status = response.status().as_u16();
    response.map(|body| match body {
        Body::Whole(bytes) => {
            log(&format!("{line} {status} {}", bytes.len()));
            Body::Whole(bytes)
        }
        Body::Stream(follow) => {
            let farewell = Box::new(move |sent: u64| log(&format!("{line} {status} {sent}")));
            Body::Stream(Box::new(follow.with_farewell(farewell)))
        }
    })
}
