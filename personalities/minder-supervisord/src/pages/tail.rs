//! The end of a program's log.

use super::Form;
use super::actions::unexpected;
use super::form::quote;
use super::html::Html;
use crate::rpc::Rpc;
use crate::rpc::faults::{Code, Failure};
use crate::xmlrpc::Value;

/// How much is shown at least, in bytes.
const LIMIT_MIN: i64 = 1024;
/// How much is shown at most, in bytes: more than anybody reads in a browser.
const LIMIT_MAX: i64 = 16 << 20;

/// The page.
pub(super) async fn page(rpc: &Rpc, form: &Form) -> String {
    let name = form.get("processname");
    let limit = form.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(LIMIT_MIN);
    let limit = limit.clamp(LIMIT_MIN, LIMIT_MAX);
    let text = match name {
        None => "No process name found".to_owned(),
        Some(name) => tail(rpc, name, limit).await,
    };
    let title = format!("Supervisor tail of process {}", name.unwrap_or("None"));
    let mut html = Html::page(&title, None);
    html.raw("<main id=\"wrapper\" class=\"wide\">\n<h1>").text(name.unwrap_or("Log")).raw("</h1>\n");
    html.raw("<pre>").text(&text).raw("</pre>\n<p class=\"links\">");
    if let Some(name) = name {
        let quoted = quote(name);
        html.raw("<a href=\"tail.html?processname=")
            .text(&quoted)
            .raw("&amp;limit=")
            .text(&limit.to_string());
        html.raw("\">Refresh</a> <a href=\"tail.html?processname=").text(&quoted).raw("&amp;limit=");
        html.text(&(limit.saturating_mul(8)).min(LIMIT_MAX).to_string()).raw("\">Show more</a> ");
    }
    html.raw("<a href=\"index.html\">All programs</a></p>\n</main>\n");
    html.finish()
}

async fn tail(rpc: &Rpc, name: &str, limit: i64) -> String {
    match rpc.read_stdout(&Value::from(name), -limit).await {
        Ok(text) => text,
        Err(Failure::Fault(fault)) if fault.code == Code::NoFile.number() => format!("No file for {name}"),
        Err(failure) => format!("ERROR: {}", unexpected(failure)),
    }
}
