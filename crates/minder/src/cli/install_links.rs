//! `minder install-links`: links by which minder is called under the names of other programs.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::ended::{Complaint, Ended, Form};
use super::table::{Cell, Table};
use super::terminal::{self, Colour};
use crate::neighbours;
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
    let mut wanted = of_minder(&target);
    wanted.extend(neighbours::links(&target).into_iter().map(|named| Link {
        name: named.name,
        target: named.target,
        about: named.about,
    }));
    let links = install(&arguments.directory, wanted, foreign).map_err(|error| failed(&error))?;
    let refused = links.iter().any(|made| made.outcome == Outcome::Refused);
    match form {
        Form::Text => terminal::say(&table(&links).render("", terminal::paint())),
        Form::Json => {
            let links: Vec<_> = links
                .iter()
                .map(|made| {
                    json!({
                        "path": made.path.display().to_string(),
                        "target": made.link.target.display().to_string(),
                        "outcome": made.outcome.word(),
                    })
                })
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

/// A link to be made.
#[derive(Debug)]
pub(crate) struct Link {
    name: String,
    target: PathBuf,
    about: &'static str,
}

/// A link, and what became of it.
#[derive(Debug)]
pub(crate) struct Made {
    link: Link,
    path: PathBuf,
    outcome: Outcome,
}

/// The names of minder itself.
pub(crate) fn of_minder(minder: &Path) -> Vec<Link> {
    let link = |known: &crate::personalities::Personality| Link {
        name: known.name.to_owned(),
        target: minder.to_owned(),
        about: known.about,
    };
    PERSONALITIES.iter().map(link).collect()
}

fn table(links: &[Made]) -> Table {
    let mut table = Table::default();
    for Made { link, path, outcome } in links {
        let colour = match outcome {
            Outcome::Made | Outcome::Replaced => Colour::Green,
            Outcome::Kept => Colour::Dim,
            Outcome::Refused => Colour::Red,
        };
        let behind = match outcome {
            Outcome::Refused => "is not a link to a minder".to_owned(),
            Outcome::Made | Outcome::Kept | Outcome::Replaced => format!("-> {}", link.target.display()),
        };
        table.push(vec![
            Cell::painted(outcome.word(), colour),
            Cell::plain(format!("{} {behind}", path.display())),
            Cell::painted(link.about, Colour::Dim),
        ]);
    }
    table
}

/// Makes a link for every name. A link of ours is made anew when it leads elsewhere.
pub(crate) fn install(directory: &Path, links: Vec<Link>, foreign: Foreign) -> io::Result<Vec<Made>> {
    std::fs::create_dir_all(directory)?;
    let mut made = Vec::new();
    for link in links {
        let (path, target) = (directory.join(&link.name), link.target.as_path());
        let outcome = match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                symlink(target, &path)?;
                Outcome::Made
            }
            Err(error) => return Err(error),
            // The directory is the one that the executables are in.
            Ok(_) if path == target => Outcome::Kept,
            Ok(_) => match std::fs::read_link(&path) {
                Ok(to) if to == target => Outcome::Kept,
                Ok(to) if is_ours(&to) => replace(target, &path)?,
                Ok(_) | Err(_) if foreign == Foreign::Replace => replace(target, &path)?,
                Ok(_) | Err(_) => Outcome::Refused,
            },
        };
        made.push(Made { link, path, outcome });
    }
    Ok(made)
}

/// Whether a link leads to a minder, or to one of its neighbours, wherever that was.
fn is_ours(target: &Path) -> bool {
    target.file_name() == Some("minder".as_ref()) || neighbours::is_executable(target)
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
