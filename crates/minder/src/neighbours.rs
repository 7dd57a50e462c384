//! The programs that stand beside minder, and the names by which they are called, for `minder install-links`.
//!
//! minder does not contain them and never runs them by itself: they are what it looks after.

use std::path::{Path, PathBuf};

/// A program beside minder.
pub(crate) struct Neighbour {
    /// Its executable, in the directory of minder's.
    executable: &'static str,
    /// Its names, with underscores; each may have dashes instead, and `.py` behind it.
    names: &'static [(&'static str, &'static str)],
}

/// All of them.
const NEIGHBOURS: &[Neighbour] = &[
    Neighbour {
        executable: "kegbot",
        names: &[
            ("kegbot_core", "makes drinks of what meters and tokens tell"),
            ("kegboard_daemon", "speaks with a board"),
            ("kegboard_monitor", "prints what a board says"),
            ("kegboard_tester", "switches every relay of a board"),
            ("lcd_daemon", "shows taps and pours on a serial display"),
            ("rfid_daemon", "tells of cards"),
            ("sound_server", "plays sounds for pours"),
            ("test_flow", "pours without a tap"),
            ("webhook_publisher", "posts drinks to an address"),
            ("fb_publisher", "says where it went"),
            ("kegbot_twitter", "says where it went"),
        ],
    },
    Neighbour {
        executable: "brewpi",
        names: &[
            ("brewpi", "runs the script of a chamber"),
            ("brewpi_spawner", "keeps a script running for each chamber"),
            ("processmgr", "the same, by its name in Fermentrack"),
        ],
    },
];

/// A link that leads to a neighbour.
pub(crate) struct Named {
    /// The link's name.
    pub(crate) name: String,
    /// The executable that it leads to.
    pub(crate) target: PathBuf,
    /// What that does.
    pub(crate) about: &'static str,
}

/// The links to the neighbours that are beside this executable of minder's. One that is not there has none.
pub(crate) fn links(minder: &Path) -> Vec<Named> {
    let mut links = Vec::new();
    for neighbour in NEIGHBOURS {
        let target = minder.with_file_name(neighbour.executable);
        if !target.is_file() {
            continue;
        }
        for (name, about) in neighbour.names {
            for name in forms(name) {
                links.push(Named { name, target: target.clone(), about });
            }
        }
    }
    links
}

/// A name with underscores and with dashes, without and with `.py`.
fn forms(name: &str) -> Vec<String> {
    let mut forms = vec![name.to_owned(), format!("{name}.py")];
    if name.contains('_') {
        let dashed = name.replace('_', "-");
        forms.extend([format!("{dashed}.py"), dashed]);
    }
    forms
}

/// Whether a file has the name of a neighbour's executable, so that a link to it is one of ours.
pub(crate) fn is_executable(path: &Path) -> bool {
    NEIGHBOURS.iter().any(|neighbour| path.file_name() == Some(neighbour.executable.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_that_the_programs_know() {
        let names: Vec<&str> = NEIGHBOURS[0].names.iter().map(|(name, _)| *name).collect();
        let known: Vec<&str> = minder_kegbot::programs::NAMED.iter().map(|program| program.name).collect();
        assert_eq!(names, known);
        for name in names.iter().flat_map(|name| forms(name)) {
            assert!(minder_kegbot::programs::named(&name).is_some(), "{name}");
        }
    }
}
