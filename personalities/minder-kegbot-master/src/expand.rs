//! `%(name)s` in values: taken from the section, from what holds for all, or from the launcher's own defaults.

use std::collections::BTreeMap;

use minder_config::{Problem, Span};

/// How deep values may refer to each other.
const DEPTH_MAX: usize = 10;

/// How many bytes all values of a file may have together when everything is put in. Ten levels of references can make
/// gigabytes of a few lines; a whole command must fit into 128 KiB anyway.
pub(crate) const EXPANDED_BYTES_MAX: usize = 4 << 20;

/// A value before anything is put in.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'a> {
    pub(crate) text: &'a str,
    /// Where it stands. `None`: nowhere, it is a default of the launcher.
    pub(crate) at: Option<Span>,
}

/// What may be referred to in one section, by lower-case name.
pub(crate) type Values<'a> = BTreeMap<&'a str, Raw<'a>>;

/// Puts values in for as long as the bytes last.
#[derive(Debug)]
pub(crate) struct Expander {
    left: usize,
}

impl Expander {
    pub(crate) fn new() -> Self {
        Self { left: EXPANDED_BYTES_MAX }
    }

    /// The value of `name` with everything put in.
    ///
    /// # Errors
    /// The first thing in it that cannot be put in.
    pub(crate) fn value(&mut self, name: &str, values: &Values<'_>) -> Result<String, Box<Problem>> {
        let mut text = String::new();
        if let Some(raw) = values.get(name) {
            self.some(name, *raw, values, 1, &mut text)?;
        }
        Ok(text)
    }

    /// Whether the last value was refused because nothing is left.
    pub(crate) fn exhausted(&self) -> bool {
        self.left == 0
    }

    fn spend(&mut self, bytes: usize, name: &str, raw: Raw<'_>) -> Result<(), Box<Problem>> {
        match self.left.checked_sub(bytes + 1) {
            Some(left) => self.left = left,
            None => {
                self.left = 0;
                let problem =
                    Problem::error(format!("all values together exceed {EXPANDED_BYTES_MAX} bytes"))
                        .with_place(raw.at)
                        .with_subject(name)
                        .with_hint(Some("refer to fewer or shorter values".to_owned()));
                return Err(Box::new(problem));
            }
        }
        Ok(())
    }

    fn some(
        &mut self,
        name: &str,
        raw: Raw<'_>,
        values: &Values<'_>,
        depth: usize,
        text: &mut String,
    ) -> Result<(), Box<Problem>> {
        if depth > DEPTH_MAX {
            let problem = Problem::error("Value interpolation too deeply recursive")
                .with_place(raw.at)
                .with_subject(name)
                .with_clash(raw.text, format!("at most {DEPTH_MAX} values that refer to each other"))
                .with_hint(Some("a value must not lead back to itself".to_owned()));
            return Err(Box::new(problem));
        }
        let mut rest = raw.text;
        loop {
            let plain = rest.find('%').unwrap_or(rest.len());
            self.spend(plain, name, raw)?;
            text.push_str(&rest[..plain]);
            rest = &rest[plain..];
            if rest.is_empty() {
                return Ok(());
            }
            if let Some(after) = rest.strip_prefix("%%") {
                text.push('%');
                rest = after;
                continue;
            }
            let (reference, after) = reference(rest).ok_or_else(|| Box::new(stray(name, raw, rest)))?;
            let wanted = reference.to_ascii_lowercase();
            let value = values
                .get(wanted.as_str())
                .ok_or_else(|| Box::new(missing(name, raw, rest, &wanted, values)))?;
            self.some(&wanted, *value, values, depth + 1, text)?;
            rest = after;
        }
    }
}

/// The name in `%(name)s` at the beginning, and what follows.
fn reference(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("%(")?;
    let end = inner.find(')').filter(|end| *end > 0)?;
    Some((&inner[..end], inner[end + 1..].strip_prefix('s')?))
}

/// Where `rest`, the end of the raw value, begins. Values of several lines do not lie in the file as they are.
fn place(raw: Raw<'_>, rest: &str, length: usize) -> Option<Span> {
    let at = raw.at?;
    if raw.text.contains('\n') {
        return Some(at);
    }
    let start = (at.start + raw.text.len() - rest.len()).min(at.end);
    Some(Span { start, end: (start + length).min(at.end), ..at })
}

fn stray(name: &str, raw: Raw<'_>, rest: &str) -> Problem {
    let message = match rest.starts_with("%(") {
        true => format!("bad interpolation variable reference '{rest}'"),
        false => format!("'%' must be followed by '%' or '(', found: '{rest}'"),
    };
    Problem::error(message)
        .with_place(place(raw, rest, 1))
        .with_subject(name)
        .with_clash(raw.text, "%% for a percent sign, or %(name)s for another value")
        .with_hint(Some("a literal percent sign is written twice: `%%`".to_owned()))
}

fn missing(name: &str, raw: Raw<'_>, rest: &str, wanted: &str, values: &Values<'_>) -> Problem {
    let near = minder_config::nearest::nearest(wanted, values.keys().copied());
    let hint = near.map(|near| format!("did you mean `%({near})s`?"));
    let hint = hint.unwrap_or_else(|| format!("add `{wanted} = …` to the section or to [DEFAULT]"));
    Problem::error(format!("Bad value substitution: there is no `{wanted}`"))
        .with_place(place(raw, rest, "%()s".len() + wanted.len()))
        .with_subject(name)
        .with_clash(format!("%({wanted})s"), "the name of a setting of this section or of [DEFAULT]")
        .with_hint(Some(hint))
}
