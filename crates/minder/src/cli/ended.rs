//! How a command ends: an exit status, or a complaint that comes with one.

use std::process::ExitCode;

use minder_config::Paint;
use serde_json::json;

use super::terminal::{self, Colour, coloured};

/// The exit statuses of minder's own commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Done as asked: 0.
    Well,
    /// Something that was asked for failed, or is not well: 1.
    Failed,
    /// The command line is wrong: 2, as with every other usage error.
    Misused,
    /// The server cannot be reached, or does not let us in: 4, as with supervisorctl.
    Unreachable,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> ExitCode {
        ExitCode::from(match ended {
            Ended::Well => 0,
            Ended::Failed => 1,
            Ended::Misused => 2,
            Ended::Unreachable => 4,
        })
    }
}

/// How a command prints what it has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Lines for a person.
    Text,
    /// One JSON value.
    Json,
}

impl Form {
    pub(crate) fn of(json: bool) -> Form {
        if json { Form::Json } else { Form::Text }
    }
}

/// Why a command could not do anything, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    ended: Ended,
    /// Lower case, no full stop.
    message: String,
    /// Each a line of advice.
    hints: Vec<String>,
    form: Form,
}

impl Complaint {
    pub(crate) fn new(ended: Ended, message: impl Into<String>) -> Complaint {
        Complaint { ended, message: message.into(), hints: Vec::new(), form: Form::Text }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Complaint {
        Complaint::new(Ended::Failed, message)
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Complaint {
        self.hints.push(hint.into());
        self
    }

    /// The same in the form that was asked for.
    #[must_use]
    pub(crate) fn in_form(mut self, form: Form) -> Complaint {
        self.form = form;
        self
    }

    /// Prints it: lines on standard error, or an object on standard output.
    pub(crate) fn tell(&self) -> ExitCode {
        match self.form {
            Form::Text => terminal::tell(&self.text(terminal::paint_of(&std::io::stderr()))),
            Form::Json => {
                terminal::say(&format!("{}\n", json!({ "error": self.message, "hints": self.hints })));
            }
        }
        self.ended.into()
    }

    fn text(&self, paint: Paint) -> String {
        let mut text = format!("{} {}\n", coloured("error:", Colour::Red, paint), self.message);
        for hint in &self.hints {
            text.push_str(&format!("  {} {hint}\n", coloured("hint:", Colour::Cyan, paint)));
        }
        text
    }
}
