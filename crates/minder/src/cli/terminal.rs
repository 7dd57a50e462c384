//! Writing to whoever looks: a person at a terminal, a pipe, or a pipe that is already closed.

use std::io::{IsTerminal, Write as _};

use minder_config::Paint;

/// Colours repeat what the words say; nothing is told by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Red,
    Green,
    Yellow,
    Cyan,
    Dim,
    Bold,
}

/// Colours for a terminal, unless its user refused them (`NO_COLOR`, <https://no-color.org>) or it has none.
pub(crate) fn paint_of(stream: &impl IsTerminal) -> Paint {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if stream.is_terminal() && !refused && !dumb { Paint::Colours } else { Paint::Plain }
}

/// The colours for standard output.
pub(crate) fn paint() -> Paint {
    paint_of(&std::io::stdout())
}

pub(crate) fn coloured(text: &str, colour: Colour, paint: Paint) -> String {
    let code = match colour {
        Colour::Red => "31",
        Colour::Green => "32",
        Colour::Yellow => "33",
        Colour::Cyan => "36",
        Colour::Dim => "2",
        Colour::Bold => "1",
    };
    match paint {
        Paint::Plain => text.to_owned(),
        Paint::Colours => format!("\x1b[{code}m{text}\x1b[0m"),
    }
}

/// Writes to standard output. When nobody reads any more, as behind `| head`, there is nothing to do about it.
pub(crate) fn say(text: &str) {
    say_bytes(text.as_bytes());
}

/// The same for bytes that need not be text.
pub(crate) fn say_bytes(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// Writes to standard error.
pub(crate) fn tell(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
