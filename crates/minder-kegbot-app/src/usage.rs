//! What `--help`, `--helpshort`, `--helpxml` and a mistake on the command line print.

use std::fmt::Write as _;

use crate::flags::{Definition, FlagError, Help, Kind, Module, Program};
use crate::shared_flags::{GFLAGS, LOGFILE, MODULES, log_file};

/// The answer to one of the help flags. `called` is the name that the program was called by.
#[must_use]
pub fn help(program: &Program, help: Help, called: &str) -> String {
    let own = own_module(program, called);
    match help {
        Help::Xml => xml(program, &own),
        Help::Short => format!("\n{}\nflags:\n{}", program.about, listing(program, [own].into_iter())),
        Help::Full => format!("\n{}\nflags:\n{}", program.about, listing(program, all(program, &own))),
    }
}

/// The answer to a wrong flag.
#[must_use]
pub fn mistake(program: &Program, error: &FlagError, called: &str) -> String {
    let own = own_module(program, called);
    format!("Usage: {called} ARGS\n{}\nError: {error}\n", listing(program, all(program, &own)))
}

/// Flags below the name that stands above them.
#[derive(Clone, Copy)]
struct Listed<'a> {
    name: &'a str,
    flags: &'static [Definition],
}

/// The script's own flags, below the name of its file.
fn own_module<'a>(program: &Program, called: &'a str) -> Listed<'a> {
    Listed { name: called.rsplit('/').next().unwrap_or(called), flags: program.own }
}

fn all<'a>(program: &Program, own: &Listed<'a>) -> impl Iterator<Item = Listed<'a>> {
    std::iter::once(*own).chain(program.modules.iter().chain(MODULES.as_slice()).map(listed))
}

const fn listed<'a>(module: &'static Module) -> Listed<'a> {
    Listed { name: module.name, flags: module.flags }
}

fn listing<'a>(program: &Program, modules: impl Iterator<Item = Listed<'a>>) -> String {
    let mut text = String::new();
    for module in modules.filter(|module| !module.flags.is_empty()) {
        let _ = writeln!(text, "\n{}:", module.name);
        for definition in module.flags {
            describe(definition, module.name, program, &mut text);
        }
    }
    text
}

fn describe(definition: &Definition, module: &str, program: &Program, text: &mut String) {
    let (name, about, default) = (definition.name, definition.about, default_of(definition, program));
    let letter = if definition.name == "help" { "-?," } else { "" };
    let no = if definition.kind == Kind::Switch { "[no]" } else { "" };
    let _ = writeln!(text, "  {letter}--{no}{name}: {about}");
    if module != GFLAGS.name || definition.kind != Kind::Switch {
        let _ = writeln!(text, "    (default: '{default}')");
    }
    match definition.kind {
        Kind::Text | Kind::List | Kind::Switch => {}
        Kind::Count => text.push_str("    (a non-negative integer)\n"),
        Kind::Positive => text.push_str("    (a positive integer)\n"),
        Kind::AtLeast(least) => {
            let _ = writeln!(text, "    (an integer in the range [{least}, ])");
        }
        Kind::Integer => text.push_str("    (an integer)\n"),
        Kind::Number => text.push_str("    (a number)\n"),
        Kind::Between(least, most) => {
            let _ = writeln!(text, "    (a number in the range [{least}, {most}])");
        }
    }
}

/// What the listing shows as a flag's default: the log file's has the program's name in it.
fn default_of(definition: &Definition, program: &Program) -> String {
    if definition.name == LOGFILE.name { log_file(program) } else { definition.default.to_owned() }
}

fn xml(program: &Program, own: &Listed<'_>) -> String {
    let name = escaped(own.name);
    let mut text = format!(
        "<?xml version=\"1.0\"?>\n<AllFlags>\n  <program>{name}</program>\n  <usage>{}</usage>\n",
        escaped(program.about)
    );
    for module in all(program, own) {
        for definition in module.flags {
            let key = if module.name == own.name { "    <key>yes</key>\n" } else { "" };
            let kind = match definition.kind {
                Kind::Text => "string",
                Kind::List => "comma separated list of strings",
                Kind::Switch => "bool",
                Kind::Count | Kind::Positive | Kind::AtLeast(_) | Kind::Integer => "int",
                Kind::Number | Kind::Between(..) => "float",
            };
            let default = escaped(&default_of(definition, program));
            let _ = write!(
                text,
                "  <flag>\n{key}    <file>{}</file>\n    <name>{}</name>\n    <meaning>{}</meaning>\n    \
                 <default>{default}</default>\n    <current>{default}</current>\n    <type>{kind}</type>\n  </flag>\n",
                escaped(module.name),
                definition.name,
                escaped(definition.about),
            );
        }
    }
    text.push_str("</AllFlags>\n");
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
