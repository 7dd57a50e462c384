//! What is said of a command line, and of a home in which nothing is set up.

use crate::home::{Home, Init, Said};

const NOT_SET_UP: &str = "Acoupi is not setup. Run `acoupi setup` first.\n";

fn said(status: i32, out: &str, err: &str) -> Said {
    Said { status, out: out.to_owned(), err: err.to_owned() }
}

#[test]
fn nothing_can_be_done_before_something_is_set_up() {
    let home = Home::new(Init::Systemd);
    for words in [
        &["check"][..],
        &["config", "get"],
        &["config", "set", "3"],
        &["celery", "status"],
        &["deployment", "start", "--name", "a", "--latitude", "1", "--longitude", "2"],
        &["deployment", "stop"],
        &["deployment", "status"],
        &["task", "list"],
        &["task", "run", "x"],
    ] {
        assert_eq!(home.acoupi(words), said(1, NOT_SET_UP, "Aborted!\n"), "{words:?}");
    }
    let usage = "Usage: acoupi workers [OPTIONS] COMMAND [ARGS]...\nTry 'acoupi workers --help' for help.\n\n\
                 Error: Acoupi is not setup. Run `acoupi setup` first.\n";
    assert_eq!(home.acoupi(&["workers", "start"]), said(2, "", usage));
    assert_eq!(home.text("state/calls"), "", "nobody was asked for anything");
}

#[test]
fn a_command_line_that_is_wrong_is_said_to_be() {
    let home = Home::new(Init::Systemd);
    for (words, path, usage, error) in [
        (&["nosuch"][..], "acoupi", "[OPTIONS] COMMAND [ARGS]...", "No such command 'nosuch'."),
        (&["chek"], "acoupi", "[OPTIONS] COMMAND [ARGS]...", "No such command 'chek'. Did you mean 'check'?"),
        (&["--nosuch"], "acoupi", "[OPTIONS] COMMAND [ARGS]...", "No such option '--nosuch'."),
        (&["check", "extra"], "acoupi check", "[OPTIONS]", "Got unexpected extra argument (extra)"),
        (&["check", "-x"], "acoupi check", "[OPTIONS]", "No such option '-x'."),
    ] {
        let err = format!("Usage: {path} {usage}\nTry '{path} --help' for help.\n\nError: {error}\n");
        assert_eq!(home.acoupi(words), said(2, "", &err), "{words:?}");
    }
    let bare = "Error: Option '--program' requires an argument.\n";
    assert_eq!(home.acoupi(&["setup", "--program"]), said(2, "", bare));
}

#[test]
fn help_is_there_for_everything() {
    let home = Home::new(Init::Systemd);
    for words in [
        &["--help"][..],
        &["setup", "--help"],
        &["check", "--help"],
        &["celery", "--help"],
        &["config", "--help"],
        &["deployment", "--help"],
        &["task", "--help"],
        &["workers", "--help"],
    ] {
        let help = home.acoupi(words);
        assert_eq!((help.status, help.err.as_str()), (0, ""), "{words:?}");
        let path = words[..words.len() - 1].join(" ");
        let usage = format!("Usage: {} [OPTIONS]", format!("acoupi {path}").trim_end());
        assert!(help.out.starts_with(&usage), "{words:?}: {}", help.out);
    }
    assert!(home.acoupi(&["--help"]).out.contains("Welcome to acoupi"));
    let nothing = home.acoupi(&[]);
    assert_eq!((nothing.status, nothing.out.as_str()), (2, ""));
    assert!(nothing.err.starts_with("Usage: acoupi [OPTIONS] COMMAND [ARGS]..."));
    let later = home.acoupi(&["deployment", "start", "--help"]);
    assert_eq!(later.status, 0);
    assert!(later.out.starts_with(&format!("{NOT_SET_UP}Usage: acoupi deployment start [OPTIONS]\n")));
}
