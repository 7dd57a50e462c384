//! `%(name)s`: Python's `%` operator on a dictionary, with its messages.
//!
//! The original hands every value to that operator, so the operator's whole language is part of the file format: flags,
//! widths, precisions, conversions, and the rarely meant ones without a name, which format the dictionary itself or the
//! value that was named last.

use super::names::{Meaning, Names, Scope};
use super::python::{ascii, repr};
use std::fmt;

/// Widest field that is filled. The original fills any that fits into memory; nobody wants more than this.
const WIDTH_MAX: i64 = 1 << 20;

/// Why a value could not be expanded. It displays as the original's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpandError {
    /// The value uses a name that has no meaning here.
    Unknown {
        /// The whole value.
        format: String,
        /// What the value is for, such as `program:x.command`.
        subject: String,
        /// The name without meaning.
        name: String,
        /// All names that have one, sorted.
        available: Vec<String>,
    },
    /// The value is no format at all.
    Malformed {
        /// The whole value.
        format: String,
        /// What the value is for.
        subject: String,
        /// Python's reason.
        reason: String,
    },
}

impl fmt::Display for ExpandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { format, subject, name, available } => write!(
                f,
                "Format string {} for {} contains names ({}) which cannot be expanded. Available names: {}",
                repr(format),
                repr(subject),
                repr(name),
                available.join(", ")
            ),
            Self::Malformed { format, subject, reason } => {
                write!(f, "Format string {} for {} is badly formatted: {reason}", repr(format), repr(subject))
            }
        }
    }
}

/// Expands a value. `subject` says in messages what the value is for.
///
/// # Errors
///
/// If the value uses an unknown name or is no valid format; the first such place from the left is reported.
pub fn expand(format: &str, scope: Scope<'_>, subject: &str) -> Result<String, ExpandError> {
    if !format.contains('%') {
        return Ok(format.to_owned());
    }
    let chars: Vec<char> = format.chars().collect();
    let mut formatter =
        Formatter { chars: &chars, at: 0, scope, argument: Argument::Dictionary, unused: true };
    formatter.run().map_err(|failure| match failure {
        Failure::Unknown(name) => ExpandError::Unknown {
            format: format.to_owned(),
            subject: subject.to_owned(),
            name,
            available: scope.available(),
        },
        Failure::Reason(reason) => {
            ExpandError::Malformed { format: format.to_owned(), subject: subject.to_owned(), reason }
        }
    })
}

enum Failure {
    Unknown(String),
    Reason(String),
}

impl From<&str> for Failure {
    fn from(reason: &str) -> Self {
        Self::Reason(reason.to_owned())
    }
}

/// What the next conversion without a name takes: one value, once.
#[derive(Clone)]
enum Argument {
    /// All names; this is what the operator's right side is.
    Dictionary,
    Meaning(Meaning),
}

impl Argument {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Dictionary => "dict",
            Self::Meaning(Meaning::Text(_)) => "str",
            Self::Meaning(Meaning::Number(_)) => "int",
        }
    }
}

struct Formatter<'a> {
    chars: &'a [char],
    at: usize,
    scope: Scope<'a>,
    argument: Argument,
    unused: bool,
}

#[allow(clippy::struct_excessive_bools, reason = "each is one flag character of the format language")]
#[derive(Default)]
struct Spec {
    left: bool,
    sign: bool,
    blank: bool,
    alternate: bool,
    zero: bool,
    width: Option<i64>,
    precision: Option<i64>,
}

impl Formatter<'_> {
    fn run(&mut self) -> Result<String, Failure> {
        let mut out = String::new();
        while let Some(c) = self.next() {
            if c == '%' { self.conversion(&mut out)? } else { out.push(c) }
        }
        Ok(out)
    }

    fn next(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied();
        self.at += usize::from(c.is_some());
        c
    }

    fn required(&mut self) -> Result<char, Failure> {
        self.next().ok_or_else(|| "incomplete format".into())
    }

    fn conversion(&mut self, out: &mut String) -> Result<(), Failure> {
        if self.chars.get(self.at) == Some(&'%') {
            self.at += 1;
            out.push('%');
            return Ok(());
        }
        if self.chars.get(self.at) == Some(&'(') {
            self.at += 1;
            let name = self.name()?;
            let meaning = self.scope.get(&name).cloned().ok_or(Failure::Unknown(name))?;
            self.argument = Argument::Meaning(meaning);
            self.unused = true;
        }
        let (spec, conversion) = self.spec()?;
        let argument = self.take()?;
        self.format(out, &spec, conversion, &argument)
    }

    /// The text up to the parenthesis that closes the one just read; inner pairs belong to the name.
    fn name(&mut self) -> Result<String, Failure> {
        let start = self.at;
        let mut open = 1;
        while open > 0 {
            match self.next() {
                Some('(') => open += 1,
                Some(')') => open -= 1,
                Some(_) => {}
                None => return Err("incomplete format key".into()),
            }
        }
        Ok(self.chars[start..self.at - 1].iter().collect())
    }

    fn take(&mut self) -> Result<Argument, Failure> {
        if !std::mem::replace(&mut self.unused, false) {
            return Err("not enough arguments for format string".into());
        }
        Ok(self.argument.clone())
    }

    fn spec(&mut self) -> Result<(Spec, char), Failure> {
        let mut spec = Spec::default();
        let mut c = self.required()?;
        loop {
            match c {
                '-' => spec.left = true,
                '+' => spec.sign = true,
                ' ' => spec.blank = true,
                '#' => spec.alternate = true,
                '0' => spec.zero = true,
                _ => break,
            }
            c = self.required()?;
        }
        if c == '*' {
            let width = self.star()?;
            spec.left |= width < 0;
            spec.width = Some(width.saturating_abs());
            c = self.required()?;
        } else if c.is_ascii_digit() {
            let (width, next) = self.digits(c, i64::MAX, "width too big")?;
            (spec.width, c) = (Some(width), next);
        }
        if c == '.' {
            spec.precision = Some(0);
            c = self.required()?;
            if c == '*' {
                spec.precision = Some(self.star()?.max(0));
                c = self.required()?;
            } else if c.is_ascii_digit() {
                let (precision, next) = self.digits(c, i64::from(i32::MAX), "precision too big")?;
                (spec.precision, c) = (Some(precision), next);
            }
        }
        if matches!(c, 'h' | 'l' | 'L') {
            c = self.required()?;
        }
        Ok((spec, c))
    }

    fn star(&mut self) -> Result<i64, Failure> {
        match self.take()? {
            Argument::Meaning(Meaning::Number(number)) => Ok(number),
            Argument::Meaning(Meaning::Text(_)) | Argument::Dictionary => Err("* wants int".into()),
        }
    }

    /// A number that starts with the digit just read, and the character behind it.
    fn digits(&mut self, first: char, max: i64, too_big: &str) -> Result<(i64, char), Failure> {
        let mut value = 0_i64;
        let mut c = first;
        while let Some(digit) = c.to_digit(10) {
            let digit = i64::from(digit);
            if value > (max - digit) / 10 {
                return Err(too_big.into());
            }
            value = value * 10 + digit;
            c = self.required()?;
        }
        Ok((value, c))
    }

    fn format(
        &self,
        out: &mut String,
        spec: &Spec,
        conversion: char,
        argument: &Argument,
    ) -> Result<(), Failure> {
        let body = match conversion {
            's' => cut(self.shown(argument), spec),
            'r' => cut(self.represented(argument), spec),
            'a' => cut(ascii_of(&self.represented(argument)), spec),
            'c' => character(argument)?,
            'd' | 'i' | 'u' | 'o' | 'x' | 'X' => return number(out, spec, conversion, argument),
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => return real(out, spec, conversion, argument),
            other => {
                let shown = if (31..127).contains(&u32::from(other)) { other } else { '?' };
                let index = self.at - 1;
                let code = u32::from(other);
                let reason = format!("unsupported format character '{shown}' (0x{code:x}) at index {index}");
                return Err(Failure::Reason(reason));
            }
        };
        pad(out, spec, "", &body, ' ')
    }

    fn shown(&self, argument: &Argument) -> String {
        match argument {
            Argument::Meaning(Meaning::Text(text)) => text.clone(),
            Argument::Meaning(Meaning::Number(_)) | Argument::Dictionary => self.represented(argument),
        }
    }

    fn represented(&self, argument: &Argument) -> String {
        match argument {
            Argument::Meaning(Meaning::Text(text)) => repr(text),
            Argument::Meaning(Meaning::Number(number)) => number.to_string(),
            Argument::Dictionary => dictionary(&self.scope.merged()),
        }
    }
}

/// Python's `repr()` of the dictionary of all names.
fn dictionary(names: &Names) -> String {
    let entries: Vec<String> = names
        .iter()
        .map(|(name, meaning)| match meaning {
            Meaning::Text(text) => format!("{}: {}", repr(name), repr(text)),
            Meaning::Number(number) => format!("{}: {number}", repr(name)),
        })
        .collect();
    format!("{{{}}}", entries.join(", "))
}

/// What `ascii()` makes of a text that `repr()` has already quoted.
fn ascii_of(quoted: &str) -> String {
    quoted
        .chars()
        .map(|c| if c.is_ascii() { c.to_string() } else { unquoted(&ascii(&c.to_string())) })
        .collect()
}

fn unquoted(text: &str) -> String {
    text[1..text.len() - 1].to_owned()
}

fn cut(text: String, spec: &Spec) -> String {
    match spec.precision.map(usize::try_from) {
        Some(Ok(precision)) => text.chars().take(precision).collect(),
        Some(Err(_)) | None => text,
    }
}

fn character(argument: &Argument) -> Result<String, Failure> {
    match argument {
        Argument::Meaning(Meaning::Text(text)) if text.chars().count() == 1 => Ok(text.clone()),
        Argument::Meaning(Meaning::Number(number)) => u32::try_from(*number)
            .ok()
            .and_then(char::from_u32)
            .map(String::from)
            .ok_or_else(|| "%c arg not in range(0x110000)".into()),
        Argument::Meaning(Meaning::Text(_)) | Argument::Dictionary => Err("%c requires int or char".into()),
    }
}

fn number(out: &mut String, spec: &Spec, conversion: char, argument: &Argument) -> Result<(), Failure> {
    let Argument::Meaning(Meaning::Number(number)) = argument else {
        let wanted = if matches!(conversion, 'o' | 'x' | 'X') { "an integer" } else { "a real number" };
        let found = argument.type_name();
        return Err(Failure::Reason(format!("%{conversion} format: {wanted} is required, not {found}")));
    };
    let magnitude = number.unsigned_abs();
    let (digits, prefix) = match conversion {
        'o' => (format!("{magnitude:o}"), "0o"),
        'x' => (format!("{magnitude:x}"), "0x"),
        'X' => (format!("{magnitude:X}"), "0X"),
        _ => (magnitude.to_string(), ""),
    };
    let precision = bounded(spec.precision.unwrap_or(0))?;
    let digits = format!("{}{digits}", "0".repeat(precision.saturating_sub(digits.len())));
    let prefix = if spec.alternate { prefix } else { "" };
    let head = format!("{}{prefix}", sign(spec, *number < 0));
    pad(out, spec, &head, &digits, if spec.zero { '0' } else { ' ' })
}

#[allow(clippy::cast_precision_loss, reason = "the original rounds such numbers in the same way")]
fn real(out: &mut String, spec: &Spec, conversion: char, argument: &Argument) -> Result<(), Failure> {
    let Argument::Meaning(Meaning::Number(number)) = argument else {
        return Err(Failure::Reason(format!("must be real number, not {}", argument.type_name())));
    };
    let value = number.unsigned_abs() as f64;
    let precision = bounded(spec.precision.unwrap_or(6))?;
    let mut digits = match conversion.to_ascii_lowercase() {
        'e' => scientific(value, precision),
        'g' => general(value, precision.max(1)),
        _ => format!("{value:.precision$}"),
    };
    if conversion.is_ascii_uppercase() {
        digits = digits.to_ascii_uppercase();
    }
    pad(out, spec, sign(spec, *number < 0), &digits, if spec.zero { '0' } else { ' ' })
}

fn scientific(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{mantissa}e+{exponent:0>2}")
}

fn general(value: f64, precision: usize) -> String {
    let text = scientific(value, precision - 1);
    let (mantissa, exponent) = text.split_once("e+").unwrap_or((&text, "0"));
    let exponent: usize = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if exponent >= precision {
        return format!("{}e+{exponent:02}", trimmed(mantissa));
    }
    let decimals = precision - 1 - exponent;
    trimmed(&format!("{value:.decimals$}"))
}

fn sign(spec: &Spec, negative: bool) -> &'static str {
    match (negative, spec.sign, spec.blank) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    }
}

fn bounded(length: i64) -> Result<usize, Failure> {
    // Python's own message for what does not fit into memory is empty.
    usize::try_from(length.min(WIDTH_MAX + 1)).ok().filter(|_| length <= WIDTH_MAX).ok_or_else(|| "".into())
}

/// Writes head and body, filled to the width. Zeros go between the two, and only to the left of the body.
fn pad(out: &mut String, spec: &Spec, head: &str, body: &str, fill: char) -> Result<(), Failure> {
    let width = bounded(spec.width.unwrap_or(0))?;
    let missing = width.saturating_sub(head.chars().count() + body.chars().count());
    let filling = |c: char| std::iter::repeat_n(c, missing);
    match (spec.left, fill) {
        (true, _) => {
            out.push_str(head);
            out.push_str(body);
            out.extend(filling(' '));
        }
        (false, '0') => {
            out.push_str(head);
            out.extend(filling('0'));
            out.push_str(body);
        }
        (false, _) => {
            out.extend(filling(' '));
            out.push_str(head);
            out.push_str(body);
        }
    }
    Ok(())
}
