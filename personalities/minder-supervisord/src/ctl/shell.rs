//! The shell: a line after the other, from a terminal with editing and history, or from whatever standard input is.

use std::process::ExitCode;

use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, Editor};

use super::actions::Flow;
use super::completion::Names;
use super::console::{Input, is_terminal};
use super::controller::Controller;
use super::exception::Exception;
use super::settings::os_path;

/// How many lines a history keeps. The original keeps all, and reads all of them at every start.
const HISTORY_LINES_MAX: usize = 10_000;

/// Runs the shell to its end. It always ends well: what went wrong in it, the user has seen.
pub(super) fn run(ctl: &mut Controller) -> ExitCode {
    ctl.console.catch_interrupts();
    let ended = match is_terminal().then(editor).transpose() {
        Ok(Some(editor)) => on_terminal(ctl, editor),
        Ok(None) | Err(_) => on_lines(ctl),
    };
    if ended.is_err() {
        ctl.say("");
    }
    ctl.console.flush();
    ExitCode::SUCCESS
}

/// As Python's `cmd` module does it without a terminal: the prompt is printed all the same.
fn on_lines(ctl: &mut Controller) -> Result<(), Exception> {
    let mut flow = ctl.run_line("status")?;
    let prompt = format!("{}> ", ctl.settings.prompt);
    while flow == Flow::Continue {
        flow = match ctl.console.ask(&prompt)? {
            Input::Line(line) => ctl.run_line(&line)?,
            Input::End => ctl.run_line("EOF")?,
        };
    }
    Ok(())
}

type LineEditor = Editor<Names, DefaultHistory>;

fn editor() -> rustyline::Result<LineEditor> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .max_history_size(HISTORY_LINES_MAX)?
        .auto_add_history(true)
        .build();
    Editor::with_config(config)
}

fn on_terminal(ctl: &mut Controller, mut editor: LineEditor) -> Result<(), Exception> {
    let history_file = ctl.settings.history_file.as_deref().map(os_path);
    if let Some(text) = history_file.as_ref().and_then(|path| std::fs::read_to_string(path).ok()) {
        for line in text.lines() {
            let _ = editor.add_history_entry(line);
        }
    }
    let ended = read_and_run(ctl, &mut editor);
    if let Some(path) = history_file {
        let lines: String = editor.history().iter().map(|line| format!("{line}\n")).collect();
        // As in the original: a history that cannot be kept is no reason to complain.
        let _ = std::fs::write(path, lines);
    }
    ended
}

fn read_and_run(ctl: &mut Controller, editor: &mut LineEditor) -> Result<(), Exception> {
    let mut flow = ctl.run_line("status")?;
    let prompt = format!("{}> ", ctl.settings.prompt);
    while flow == Flow::Continue {
        ctl.console.flush();
        // The names are asked for anew with each line, and once a line at most.
        editor.set_helper(ctl.client().ok().map(Names::new));
        flow = match editor.readline(&prompt) {
            Ok(line) => ctl.run_line(&line)?,
            // The editor has ended the line already.
            Err(ReadlineError::Interrupted | ReadlineError::Eof) => return Ok(()),
            Err(_) => ctl.run_line("EOF")?,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rustyline::history::{DefaultHistory, History, SearchDirection};

    #[test]
    fn a_history_gives_back_its_lines_in_order() {
        let mut history = DefaultHistory::new();
        for line in ["a", "b"] {
            history.add(line).expect("there is room");
        }
        assert_eq!(history.iter().cloned().collect::<Vec<_>>(), ["a", "b"]);
        assert!(history.get(0, SearchDirection::Forward).expect("it is there").is_some());
    }
}
