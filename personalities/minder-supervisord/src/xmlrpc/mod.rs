//! XML-RPC as Supervisor speaks it: bytes to values and back, with no socket in sight.
//!
//! ```text
//! request body  ─decode_call─▶     Call { method, params } ─▶ rpc/ ─▶ Result<Value, Fault> ─encode_response─▶ body
//! response body ─decode_response─▶ Result<Value, Fault>     ◀─ client/ ◀─────────────────────encode_call─── body
//! ```
//!
//! - [`value`]: [`Value`] and [`Fault`], the two things that travel.
//! - [`decode`]: from bytes, bounded in size, depth and number of values. No entity beyond XML's own five and the
//!   numeric ones is ever expanded.
//! - [`encode`]: to bytes, laid out exactly as Supervisor's server lays them out, line feeds included: some clients
//!   match the text instead of parsing it.
//!
//! Invariant: nothing here knows a method name, a fault number or HTTP.

pub mod decode;
pub mod encode;
pub mod value;

pub use decode::{Call, DecodeError, Limits, decode_call, decode_response};
pub use encode::{encode_call, encode_response};
pub use value::{Fault, Value};
