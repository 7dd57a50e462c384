//! The page that asks back when a browser wants something done without having come from a button of ours.

use super::html::Html;
use super::{Action, Token};

/// The page.
pub(super) fn page(action: Action, name: Option<&str>, token: &Token) -> String {
    let mut html = Html::page("Supervisor: are you sure?", None);
    html.raw("<main id=\"wrapper\">\n<h1>Are you sure?</h1>\n<p>You followed a link to: <strong>");
    html.text(action.label());
    if let Some(name) = name {
        html.raw("</strong> <strong>").text(name);
    }
    html.raw("</strong>. Nothing has been done yet.</p>\n<form action=\"index.html\" method=\"post\">\n");
    html.raw("<input type=\"hidden\" name=\"token\" value=\"").text(token.as_str()).raw("\">\n");
    if let Some(name) = name {
        html.raw("<input type=\"hidden\" name=\"processname\" value=\"").text(name).raw("\">\n");
    }
    html.raw("<p><button name=\"action\" value=\"").text(action.name()).raw("\">").text(action.label());
    html.raw("</button> <a href=\"index.html\">Back to all programs</a></p>\n</form>\n</main>\n");
    html.finish()
}
