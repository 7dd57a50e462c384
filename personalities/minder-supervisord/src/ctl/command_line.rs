//! What was written on the command line. Nothing is read here but the arguments and the names of files.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::getopt::{Known, Takes, getopt};
use super::settings::{Settings, is_url};
use crate::conf::python::{decode, encode, repr};

/// Why supervisorctl ends before it has done anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// `-h`: the help is printed, and that is a success.
    Help,
    /// Options or configuration are wrong, in the original's words: exit status 2.
    Usage(String),
    /// The configuration is no INI file: exit status 1, as the original's traceback has it.
    Syntax(String),
    /// The kernel gives no event loop.
    NoEventLoop(String),
}

const OPTIONS: [Known; 8] = [
    Known { short: 'h', long: Some("help"), takes: Takes::Nothing },
    Known { short: '?', long: None, takes: Takes::Nothing },
    Known { short: 'c', long: Some("configuration"), takes: Takes::Value },
    Known { short: 'i', long: Some("interactive"), takes: Takes::Nothing },
    Known { short: 's', long: Some("serverurl"), takes: Takes::Value },
    Known { short: 'u', long: Some("username"), takes: Takes::Value },
    Known { short: 'p', long: Some("password"), takes: Takes::Value },
    Known { short: 'r', long: Some("history_file"), takes: Takes::Value },
];

/// The options and words of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// `-c`.
    pub configuration: Option<String>,
    /// `-i`.
    pub interactive: bool,
    /// `-s`.
    pub server_url: Option<String>,
    /// `-u`.
    pub username: Option<String>,
    /// `-p`.
    pub password: Option<String>,
    /// `-r`. The original reads the option and forgets it; here it names the history file.
    pub history_file: Option<String>,
    /// The action and its arguments; none asks for a shell.
    pub words: Vec<String>,
}

impl CommandLine {
    /// Reads the arguments, without the program's name.
    ///
    /// # Errors
    /// [`Stop::Help`] or [`Stop::Usage`].
    pub fn parse(args: Vec<OsString>) -> Result<CommandLine, Stop> {
        let args: Vec<String> = args.into_iter().map(|arg| decode(arg.as_bytes())).collect();
        let (given, words) = getopt(&args, &OPTIONS).map_err(Stop::Usage)?;
        let mut line = CommandLine { words, ..CommandLine::default() };
        for option in given {
            let conflict =
                || Stop::Usage(format!("conflicting command line option {}", repr(&option.written)));
            if option.short == 's' && !is_url(&option.value) {
                let value = repr(&option.value);
                let text =
                    format!("invalid value for {} {value}: value {value} is not a URL", option.written);
                return Err(Stop::Usage(text));
            }
            let place = match option.short {
                'i' if line.interactive => return Err(conflict()),
                'i' => {
                    line.interactive = true;
                    continue;
                }
                'c' => &mut line.configuration,
                's' => &mut line.server_url,
                'u' => &mut line.username,
                'p' => &mut line.password,
                'r' => &mut line.history_file,
                _ => return Err(Stop::Help),
            };
            if place.is_some() {
                return Err(conflict());
            }
            *place = Some(option.value);
        }
        Ok(line)
    }

    /// The configuration file to read: the one asked for, else the first that exists where the original looks.
    #[must_use]
    pub fn config_file(&self, program: &str) -> Option<PathBuf> {
        match self.configuration.as_deref() {
            Some("") => None,
            Some(path) => Some(PathBuf::from(OsString::from_vec(encode(path)))),
            None => search_paths(program).into_iter().find(|path| path.exists()),
        }
    }

    /// The settings of the file, overridden by what was written here.
    pub(super) fn over(&self, settings: Settings) -> Settings {
        Settings {
            server_url: self.server_url.clone().unwrap_or(settings.server_url),
            username: self.username.clone().or(settings.username),
            password: self.password.clone().or(settings.password),
            history_file: self.history_file.clone().or(settings.history_file),
            ..settings
        }
    }
}

/// The program's path. A script's interpreter hears of the whole path, from which the original derives where to look
/// for its configuration; we are told only what was typed, and repeat the shell's search.
pub(super) fn program_path(typed: &OsStr) -> String {
    let found = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|dir| dir.join(typed)).find(|candidate| candidate.is_file())
    };
    if !typed.as_bytes().contains(&b'/')
        && let Some(path) = found()
    {
        return decode(path.as_os_str().as_bytes());
    }
    decode(typed.as_bytes())
}

fn search_paths(program: &str) -> Vec<PathBuf> {
    let program = OsString::from_vec(encode(program));
    let prefix = Path::new(&program).parent().and_then(Path::parent).unwrap_or(Path::new(""));
    vec![
        prefix.join("etc/supervisord.conf"),
        prefix.join("supervisord.conf"),
        "supervisord.conf".into(),
        "etc/supervisord.conf".into(),
        "/etc/supervisord.conf".into(),
        "/etc/supervisor/supervisord.conf".into(),
    ]
}

/// What `-h` prints.
#[must_use]
pub fn help(program: &str) -> String {
    format!(
        "supervisorctl -- ask a supervisor about its programs, and tell it what to do with them.

Usage: {program} [options] [action [arguments]]

Options:
-c/--configuration FILENAME -- read this configuration file (else the usual places are searched)
-h/--help -- print this text and exit
-i/--interactive -- be interactive: ask before a shutdown or a reload, and for a password
-s/--serverurl URL -- where the server listens: http://host:port or unix:///path
     (default \"http://localhost:9001\").
-u/--username USERNAME -- user name for the server
-p/--password PASSWORD -- password for the server
-r/--history_file FILENAME -- keep the lines typed into the shell in this file

action [arguments] -- what to do, \"status\" or \"stop web\" for example

Without an action a shell is started that reads one action a line. The action \"help\" lists
all of them, and \"help ACTION\" explains one.

"
    )
}

#[cfg(test)]
mod tests {
    use super::{CommandLine, Stop};

    fn parse(line: &str) -> Result<CommandLine, Stop> {
        CommandLine::parse(line.split(' ').map(Into::into).collect())
    }

    #[test]
    fn options_and_words_are_told_apart() {
        let line = parse("-c f -s unix:///s -u me --pass=x tail -f a").expect("a good command line");
        assert_eq!(line.configuration.as_deref(), Some("f"));
        assert_eq!(line.server_url.as_deref(), Some("unix:///s"));
        assert_eq!((line.username.as_deref(), line.password.as_deref()), (Some("me"), Some("x")));
        assert_eq!(line.words, ["tail", "-f", "a"]);
    }

    #[test]
    fn mistakes_are_told_in_the_words_of_the_original() {
        for (line, text) in [
            ("-i -i", "conflicting command line option '-i'"),
            ("-c a --conf b", "conflicting command line option '--configuration'"),
            ("-s foo", "invalid value for -s 'foo': value 'foo' is not a URL"),
            ("-z", "option -z not recognized"),
        ] {
            assert_eq!(parse(line), Err(Stop::Usage(text.to_owned())), "{line}");
        }
        assert_eq!(parse("-?"), Err(Stop::Help));
        assert_eq!(parse("-i --he"), Err(Stop::Help));
    }
}
