//! The documents say what is there: links lead somewhere, files that are named exist, nothing that is meant is left out.

mod minder;

use std::fs;
use std::path::{Path, PathBuf};

use minder::{Said, minder};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Markdown file below a folder.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => documents(&path),
            false if path.extension().is_some_and(|end| end == "md") => vec![path],
            false => Vec::new(),
        })
        .collect()
}

fn all_documents() -> Vec<PathBuf> {
    let top =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name));
    let below = ["docs", "examples"].map(|folder| documents(&root().join(folder)));
    top.into_iter().chain(below.into_iter().flatten()).collect()
}

#[test]
fn links_between_documents_lead_somewhere() {
    for document in all_documents() {
        let text = read(&document);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || path.starts_with("http") {
                continue;
            }
            let target = document.parent().expect("a folder").join(path);
            assert!(target.exists(), "{} links to {link}", document.display());
        }
    }
}

#[test]
fn files_that_are_named_exist() {
    for document in all_documents() {
        let text = read(&document);
        // Between two backquotes; blocks of code have three and show what is typed elsewhere.
        for word in text.split('`').skip(1).step_by(2) {
            let ours = ["crates/", "personalities/", "tests/", "examples/", "xtask/"]
                .iter()
                .any(|top| word.starts_with(top));
            if ours && !word.contains(char::is_whitespace) {
                assert!(root().join(word).exists(), "{} names {word}", document.display());
            }
        }
    }
}

#[test]
fn every_deviation_that_the_comparison_knows_is_in_the_guide() {
    let guide = read(&root().join("docs/from-supervisor.md"));
    let deviations = read(&root().join("tests/src/deviations.rs"));
    let names: Vec<&str> = deviations
        .lines()
        .filter_map(|line| line.trim().strip_prefix("name: \"")?.strip_suffix("\","))
        .collect();
    assert!(!names.is_empty(), "the names are no longer written as this test expects");
    for name in names {
        assert!(guide.contains(&format!("`{name}`")), "docs/from-supervisor.md does not tell of `{name}`");
    }
}

#[test]
fn every_command_is_in_the_reference() {
    let reference = read(&root().join("docs/reference/commands.md"));
    let help = Said::of(minder().arg("--help")).out;
    let commands =
        help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list");
    // A line that begins further right goes on with the description of the command above it.
    let lines = commands.lines().filter(|line| !line.starts_with("   "));
    for command in lines.filter_map(|line| line.split_whitespace().next()).filter(|word| *word != "help") {
        assert!(
            reference.contains(&format!("`minder {command}")),
            "docs/reference/commands.md lacks {command}"
        );
    }
}
