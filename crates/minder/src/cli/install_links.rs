//! `minder install-links`: links by which minder is called under the names of other programs.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::ended::{Complaint, Ended, Form};
use super::table::{Cell, Table};
use super::terminal::{self, Colour};
use crate::personalities::PERSONALITIES;

/// Make links, so that minder takes the place of supervisord and its like.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Where the links go, such as /usr/local/bin. It is made if it is not there.
    directory: PathBuf,
    /// Replace files that are not links to a minder.
    #[arg(long)]
    force: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What became of one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Made,
    /// It was there and is as it should be.
    Kept,
    Replaced,
    /// Something else has that name, and it stays.
    Refused,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Made => "made",
            Outcome::Kept => "kept",
            Outcome::Replaced => "replaced",
            Outcome::Refused => "refused",
        }
    }
}

/// What is done with what is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    Keep,
    Replace,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let form = Form::of(arguments.json);
    let shown = arguments.directory.display();
    let failed =
        |error: &io::Error| Complaint::failed(format!("cannot make links in {shown}: {error}")).in_form(form);
    let target = std::env::current_exe().map_err(|error| failed(&error))?;
    let foreign = if arguments.force { Foreign::Replace } else { Foreign::Keep };
    let links = install(&arguments.directory, &target, foreign).map_err(|error| failed(&error))?;
    let refused = links.iter().any(|(_, outcome)| *outcome == Outcome::Refused);
    match form {
        Form::Text => terminal::say(&table(&links, &target).render("", terminal::paint())),
        Form::Json => {
            let links: Vec<_> = links
                .iter()
                .map(|(path, outcome)| json!({ "path": path.display().to_string(), "outcome": outcome.word() }))
                .collect();
            let all = json!({ "target": target.display().to_string(), "links": links });
            terminal::say(&format!("{all:#}\n"));
        }
    }
    match (refused, form) {
        (false, _) => Ok(Ended::Well),
        (true, Form::Json) => Ok(Ended::Failed),
        (true, Form::Text) => {
            Err(Complaint::failed("some names are taken by other programs, which stay as they are")
                .with_hint("choose another directory, or replace them with --force"))
        }
    }
}

fn table(links: &[(PathBuf, Outcome)], target: &Path) -> Table {
    let mut table = Table::default();
    for (path, outcome) in links {
        let colour = match outcome {
            Outcome::Made | Outcome::Replaced => Colour::Green,
            Outcome::Kept => Colour::Dim,
            Outcome::Refused => Colour::Red,
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let about = PERSONALITIES.iter().find(|known| known.name == name).map_or("", |known| known.about);
        let behind = match outcome {
            Outcome::Refused => "is not a link to a minder".to_owned(),
            Outcome::Made | Outcome::Kept | Outcome::Replaced => format!("-> {}", target.display()),
        };
        table.push(vec![
            Cell::painted(outcome.word(), colour),
            Cell::plain(format!("{} {behind}", path.display())),
            Cell::painted(about, Colour::Dim),
        ]);
    }
    table
}

/// Makes a link for every name. A link of ours is made anew when it leads elsewhere.
pub(crate) fn install(
    directory: &Path,
    target: &Path,
    foreign: Foreign,
) -> io::Result<Vec<(PathBuf, Outcome)>> {
    std::fs::create_dir_all(directory)?;
    let mut links = Vec::new();
    for personality in PERSONALITIES {
        let path = directory.join(personality.name);
        let outcome = match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                symlink(target, &path)?;
                Outcome::Made
            }
            Err(error) => return Err(error),
            Ok(_) => match std::fs::read_link(&path) {
                Ok(to) if to == target => Outcome::Kept,
                Ok(to) if to.file_name() == Some("minder".as_ref()) => replace(target, &path)?,
                Ok(_) | Err(_) if foreign == Foreign::Replace => replace(target, &path)?,
                Ok(_) | Err(_) => Outcome::Refused,
            },
        };
        links.push((path, outcome));
    }
    Ok(links)
}

/// Puts the link in the place of what is there in one step, so that the name is never missing.
fn replace(target: &Path, path: &Path) -> io::Result<Outcome> {
    let beside = path.with_extension(format!("minder-{}", std::process::id()));
    symlink(target, &beside)?;
    match std::fs::rename(&beside, path) {
        Ok(()) => Ok(Outcome::Replaced),
        Err(error) => {
            // Without this a failed replacement would leave a stray link behind.
            let _ = std::fs::remove_file(&beside);
            Err(error)
        }
    }
}
