//! A table held against the vocabulary: what is known and has the right form comes out typed, all else is a problem.
//!
//! Long because there are many forms, and each says what it expected.

use std::collections::BTreeMap;
use std::time::Duration;

use minder_core::agenda::{Moment, Window};
use minder_schedule::text::{self as schedule, Misread};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::vocabulary::{Kind, STREAM, Section};
use super::words;
use crate::bound::{Bound, Unit};
use crate::nearest::nearest;
use crate::problem::Problem;
use crate::source::{FileId, Span};

/// A value of the right form.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value {
    Text(String),
    Words(Vec<String>),
    /// As it was written, and its words.
    Command(String, Vec<String>),
    Pairs(Vec<(String, String)>),
    Duration(Duration),
    Size(u64),
    Whole(i64),
    Bound(u64),
    Numbers(Vec<i64>),
    Flag(bool),
    /// In millionths.
    Degrees(i32),
    Moments(Vec<Moment>),
    Window(Window),
    Limits(Vec<(String, Limit)>),
    Table(Table),
}

/// A resource limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Limit {
    At(u64),
    Unlimited,
    Highest,
}

/// The values of a table, by their keys.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Table {
    pub(super) at: Span,
    values: BTreeMap<&'static str, (Span, Value)>,
    /// Keys whose values were refused.
    refused: Vec<&'static str>,
}

macro_rules! getter {
    ($(#[$doc:meta])* $name:ident, $variant:ident, $type:ty, $of:expr) => {
        $(#[$doc])*
        pub(super) fn $name(&self, key: &str) -> Option<$type> {
            match self.values.get(key) {
                Some((_, Value::$variant(value))) => Some($of(value)),
                _ => None,
            }
        }
    };
}

impl Table {
    pub(super) fn empty(at: Span) -> Self {
        Self { at, values: BTreeMap::new(), refused: Vec::new() }
    }

    getter!(text, Text, &str, String::as_str);
    getter!(words, Words, &[String], Vec::as_slice);
    getter!(pairs, Pairs, &[(String, String)], Vec::as_slice);
    getter!(duration, Duration, Duration, |value: &Duration| *value);
    getter!(size, Size, u64, |value: &u64| *value);
    getter!(bound, Bound, u64, |value: &u64| *value);
    getter!(whole, Whole, i64, |value: &i64| *value);
    getter!(numbers, Numbers, &[i64], Vec::as_slice);
    getter!(flag, Flag, bool, |value: &bool| *value);
    getter!(degrees, Degrees, i32, |value: &i32| *value);
    getter!(moments, Moments, &[Moment], Vec::as_slice);
    getter!(window, Window, Window, |value: &Window| *value);
    getter!(limits, Limits, &[(String, Limit)], Vec::as_slice);
    getter!(table, Table, &Table, |value| value);

    /// As it was written, and its words.
    pub(super) fn command(&self, key: &str) -> Option<(&str, &[String])> {
        match self.values.get(key) {
            Some((_, Value::Command(line, words))) => Some((line, words)),
            _ => None,
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Whether it was there, but was refused: then nobody has to hear that it is missing.
    pub(super) fn was_refused(&self, key: &str) -> bool {
        self.refused.contains(&key)
    }

    /// Where a key's value is, or else the table.
    pub(super) fn place(&self, key: &str) -> Span {
        self.values.get(key).map_or(self.at, |(at, _)| *at)
    }
}

/// Holds tables against the vocabulary.
pub(super) struct Checker<'a> {
    pub(super) file: FileId,
    /// The text of the file, for what was found.
    pub(super) text: &'a str,
    /// The variables that `${NAME}` stands for.
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    pub(super) fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span { file: self.file, start: range.start, end: range.end }
    }

    /// A table of a section.
    pub(super) fn table(&mut self, section: &'static Section, table: &DeTable<'_>, at: Span) -> Table {
        let mut found = Table::empty(at);
        for (name, value) in in_order(table) {
            let Some(key) = section.keys.iter().find(|key| key.name == name.get_ref().as_ref()) else {
                let known = section.keys.iter().map(|key| key.name);
                let at = self.span(name.span());
                let problem = Problem::error("there is no such key here").with_place(Some(at));
                let problem =
                    problem.with_subject(name.get_ref().as_ref()).with_hint(meant(name.get_ref(), known));
                self.problems.push(problem);
                continue;
            };
            let at = self.span(value.span());
            match self.value(key.name, &key.kind, value) {
                Some(value) => drop(found.values.insert(key.name, (at, value))),
                None => found.refused.push(key.name),
            }
        }
        found
    }

    /// A table of variables.
    pub(super) fn variables(&mut self, table: &DeTable<'_>) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (name, value) in in_order(table) {
            let name = name.get_ref().to_string();
            if let Some(value) = self.string(&name, value, "a text") {
                found.push((name, value));
            }
        }
        found
    }

    fn refuse(&mut self, key: &str, value: &Spanned<DeValue<'_>>, expected: impl Into<String>) {
        let at = self.span(value.span());
        let found = match value.get_ref() {
            DeValue::String(text) => excerpt(text),
            _ => excerpt(&self.text[value.span()]),
        };
        self.problems
            .push(Problem::error("").with_place(Some(at)).with_subject(key).with_clash(found, expected));
    }

    fn misread(&mut self, key: &str, value: &Spanned<DeValue<'_>>, misread: Misread) {
        let at = self.span(value.span());
        let problem = Problem::error("").with_place(Some(at)).with_subject(key);
        self.problems.push(problem.with_clash(misread.found, misread.expected));
    }

    /// The value, if it has the form; else that is a problem.
    fn value(&mut self, key: &str, kind: &Kind, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        match kind {
            Kind::Text | Kind::Path => self.string(key, value, "a text in quotes").map(Value::Text),
            Kind::Words | Kind::Paths => self.strings(key, value).map(Value::Words),
            Kind::Command => self.command(key, value),
            Kind::Pairs => self.pairs(key, value),
            Kind::Duration => self.read(key, value, schedule::duration).map(Value::Duration),
            Kind::Size => self.size(key, value),
            Kind::Whole(least, most) => self.whole(key, value, (*least, *most)).map(Value::Whole),
            Kind::WholeOr(least, most, word) => self.whole_or(key, value, (*least, *most), word),
            Kind::Bound(bound) => self.bound(key, value, bound),
            Kind::Numbers(least, most) => self.numbers(key, value, (*least, *most)),
            Kind::Flag => self.flag(key, value),
            Kind::Choice(choices) => self.choice(key, value, choices),
            Kind::Octal => self.octal(key, value),
            Kind::User | Kind::Signal => self.name_or_number(key, value),
            Kind::Limits => self.limits(key, value),
            Kind::Degrees(most) => self.degrees(key, value, *most),
            Kind::Zone => self.read(key, value, schedule::zone).map(|zone| Value::Text(zone.into())),
            Kind::Cron => self.read(key, value, schedule::cron).map(|cron| Value::Text(cron.into())),
            Kind::Moments => self.moments(key, value),
            Kind::Window => self.read(key, value, schedule::window).map(Value::Window),
            Kind::Stream => match value.get_ref() {
                DeValue::Table(table) => {
                    Some(Value::Table(self.table(&STREAM, table, self.span(value.span()))))
                }
                _ => self.string(key, value, "a table, or a path in quotes").map(Value::Text),
            },
            Kind::Table(section) => match value.get_ref() {
                DeValue::Table(table) => {
                    Some(Value::Table(self.table(section, table, self.span(value.span()))))
                }
                _ => {
                    self.refuse(key, value, "a table");
                    None
                }
            },
        }
    }

    fn string(&mut self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) -> Option<String> {
        let DeValue::String(text) = value.get_ref() else {
            self.refuse(key, value, expected);
            return None;
        };
        match words::expand(text, self.environment) {
            Ok(text) => Some(text),
            Err(problem) => {
                let at = self.span(value.span());
                self.problems.push(problem.with_place(Some(at)).with_subject(key));
                None
            }
        }
    }

    fn strings(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
        let DeValue::Array(items) = value.get_ref() else {
            self.refuse(key, value, "an array of texts such as [\"a\", \"b\"]");
            return None;
        };
        // Each that is wrong is told.
        let read: Vec<Option<String>> =
            items.iter().map(|item| self.string(key, item, "a text in quotes")).collect();
        read.into_iter().collect()
    }

    fn read<T>(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        parse: fn(&str) -> Result<T, Misread>,
    ) -> Option<T> {
        let DeValue::String(text) = value.get_ref() else {
            let expected =
                parse("").err().map_or_else(|| "a text in quotes".to_owned(), |misread| misread.expected);
            self.refuse(key, value, expected);
            return None;
        };
        match parse(text) {
            Ok(read) => Some(read),
            Err(misread) => {
                self.misread(key, value, misread);
                None
            }
        }
    }

    fn command(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        let (line, split) = match value.get_ref() {
            DeValue::Array(_) => {
                let split = self.strings(key, value)?;
                (words::joined(&split), Ok(split))
            }
            _ => {
                let line = self.string(key, value, "a command in quotes, or an array of words")?;
                let split = words::split(&line);
                (line, split)
            }
        };
        match split {
            Ok(split) if !split.is_empty() => Some(Value::Command(line, split)),
            Ok(_) => {
                self.refuse(key, value, "at least one word");
                None
            }
            Err(quote) => {
                self.refuse(key, value, format!("a quote `{quote}` that has an end"));
                None
            }
        }
    }

    fn pairs(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        if let DeValue::Table(table) = value.get_ref() {
            return Some(Value::Pairs(self.variables(table)));
        }
        let pairs = self.strings(key, value)?;
        let split: Option<Vec<_>> = pairs
            .iter()
            .map(|pair| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect();
        if split.is_none() {
            self.refuse(key, value, "a table, or an array of \"NAME=value\"");
        }
        split.map(Value::Pairs)
    }

    fn integer(value: &Spanned<DeValue<'_>>) -> Option<i64> {
        let DeValue::Integer(number) = value.get_ref() else { return None };
        i64::from_str_radix(number.as_str(), number.radix()).ok()
    }

    fn whole(&mut self, key: &str, value: &Spanned<DeValue<'_>>, bounds: (i64, i64)) -> Option<i64> {
        let found = Self::integer(value).filter(|number| (bounds.0..=bounds.1).contains(number));
        if found.is_none() {
            self.refuse(key, value, between(bounds));
        }
        found
    }

    /// The word is none of the numbers: it is left out, as if nothing were said, unless it is another default's.
    fn whole_or(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        bounds: (i64, i64),
        word: &str,
    ) -> Option<Value> {
        match (value.get_ref(), Self::integer(value)) {
            (DeValue::String(text), _) if text == word => Some(Value::Text(word.to_owned())),
            (_, Some(number)) if (bounds.0..=bounds.1).contains(&number) => Some(Value::Whole(number)),
            (_, _) => {
                self.refuse(key, value, format!("{} or \"{word}\"", between(bounds)));
                None
            }
        }
    }

    fn numbers(&mut self, key: &str, value: &Spanned<DeValue<'_>>, bounds: (i64, i64)) -> Option<Value> {
        let DeValue::Array(items) = value.get_ref() else {
            self.refuse(key, value, format!("an array of numbers, each {}", between(bounds)));
            return None;
        };
        let read: Vec<Option<i64>> = items.iter().map(|item| self.whole(key, item, bounds)).collect();
        read.into_iter().collect::<Option<_>>().map(Value::Numbers)
    }

    fn flag(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        let DeValue::Boolean(flag) = value.get_ref() else {
            self.refuse(key, value, "true or false");
            return None;
        };
        Some(Value::Flag(*flag))
    }

    fn choice(&mut self, key: &str, value: &Spanned<DeValue<'_>>, choices: &[&str]) -> Option<Value> {
        let listed = || {
            let quoted: Vec<String> = choices.iter().map(|choice| format!("\"{choice}\"")).collect();
            format!("one of {}", quoted.join(", "))
        };
        let DeValue::String(text) = value.get_ref() else {
            self.refuse(key, value, listed());
            return None;
        };
        if choices.contains(&text.as_ref()) {
            return Some(Value::Text(text.to_string()));
        }
        let at = self.span(value.span());
        let problem = Problem::error("").with_place(Some(at)).with_subject(key);
        let problem = problem.with_clash(text.as_ref(), listed());
        self.problems.push(problem.with_hint(meant(text, choices.iter().copied())));
        None
    }

    fn octal(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        let read = match value.get_ref() {
            DeValue::String(text) => i64::from_str_radix(text, 8).ok(),
            DeValue::Integer(number) if number.radix() == 8 => i64::from_str_radix(number.as_str(), 8).ok(),
            _ => None,
        };
        let read = read.filter(|bits| (0..=0o7777).contains(bits));
        if read.is_none() {
            self.refuse(key, value, "permission bits in octal such as \"022\"");
        }
        read.map(Value::Whole)
    }

    fn name_or_number(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        match (value.get_ref(), Self::integer(value)) {
            (DeValue::String(_), _) => self.string(key, value, "a name or a number").map(Value::Text),
            (_, Some(number)) if number >= 0 => Some(Value::Whole(number)),
            (_, _) => {
                self.refuse(key, value, "a name in quotes, or a number");
                None
            }
        }
    }

    fn size(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        const EXPECTED: &str = "a number of bytes, or a size such as \"10MB\" or \"512KB\"";
        let read = match value.get_ref() {
            DeValue::String(text) => words::size(text),
            _ => Self::integer(value).and_then(|number| u64::try_from(number).ok()),
        };
        if read.is_none() {
            self.refuse(key, value, EXPECTED);
        }
        read.map(Value::Size)
    }

    fn bound(&mut self, key: &str, value: &Spanned<DeValue<'_>>, bound: &Bound) -> Option<Value> {
        let read = match (value.get_ref(), Self::integer(value)) {
            (DeValue::String(text), _) if bound.unit != Unit::Count => bound.read(text),
            (_, Some(number)) => bound.read(&number.to_string()),
            (_, None) => Err(bound.expected()),
        };
        match read {
            Ok(number) => Some(Value::Bound(number)),
            Err(expected) => {
                self.refuse(key, value, expected);
                None
            }
        }
    }

    fn limits(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        let DeValue::Table(table) = value.get_ref() else {
            self.refuse(key, value, "a table such as { nofile = 1024 }");
            return None;
        };
        let mut limits = Vec::new();
        for (name, value) in in_order(table) {
            let limit = match (value.get_ref(), Self::integer(value)) {
                (DeValue::String(text), _) if text == "unlimited" => Limit::Unlimited,
                (DeValue::String(text), _) if text == "highest" => Limit::Highest,
                (_, Some(number)) if number >= 0 => Limit::At(number.unsigned_abs()),
                (_, _) => {
                    self.refuse(name.get_ref(), value, "a number, \"unlimited\" or \"highest\"");
                    continue;
                }
            };
            if super::limits::number(name.get_ref()).is_none() {
                let at = self.span(name.span());
                let known = super::limits::NAMES.iter().map(|(name, _)| *name);
                let problem = Problem::error("there is no such limit").with_place(Some(at));
                let problem =
                    problem.with_subject(name.get_ref().as_ref()).with_hint(meant(name.get_ref(), known));
                self.problems.push(problem);
                continue;
            }
            limits.push((name.get_ref().to_string(), limit));
        }
        Some(Value::Limits(limits))
    }

    fn degrees(&mut self, key: &str, value: &Spanned<DeValue<'_>>, most: i32) -> Option<Value> {
        let number: Option<f64> = match value.get_ref() {
            DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
            #[expect(clippy::cast_precision_loss, reason = "degrees are small")]
            DeValue::Integer(_) => Self::integer(value).map(|number| number as f64),
            _ => None,
        };
        let read = number.filter(|number| number.abs() <= f64::from(most));
        if read.is_none() {
            self.refuse(key, value, format!("degrees between -{most} and {most}"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 180 millions")]
        read.map(|degrees| Value::Degrees((degrees * 1e6).round() as i32))
    }

    fn moments(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        match value.get_ref() {
            DeValue::Array(items) if !items.is_empty() => {
                let read: Vec<Option<Moment>> =
                    items.iter().map(|item| self.read(key, item, schedule::moment)).collect();
                read.into_iter().collect::<Option<_>>().map(Value::Moments)
            }
            _ => self.read(key, value, schedule::moment).map(|moment| Value::Moments(vec![moment])),
        }
    }
}

/// Keys in the order of the file.
pub(super) fn in_order<'a, 'i>(
    table: &'a DeTable<'i>,
) -> Vec<(&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

/// The hint for a word that is not known.
pub(super) fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    match nearest(word, known.clone()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => {
            let all: Vec<&str> = known.collect();
            (!all.is_empty()).then(|| format!("known here: {}", all.join(", ")))
        }
    }
}

fn between((least, most): (i64, i64)) -> String {
    match (least, most) {
        (i64::MIN, i64::MAX) => "a whole number".to_owned(),
        (least, most) => format!("a whole number from {least} to {most}"),
    }
}

/// What was found, short enough for a line.
fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= CHARS_MAX && line.len() == text.len() {
        return line.to_owned();
    }
    let cut: String = line.chars().take(CHARS_MAX).collect();
    format!("{cut}…")
}
