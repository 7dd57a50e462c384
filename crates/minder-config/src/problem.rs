//! What is wrong, where, what was expected instead, and what to do.

use crate::source::Span;

/// Whether the configuration can be used in spite of the problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// The configuration is used; something in it probably does not do what its author meant.
    Warning,
}

impl Severity {
    /// The word that messages and JSON use: `error` or `warning`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What stands there, and what should.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Clash {
    /// The text that was found, as it is written in the file.
    pub found: String,
    /// What would be accepted, in words that fit behind "expected", with an example: `a whole number such as 5`.
    pub expected: String,
}

/// A further place that explains the problem, such as the first of two conflicting lines.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// Where to look, if the note is about a place.
    pub at: Option<Span>,
    /// One sentence, lower case, without full stop.
    pub text: String,
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// Whether the configuration is refused for it.
    pub severity: Severity,
    /// The text that is to be changed. `None` if something is missing as a whole, such as the file.
    pub at: Option<Span>,
    /// The name of the setting or section, shown in backquotes; `None` for problems of no single setting.
    pub subject: Option<String>,
    /// What is wrong. Lower case, no full stop. Empty if the clash says it all.
    pub message: String,
    /// What was found and expected, if the problem is one of a value.
    pub clash: Option<Clash>,
    /// What to do about it, best as a line that can be copied.
    pub hint: Option<String>,
    /// Further places that explain it.
    pub notes: Vec<Note>,
}

impl Problem {
    /// An error with a message and nothing else; the `with_` functions add the rest.
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message.into())
    }

    /// A warning with a message and nothing else; the `with_` functions add the rest.
    #[must_use]
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message.into())
    }

    fn new(severity: Severity, message: String) -> Self {
        Self { severity, at: None, subject: None, message, clash: None, hint: None, notes: Vec::new() }
    }

    /// The same problem at a place; `None` leaves it without one.
    #[must_use]
    pub fn with_place(mut self, at: Option<Span>) -> Self {
        self.at = at;
        self
    }

    /// The same problem of a named setting or section.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The same problem with what was found and what was expected.
    #[must_use]
    pub fn with_clash(mut self, found: impl Into<String>, expected: impl Into<String>) -> Self {
        self.clash = Some(Clash { found: found.into(), expected: expected.into() });
        self
    }

    /// The same problem with advice; `None` leaves it without.
    #[must_use]
    pub fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// The same problem with one more explaining place.
    #[must_use]
    pub fn with_note(mut self, at: Option<Span>, text: impl Into<String>) -> Self {
        self.notes.push(Note { at, text: text.into() });
        self
    }
}
