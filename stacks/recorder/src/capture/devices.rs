//! What microphones there are, for who sets one up, and how the name of one becomes that of an ALSA device.

use std::io;
use std::path::Path;

use super::question::ask;
use super::sound::{SIMULATED, SoundName};

/// The rate that is offered where a device has it, Hz.
const USUAL_RATE: u32 = 48_000;

/// A microphone that can be chosen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AudioDevice {
    /// Its name in a configuration.
    pub name: String,
    /// How ALSA knows it; empty if it is simulated.
    pub pcm: String,
    /// The most channels that it has.
    pub channels_max: u16,
    /// The rate that is offered, Hz.
    pub samplerate_default: u32,
    /// The lowest and highest rate, Hz.
    pub samplerates: (u32, u32),
}

/// Every sound card that can record, what ALSA has besides (`default`, `pulse`), then the simulated ones.
///
/// # Errors
/// If `arecord` cannot be started. Simulated devices can be used without it: [`simulated`].
pub fn devices(arecord: &Path) -> io::Result<Vec<AudioDevice>> {
    let mut known = cards(&ask(arecord, &["-l"])?);
    known.extend(pcms(&ask(arecord, &["-L"]).unwrap_or_default()));
    let mut devices: Vec<AudioDevice> = known.iter().map(|card| described(arecord, card)).collect();
    devices.extend(simulated());
    Ok(devices)
}

/// Those that need no sound card.
#[must_use]
pub fn simulated() -> Vec<AudioDevice> {
    let device = |kind: &str, samplerate_default| AudioDevice {
        name: format!("{SIMULATED}{kind}"),
        pcm: String::new(),
        channels_max: 2,
        samplerate_default,
        samplerates: (8000, 500_000),
    };
    vec![
        device("", USUAL_RATE),
        device(":noise", USUAL_RATE),
        device(":birds", USUAL_RATE),
        device(":bats", 384_000),
    ]
}

/// Whether a name is that of a simulated microphone.
#[must_use]
pub fn is_simulated(name: &str) -> bool {
    SoundName::parse(name).is_some()
}

/// A sound card's input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Card {
    /// What its maker calls it; that is its name here, as it is in PortAudio.
    pub(super) name: String,
    /// ALSA's name: with conversion of channels and formats.
    pub(super) pcm: String,
}

/// Reads what `arecord -l` prints: `card 1: r0 [UltraMic 384K 16 bit r0], device 0: USB Audio [USB Audio]`.
pub(super) fn cards(listing: &str) -> Vec<Card> {
    let mut cards = Vec::new();
    for line in listing.lines() {
        let Some((card, device)) = line.strip_prefix("card ").and_then(|rest| rest.split_once(", device "))
        else {
            continue;
        };
        let Some((_, card)) = card.split_once(": ") else { continue };
        let Some((id, name)) = card.split_once(" [") else { continue };
        let Some((number, _)) = device.split_once(": ") else { continue };
        let name = name.strip_suffix(']').unwrap_or(name);
        cards.push(Card { name: name.into(), pcm: format!("plughw:CARD={id},DEV={number}") });
    }
    cards
}

/// Reads what `arecord -L` prints: names, and what they are in lines that are indented. Names with a colon are those of cards,
/// which are known already, and `null` hears nothing.
fn pcms(listing: &str) -> Vec<Card> {
    let names = listing
        .lines()
        .filter(|line| !line.is_empty() && !line.contains([':', ' ', '\t']) && *line != "null");
    names.map(|name| Card { name: name.into(), pcm: name.into() }).collect()
}

/// The ALSA device of a name: that of the first card which is called so, else the name itself.
pub(super) fn pcm_of(name: &str, cards: &[Card]) -> String {
    cards.iter().find(|card| card.name == name).map_or_else(|| name.into(), |card| card.pcm.clone())
}

/// What a card can do, if it says so.
fn described(arecord: &Path, card: &Card) -> AudioDevice {
    let hardware = card.pcm.replace("plughw:", "hw:");
    let arguments =
        ["-D", &hardware, "--dump-hw-params", "-f", "S16_LE", "-t", "raw", "-s", "1", "/dev/null"];
    let said = ask(arecord, &arguments).unwrap_or_default();
    let (low, high) = range(&said, "RATE").unwrap_or((USUAL_RATE, USUAL_RATE));
    let (_, channels) = range(&said, "CHANNELS").unwrap_or((1, 1));
    AudioDevice {
        name: card.name.clone(),
        pcm: card.pcm.clone(),
        channels_max: u16::try_from(channels).unwrap_or(u16::MAX),
        samplerate_default: USUAL_RATE.clamp(low, high),
        samplerates: (low, high),
    }
}

/// Reads `RATE: 48000`, `RATE: [44100 48000]` or `RATE: (44100 48000]`.
fn range(said: &str, key: &str) -> Option<(u32, u32)> {
    let value = said.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    let mut numbers = value
        .split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|number| number.parse::<u32>().ok())
        .filter(|number| *number > 0);
    let low = numbers.next()?;
    let high = numbers.next().unwrap_or(low);
    (low <= high).then_some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "**** List of CAPTURE Hardware Devices ****\n\
        card 1: r0 [UltraMic 384K 16 bit r0], device 0: USB Audio [USB Audio]\n  \
          Subdevices: 1/1\n  Subdevice #0: subdevice #0\n\
        card 2: PCH [HDA Intel PCH], device 2: ALC257 Alt Analog [ALC257 Alt Analog]\n";

    #[test]
    fn a_card_is_known_by_the_name_of_its_maker() {
        let cards = cards(LISTING);
        assert_eq!(cards.len(), 2);
        assert_eq!(pcm_of("UltraMic 384K 16 bit r0", &cards), "plughw:CARD=r0,DEV=0");
        assert_eq!(pcm_of("HDA Intel PCH", &cards), "plughw:CARD=PCH,DEV=2");
        assert_eq!(pcm_of("default", &cards), "default");
    }

    #[test]
    fn what_is_no_card_can_be_chosen_too() {
        let listing = "null\n    Discard all samples\ndefault\n    Default device\nplughw:CARD=r0,DEV=0\n    UltraMic\n";
        assert_eq!(pcms(listing), [Card { name: "default".into(), pcm: "default".into() }]);
    }

    #[test]
    fn nonsense_is_no_card() {
        assert_eq!(cards("card\ncard 1: x\ncard 1: x, device\ncard x, device 1: y\n"), []);
    }

    #[test]
    fn what_a_card_can_do_is_read() {
        let said =
            "HW Params of device \"hw:1\":\nCHANNELS: 1\nRATE: [44100 384000]\nPERIOD_TIME: (1000 2)\n";
        assert_eq!(range(said, "RATE"), Some((44_100, 384_000)));
        assert_eq!(range(said, "CHANNELS"), Some((1, 1)));
        assert_eq!(range(said, "NONE"), None);
        assert_eq!(range("RATE: ALL\n", "RATE"), None);
    }
}
