//! The section `[supervisorctl]` of the configuration file.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use minder_config::Sources;

use crate::conf::expand::expand;
use crate::conf::ini::{Included, Tree};
use crate::conf::names::{Names, Scope};
use crate::conf::python::{decode, encode};

const SECTION: &str = "supervisorctl";
const PLUGIN_PREFIX: &str = "ctlplugin:";

/// What supervisorctl works with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) server_url: String,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    /// Without the `> ` that follows it.
    pub(super) prompt: String,
    pub(super) history_file: Option<String>,
    /// The plugin sections that the file has and that we cannot honour.
    pub(super) plugins: Vec<String>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            server_url: "http://localhost:9001".to_owned(),
            username: None,
            password: None,
            prompt: "supervisor".to_owned(),
            history_file: None,
            plugins: Vec::new(),
        }
    }
}

/// Why a file gives no settings. Both hold the original's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SettingsError {
    /// A file, a section or a value is not as it must be.
    Refused(String),
    /// The file is no INI file.
    Syntax(String),
}

impl Settings {
    /// Reads a file. `[include]` has no meaning here, as in the original.
    pub(super) fn read(path: &Path) -> Result<Settings, SettingsError> {
        let shown = decode(path.as_os_str().as_bytes());
        if !path.exists() {
            return Err(SettingsError::Refused(format!("could not find config file {shown}")));
        }
        let bytes = std::fs::read(path)
            .map_err(|_| SettingsError::Refused(format!("could not read config file {shown}")))?;
        let mut sources = Sources::new();
        let file = sources.add(shown.clone(), bytes);
        let mut tree = Tree::default();
        if let Some(fault) = tree.read(&sources, file, Included::No).into_iter().next() {
            return Err(SettingsError::Syntax(fault.text));
        }
        let absolute = normalised(&shown);
        let here = absolute.rsplit_once('/').map_or("", |(dir, _)| dir);
        Settings::of_tree(&tree, if here.is_empty() { "/" } else { here })
    }

    fn of_tree(tree: &Tree, here: &str) -> Result<Settings, SettingsError> {
        if tree.section(SECTION).is_none() {
            let text = ".ini file does not include supervisorctl section";
            return Err(SettingsError::Refused(text.to_owned()));
        }
        let (mut variables, mut place) = (Names::new(), Names::new());
        for (name, value) in std::env::vars_os() {
            variables.set_variable(&decode(name.as_bytes()), &decode(value.as_bytes()));
        }
        place.set("here", here);
        let value = |key: &str, layers: &[&Names]| match tree.get(SECTION, key) {
            Some(entry) => expand(&entry.value, Scope(layers), &format!("{SECTION}.{key}"))
                .map(Some)
                .map_err(|error| SettingsError::Refused(error.to_string())),
            None => Ok(None),
        };
        let defaults = Settings::default();
        let server_url = value("serverurl", &[&variables, &place])?.unwrap_or(defaults.server_url);
        let server_url = match server_url.strip_prefix("unix://") {
            Some(path) => format!("unix://{}", normalised(path)),
            None => server_url,
        };
        let prompt = value("prompt", &[&variables])?.unwrap_or(defaults.prompt);
        let username = value("username", &[&variables])?;
        let password = value("password", &[&variables])?;
        let history_file = value("history_file", &[&variables, &place])?.filter(|path| !path.is_empty());
        let history_file = history_file.map(|path| normalised(&path));
        let plugins = tree.sections().iter().filter(|section| section.name.starts_with(PLUGIN_PREFIX));
        let plugins = plugins.map(|section| section.name.clone()).collect();
        Ok(Settings { server_url, username, password, prompt, history_file, plugins })
    }
}

/// Python's `normpath(abspath(expanduser(path)))`, where only one's own `~` is known.
fn normalised(path: &str) -> String {
    let home = std::env::var_os("HOME").map(|home| decode(home.as_bytes()));
    let path = match (path.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            format!("{}{rest}", home.trim_end_matches('/'))
        }
        _ => path.to_owned(),
    };
    let absolute = if path.starts_with('/') {
        path
    } else {
        let cwd = std::env::current_dir().unwrap_or_default();
        format!("{}/{path}", decode(cwd.as_os_str().as_bytes()))
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in absolute.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    // POSIX lets exactly two slashes at the front mean something else, so Python leaves them alone.
    let root = if absolute.starts_with("//") && !absolute.starts_with("///") { "//" } else { "/" };
    format!("{root}{}", parts.join("/"))
}

/// The path that a decoded text stands for.
pub(super) fn os_path(text: &str) -> std::path::PathBuf {
    OsString::from_vec(encode(text)).into()
}

/// The scheme of a URL in lower case, by Python's rules; empty when there is none.
pub(super) fn scheme(url: &str) -> String {
    match url.split_once(':') {
        Some((scheme, _))
            if scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
        {
            scheme.to_ascii_lowercase()
        }
        Some(_) | None => String::new(),
    }
}

/// Whether the original's `-s` accepts this: a scheme, and something behind it that is neither query nor fragment.
pub(super) fn is_url(text: &str) -> bool {
    let Some((_, rest)) = text.split_once(':').filter(|_| !scheme(text).is_empty()) else { return false };
    let place = rest.strip_prefix("//").unwrap_or(rest);
    place.starts_with(|first: char| first != '?' && first != '#')
}

#[cfg(test)]
mod tests {
    use super::{Settings, SettingsError, is_url, normalised, scheme};

    fn read(text: &str) -> Result<Settings, SettingsError> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("s.conf");
        std::fs::write(&path, text).expect("a file in it");
        Settings::read(&path).map(|mut settings| {
            let here = dir.path().to_str().expect("a plain path");
            settings.server_url = settings.server_url.replace(here, "HERE");
            settings
        })
    }

    #[test]
    fn a_file_is_read_and_expanded() {
        let settings = read(
            "[supervisorctl]\nserverurl=unix://%(here)s/x/../s.sock ; comment\nprompt=a%%\nusername=u\n\
             password=%(ENV_PATH)s\n[ctlplugin:x]\nsupervisor.ctl_factory=a:b\n",
        )
        .expect("a good file");
        assert_eq!(settings.server_url, "unix://HERE/s.sock");
        assert_eq!(settings.prompt, "a%");
        assert_eq!(settings.username.as_deref(), Some("u"));
        assert_eq!(settings.password, std::env::var("PATH").ok());
        assert_eq!(settings.plugins, ["ctlplugin:x"]);
    }

    #[test]
    fn a_file_without_the_section_is_refused() {
        let text = ".ini file does not include supervisorctl section".to_owned();
        assert_eq!(read("[supervisord]\n"), Err(SettingsError::Refused(text)));
        assert!(matches!(read("nothing\n"), Err(SettingsError::Syntax(_))));
    }

    #[test]
    fn urls_are_recognised_as_the_original_does() {
        for (url, good) in [
            ("http://a", true),
            ("unix:///a", true),
            ("localhost:9001", true),
            ("http:", false),
            ("http://", false),
            ("http://?a", false),
            ("foo", false),
            ("1a:b", false),
        ] {
            assert_eq!(is_url(url), good, "{url}");
        }
        assert_eq!(scheme("HTTP://x"), "http");
    }

    #[test]
    fn paths_are_made_absolute_and_plain() {
        for (path, plain) in [("/a/./b/../c/", "/a/c"), ("//a", "//a"), ("///a", "/a"), ("/..", "/")] {
            assert_eq!(normalised(path), plain);
        }
    }
}
