//! What the original raises, told apart as its protocol and its last words tell it.

use std::fmt;

/// The Python class of an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// A message that the protocol refuses.
    Message,
    /// Arguments on circusctl's command line that make no message.
    Argument,
    /// `ValueError`.
    Value,
    /// `TypeError`.
    Type,
    /// `KeyError`; the text is the key in quotes.
    Key,
    /// `AttributeError`.
    Attribute,
    /// `IndexError`.
    Index,
    /// `OverflowError`.
    Overflow,
    /// A module that is not there.
    Import,
    /// An error of the operating system.
    Os,
    /// A file that is not UTF-8.
    UnicodeDecode,
    /// A file with lines that are no INI.
    Parsing,
    /// A file that begins without a section.
    MissingSectionHeader,
}

impl Class {
    /// The name of the class as a traceback's last line has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "circus.exc.MessageError",
            Self::Argument => "circus.exc.ArgumentError",
            Self::Value => "ValueError",
            Self::Type => "TypeError",
            Self::Key => "KeyError",
            Self::Attribute => "AttributeError",
            Self::Index => "IndexError",
            Self::Overflow => "OverflowError",
            Self::Import => "circus.util.ImportStringError",
            Self::Os => "OSError",
            Self::UnicodeDecode => "UnicodeDecodeError",
            Self::Parsing => "configparser.ParsingError",
            Self::MissingSectionHeader => "configparser.MissingSectionHeaderError",
        }
    }
}

/// An exception: its class and what `str()` of it gives. [`fmt::Display`] is a traceback's last line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exception {
    /// What kind it is.
    pub class: Class,
    /// Its text, to the letter.
    pub text: String,
}

impl Exception {
    /// An exception of a class with a text.
    #[must_use]
    pub fn new(class: Class, text: impl Into<String>) -> Self {
        Self { class, text: text.into() }
    }

    pub(crate) fn message(text: impl Into<String>) -> Self {
        Self::new(Class::Message, text)
    }

    pub(crate) fn value(text: impl Into<String>) -> Self {
        Self::new(Class::Value, text)
    }

    pub(crate) fn of_type(text: impl Into<String>) -> Self {
        Self::new(Class::Type, text)
    }

    /// The number by which a reply of the control protocol tells it, when it ends a command.
    #[must_use]
    pub fn errno(&self) -> i32 {
        match self.class {
            Class::Message => 3,
            Class::Os => 4,
            Class::Argument
            | Class::Value
            | Class::Type
            | Class::Key
            | Class::Attribute
            | Class::Index
            | Class::Overflow
            | Class::Import
            | Class::UnicodeDecode
            | Class::Parsing
            | Class::MissingSectionHeader => 5,
        }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class.name(), self.text)
    }
}

impl std::error::Error for Exception {}
