//! `cargo xtask tidy`: rules that no compiler knows. `cargo test` runs it too.

use crate::step::{self, Problem};
use crate::workspace;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Which of our crates a crate may import. One that is not named here may import nothing of ours.
const IMPORTS: &[(&str, &[&str])] = &[
    ("minder-core", &[]),
    ("minder-config", &["minder-core", "minder-schedule"]),
    ("minder-schedule", &["minder-core"]),
    ("minder-tasks", &["minder-core", "minder-schedule"]),
    ("minder-deployment", &["minder-core"]),
    ("minder-recorder", &["minder-schedule"]),
    ("minder-brewpi", &["minder-page", "minder-zmtp"]),
    ("minder-page", &[]),
    (
        "minder-acoupi",
        &[
            "minder-core",
            "minder-config",
            "minder-deployment",
            "minder-recorder",
            "minder-schedule",
            "minder-tasks",
        ],
    ),
    ("minder-keeper", &[]),
    ("minder-runtime", &["minder-core", "minder-keeper"]),
    ("minder-sim", &["minder-core"]),
    ("minder-web", &["minder-core"]),
    ("minder-fleet", &["minder-core"]),
    ("minder-supervisord", &["minder-core", "minder-config"]),
    ("minder-zmtp", &[]),
    ("minder-circusd", &["minder-core", "minder-config", "minder-zmtp"]),
    ("minder-kegbot-app", &[]),
    ("minder-kegbot", &["minder-kegbot-app", "minder-page"]),
    ("minder-kegbot-master", &["minder-core", "minder-config", "minder-kegbot-app"]),
    ("minder-fermentrack", &["minder-zmtp"]),
    (
        "minder-fuzz",
        &[
            "minder-core",
            "minder-config",
            "minder-keeper",
            "minder-runtime",
            "minder-supervisord",
            "minder-circusd",
            "minder-brewpi",
            "minder-kegbot",
            "minder-kegbot-app",
            "minder-kegbot-master",
            "minder-zmtp",
            "minder-schedule",
            "minder-tasks",
            "minder-recorder",
            "minder-acoupi",
        ],
    ),
    (
        "minder",
        &[
            "minder-acoupi",
            "minder-deployment",
            "minder-recorder",
            "minder-schedule",
            "minder-tasks",
            "minder-core",
            "minder-config",
            "minder-keeper",
            "minder-runtime",
            "minder-web",
            "minder-fleet",
            "minder-supervisord",
            "minder-circusd",
            "minder-kegbot",
            "minder-kegbot-master",
            "minder-fermentrack",
            "minder-zmtp",
        ],
    ),
];

/// Crates of others that a crate of ours must live without.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("minder-core", &["tokio", "rustix", "libc", "serde", "serde_json"]),
    ("minder-keeper", &["tokio", "serde", "clap"]),
];

/// Words of one dialect, which the core does not know.
const FOREIGN: &[&str] = &[
    "supervisord",
    "supervisorctl",
    "watcher",
    "startsecs",
    "startretries",
    "stopwaitsecs",
    "stopasgroup",
    "killasgroup",
    "circus",
    "arbiter",
    "kegbot",
    "fermentrack",
    "acoupi",
];

/// Names that say where something was put and not what it is.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc"];

/// Above this a file says why.
const LONG: usize = 500;

/// Checks everything.
///
/// # Errors
/// With every broken rule.
pub(crate) fn run() -> Result<(), Problem> {
    println!("\n▶ tidy");
    let broken = broken_rules()?;
    if broken.is_empty() {
        println!("✔ tidy");
        return Ok(());
    }
    Err(Problem::Untidy(broken))
}

fn broken_rules() -> Result<Vec<String>, Problem> {
    let root = workspace::root();
    let mut broken = imports()?;
    let mut sources = Vec::new();
    for folder in ["crates", "personalities", "stacks", "tests", "xtask"] {
        collect(&root.join(folder), &mut sources);
    }
    for path in &sources {
        let text = read(path)?;
        let name = path.strip_prefix(&root).unwrap_or(path);
        broken.extend(rules_of_a_file(name, &text));
    }
    broken.extend(architecture(&root)?);
    Ok(broken)
}

fn rules_of_a_file(path: &Path, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let lines = text.lines().count();
    let mut opening = text.lines().take_while(|line| line.starts_with("//!"));
    if lines > LONG && !opening.any(|line| line.starts_with("//! Long because")) {
        broken.push(format!("{}: {lines} lines, and no `//! Long because …` at its top", path.display()));
    }
    let names = path.components().filter_map(|part| Path::new(part.as_os_str()).file_stem()?.to_str());
    for name in names.filter(|name| EMPTY_NAMES.contains(name)) {
        broken.push(format!("{}: `{name}` says nothing; name it after what it holds", path.display()));
    }
    if path.starts_with("crates/minder-core/src") {
        for (number, line) in text.lines().enumerate() {
            let lower = line.to_lowercase();
            for word in FOREIGN.iter().filter(|word| lower.contains(*word)) {
                broken.push(format!("{}:{}: the core knows no `{word}`", path.display(), number + 1));
            }
        }
    }
    broken
}

/// The import table against what cargo says.
fn imports() -> Result<Vec<String>, Problem> {
    let text = step::output(workspace::cargo().args([
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
        "--offline",
    ]))?;
    let metadata: Value = serde_json::from_str(&text)
        .map_err(|error| Problem::Failed("cargo metadata".into(), error.to_string()))?;
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let ours: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut broken = Vec::new();
    for package in &packages {
        let name = package["name"].as_str().unwrap_or("");
        let allowed = IMPORTS.iter().find(|(of, _)| *of == name).map_or(&[][..], |(_, list)| *list);
        let forbidden = FORBIDDEN.iter().find(|(of, _)| *of == name).map_or(&[][..], |(_, list)| *list);
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        // What tests use does not go into the program.
        for dependency in dependencies.filter(|dependency| dependency["kind"] != "dev") {
            let import = dependency["name"].as_str().unwrap_or("");
            if ours.contains(&import) && !allowed.contains(&import) {
                broken.push(format!("{name} imports {import}, which the import table does not allow"));
            }
            if forbidden.contains(&import) {
                broken.push(format!("{name} imports {import}, without which it must live"));
            }
        }
    }
    Ok(broken)
}

/// Every path that ARCHITECTURE.md names exists.
fn architecture(root: &Path) -> Result<Vec<String>, Problem> {
    let path = root.join("ARCHITECTURE.md");
    if !path.exists() {
        return Ok(vec!["ARCHITECTURE.md is missing".into()]);
    }
    let text = read(&path)?;
    let mut broken = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for word in line.split('`').skip(1).step_by(2).filter(|word| is_path(word)) {
            if !root.join(word.trim_end_matches('/')).exists() {
                broken.push(format!("ARCHITECTURE.md:{}: {word} does not exist", number + 1));
            }
        }
    }
    Ok(broken)
}

/// Whether a word in backticks is a path of the workspace.
fn is_path(word: &str) -> bool {
    let folders =
        ["crates/", "personalities/", "stacks/", "tests/", "xtask/", "docs/", "examples/", "fuzz/", ".ci/"];
    let plain = word.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter));
    plain && folders.iter().any(|folder| word.starts_with(folder))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn read(path: &Path) -> Result<String, Problem> {
    std::fs::read_to_string(path).map_err(|error| Problem::File(path.display().to_string(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        match broken_rules() {
            Ok(broken) => assert!(broken.is_empty(), "\n{}", broken.join("\n")),
            Err(problem) => panic!("{problem}"),
        }
    }

    #[test]
    fn a_long_file_must_say_why() {
        let text = "fn x() {}\n".repeat(LONG + 1);
        assert_eq!(rules_of_a_file(Path::new("crates/a/src/b.rs"), &text).len(), 1);
        let text = format!("//! The table.\n//!\n//! Long because it is a table.\n{text}");
        assert!(rules_of_a_file(Path::new("crates/a/src/b.rs"), &text).is_empty());
    }

    #[test]
    fn a_module_is_not_called_utils_and_the_core_does_not_know_a_dialect() {
        assert_eq!(rules_of_a_file(Path::new("crates/a/src/utils.rs"), "").len(), 1);
        assert_eq!(rules_of_a_file(Path::new("crates/a/src/utils/x.rs"), "").len(), 1);
        assert_eq!(
            rules_of_a_file(Path::new("crates/minder-core/src/x.rs"), "// like Supervisord\n").len(),
            1
        );
    }

    #[test]
    fn a_path_is_known_from_a_command() {
        assert!(is_path("crates/minder/src/main.rs"));
        assert!(!is_path("cargo xtask ci"));
        assert!(!is_path("tests/{a,b}"));
    }
}
