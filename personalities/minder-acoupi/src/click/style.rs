//! Colours, as click writes them and takes them away where there is no terminal.

/// A colour of text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Colour {
    Red,
    Green,
    Yellow,
    Blue,
    Cyan,
    White,
}

/// How thick text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Weight {
    Normal,
    Bold,
}

/// Text with a colour and a weight; both end with it.
pub(crate) fn styled(text: &str, colour: Option<Colour>, weight: Weight) -> String {
    let colour = colour.map_or("", |colour| match colour {
        Colour::Red => "\x1b[31m",
        Colour::Green => "\x1b[32m",
        Colour::Yellow => "\x1b[33m",
        Colour::Blue => "\x1b[34m",
        Colour::Cyan => "\x1b[36m",
        Colour::White => "\x1b[37m",
    });
    let weight = match weight {
        Weight::Normal => "",
        Weight::Bold => "\x1b[1m",
    };
    format!("{colour}{weight}{text}\x1b[0m")
}

/// Text of a colour.
pub(crate) fn coloured(text: &str, colour: Colour) -> String {
    styled(text, Some(colour), Weight::Normal)
}

/// Text of a colour, in bold.
pub(crate) fn strong(text: &str, colour: Colour) -> String {
    styled(text, Some(colour), Weight::Bold)
}

/// Bold text.
pub(crate) fn bold(text: &str) -> String {
    styled(text, None, Weight::Bold)
}

/// Text without the sequences that only a terminal understands.
pub(crate) fn plain(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        kept.push_str(&rest[..at]);
        let sequence = &rest[at + 2..];
        let end = sequence.find(|letter: char| letter.is_ascii_alphabetic());
        rest = end.map_or("", |end| &sequence[end + 1..]);
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::{Colour, bold, coloured, plain, strong};

    #[test]
    fn what_is_styled_can_be_made_plain() {
        assert_eq!(strong("a", Colour::Blue), "\x1b[34m\x1b[1ma\x1b[0m");
        let text = format!("\x1b[2J\x1b[1;1H{} {} c", bold("a"), coloured("b", Colour::Cyan));
        assert_eq!(plain(&text), "a b c");
        assert_eq!(plain("a\x1b[3"), "a");
    }
}
