//! Lines for a person who looks into the log of a worker.

use std::io::Write;

use jiff::Timestamp;

/// Writes lines to standard error, which is the log of a resident.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    /// The class of the program, with which acoupi's lines begin.
    class: &'static str,
}

impl Log {
    /// That of a program of this class.
    #[must_use]
    pub fn of(class: &'static str) -> Self {
        Self { class }
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
        let now = Timestamp::now().strftime("%Y-%m-%d %H:%M:%S,%3f");
        // Nobody is told when the log is full.
        let _ = writeln!(std::io::stderr(), "[{now}: {level}/{}.{part}] {message}", self.class);
    }
}
