//! What bash asks while somebody types.

use super::commands::COMMANDS;

/// The answer to bash, if it is bash that asks: the commands that begin with what has been typed so far.
pub(super) fn for_bash() -> Option<String> {
    std::env::var_os("AUTO_COMPLETE")?;
    let words = std::env::var("COMP_WORDS").unwrap_or_default();
    let at: usize = std::env::var("COMP_CWORD").ok()?.parse().ok()?;
    if at != 1 {
        return Some(String::new());
    }
    let typed = words.split_whitespace().nth(1).unwrap_or_default();
    Some(format!("{}\n", commands(typed).join(" ")))
}

/// The commands that begin so, sorted.
pub(super) fn commands(begin: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> =
        COMMANDS.iter().map(|command| command.name).filter(|name| name.starts_with(begin)).collect();
    names.sort_unstable();
    names
}
