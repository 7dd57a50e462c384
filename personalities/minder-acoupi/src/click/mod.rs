//! How acoupi speaks with a terminal: as programs made with the Python library click do.

mod close_matches;
pub(crate) mod parse;
pub(crate) mod style;
pub(crate) mod terminal;

/// Why a command did not do what was asked. Each ends with a status of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// The command line is wrong: how the command is used, under what name help is there, and what is wrong.
    Usage {
        /// `acoupi check [OPTIONS]`.
        usage: String,
        /// `acoupi check`.
        command: String,
        /// What is wrong.
        message: String,
    },
    /// The command line is wrong in a way for which click does not say how it is used.
    Bare(String),
    /// Somebody, or something, said that it shall not go on; that was told already.
    Abort,
    /// Something went wrong, and what.
    Error(String),
    /// Help, for somebody who asked for nothing.
    Help(String),
}

impl Failure {
    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::Bare(_) | Self::Help(_) => 2,
            Self::Abort | Self::Error(_) => 1,
        }
    }

    /// What is printed on standard error.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Usage { usage, command, message } => {
                format!("Usage: {usage}\nTry '{command} --help' for help.\n\nError: {message}\n")
            }
            Self::Bare(message) | Self::Error(message) => format!("Error: {message}\n"),
            Self::Abort => "Aborted!\n".to_owned(),
            Self::Help(text) => text.clone(),
        }
    }
}
