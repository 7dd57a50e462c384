//! What a body is made of.
//!
//! Whatever has a meaning says it in words or by a sign, and then by colour.

use maud::{Markup, Render, html};

use crate::token::Token;

/// What a badge tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Warning,
    /// Something is wrong.
    Bad,
    /// At rest, or of no concern.
    Quiet,
    /// It warms.
    Warm,
    /// It cools.
    Cold,
    /// It is under way.
    Busy,
}

impl Tone {
    /// Its class, and its sign: shapes that differ in outline, so that they are told apart without colour.
    fn class_and_sign(self) -> (&'static str, &'static str) {
        match self {
            Self::Good => ("good", "✓"),
            Self::Warning => ("warning", "!"),
            Self::Bad => ("bad", "✕"),
            Self::Quiet => ("quiet", "–"),
            Self::Warm => ("warm", "▲"),
            Self::Cold => ("cold", "▼"),
            Self::Busy => ("busy", "●"),
        }
    }
}

/// A state in a word.
#[must_use]
pub fn badge(tone: Tone, text: &str) -> Markup {
    let (class, sign) = tone.class_and_sign();
    html! { span.badge.(class) { span.sign aria-hidden="true" { (sign) } (text) } }
}

/// A property in a word, which is neither good nor bad.
#[must_use]
pub fn label(text: &str) -> Markup {
    html! { span.badge.plain { (text) } }
}

/// Something with a title of its own.
#[must_use]
pub fn card(title: &impl Render, body: &Markup) -> Markup {
    html! { section.card { h2 { (title) } (body) } }
}

/// Cards beside each other, as many as there is room for.
#[must_use]
pub fn cards(all: &[Markup]) -> Markup {
    html! { div.cards { @for card in all { (card) } } }
}

/// A big number with its unit. `None`: it is not known.
#[must_use]
pub fn reading(label: &str, value: Option<&str>, unit: &str) -> Markup {
    html! {
        div.reading {
            span.label { (label) }
            @match value {
                Some(value) => span.value { (value) span.unit { (unit) } },
                None => span.value.unknown title="not known" { "–" },
            }
        }
    }
}

/// Big numbers beside each other.
#[must_use]
pub fn readings(all: &[Markup]) -> Markup {
    html! { div.readings { @for reading in all { (reading) } } }
}

/// A table. One that is wider than its place can be moved in it; on a phone each row is a list, with the head before each cell. A
/// cell behind the last head has none.
#[must_use]
pub fn table(caption: &str, heads: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label=(caption) {
            table {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody { @for row in rows { tr { @for (cell, head) in row.iter().zip(heads.iter().chain(std::iter::repeat(&""))) { td data-head=(head) { (cell) } } } } }
            }
        }
    }
}

/// A form that changes something, with its token.
#[must_use]
pub fn form(token: &Token, action: &str, body: &Markup) -> Markup {
    html! { form method="post" action=(action) { (token) (body) } }
}

/// A field of a form below its label. The field needs no label of its own.
#[must_use]
pub fn field(label: &str, input: &Markup) -> Markup {
    html! { label.field { span { (label) } (input) } }
}

/// The button that sends a form.
#[must_use]
pub fn submit(text: &str) -> Markup {
    html! { button type="submit" { (text) } }
}

/// The button of a form that does what cannot be undone: it asks before, where scripts run.
#[must_use]
pub fn submit_after_asking(text: &str, label: &str, question: &str) -> Markup {
    html! { button.danger type="submit" aria-label=(label) data-confirm=(question) { (text) } }
}

/// Something has been done, or is to be known.
#[must_use]
pub fn notice(text: &str) -> Markup {
    html! { p.notice role="status" { span.sign aria-hidden="true" { "i" } span { (text) } } }
}

/// Something is wrong, and what to do about it.
#[must_use]
pub fn error(text: &str) -> Markup {
    html! { p.notice.bad role="alert" { span.sign aria-hidden="true" { "✕" } span { (text) } } }
}

/// There is nothing yet, and how there will be something.
#[must_use]
pub fn empty(title: &str, text: &impl Render) -> Markup {
    html! { div.empty { p { strong { (title) } } p { (text) } } }
}

/// What is inside hears the events of this source, a [`Feed`](crate::Feed)'s.
#[must_use]
pub fn live(source: &str, body: &Markup) -> Markup {
    html! { div.live sse-connect=(source) { (body) } }
}

/// A place whose content is that of the latest event of this name.
#[must_use]
pub fn place(event: &str, body: &Markup) -> Markup {
    html! { div sse-swap=(event) { (body) } }
}

/// A moment, in seconds since 1970. The browser shows it by its own clock; without scripts it is UTC.
#[must_use]
pub fn time(seconds: i64, utc: &str) -> Markup {
    html! { time data-at=(seconds) { (utc) " UTC" } }
}

/// A graph of what a source tells as JSON:
///
/// ```json
/// {"unit": "°C", "from": 0, "to": 60,
///  "series": [{"label": "Beer"}, {"label": "Beer, set", "style": "dash"}],
///  "data": [[0, 30, 60], [18.1, 18.2, null], [18.0, 18.0, 18.0]],
///  "notes": [{"at": 30, "text": "Mode set to b"}]}
/// ```
///
/// `data` begins with the times, in seconds since 1970. Lines are drawn in their order, the last on top; `style` is `line`, `thin`
/// or `dash`, `colour` a number from 1 to 6. To the source's query is added how many points can be seen, as `points=…`, and when
/// somebody zooms `from=…&to=…`, so that it can send more of less. `refresh`: the name of an event of the [`live`] around it after which it asks again.
#[must_use]
pub fn graph(label: &str, source: &str, refresh: Option<&str>) -> Markup {
    html! {
        figure.graph data-graph=(source) data-refresh=[refresh] aria-label=(label) {
            noscript { p { "A graph needs JavaScript; the numbers are at " a href=(source) { "this address" } "." } }
        }
    }
}

/// Text as a part of a path or a query.
#[must_use]
pub fn in_path(text: &str) -> String {
    crate::form::encoded(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_meaning_is_told_by_colour_alone() {
        let tones = [Tone::Good, Tone::Warning, Tone::Bad, Tone::Quiet, Tone::Warm, Tone::Cold, Tone::Busy];
        let mut signs: Vec<_> = tones.iter().map(|tone| tone.class_and_sign().1).collect();
        signs.sort_unstable();
        signs.dedup();
        assert_eq!(signs.len(), tones.len());
        let badge = badge(Tone::Warm, "heating").into_string();
        assert_eq!(
            badge,
            r#"<span class="badge warm"><span class="sign" aria-hidden="true">▲</span>heating</span>"#
        );
    }

    #[test]
    fn no_cell_of_a_table_is_lost() {
        let shown = table("t", &["A"], &[vec![html! { "1" }, html! { "2" }]]).into_string();
        assert!(shown.contains(r#"<td data-head="A">1</td><td data-head="">2</td>"#), "{shown}");
    }

    #[test]
    fn what_is_shown_is_text() {
        let shown = reading("<i>", Some("<b>"), "&").into_string() + &error("<u>").into_string();
        assert!(!shown.contains("<i>") && !shown.contains("<b>") && !shown.contains("<u>"), "{shown}");
        assert_eq!(in_path("a b/ü"), "a%20b%2F%C3%BC");
    }
}
