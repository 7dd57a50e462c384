//! Lines behind the time and the number of the process that said them.

use minder_core::program::{Colour, Stamp, StampLook};
use minder_core::time::WallTime;

use super::calendar::local_text;

/// A chunk with its lines stamped.
pub(super) fn stamp(stamp: &Stamp, pid: u32, now: WallTime, chunk: &[u8]) -> Vec<u8> {
    let mut prefix = local_text(now, &stamp.time);
    prefix.extend_from_slice(format!(" [{pid}] | ").as_bytes());
    let mut stamped = Vec::with_capacity(chunk.len() + 2 * prefix.len());
    match stamp.look {
        StampLook::Plain => {
            let end = chunk.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
            // A format with a line end in it makes lines that are stamped too, but for the very first: as in the original.
            let first = [&prefix, &chunk[..end]].concat();
            for (number, line) in first.split(|byte| *byte == b'\n').enumerate() {
                let prefix = if number == 0 { &[] } else { &prefix[..] };
                [prefix, line, b"\n"].iter().for_each(|part| stamped.extend_from_slice(part));
            }
        }
        StampLook::Coloured(colour) => {
            let begin = format!("\x1b[0;3{};40m", digit(colour));
            for line in chunk.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                [begin.as_bytes(), &prefix, line, b"\x1b[0m\n"]
                    .iter()
                    .for_each(|part| stamped.extend_from_slice(part));
            }
        }
    }
    stamped
}

/// The last digit of a colour's code.
fn digit(colour: Colour) -> u8 {
    match colour {
        Colour::Red => 1,
        Colour::Green => 2,
        Colour::Yellow => 3,
        Colour::Blue => 4,
        Colour::Magenta => 5,
        Colour::Cyan => 6,
        Colour::White => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(look: StampLook, chunk: &str) -> String {
        let spec = Stamp { time: "T".into(), look };
        String::from_utf8(stamp(&spec, 7, WallTime(0), chunk.as_bytes())).unwrap()
    }

    #[test]
    fn plain_lines_are_all_stamped_and_line_ends_at_the_end_are_one() {
        let cases = [
            ("a\nb\n", "T [7] | a\nT [7] | b\n"),
            ("a\n\nb\n\n\n", "T [7] | a\nT [7] | \nT [7] | b\n"),
            ("cut", "T [7] | cut\n"),
            ("\n", "T [7] | \n"),
        ];
        for (chunk, expected) in cases {
            assert_eq!(stamped(StampLook::Plain, chunk), expected, "{chunk:?}");
        }
    }

    #[test]
    fn coloured_lines_are_those_that_are_not_empty() {
        let cases =
            [("a\n\nb", "\x1b[0;34;40mT [7] | a\x1b[0m\n\x1b[0;34;40mT [7] | b\x1b[0m\n"), ("\n\n", "")];
        for (chunk, expected) in cases {
            assert_eq!(stamped(StampLook::Coloured(Colour::Blue), chunk), expected, "{chunk:?}");
        }
    }
}
