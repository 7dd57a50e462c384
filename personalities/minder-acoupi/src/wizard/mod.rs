//! A configuration, asked for field by field, or taken from the command line.

pub(crate) mod arguments;
mod microphone;
mod python;
mod time;

use minder_recorder::program::complete::coerce;
use minder_recorder::program::{Field, FieldKind, Group, Need, Node, Nullable, Prompt};
use serde_json::{Map, Value, json};

use crate::click::Failure;
use crate::click::style::{Colour, strong};
use crate::click::terminal::{Preset, Terminal};
use arguments::Arguments;

pub(crate) use microphone::Devices;

/// Whether a person is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// For everything that has a meaning.
    Ask,
    /// For nothing.
    Silent,
}

/// A parameter that cannot be what it is said to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ParameterError {
    /// What was said, or which parameter it is.
    pub(crate) value: String,
    /// What is wrong with it.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: String,
}

/// Why there is no configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum WizardError {
    /// Nobody wants one any more.
    Ended(Failure),
    /// A parameter is wrong.
    Parameter(ParameterError),
}

impl From<Failure> for WizardError {
    fn from(failure: Failure) -> Self {
        Self::Ended(failure)
    }
}

impl ParameterError {
    fn new(value: &str, message: impl Into<String>, help: &str) -> Self {
        Self { value: value.to_owned(), message: message.into(), help: help.to_owned() }
    }
}

/// Whoever asks.
pub(crate) struct Wizard<'a> {
    /// Where.
    pub(crate) terminal: &'a mut Terminal,
    /// Whether.
    pub(crate) mode: Mode,
    /// What was said already.
    pub(crate) arguments: &'a Arguments,
    /// What can be recorded from.
    pub(crate) devices: Devices,
}

impl Wizard<'_> {
    /// Everything of a group, whose fields have these letters before their names.
    pub(crate) fn group(&mut self, group: &Group, prefix: &str) -> Result<Value, WizardError> {
        let mut made = Map::new();
        for node in &group.nodes {
            let path = format!("{prefix}{}", node.name());
            let value = match node {
                Node::Field(field) => Some(self.field(field, &path)?),
                Node::Group(inner) => self.subgroup(inner, &path)?,
            };
            made.extend(value.map(|value| (node.name().to_owned(), value)));
        }
        Ok(Value::Object(made))
    }

    /// `None`: it is not written, and so becomes its default.
    fn subgroup(&mut self, group: &Group, path: &str) -> Result<Option<Value>, WizardError> {
        let prefix = format!("{path}.");
        let is_said = self.arguments.has_below(&prefix);
        match group.need {
            Need::Required if group.name == "microphone" => self.microphone(&prefix).map(Some),
            Need::Required => self.group(group, &prefix).map(Some),
            Need::Extra if !is_said => Ok(None),
            Need::Extra => self.silently(group, &prefix).map(Some),
            Need::Defaulted | Need::Optional | Need::OptionalDefaulted => {
                let wanted = is_said
                    || self.mode == Mode::Ask
                        && self.terminal.confirm(
                            &format!("Would you like to set {}?", strong(path, Colour::Blue)),
                            Preset::No,
                        )?;
                if wanted { self.group(group, &prefix).map(Some) } else { Ok(None) }
            }
        }
    }

    /// Only what was said: nobody is asked for what acoupi does not know.
    fn silently(&mut self, group: &Group, prefix: &str) -> Result<Value, WizardError> {
        let mode = std::mem::replace(&mut self.mode, Mode::Silent);
        let made = self.group(group, prefix);
        self.mode = mode;
        made
    }

    fn field(&mut self, field: &Field, path: &str) -> Result<Value, WizardError> {
        let said = self.said(field, path)?;
        if field.prompt == Prompt::Silent || self.mode == Mode::Silent {
            return said.or_else(|| field.default.clone()).ok_or_else(|| missing(path));
        }
        if let FieldKind::Choice(choices) = field.kind
            && said.is_none()
        {
            return self.choice(field, path, choices);
        }
        let preset = said.or_else(|| field.default.clone());
        let name = strong(path, Colour::Blue);
        if let Some(value) = preset.as_ref().filter(|value| !value.is_null()) {
            let shown = strong(&python::representation(field.kind, value), Colour::Yellow);
            if self.terminal.confirm(&format!("Would you like to set {name}={shown}?"), Preset::Yes)? {
                return Ok(value.clone());
            }
        }
        self.value(field, path, preset.as_ref())
    }

    fn said(&self, field: &Field, path: &str) -> Result<Option<Value>, WizardError> {
        if field.kind == FieldKind::Texts {
            return Ok(self.arguments.list(path).map(|list| json!(list)));
        }
        let Some(text) = self.arguments.value(path) else { return Ok(None) };
        read(field, text).map(Some).map_err(WizardError::Parameter)
    }

    fn value(&mut self, field: &Field, path: &str, preset: Option<&Value>) -> Result<Value, WizardError> {
        let name = strong(path, Colour::Blue);
        let shown = preset.filter(|value| !value.is_null()).map(python::text);
        // Where nothing is a value too, an empty answer is nothing.
        let may_be_empty = shown.is_none() && field.nullable == Nullable::Yes;
        let question = format!("Please provide a value for {name}.");
        let take = |answer: &str| {
            if answer.is_empty() {
                return Ok(Value::Null);
            }
            read(field, answer).map_err(|error| {
                let message = strong(&error.message, Colour::Red);
                format!("Invalid value for {name}: {message} {}", error.help).trim_end().to_owned()
            })
        };
        if may_be_empty {
            return Ok(self.terminal.prompt_or_nothing(&question, take)?);
        }
        Ok(self.terminal.prompt(&question, shown.as_deref(), take)?)
    }

    fn choice(&mut self, field: &Field, path: &str, choices: &[&str]) -> Result<Value, WizardError> {
        let question =
            format!("Please provide a value for --{path}. {} ({})", field.help, choices.join(", "));
        let preset = field.default.as_ref().and_then(Value::as_str);
        let take = |answer: &str| {
            let found = choices.iter().find(|choice| choice.eq_ignore_ascii_case(answer));
            found.map(|choice| json!(choice)).ok_or_else(|| {
                let names: Vec<String> = choices.iter().map(|choice| format!("'{choice}'")).collect();
                format!("Error: '{answer}' is not one of {}.", names.join(", "))
            })
        };
        Ok(self.terminal.prompt(&question, preset, take)?)
    }
}

fn missing(path: &str) -> WizardError {
    let message = format!("Missing value for {path}.");
    WizardError::Ended(Failure::Error(format!("argument --{path}: {message}")))
}

/// A value as somebody wrote it.
fn read(field: &Field, text: &str) -> Result<Value, ParameterError> {
    match field.kind {
        FieldKind::Time => time::parse(text).map(|time| json!(time)),
        FieldKind::Choice(choices) => {
            let lower = text.to_lowercase();
            let text = choices.iter().find(|choice| **choice == lower).copied().unwrap_or(text);
            coerce(field.kind, &json!(text)).map_err(|message| ParameterError::new(text, message, ""))
        }
        FieldKind::Text
        | FieldKind::Secret
        | FieldKind::Integer(..)
        | FieldKind::Number(..)
        | FieldKind::Boolean
        | FieldKind::Path
        | FieldKind::Zone
        | FieldKind::Texts => {
            coerce(field.kind, &json!(text)).map_err(|message| ParameterError::new(text, message, ""))
        }
    }
}

#[cfg(test)]
mod tests {
    use minder_recorder::capture::devices::AudioDevice;
    use minder_recorder::program::{ProgramKind, Surroundings, schema};
    use serde_json::{Value, json};

    use super::arguments::Arguments;
    use super::{Devices, Mode, Wizard, WizardError};
    use crate::click::terminal::tests::{showing, typing};

    fn device(name: &str, channels_max: u16, samplerate_default: u32) -> AudioDevice {
        let samplerates = (44_100, 192_000);
        AudioDevice { name: name.into(), pcm: String::new(), channels_max, samplerate_default, samplerates }
    }

    fn devices() -> Devices {
        Devices::of(vec![device("USB Mic", 2, 48_000), device("AudioMoth", 1, 192_000)])
    }

    fn surroundings() -> Surroundings {
        Surroundings { home: "/home/ann".into(), temporary: "/run/shm".into() }
    }

    fn silently(kind: ProgramKind, words: &str) -> Result<Value, WizardError> {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let (mut terminal, _) = typing("");
        let arguments = Arguments::of(&words);
        let mut wizard =
            Wizard { terminal: &mut terminal, mode: Mode::Silent, arguments: &arguments, devices: devices() };
        wizard.group(&schema(kind, &surroundings()), "")
    }

    /// What was typed to the original, and what it showed, colours and all.
    #[test]
    fn everything_that_is_asked_looks_as_in_the_original() {
        let typed =
            "n|Europe/Paris|9|1|9|1|12345|44100|x|0|2.5|y||n|20|n|25|6:70|nn|20:15|n|7|y|n|/tmp/t|n|rr||\
                     maybe|y|n|6:30:05||||||"
                .replace('|', "\n");
        let (mut terminal, paper) = showing(&typed);
        let arguments = Arguments::default();
        let mut wizard =
            Wizard { terminal: &mut terminal, mode: Mode::Ask, arguments: &arguments, devices: devices() };
        let value =
            wizard.group(&schema(ProgramKind::Default, &surroundings()), "").expect("a configuration");
        let shown = paper.text().replace('\x1b', "\\e");
        assert_eq!(shown, include_str!("../../tests/golden/setup.txt"));
        assert_eq!(value["microphone"]["samplerate"], 44_100);
        assert_eq!(value["recording"]["schedule_start"], "20:15:00");
        assert_eq!(value["recording_saving"]["starttime"], "06:30:05");
    }

    #[test]
    fn what_was_said_is_not_asked() {
        let value = silently(
            ProgramKind::Connected,
            "--messaging.http.base_url http://a/ --messaging.message_order Newest_First",
        )
        .expect("a configuration");
        assert_eq!(value["microphone"]["device_name"], "USB Mic", "the first one");
        assert_eq!(value["messaging"]["http"]["base_url"], "http://a/");
        assert_eq!(value["messaging"]["message_order"], "newest_first");
        assert_eq!(value["messaging"]["max_messages"], Value::Null);
        assert!(value.get("recording").is_none(), "it becomes its defaults");
    }

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        let Err(WizardError::Ended(failure)) = silently(ProgramKind::Connected, "--messaging.http.timeout 3")
        else {
            panic!("it has no address")
        };
        assert!(failure.text().contains("Missing value for messaging.http.base_url."), "{}", failure.text());
        let Err(WizardError::Parameter(error)) =
            silently(ProgramKind::Default, "--recording.schedule_end 7:99")
        else {
            panic!("there is no such minute")
        };
        assert_eq!(
            (error.value.as_str(), error.help.as_str()),
            ("7:99", "Minutes must be between 0 and 59.")
        );
    }

    #[test]
    fn nothing_is_an_answer_where_nothing_is_a_value() {
        // Zone, device, channels, rate, expansion; recording, paths; database, interval; how many; order; heartbeat; neither
        // server; nor filters.
        let (mut terminal, paper) = typing("\n0\n\n\n\n\n\n\n\n\nnewest\nNEWEST_first\n\nn\nn\nn\n");
        let arguments = Arguments::default();
        let mut wizard =
            Wizard { terminal: &mut terminal, mode: Mode::Ask, arguments: &arguments, devices: devices() };
        let value =
            wizard.group(&schema(ProgramKind::Connected, &surroundings()), "").expect("a configuration");
        assert_eq!(value["messaging"]["max_messages"], json!(null));
        assert_eq!(value["messaging"]["message_order"], "newest_first");
        assert!(
            paper.text().contains("Please provide a value for messaging.max_messages.: "),
            "{}",
            paper.text()
        );
        assert!(paper.text().contains("Error: 'newest' is not one of 'oldest_first', 'newest_first'."));
    }

    #[test]
    fn without_a_microphone_there_is_no_program() {
        let (mut terminal, paper) = typing("\n");
        let arguments = Arguments::default();
        let none = Devices::default();
        let mut wizard =
            Wizard { terminal: &mut terminal, mode: Mode::Ask, arguments: &arguments, devices: none };
        let result = wizard.group(&schema(ProgramKind::Default, &surroundings()), "");
        let Err(WizardError::Parameter(error)) = result else { panic!("{result:?}") };
        assert_eq!(
            (error.value.as_str(), error.message.as_str()),
            ("device_index", "No compatible audio device found.")
        );
        assert!(paper.text().ends_with("\n* No compatible audio device found.\n\n"), "{}", paper.text());
    }
}
