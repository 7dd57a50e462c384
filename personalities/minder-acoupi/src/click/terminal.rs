//! What is shown, and what is asked.

use std::io::{self, BufRead, IsTerminal as _, Write};

use super::Failure;
use super::style::plain;

/// Where things are shown and answers come from; a test can hand in others.
pub(crate) struct Terminal {
    input: Box<dyn BufRead>,
    output: Screen,
    errors: Screen,
}

/// Something that text is written to.
struct Screen {
    sink: Box<dyn Write>,
    colours: Colours,
}

/// Whether colours are understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Colours {
    Yes,
    No,
}

/// What a question is answered with when the answer is empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Preset {
    Yes,
    No,
}

impl Terminal {
    /// That of this process.
    pub(crate) fn of_this_process() -> Self {
        let colours = |is_terminal| if is_terminal { Colours::Yes } else { Colours::No };
        Self {
            input: Box::new(io::BufReader::new(io::stdin())),
            output: Screen { sink: Box::new(io::stdout()), colours: colours(io::stdout().is_terminal()) },
            errors: Screen { sink: Box::new(io::stderr()), colours: colours(io::stderr().is_terminal()) },
        }
    }

    /// Shows a line.
    pub(crate) fn echo(&mut self, text: &str) {
        self.output.show(&format!("{text}\n"));
    }

    /// Shows text as it is.
    pub(crate) fn show(&mut self, text: &str) {
        self.output.show(text);
    }

    /// Tells of something that went wrong.
    pub(crate) fn complain(&mut self, text: &str) {
        self.errors.show(text);
    }

    /// Whether colours are shown.
    pub(crate) fn is_colourful(&self) -> bool {
        self.output.colours == Colours::Yes
    }

    /// Begins at the top, where there is one.
    pub(crate) fn clear(&mut self) {
        if self.is_colourful() {
            self.output.show("\x1b[2J\x1b[1;1H");
        }
    }

    /// Asks until `read` takes the answer; of what it does not take it says why, as a line. An empty answer is the preset, or
    /// the question again where there is none.
    pub(crate) fn prompt<T>(
        &mut self,
        question: &str,
        preset: Option<&str>,
        mut read: impl FnMut(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let shown = preset.map_or_else(String::new, |preset| format!(" [{preset}]"));
        loop {
            let answer = self.ask(&format!("{question}{shown}: "))?;
            let answer = match (answer.as_str(), preset) {
                ("", None) => continue,
                ("", Some(preset)) => preset,
                (answer, _) => answer,
            };
            match read(answer) {
                Ok(value) => return Ok(value),
                Err(why) => self.echo(&why),
            }
        }
    }

    /// Asks as [`Terminal::prompt`] does; an empty answer is an answer.
    pub(crate) fn prompt_or_nothing<T>(
        &mut self,
        question: &str,
        mut read: impl FnMut(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        loop {
            let answer = self.ask(&format!("{question}: "))?;
            match read(&answer) {
                Ok(value) => return Ok(value),
                Err(why) => self.echo(&why),
            }
        }
    }

    /// Asks a question of yes and no.
    pub(crate) fn confirm(&mut self, question: &str, preset: Preset) -> Result<bool, Failure> {
        let shown = match preset {
            Preset::Yes => "[Y/n]",
            Preset::No => "[y/N]",
        };
        loop {
            let answer = self.ask(&format!("{question} {shown}: "))?;
            match answer.trim().to_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                "" => return Ok(preset == Preset::Yes),
                _ => self.echo("Error: invalid input"),
            }
        }
    }

    /// One question and one line of answer, without its end.
    fn ask(&mut self, question: &str) -> Result<String, Failure> {
        self.output.show(question);
        let mut line = Vec::new();
        match self.input.read_until(b'\n', &mut line) {
            Ok(count) if count > 0 => {}
            Ok(_) | Err(_) => return Err(Failure::Abort),
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        Ok(line.trim_end_matches(['\n', '\r']).to_owned())
    }
}

impl Screen {
    fn show(&mut self, text: &str) {
        let text = match self.colours {
            Colours::Yes => text.to_owned(),
            Colours::No => plain(text),
        };
        // Who has gone does not read what we would say about it.
        let _ = self.sink.write_all(text.as_bytes());
        let _ = self.sink.flush();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::RefCell;
    use std::io::{self, BufRead, Cursor, Read, Write};
    use std::rc::Rc;

    use super::{Colours, Preset, Screen, Terminal};
    use crate::click::Failure;

    #[derive(Clone, Default)]
    pub(crate) struct Paper(Rc<RefCell<Vec<u8>>>);

    impl Paper {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.borrow().clone()).expect("text")
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A terminal at which somebody types these lines, and the paper on which all is shown.
    pub(crate) fn typing(lines: &str) -> (Terminal, Paper) {
        let paper = Paper::default();
        let screen = || Screen { sink: Box::new(paper.clone()), colours: Colours::No };
        let input = Box::new(Cursor::new(lines.to_owned().into_bytes()));
        (Terminal { input, output: screen(), errors: screen() }, paper)
    }

    /// The same with colours, where what is typed is shown as it is by a terminal.
    pub(crate) fn showing(lines: &str) -> (Terminal, Paper) {
        let paper = Paper::default();
        let screen = || Screen { sink: Box::new(paper.clone()), colours: Colours::Yes };
        let keys = Keys { lines: Cursor::new(lines.to_owned().into_bytes()), paper: paper.clone() };
        (Terminal { input: Box::new(keys), output: screen(), errors: screen() }, paper)
    }

    struct Keys {
        lines: Cursor<Vec<u8>>,
        paper: Paper,
    }

    impl Read for Keys {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            self.lines.read(bytes)
        }
    }

    impl BufRead for Keys {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            self.lines.fill_buf()
        }

        fn consume(&mut self, count: usize) {
            let from = usize::try_from(self.lines.position()).expect("small");
            let typed = self.lines.get_ref()[from..from + count].to_vec();
            self.paper.write_all(&typed).expect("paper");
            self.lines.consume(count);
        }
    }

    #[test]
    fn a_question_is_asked_again_until_it_is_answered() {
        let (mut terminal, paper) = typing("\nabc\n7\n");
        let read = |text: &str| text.parse::<i32>().map_err(|_| format!("Error: '{text}' is bad."));
        assert_eq!(terminal.prompt("Number", None, read), Ok(7));
        assert_eq!(paper.text(), "Number: Number: Error: 'abc' is bad.\nNumber: ");
        let (mut terminal, paper) = typing("x\n\n");
        assert_eq!(terminal.confirm("Sure?", Preset::No), Ok(false));
        assert_eq!(paper.text(), "Sure? [y/N]: Error: invalid input\nSure? [y/N]: ");
        assert_eq!(terminal.confirm("Sure?", Preset::Yes), Err(Failure::Abort));
    }
}
