//! Kegbot's launcher: its file and its commands.
