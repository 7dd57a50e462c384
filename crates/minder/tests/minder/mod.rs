//! The program under test, and what it said.

// Each test file is a crate of its own and needs only a part of this.
#![allow(dead_code, reason = "shared by several test crates")]

use std::process::Command;

/// The program, in an environment that decides nothing by accident.
pub(crate) fn minder() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minder"));
    command.env_remove("MINDER_SERVER").env_remove("NO_COLOR").env("COLUMNS", "100");
    command
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(command: &mut Command) -> Said {
        let output = command.output().expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Said { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}
