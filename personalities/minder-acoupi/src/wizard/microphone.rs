//! The microphone: which of those that there are, how many channels, and how fast.

use std::path::Path;

use minder_recorder::capture::CaptureOptions;
use minder_recorder::capture::devices::{self, AudioDevice, is_simulated};
use serde_json::{Value, json};

use super::{Mode, ParameterError, Wizard, WizardError};
use crate::click::style::{Colour, coloured, strong};
use crate::text;

/// The rate that is taken when nobody is asked, Hz.
const RATE: u32 = 48_000;

/// What can be recorded from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Devices(Vec<AudioDevice>);

impl Devices {
    /// Those of this machine. Where sound cards cannot be listed, the simulated ones are left.
    pub(crate) fn of_this_machine() -> Self {
        let program = CaptureOptions::default().program;
        Self(devices::devices(Path::new(&program)).unwrap_or_else(|_| devices::simulated()))
    }

    /// These.
    #[cfg(test)]
    pub(crate) fn of(devices: Vec<AudioDevice>) -> Self {
        Self(devices)
    }
}

impl Wizard<'_> {
    pub(super) fn microphone(&mut self, prefix: &str) -> Result<Value, WizardError> {
        let title = coloured("\n* Setting up microphone configuration.\n", Colour::Green);
        self.terminal.echo(&title);
        if self.devices.0.is_empty() {
            self.terminal.echo(&strong(&format!("\n* {}\n", text::NO_DEVICE), Colour::Red));
            let help = "Check if the microphone is connected.";
            let error = ParameterError::new("device_index", text::NO_DEVICE, help);
            return Err(WizardError::Parameter(error));
        }
        match self.mode {
            Mode::Ask => self.ask_microphone(),
            Mode::Silent => self.take_microphone(prefix),
        }
    }

    fn take_microphone(&self, prefix: &str) -> Result<Value, WizardError> {
        let said = |name: &str| self.arguments.value(&format!("{prefix}{name}"));
        let name = match said("device_name") {
            None => self.devices.0[0].name.clone(),
            Some(name) if is_simulated(name) || self.devices.0.iter().any(|device| device.name == name) => {
                name.to_owned()
            }
            Some(name) => {
                let message = format!("No audio device with the name {name} found.");
                let help = "Check if the microphone is connected or review the available audio devices.";
                let error = ParameterError::new("device_name", message, help);
                return Err(WizardError::Parameter(error));
            }
        };
        let number = |field: &str, preset: Value| match said(field) {
            None => Ok(preset),
            Some(text) => text.parse::<u32>().map(|number| json!(number)).map_err(|_| {
                let message = format!("invalid int value: '{text}'");
                WizardError::Parameter(ParameterError::new(text, message, "Give a whole number."))
            }),
        };
        let expansion = match said("time_expansion") {
            None => 1.0,
            Some(text) => expansion(text).map_err(|message| {
                WizardError::Parameter(ParameterError::new(text, message, "Give a number above zero."))
            })?,
        };
        Ok(json!({
            "device_name": name,
            "samplerate": number("samplerate", json!(RATE))?,
            "audio_channels": number("audio_channels", json!(1))?,
            "time_expansion": expansion,
        }))
    }

    fn ask_microphone(&mut self) -> Result<Value, WizardError> {
        let device = self.ask_device()?;
        let channels = self.ask_channels(device.channels_max)?;
        let rate = self.ask_rate(&device)?;
        let take = |answer: &str| expansion(answer).map_err(|message| format!("Error: {message}"));
        let expansion = self.terminal.prompt(text::EXPANSION_QUESTION, Some("1.0"), take)?;
        Ok(json!({
            "device_name": device.name,
            "samplerate": rate,
            "audio_channels": channels,
            "time_expansion": expansion,
        }))
    }

    fn ask_device(&mut self) -> Result<AudioDevice, WizardError> {
        let terminal = &mut *self.terminal;
        terminal.echo(&strong("Available audio devices:\n", Colour::Green));
        let header = format!("{:<7}{:<40}{:<10}{:<10}", "Index", "Name", "Channels", "Sample Rate");
        terminal.echo(&coloured(&header, Colour::Green));
        for (index, device) in self.devices.0.iter().enumerate() {
            let label = strong(&format!("[{index:>2}]   "), Colour::Green);
            let rate = format!("{:?}", f64::from(device.samplerate_default));
            terminal.echo(&format!("{label}{:<40}{:<10}{rate:<10}", device.name, device.channels_max));
        }
        let count = self.devices.0.len();
        let indexes: Vec<String> = (0..count).map(|index| index.to_string()).collect();
        let question = format!("\nSelect an audio device index ({})", indexes.join(", "));
        let take = |answer: &str| {
            answer.trim().parse::<usize>().ok().filter(|index| *index < count).ok_or_else(|| {
                coloured("Invalid input. Please select a valid audio device index.", Colour::Red)
            })
        };
        let index = terminal.prompt(&question, None, take)?;
        let device = self.devices.0[index].clone();
        terminal.echo(&strong("\nInfo of selected audio device:\n", Colour::Green));
        let rate = format!("{:?}", f64::from(device.samplerate_default));
        let facts = format!(
            "index                = {index}\nname                 = {}\n\
             max channels         = {}\ndefault sample rate  = {rate}\n",
            device.name, device.channels_max
        );
        terminal.echo(&coloured(&facts, Colour::Yellow));
        Ok(device)
    }

    fn ask_channels(&mut self, most: u16) -> Result<u16, WizardError> {
        let choices: Vec<String> = (1..=most).map(|count| count.to_string()).collect();
        let question = format!("Select the number of audio channels ({})", choices.join(", "));
        let preset = most.to_string();
        let take = |answer: &str| {
            answer.trim().parse().ok().filter(|count| (1..=most).contains(count)).ok_or_else(|| {
                coloured("Invalid input. Please select a valid number of audio channels.", Colour::Red)
            })
        };
        Ok(self.terminal.prompt(&question, Some(&preset), take)?)
    }

    fn ask_rate(&mut self, device: &AudioDevice) -> Result<u32, WizardError> {
        let preset = format!("{:?}", f64::from(device.samplerate_default));
        let (low, high) = device.samplerates;
        let take = |answer: &str| {
            let trimmed = answer.trim().trim_end_matches(".0");
            trimmed.parse().ok().filter(|rate| (low..=high).contains(rate)).ok_or_else(|| {
                let refused = coloured(text::RATE_REFUSED, Colour::Red);
                format!("{refused}\n{}", coloured(text::RATE_HINT, Colour::Yellow))
            })
        };
        Ok(self.terminal.prompt(text::RATE_QUESTION, Some(&preset), take)?)
    }
}

fn expansion(text: &str) -> Result<f64, String> {
    let number: f64 = text.trim().parse().map_err(|_| format!("'{text}' is not a valid float range."))?;
    if number > 0.0 && number.is_finite() {
        return Ok(number);
    }
    Err(format!("{number:?} is not in the range x>0.0."))
}
