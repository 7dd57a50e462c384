//! Supervisor's methods, over [`Control`].
//!
//! ```text
//! body ─decode_call─▶ Call ─dispatch─▶ a method ─Request─▶ Control
//!                                         │                   │
//! body ◀─encode_response─ Value | Fault ◀─┴─◀─ Reply | Refusal ┘
//!                         Crash ─▶ HTTP 500
//! ```
//!
//! - [`faults`]: the numbers and names of what can be refused, and which of our refusals is which.
//! - [`names`]: `name`, `group:name`, `group:*`.
//! - [`dispatch`]: from a method's name and parameters to its code; which counts of parameters fit.
//! - [`methods`]: the methods, a file a theme.
//! - [`multicall`]: several calls in one.
//! - [`logs`]: reading parts of log files.
//! - [`help`]: what the methods say of themselves.
//! - [`python`]: how Supervisor's language would print or convert a value that is not what a method expects.
//!
//! Invariants: nothing here knows HTTP, keeps state between two calls, or decides what a program does: that is all
//! behind [`Control`]. Whatever waits, waits in a future, so that one call never holds up another.

use std::rc::Rc;

use jiff::tz::TimeZone;
use minder_config::native::ServerBounds;
use minder_core::control::{Answer, Control, Refusal, Reply, Report, Request, Selection, Status};
use minder_core::supervision::Mode;

pub mod dispatch;
pub mod faults;
pub mod help;
pub mod logs;
pub mod methods;
pub mod multicall;
pub mod names;
pub mod process_info;
pub mod python;

use self::faults::{Code, Failure, fault};
use crate::words::Quoted;
use crate::xmlrpc::{Call, DecodeError, Limits, decode_call, encode_response};

/// The version of the programming interface, `getAPIVersion`.
pub const API_VERSION: &str = "3.0";
/// The version of Supervisor that is spoken, `getSupervisorVersion`.
pub const SUPERVISOR_VERSION: &str = "4.3.0";

/// What the methods tell of the server that [`Control`] does not know.
#[derive(Clone, Debug, Default)]
pub struct ServerFacts {
    /// `identifier` of the `[supervisord]` section.
    pub identifier: String,
    /// The URL that programs get as `SUPERVISOR_SERVER_URL` when their section does not name one: the first Unix
    /// server's, else the first inet server's. `None`: there is no server.
    pub server_url: Option<String>,
}

/// Whether the configuration asks for the `supervisor.*` methods.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interface {
    /// There is an `[rpcinterface:supervisor]` section.
    Present,
    /// There is none: only `system.*` can be called.
    Absent,
}

/// The methods, ready to be called.
pub struct Rpc {
    control: Rc<dyn Control>,
    facts: ServerFacts,
    interface: Interface,
    zone: Option<TimeZone>,
    remarks: Option<Remarks>,
    bounds: ServerBounds,
}

/// How much a line of the main log matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    /// TRAC
    Trace,
    /// ERRO
    Error,
    /// CRIT
    Critical,
}

/// Takes what the original writes into its main log about calls, without level and end of line.
pub type Remarks = Rc<dyn Fn(Weight, &str)>;

/// What is answered to a request body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answered {
    /// A result or a fault, encoded.
    Body(Vec<u8>),
    /// The body was no method call: HTTP 400.
    BadRequest,
    /// The method would have failed in an unforeseen way: HTTP 500.
    Crashed,
}

/// How much of a body that is no call is put into the log, in bytes. The original puts all of it there, and so a stranger could
/// fill the disk.
const QUOTED_MAX: usize = 4096;
/// Longer bodies are read beside the loop, which has others to serve meanwhile. In bytes; reading so many takes less than a
/// millisecond.
const READ_HERE_MAX: usize = 64 << 10;

async fn decoded(body: &[u8], limits: Limits) -> Result<Call, DecodeError> {
    if body.len() <= READ_HERE_MAX {
        return decode_call(body, limits);
    }
    let owned = body.to_vec();
    let beside = tokio::task::spawn_blocking(move || decode_call(&owned, limits));
    // It fails only when the runtime ends.
    beside.await.unwrap_or_else(|_| decode_call(body, limits))
}

impl Rpc {
    /// Methods that ask `control`.
    #[must_use]
    pub fn new(control: Rc<dyn Control>, facts: ServerFacts, interface: Interface) -> Rpc {
        Rpc { control, facts, interface, zone: None, remarks: None, bounds: ServerBounds::default() }
    }

    /// Tells times of this zone instead of the machine's.
    #[must_use]
    pub fn in_zone(self, zone: TimeZone) -> Rpc {
        Rpc { zone: Some(zone), ..self }
    }

    /// Tells `remarks` what there is to log.
    #[must_use]
    pub fn with_remarks(self, remarks: Remarks) -> Rpc {
        Rpc { remarks: Some(remarks), ..self }
    }

    /// Takes no more of whoever asks than this.
    #[must_use]
    pub fn within(self, bounds: ServerBounds) -> Rpc {
        Rpc { bounds, ..self }
    }

    /// What whoever asks may take.
    pub(crate) fn bounds(&self) -> &ServerBounds {
        &self.bounds
    }

    /// The zone that times are told in. Looked up each time, because the machine's may change.
    pub(crate) fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or_else(TimeZone::system)
    }

    /// Carries out the call in a request body.
    pub async fn respond(&self, body: &[u8]) -> Answered {
        let limits =
            Limits { bytes_max: self.bounds.body_bytes, depth_max: self.bounds.depth, ..Limits::REQUEST };
        let call = match decoded(body, limits).await {
            Ok(call) => call,
            Err(error) => {
                let why = match error {
                    DecodeError::NoMethodName => "no method name",
                    _ => "unmarshallable",
                };
                self.remark(Weight::Error, || {
                    let (shown, rest) = body.split_at(body.len().min(QUOTED_MAX));
                    let cut = if rest.is_empty() {
                        String::new()
                    } else {
                        format!(" and {} bytes more", rest.len())
                    };
                    let shown = String::from_utf8_lossy(shown);
                    format!("XML-RPC request data {}{cut} is invalid: {why}", Quoted(&shown))
                });
                return Answered::BadRequest;
            }
        };
        let method = &call.method;
        self.remark(Weight::Trace, || format!("XML-RPC method called: {method}()"));
        // The one answer that is long and asked for often is written without building values first.
        let long = method == "supervisor.getAllProcessInfo"
            && call.params.is_empty()
            && self.interface == Interface::Present;
        let outcome = if long {
            self.encode_all_process_info().await
        } else {
            self.call(method, &call.params).await.map(|value| encode_response(&Ok(value)))
        };
        match outcome {
            Ok(body) => {
                self.remark(Weight::Trace, || format!("XML-RPC method {method}() returned successfully"));
                Answered::Body(body)
            }
            Err(Failure::Fault(fault)) => {
                self.remark(Weight::Trace, || {
                    format!("XML-RPC method {method}() returned fault: [{}] {}", fault.code, fault.text)
                });
                Answered::Body(encode_response(&Err(fault)))
            }
            Err(Failure::Crash(crash)) => {
                self.remark(Weight::Critical, || {
                    format!(
                        "Handling XML-RPC request with data {} raised an unexpected exception: {}: {}",
                        Quoted(&String::from_utf8_lossy(body)),
                        crash.class,
                        crash.message
                    )
                });
                Answered::Crashed
            }
        }
    }

    fn remark(&self, weight: Weight, text: impl FnOnce() -> String) {
        if let Some(remarks) = &self.remarks {
            remarks(weight, &text());
        }
    }

    /// Asks. To be used when the answer needs no gate.
    pub(crate) fn ask(&self, request: Request) -> Answer {
        self.control.ask(request)
    }

    /// What minder itself is doing, whatever that is.
    pub(crate) async fn status(&self) -> Result<Status, Refusal> {
        match self.ask(Request::Status).await? {
            Reply::Status(status) => Ok(status),
            Reply::Done
            | Reply::Reports(_)
            | Reply::Change(_)
            | Reply::Plan(..)
            | Reply::Sockets(_)
            | Reply::Troubles(_) => Err(Refusal::ShuttingDown),
        }
    }

    /// Lets a call pass unless everything is being stopped.
    pub(crate) async fn gate(&self) -> Result<Status, Failure> {
        let status = self.status().await.map_err(|refusal| faults::of_refusal(&refusal, None))?;
        match status.mode {
            Mode::Resting | Mode::Running => Ok(status),
            Mode::Stopping | Mode::Stopped => Err(fault(Code::ShutdownState, None)),
        }
    }

    /// The reports of some programs. `name` is what the caller called them.
    pub(crate) async fn reports(
        &self,
        selection: Selection,
        name: Option<&str>,
    ) -> Result<Vec<Report>, Failure> {
        match self.ask(Request::Report(selection)).await {
            Ok(Reply::Reports(reports)) => Ok(reports),
            Ok(
                Reply::Done
                | Reply::Change(_)
                | Reply::Plan(..)
                | Reply::Status(_)
                | Reply::Sockets(_)
                | Reply::Troubles(_),
            ) => Err(fault(Code::Failed, name)),
            Err(refusal) => Err(faults::of_refusal(&refusal, name)),
        }
    }
}
