//! Tokens: what people hold against a reader so that a drink is theirs.

use std::fmt;
use std::time::Duration;

/// What a token is, wherever it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What read it, such as `core.rfid`.
    pub device: String,
    /// What it says.
    pub value: String,
}

/// A token at a tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAtTap<'a>(pub &'a Token, pub &'a str);

/// `core.rfid=680096068f@kegboard.flow0`.
impl fmt::Display for TokenAtTap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}@{}", self.0.device, self.0.value, self.1)
    }
}

/// Whether a token is held in place, or only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// A flow lasts as long as the token is there.
    Captive,
    /// It may go at once.
    Shown,
}

impl Token {
    /// Whether its reader holds it.
    #[must_use]
    pub fn hold(&self) -> Hold {
        if self.device == "core.rfid" { Hold::Shown } else { Hold::Captive }
    }

    /// How long a flow may idle that began with it.
    #[must_use]
    pub fn max_idle(&self) -> Duration {
        Duration::from_secs(match self.device.as_str() {
            "core.onewire" => 120,
            "core.rfid" => 20,
            _ => 10,
        })
    }
}
