//! The reference of a `minder.toml`, as a page.

use std::fmt::Write as _;

use super::vocabulary::{Kind, Number, SECTIONS, Section, TOP_LEVEL};

/// The page, in Markdown.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(
        "# minder.toml\n\nEvery section and key. Written by `minder schema --reference` from the list that the reader uses: do not edit.\n\n\
         Durations are texts such as `\"90s\"`, `\"1h30m\"` or `\"2d\"`. Sizes are numbers of bytes, or texts such as `\"10MB\"`, in powers \
         of two. Relative paths are relative to the directory of the file. In texts `${NAME}` is the variable of that name, which \
         must be set; `$$` is a dollar sign.\n",
    );
    for (i, section) in SECTIONS.iter().enumerate() {
        let heading = match (i < TOP_LEVEL, section.number) {
            (true, Number::One) => format!("[{}]", section.name),
            (true, Number::Named) => format!("[{}.NAME]", section.name),
            (false, _) => format!("[program.NAME.{}]", section.name),
        };
        let _ = write!(page, "\n## `{heading}`\n\n{}\n", section.about);
        keys(section, &mut page);
    }
    page
}

fn keys(section: &Section, page: &mut String) {
    if section.keys.is_empty() {
        page.push_str("\nEach key is the name of a variable, each value its text.\n");
        return;
    }
    page.push_str("\n| key | value | without it | meaning |\n| --- | --- | --- | --- |\n");
    for key in section.keys {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            key.name,
            value(&key.kind),
            key.without(),
            key.about.replace('|', "\\|")
        );
    }
}

fn value(kind: &Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Path => "path".to_owned(),
        Kind::Words => "array of texts".to_owned(),
        Kind::Paths => "array of paths".to_owned(),
        Kind::Command => "line, or array of words".to_owned(),
        Kind::Pairs => "table of texts, or array of `\"NAME=value\"`".to_owned(),
        Kind::Duration => "duration".to_owned(),
        Kind::Size => "size".to_owned(),
        Kind::Whole(i64::MIN, i64::MAX) => "whole number".to_owned(),
        Kind::Whole(least, most) => format!("{least} to {most}"),
        Kind::WholeOr(least, most, word) => format!("{least} to {most}, or `\"{word}\"`"),
        Kind::Bound(bound) => bound.range(),
        Kind::Numbers(least, most) => format!("array of {least} to {most}"),
        Kind::Flag => "`true` or `false`".to_owned(),
        Kind::Choice(choices) => {
            choices.iter().map(|choice| format!("`\"{choice}\"`")).collect::<Vec<_>>().join(", ")
        }
        Kind::Octal => "octal text".to_owned(),
        Kind::User => "name or number".to_owned(),
        Kind::Signal => "signal".to_owned(),
        Kind::Limits => "table of limits".to_owned(),
        Kind::Degrees(most) => format!("degrees, -{most} to {most}"),
        Kind::Zone => "time zone".to_owned(),
        Kind::Cron => "cron expression".to_owned(),
        Kind::Moments => "moment, or array of them".to_owned(),
        Kind::Window => "window".to_owned(),
        Kind::Stream => "path, `\"none\"`, `\"null\"`, `\"own\"`, or table".to_owned(),
        Kind::Table(section) => format!("table, see `{}`", section.name),
    }
}
