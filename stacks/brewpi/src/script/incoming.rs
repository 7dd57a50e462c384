//! What the board sends, cut into lines. Debug messages may be in the middle of another line, and are taken out first.

/// The longest line, in bytes. Whoever sends more without an end sends noise.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Something whole that came in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Incoming {
    /// A line, without its end.
    Line(String),
    /// The object of a debug message.
    Debug(String),
    /// So many bytes were no line and are dropped.
    Noise(usize),
}

/// Takes bytes as they come.
#[derive(Clone, Debug, Default)]
pub struct IncomingReader {
    held: Vec<u8>,
}

impl IncomingReader {
    /// What is whole by now.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Incoming> {
        self.held.extend_from_slice(bytes);
        let mut found = Vec::new();
        while let Some((start, end)) = debug_message(&self.held) {
            let message: Vec<u8> = self.held.drain(start..end).collect();
            found.push(Incoming::Debug(text(message[2..].trim_ascii_end())));
        }
        // A debug message that has begun would be cut in two by the line that it is in.
        let whole = match find(&self.held, b"D:{") {
            Some(begun) => begun,
            None => self.held.len(),
        };
        if let Some(last) = self.held[..whole].iter().rposition(|&byte| byte == b'\n') {
            let lines: Vec<u8> = self.held.drain(..=last).collect();
            let lines = lines.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
            found.extend(lines.filter(|line| !line.is_empty()).map(|line| Incoming::Line(text(line))));
        }
        if self.held.len() > LINE_BYTES_MAX {
            found.push(Incoming::Noise(self.held.len()));
            self.held.clear();
        }
        found
    }

    /// Forgets what has begun: the board has started anew.
    pub fn forget(&mut self) {
        self.held.clear();
    }
}

/// Start and end of the first whole debug message, its line's end included.
fn debug_message(held: &[u8]) -> Option<(usize, usize)> {
    let start = find(held, b"D:{")?;
    let newline = held[start..].iter().position(|&byte| byte == b'\n')? + start;
    // An object ends at the end of a line; a line that ends otherwise was broken, and goes as a whole.
    Some((start, newline + 1))
}

fn find(held: &[u8], sought: &[u8]) -> Option<usize> {
    held.windows(sought.len()).position(|window| window == sought)
}

/// Code page 437, in which the original reads: the degree sign of the display, one byte, becomes a light shade, and the pages
/// make a degree sign of it again.
pub(crate) fn text(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|&byte| if byte < 0x80 { char::from(byte) } else { UPPER[usize::from(byte) - 0x80] })
        .collect()
}

/// Back to bytes; what has none is a question mark.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let byte = |c: char| match u8::try_from(c) {
        Ok(byte) if byte < 0x80 => byte,
        _ => UPPER
            .iter()
            .position(|&known| known == c)
            .and_then(|at| u8::try_from(at + 0x80).ok())
            .unwrap_or(b'?'),
    };
    text.chars().map(byte).collect()
}

/// The upper half of the code page.
const UPPER: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', 'É', 'æ', 'Æ', 'ô', 'ö',
    'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', '¢', '£', '¥', '₧', 'ƒ', 'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '⌐',
    '¬', '½', '¼', '¡', '«', '»', '░', '▒', '▓', '│', '┤', '╡', '╢', '╖', '╕', '╣', '║', '╗', '╝', '╜', '╛',
    '┐', '└', '┴', '┬', '├', '─', '┼', '╞', '╟', '╚', '╔', '╩', '╦', '╠', '═', '╬', '╧', '╨', '╤', '╥', '╙',
    '╘', '╒', '╓', '╫', '╪', '┘', '┌', '█', '▄', '▌', '▐', '▀', 'α', 'ß', 'Γ', 'π', 'Σ', 'σ', 'µ', 'τ', 'Φ',
    'Θ', 'Ω', 'δ', '∞', 'φ', 'ε', '∩', '≡', '±', '≥', '≤', '⌠', '⌡', '÷', '≈', '°', '∙', '·', '√', 'ⁿ', '²',
    '■', '\u{a0}',
];

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Incoming {
        Incoming::Line(text.to_owned())
    }

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let sent = b"T:{\"State\":4}\r\nL:[1]\r\nrest";
        for cut in 0..sent.len() {
            let mut reader = IncomingReader::default();
            let mut found = reader.take(&sent[..cut]);
            found.extend(reader.take(&sent[cut..]));
            assert_eq!(found, [line("T:{\"State\":4}"), line("L:[1]")], "cut at {cut}");
        }
    }

    #[test]
    fn a_debug_message_is_taken_out_of_the_line_that_it_is_in() {
        let sent = b"d:[{\"i\":0,D:{\"logType\":\"I\",\"logID\":18,\"V\":[]}\r\n\"t\":1}]\r\n";
        for cut in 0..sent.len() {
            let mut reader = IncomingReader::default();
            let mut found = reader.take(&sent[..cut]);
            found.extend(reader.take(&sent[cut..]));
            let debug = Incoming::Debug("{\"logType\":\"I\",\"logID\":18,\"V\":[]}".to_owned());
            assert_eq!(found, [debug, line("d:[{\"i\":0,\"t\":1}]")], "cut at {cut}");
        }
    }

    #[test]
    fn noise_without_an_end_is_dropped() {
        let mut reader = IncomingReader::default();
        let found = reader.take(&[0xfe; LINE_BYTES_MAX + 1]);
        assert_eq!(found, [Incoming::Noise(LINE_BYTES_MAX + 1)]);
        assert_eq!(reader.take(b"N:{}\n"), [line("N:{}")]);
    }

    #[test]
    fn every_byte_survives_its_way_to_text_and_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes(&text(&all)), all);
    }
}
