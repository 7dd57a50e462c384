//! What can be set: every field with its kind, default and meaning, for who asks a person and for who checks a file.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ProgramKind;
use super::fields;

/// Where defaults that are paths begin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Surroundings {
    /// The user's home directory.
    pub home: PathBuf,
    /// Where recordings are until somebody has looked at them.
    pub temporary: PathBuf,
}

impl Surroundings {
    /// Those of this machine and user: `$HOME`; a RAM disk if there is one, which spares a memory card and keeps what is
    /// discarded off it.
    pub fn of_this_machine() -> Self {
        let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
        let memory = Path::new("/run/shm");
        let temporary = if memory.is_dir() { memory.to_owned() } else { PathBuf::from("/tmp/acoupi") };
        Self { home, temporary }
    }
}

/// A group of fields.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// Its name in the group that it is in; empty for all of the configuration.
    pub name: &'static str,
    /// What it is about, for a person.
    pub help: &'static str,
    /// Whether it must be there.
    pub need: Need,
    /// In the order in which they are asked for and written.
    pub nodes: Vec<Node>,
}

/// Something in a group.
#[derive(Clone, PartialEq, Debug)]
pub enum Node {
    /// A value.
    Field(Field),
    /// More of them.
    Group(Group),
}

impl Node {
    /// Its name in its group.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Field(field) => field.name,
            Self::Group(group) => group.name,
        }
    }
}

/// Whether a group must be there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// It must, because a field in it has no default.
    Required,
    /// It is made of defaults when it is not.
    Defaulted,
    /// It may be `null`, and is when it is not there.
    Optional,
    /// It may be `null`; when it is not there it is made of defaults.
    OptionalDefaulted,
    /// When it is not there it is not written either: what acoupi does not know.
    Extra,
}

/// A value that can be set.
#[derive(Clone, PartialEq, Debug)]
pub struct Field {
    /// Its name in its group.
    pub name: &'static str,
    /// What it can be.
    pub kind: FieldKind,
    /// What it is when nobody says. `None`: it must be said.
    pub default: Option<Value>,
    /// Whether it may also be `null`.
    pub nullable: Nullable,
    /// What it means, for a person.
    pub help: &'static str,
    /// Whether a person is asked for it.
    pub prompt: Prompt,
}

/// What a field can be.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum FieldKind {
    /// Text.
    Text,
    /// Text that is not shown while it is typed.
    Secret,
    /// A whole number from one to another.
    Integer(i64, i64),
    /// A number from one to another.
    Number(f64, f64),
    /// Yes or no.
    Boolean,
    /// A time of the day.
    Time,
    /// A path.
    Path,
    /// The IANA name of a time zone.
    Zone,
    /// One of these.
    Choice(&'static [&'static str]),
    /// Texts.
    Texts,
}

/// Whether a field may be `null`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nullable {
    /// Not.
    No,
    /// Yes.
    Yes,
}

/// Whether a person is asked for a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prompt {
    /// Asked.
    Ask,
    /// Not asked; it is its default unless somebody says otherwise.
    Silent,
}

/// Everything that can be set of a program.
pub fn schema(kind: ProgramKind, surroundings: &Surroundings) -> Group {
    fields::of(kind, surroundings)
}
