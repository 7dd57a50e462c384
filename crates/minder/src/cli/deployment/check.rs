//! `minder deployment check`.

use clap::Args;
use minder_deployment::checks::{Finding, Report, Verdict};
use serde_json::{Value, json};

use super::site::Which;
use crate::cli::ended::{Complaint, Ended, Form};
use crate::cli::terminal::{self, Colour, coloured};

/// Look at everything that must hold before a deployment begins.
///
/// Exit status 1 says that it could not begin.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let site = arguments.which.site(Form::of(arguments.json))?;
    let report = site.check(&site.boot());
    match site.form {
        Form::Text => terminal::say(&text(&report)),
        Form::Json => {
            terminal::say(&format!(
                "{:#}\n",
                json!({ "well": report.is_well(), "checks": json_of(&report) })
            ));
        }
    }
    Ok(if report.is_well() { Ended::Well } else { Ended::Failed })
}

/// A line for each check, and one below it that says what to do.
pub(super) fn text(report: &Report) -> String {
    report.findings.iter().map(line).collect()
}

fn line(finding: &Finding) -> String {
    let paint = terminal::paint();
    let (word, colour) = match finding.verdict {
        Verdict::Holds => ("ok", Colour::Green),
        Verdict::Warns(_) => ("warning", Colour::Yellow),
        Verdict::Fails(_) => ("failed", Colour::Red),
    };
    let mut text = format!("{:<8} {}", coloured(word, colour, paint), finding.name);
    if let Some(why) = finding.complaint() {
        text.push_str(&format!(": {why}"));
    }
    text.push('\n');
    if let Some(hint) = finding.hint.as_deref().filter(|_| finding.complaint().is_some()) {
        text.push_str(&format!("  {} {hint}\n", coloured("hint:", Colour::Cyan, paint)));
    }
    text
}

pub(super) fn json_of(report: &Report) -> Vec<Value> {
    let of = |finding: &Finding| {
        let verdict = match finding.verdict {
            Verdict::Holds => "ok",
            Verdict::Warns(_) => "warning",
            Verdict::Fails(_) => "failed",
        };
        json!({ "check": finding.name, "verdict": verdict, "why": finding.complaint(), "hint": finding.hint })
    };
    report.findings.iter().map(of).collect()
}
