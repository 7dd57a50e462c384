//! Names of processes as clients give them.

use minder_core::ids::{GroupName, ProgramName, UnitName};

/// What a name stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Namespec {
    /// `name` (the group is called the same) or `group:name`.
    Program(UnitName),
    /// `group:*` or `group:`.
    Group(GroupName),
}

impl Namespec {
    /// Takes a name apart at its first colon.
    #[must_use]
    pub fn parse(text: &str) -> Namespec {
        let (group, program) = text.split_once(':').unwrap_or((text, text));
        // Only behind a colon does nothing, or a star, stand for all; without one the whole is a name.
        let whole_group = text.contains(':') && (program.is_empty() || program == "*");
        let group = GroupName::new(group);
        if whole_group {
            Namespec::Group(group)
        } else {
            Namespec::Program(UnitName { group, program: ProgramName::new(program) })
        }
    }
}

/// The shortest name of a program: only its own where the group is called the same.
#[must_use]
pub fn namespec(group: &str, program: &str) -> String {
    if group == program { program.to_owned() } else { format!("{group}:{program}") }
}
