//! What `--help`, `--helpshort`, `--helpxml` and a mistake on the command line print.

use std::fmt::Write as _;

use crate::flags::{Definition, FLAGS, Flag, FlagError, Help, Kind, Module};

const DESCRIPTION: &str = "Starts, stops and shows the programs of a Kegbot.\n\n\
    Usage: kegbot_master.py [flags] start|stop|status|configtest\n\n\
    The programs are described by the file that --master_config names. `configtest`\n\
    prints the commands that `start` would execute.\n";

/// The answer to one of the help flags.
pub(crate) fn help(help: Help, program: &str) -> String {
    match help {
        Help::Xml => xml(program),
        Help::Short => format!("\n{DESCRIPTION}\nflags:\n{}", listing(program, &[Module::Master])),
        Help::Full => format!("\n{DESCRIPTION}\nflags:\n{}", listing(program, &ALL)),
    }
}

/// The answer to a wrong flag.
pub(crate) fn mistake(error: &FlagError, program: &str) -> String {
    format!("Usage: {program} ARGS\n{}\nError: {error}\n", listing(program, &ALL))
}

const ALL: [Module; 3] = [Module::Master, Module::App, Module::Gflags];

fn module_name(module: Module, program: &str) -> String {
    match module {
        Module::Master => program.rsplit('/').next().unwrap_or(program).to_owned(),
        Module::App => "kegbot.util.app".to_owned(),
        Module::Gflags => "gflags".to_owned(),
    }
}

fn listing(program: &str, modules: &[Module]) -> String {
    let mut text = String::new();
    for module in modules {
        let _ = writeln!(text, "\n{}:", module_name(*module, program));
        for definition in FLAGS.iter().filter(|definition| definition.module == *module) {
            describe(definition, &mut text);
        }
    }
    text
}

fn describe(definition: &Definition, text: &mut String) {
    let (name, about, default) = (definition.name, definition.about, definition.default);
    let letter = if definition.flag == Flag::Help { "-?," } else { "" };
    let no = if definition.kind == Kind::Switch { "[no]" } else { "" };
    let _ = writeln!(text, "  {letter}--{no}{name}: {about}");
    if definition.module != Module::Gflags || definition.kind != Kind::Switch {
        let _ = writeln!(text, "    (default: '{default}')");
    }
    if definition.kind == Kind::Count {
        let _ = writeln!(text, "    (a non-negative integer)");
    }
}

fn xml(program: &str) -> String {
    let name = escaped(&module_name(Module::Master, program));
    let mut text = format!(
        "<?xml version=\"1.0\"?>\n<AllFlags>\n  <program>{name}</program>\n  <usage>{}</usage>\n",
        escaped(DESCRIPTION)
    );
    for definition in FLAGS {
        let key = if definition.module == Module::Master { "    <key>yes</key>\n" } else { "" };
        let kind = match definition.kind {
            Kind::Text => "string",
            Kind::Switch => "bool",
            Kind::Count => "int",
        };
        let default = escaped(definition.default);
        let _ = write!(
            text,
            "  <flag>\n{key}    <file>{}</file>\n    <name>{}</name>\n    <meaning>{}</meaning>\n    \
             <default>{default}</default>\n    <current>{default}</current>\n    <type>{kind}</type>\n  </flag>\n",
            escaped(&module_name(definition.module, program)),
            definition.name,
            escaped(definition.about),
        );
    }
    text.push_str("</AllFlags>\n");
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
