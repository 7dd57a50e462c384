//! One field of a cron expression.

use crate::text::Misread;

/// What a field may hold.
pub(super) struct Kind {
    /// With its article.
    name: &'static str,
    least: u8,
    most: u8,
    /// For the values from `least` on.
    names: &'static [&'static str],
    /// Whether 0 and 7 are the same.
    sevens: Sevens,
    last: Last,
}

/// What 7 is.
enum Sevens {
    Itself,
    Sunday,
}

/// What `L` is.
enum Last {
    Nothing,
    /// `L`: the last day of the month.
    Day,
    /// `5L`: the last Friday of the month.
    Weekday,
}

const fn plain(name: &'static str, least: u8, most: u8) -> Kind {
    Kind { name, least, most, names: &[], sevens: Sevens::Itself, last: Last::Nothing }
}

pub(super) const SECOND: Kind = plain("a second", 0, 59);
pub(super) const MINUTE: Kind = plain("a minute", 0, 59);
pub(super) const HOUR: Kind = plain("an hour", 0, 23);
pub(super) const DAY: Kind = Kind { last: Last::Day, ..plain("a day of the month", 1, 31) };
pub(super) const MONTH: Kind = Kind {
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    ..plain("a month", 1, 12)
};
pub(super) const WEEKDAY: Kind = Kind {
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    sevens: Sevens::Sunday,
    last: Last::Weekday,
    ..plain("a day of the week", 0, 7)
};

/// The values of a field that fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Field {
    /// A bit for each.
    values: u64,
    /// Whether it begins with `*`.
    pub(super) starred: bool,
    /// `L`: the day of the week of which the last in a month fits; any number for the last day of the month.
    pub(super) last: Option<u8>,
}

impl Field {
    pub(super) fn has(&self, value: u8) -> bool {
        value < 64 && self.values & (1 << value) != 0
    }

    /// The first that fits and is not less.
    pub(super) fn next(&self, least: u8) -> Option<u8> {
        (least..60).find(|value| self.has(*value))
    }
}

impl Kind {
    pub(super) fn parse(&self, text: &str) -> Result<Field, Misread> {
        let mut field = Field { values: 0, starred: text.starts_with('*'), last: None };
        for item in text.split(',') {
            match self.last(item) {
                Some(last) if field.last.is_none() => field.last = Some(last),
                Some(_) => return Err(Misread::new(text, "no more than one `L`")),
                None => field.values |= self.item(item)?,
            }
        }
        Ok(field)
    }

    fn last(&self, item: &str) -> Option<u8> {
        match self.last {
            Last::Nothing => None,
            Last::Day => (item == "L").then_some(0),
            Last::Weekday => self.value(item.strip_suffix('L')?).map(|value| value % 7),
        }
    }

    /// The bits of `*`, `5`, `5-9`, `*/10` or `5-50/10`.
    fn item(&self, item: &str) -> Result<u64, Misread> {
        let wrong = || Misread::new(item, self.expected());
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step).ok_or_else(wrong)?)),
            None => (item, None),
        };
        let end = match self.sevens {
            Sevens::Itself => self.most,
            Sevens::Sunday => 6,
        };
        let (from, until) = match (range, range.split_once('-')) {
            ("*", _) => (self.least, end),
            (_, Some((from, until))) => {
                (self.value(from).ok_or_else(wrong)?, self.value(until).ok_or_else(wrong)?)
            }
            (value, None) if step.is_none() => {
                let value = self.value(value).ok_or_else(wrong)?;
                (value, value)
            }
            (_, None) => {
                return Err(Misread::new(
                    item,
                    format!("a range before the step, such as {from}-{end}/5", from = self.least),
                ));
            }
        };
        // Over the end: months differ in length, so for their days that would mean little.
        if from > until && matches!(self.last, Last::Day) {
            return Err(Misread::new(item, "a range of days that ends no earlier than it begins"));
        }
        let round = end - self.least + 1;
        let until = if from > until { until + round } else { until };
        let values = (from..=until).step_by(step.unwrap_or(1));
        Ok(values
            .map(|value| self.least + (value - self.least) % round)
            .fold(0, |bits, value| bits | 1 << value))
    }

    fn step(&self, text: &str) -> Option<usize> {
        let step = number(text)?;
        (1..=self.most).contains(&step).then_some(usize::from(step))
    }

    fn value(&self, text: &str) -> Option<u8> {
        let named = self.names.iter().position(|name| text.eq_ignore_ascii_case(name));
        let named = named.and_then(|index| u8::try_from(index).ok()).map(|index| self.least + index);
        named.or_else(|| number(text)).filter(|value| (self.least..=self.most).contains(value))
    }

    fn expected(&self) -> String {
        let Self { name, least, most, .. } = self;
        let named = self.names.first().map_or_else(String::new, |name| format!(" or a name such as {name}"));
        format!("{name} from {least} to {most}{named}, a range such as {least}-{most}, or a step such as */5")
    }
}

fn number(text: &str) -> Option<u8> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}
