//! Lines for a person who looks into the log of a worker.

use std::io::Write;

use jiff::Timestamp;

/// Writes lines to standard error, which is the log of a resident.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    /// The class of the program, with which acoupi's lines begin. `None`: nobody looks.
    class: Option<&'static str>,
}

impl Log {
    /// That of a program of this class.
    #[must_use]
    pub fn of(class: &'static str) -> Self {
        Self { class: Some(class) }
    }

    /// One that nobody looks into.
    #[must_use]
    pub fn unread() -> Self {
        Self { class: None }
    }

    /// What goes as it should.
    pub fn info(&self, part: &str, message: impl std::fmt::Display) {
        self.line("INFO", part, &message);
    }

    /// What does not, and is dealt with.
    pub fn warning(&self, part: &str, message: impl std::fmt::Display) {
        self.line("WARNING", part, &message);
    }

    /// What does not.
    pub fn error(&self, part: &str, message: impl std::fmt::Display) {
        self.line("ERROR", part, &message);
    }

    fn line(&self, level: &str, part: &str, message: &dyn std::fmt::Display) {
        let Some(class) = self.class else { return };
        let now = Timestamp::now().strftime("%Y-%m-%d %H:%M:%S,%3f");
        // Nobody is told when the log is full.
        let _ = writeln!(std::io::stderr(), "[{now}: {level}/{class}.{part}] {message}");
    }
}
