//! All programs in a table, with buttons.

use minder_core::control::Status;
use minder_core::supervision::Mode;

use super::html::Html;
use super::{Action, Ask, Shown};
use crate::pages::form::quote;
use crate::rpc::names::namespec;
use crate::rpc::{Rpc, SUPERVISOR_VERSION};
use crate::words::{ProcessInfo, State};

/// How often a page may load itself again, in seconds.
const REFRESH_SECONDS: std::ops::RangeInclusive<u32> = 2..=3600;

/// The page.
pub(super) async fn page(rpc: &Rpc, ask: &Ask<'_>) -> Shown {
    let (Ok(status), Ok(reports)) = (rpc.status().await, rpc.reports_by_name().await) else {
        return Shown::Crashed;
    };
    let refresh = ask.form.get("refresh").and_then(|seconds| seconds.parse().ok());
    let refresh = refresh.filter(|seconds| REFRESH_SECONDS.contains(seconds));
    let mut html = Html::page("Supervisor Status", refresh);
    html.raw("<main id=\"wrapper\">\n<h1>Supervisor status</h1>\n");
    message(&mut html, ask.form.get("message"), &status);
    buttons(&mut html, ask, refresh);
    if reports.is_empty() {
        html.raw("<p>No programs to manage</p>\n");
    } else {
        // The roles are said because a phone's style sheet makes blocks of the rows, which would end being a table.
        html.raw("<table id=\"statustable\" role=\"table\">\n<thead><tr role=\"row\">");
        for (class, title) in
            [("state", "State"), ("desc", "Description"), ("name", "Name"), ("action", "Action")]
        {
            html.raw("<th role=\"columnheader\" scope=\"col\" class=\"")
                .text(class)
                .raw("\">")
                .text(title)
                .raw("</th>");
        }
        html.raw("</tr></thead>\n<tbody>\n");
        let zone = rpc.zone();
        for (place, report) in reports.iter().enumerate() {
            html.raw(if place % 2 == 1 { "<tr class=\"shade\" role=\"row\">" } else { "<tr role=\"row\">" });
            row(&mut html, ask, &ProcessInfo::new(report, status.now, &zone));
            html.raw("</tr>\n");
        }
        html.raw("</tbody>\n</table>\n");
    }
    html.raw("</main>\n<footer id=\"footer\">minder, compatible with Supervisor <span>");
    html.text(SUPERVISOR_VERSION).raw("</span></footer>\n");
    Shown::Html(html.finish())
}

fn message(html: &mut Html, message: Option<&str>, status: &Status) {
    if let Some(message) = message {
        let failed = message.starts_with("ERROR") || message.starts_with("unexpected");
        html.raw(if failed {
            "<div class=\"status_msg failed\" role=\"alert\">"
        } else {
            "<div class=\"status_msg\" role=\"status\">"
        });
        html.text(message).raw("</div>\n");
    }
    match status.mode {
        Mode::Resting | Mode::Running => {}
        Mode::Stopping | Mode::Stopped => {
            html.raw("<div class=\"status_msg\" role=\"status\">All programs are being stopped</div>\n");
        }
    }
}

/// What concerns all programs.
fn buttons(html: &mut Html, ask: &Ask<'_>, refresh: Option<u32>) {
    html.raw("<form id=\"buttons\" action=\"index.html\" method=\"post\">");
    html.raw("<input type=\"hidden\" name=\"token\" value=\"").text(ask.token.as_str()).raw("\">");
    html.raw("<a class=\"action-button\" href=\"index.html?action=refresh\">Refresh</a> ");
    for action in [Action::RestartAll, Action::StopAll] {
        button(html, action, None);
    }
    if refresh.is_some() {
        html.raw("<a class=\"quiet\" href=\"index.html\">Stop refreshing</a>");
    } else {
        html.raw("<a class=\"quiet\" href=\"index.html?refresh=10\">Refresh every 10 seconds</a>");
    }
    html.raw("</form>\n");
}

fn row(html: &mut Html, ask: &Ask<'_>, info: &ProcessInfo<'_>) {
    let name = namespec(info.group, info.name);
    let quoted = quote(&name);
    let class = match info.state {
        State::Running => "statusrunning",
        State::Fatal | State::Backoff => "statuserror",
        State::Stopped | State::Starting | State::Stopping | State::Exited | State::Unknown => {
            "statusnominal"
        }
    };
    html.raw("<td role=\"cell\" class=\"status\"><span class=\"").text(class).raw("\">");
    html.text(&info.state.name().to_lowercase()).raw("</span></td>");
    html.raw("<td role=\"cell\" class=\"desc\"><span>").text(&info.description).raw("</span></td>");
    html.raw("<td role=\"cell\" class=\"name\"><a href=\"tail.html?processname=").text(&quoted);
    html.raw("\" target=\"_blank\" rel=\"noopener\">").text(&name).raw("</a></td>");
    html.raw("<td role=\"cell\" class=\"action\"><form action=\"index.html\" method=\"post\">");
    html.raw("<input type=\"hidden\" name=\"token\" value=\"").text(ask.token.as_str()).raw("\">");
    html.raw("<input type=\"hidden\" name=\"processname\" value=\"").text(&name).raw("\">");
    let actions: &[Action] = match info.state {
        State::Running => &[Action::Restart, Action::Stop, Action::ClearLog],
        State::Stopped | State::Exited | State::Fatal => &[Action::Start, Action::ClearLog],
        State::Starting | State::Backoff | State::Stopping | State::Unknown => &[Action::ClearLog],
    };
    for action in actions {
        button(html, *action, Some(&name));
    }
    html.raw("<span class=\"tails\">");
    for (channel, label) in [("", "Tail -f Stdout"), ("/stderr", "Tail -f Stderr")] {
        html.raw("<a href=\"logtail/").text(&quoted).text(channel);
        html.raw("\" target=\"_blank\" rel=\"noopener\" aria-label=\"").text(label).raw(" of ").text(&name);
        html.raw("\">").text(label).raw("</a> ");
    }
    html.raw("</span></form></td>");
}

/// A button. Whoever hears the page instead of seeing it hears which of many equal buttons it is.
fn button(html: &mut Html, action: Action, name: Option<&str>) {
    html.raw("<button name=\"action\" value=\"").text(action.name());
    if let Some(name) = name {
        html.raw("\" aria-label=\"").text(action.label()).raw(" ").text(name);
    }
    html.raw("\">");
    html.text(action.label()).raw("</button> ");
}
