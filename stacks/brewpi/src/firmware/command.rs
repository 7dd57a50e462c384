//! What comes in: single letters, some with a little object behind them.
//!
//! The firmware reads a byte at a time and has no memory to spare, so its objects are loose: flat, without regard to quotes and
//! spaces, and ended by a brace or by silence.

/// The longest name or value, in bytes; more of it is dropped.
const TOKEN_BYTES_MAX: usize = 29;
/// How many pairs an object may have; more are dropped.
const PAIRS_MAX: usize = 64;
/// The letters with an object.
const WITH_OBJECT: &[u8] = b"jdhUy";

/// A letter, and the pairs of its object.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Command {
    /// Which.
    pub letter: u8,
    /// Names and values as they came, in their order.
    pub pairs: Vec<(String, String)>,
}

impl Command {
    /// The value of a name; the last, if it was given more than once.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Takes bytes as they come and makes commands of them.
#[derive(Clone, Debug, Default)]
pub struct CommandReader {
    state: State,
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Letter,
    /// Behind a letter that has an object, before the brace.
    Brace(u8),
    Object(Object),
}

#[derive(Clone, Debug)]
struct Object {
    command: Command,
    name: Vec<u8>,
    value: Option<Vec<u8>>,
}

impl CommandReader {
    /// Takes a byte. An object that has not begun or not ended may be cut short by [`CommandReader::silence`].
    pub fn take(&mut self, byte: u8) -> Option<Command> {
        match std::mem::take(&mut self.state) {
            State::Letter => self.letter(byte),
            State::Brace(letter) if byte == b'{' => {
                self.state = State::Object(Object::new(letter));
                None
            }
            State::Brace(letter) if is_blank(byte) => {
                self.state = State::Brace(letter);
                None
            }
            State::Brace(letter) => {
                // It has no object after all; this is the next command.
                let next = self.letter(byte);
                debug_assert!(next.is_none() || matches!(self.state, State::Letter));
                match next {
                    // Two at once cannot be given back: the first was without its object and would have done nothing.
                    Some(next) => Some(next),
                    None => Some(Command { letter, pairs: Vec::new() }),
                }
            }
            State::Object(object) => match object.take(byte) {
                Ok(object) => {
                    self.state = State::Object(object);
                    None
                }
                Err(command) => Some(command),
            },
        }
    }

    /// Nothing came for 10 ms: what has begun is complete.
    pub fn silence(&mut self) -> Option<Command> {
        match std::mem::take(&mut self.state) {
            State::Letter => None,
            State::Brace(letter) => Some(Command { letter, pairs: Vec::new() }),
            State::Object(object) => Some(object.end()),
        }
    }

    /// Whether something has begun that silence would end.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !matches!(self.state, State::Letter)
    }

    fn letter(&mut self, byte: u8) -> Option<Command> {
        if is_blank(byte) || !byte.is_ascii_graphic() {
            return None;
        }
        if WITH_OBJECT.contains(&byte) {
            self.state = State::Brace(byte);
            return None;
        }
        Some(Command { letter: byte, pairs: Vec::new() })
    }
}

impl Object {
    fn new(letter: u8) -> Self {
        Self { command: Command { letter, pairs: Vec::new() }, name: Vec::new(), value: None }
    }

    /// Goes on, or is complete.
    fn take(mut self, byte: u8) -> Result<Self, Command> {
        match byte {
            b'}' => return Err(self.end()),
            b',' => self.pair_ends(),
            b':' if self.value.is_none() => self.value = Some(Vec::new()),
            b'"' | b'\'' | b'{' | b' ' | b'\r' | b'\n' | b'\t' => {}
            byte => {
                let token = self.value.as_mut().unwrap_or(&mut self.name);
                if token.len() < TOKEN_BYTES_MAX {
                    token.push(byte);
                }
            }
        }
        Ok(self)
    }

    fn pair_ends(&mut self) {
        let name = std::mem::take(&mut self.name);
        let value = self.value.take().unwrap_or_default();
        if !name.is_empty() && self.command.pairs.len() < PAIRS_MAX {
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            self.command.pairs.push((text(name), text(value)));
        }
    }

    fn end(mut self) -> Command {
        self.pair_ends();
        self.command
    }
}

/// What a telnet client may send in between, and ends of lines.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\r' | b'\n' | b'\t' | 0x18..=0x1f | 0xf0..=0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<Command> {
        let mut reader = CommandReader::default();
        let mut commands: Vec<_> = text.iter().filter_map(|&byte| reader.take(byte)).collect();
        commands.extend(reader.silence());
        commands
    }

    fn command(letter: u8, pairs: &[(&str, &str)]) -> Command {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Command { letter, pairs }
    }

    #[test]
    fn letters_stand_for_themselves() {
        assert_eq!(read(b"n\r\nt l"), [command(b'n', &[]), command(b't', &[]), command(b'l', &[])]);
    }

    #[test]
    fn objects_need_no_quotes() {
        let expected = [command(b'j', &[("mode", "b"), ("beerSet", "20.5")])];
        assert_eq!(read(b"j{mode:b, beerSet:20.5}"), expected);
        assert_eq!(read(b"j{\"mode\":\"b\", \"beerSet\":20.5}"), expected);
        assert_eq!(read(b"j{mode:b, beerSet:20.5"), expected, "silence ends it");
    }

    #[test]
    fn an_object_may_be_missing_or_empty() {
        assert_eq!(read(b"d{}"), [command(b'd', &[])]);
        assert_eq!(read(b"d"), [command(b'd', &[])]);
    }

    #[test]
    fn no_bytes_are_too_many_or_too_strange() {
        let mut noise: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        noise.extend(b"j{".iter().chain(&[b'x'; 100_000]));
        for command in read(&noise) {
            assert!(command.pairs.len() <= PAIRS_MAX);
        }
    }
}
