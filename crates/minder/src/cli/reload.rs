//! `minder reload`: what the configuration says now.

use clap::Args;
use minder_supervisord::xmlrpc::Value;
use serde_json::json;

use super::ended::{Complaint, Ended, Form};
use super::server::{Server, Which};
use super::terminal;

/// Read the configuration again, and make what runs as it says.
///
/// Groups that are new are started, those that changed are started again, those that are gone are stopped. The rest is not
/// touched. A configuration with mistakes changes nothing.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Only say what would change.
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

/// Names of groups.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Change {
    added: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let form = Form::of(arguments.json);
    let server = arguments.which.server(form)?;
    let answer = server.call("supervisor.reloadConfig", &[])?;
    let change = Change::parse(&answer).ok_or_else(|| {
        Complaint::failed("the server answered with something else than a change").in_form(form)
    })?;
    if !arguments.dry_run {
        change.apply(&server)?;
    }
    tell(&change, form);
    Ok(Ended::Well)
}

impl Change {
    fn parse(answer: &Value) -> Option<Self> {
        let lists = answer.as_array()?.first()?.as_array()?;
        let names = |list: &Value| -> Option<Vec<String>> {
            list.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
        };
        let [added, changed, removed] = lists else { return None };
        Some(Self { added: names(added)?, changed: names(changed)?, removed: names(removed)? })
    }

    fn apply(&self, server: &Server) -> Result<(), Complaint> {
        for name in self.removed.iter().chain(&self.changed) {
            server.call("supervisor.stopProcessGroup", &[Value::String(name.clone())])?;
            server.call("supervisor.removeProcessGroup", &[Value::String(name.clone())])?;
        }
        for name in self.changed.iter().chain(&self.added) {
            server.call("supervisor.addProcessGroup", &[Value::String(name.clone())])?;
        }
        Ok(())
    }
}

fn tell(change: &Change, form: Form) {
    let parts = [("added", &change.added), ("changed", &change.changed), ("removed", &change.removed)];
    match form {
        Form::Json => {
            let object: serde_json::Map<String, serde_json::Value> =
                parts.iter().map(|(word, names)| ((*word).to_owned(), json!(names))).collect();
            terminal::say(&format!("{:#}\n", serde_json::Value::Object(object)));
        }
        Form::Text if parts.iter().all(|(_, names)| names.is_empty()) => {
            terminal::say("nothing has changed\n");
        }
        Form::Text => {
            for (word, names) in parts {
                for name in names {
                    terminal::say(&format!("{name}: {word}\n"));
                }
            }
        }
    }
}
