//! Birds and bats that do not exist: calls in noise, which are where they are said to be.
//!
//! Time is cut into slots, and what happens in one is a function of its number and the seed, so that any part of an endless
//! night can be heard without hearing what was before it. Besides calls there is what a microphone hears too: noise, hum
//! of the mains, and now and then a click as of a drop.

use std::f64::consts::TAU;

use super::chance::Chance;
use crate::detect::Region;

/// Who calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Voices {
    /// Syllables of 60 to 250 ms between 2 and 8 kHz, about one a second.
    Birds,
    /// Sweeps of 3 to 12 ms from above 55 kHz to below 45 kHz, about three a second.
    Bats,
}

/// A night, or a morning.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scene {
    /// Who calls.
    pub voices: Voices,
    /// Other calls for another number.
    pub seed: u64,
    /// How much louder a call is than the noise of all frequencies together, dB; by the power of both.
    pub loudness: f64,
}

/// The noise, as a part of full scale.
const NOISE: f64 = 0.01;

/// The hum, as a part of full scale.
const HUM: f64 = 0.01;

/// One call.
#[derive(Clone, Copy, Debug)]
struct Call {
    start: f64,
    duration: f64,
    /// Hz at its begin and at its end.
    from: f64,
    to: f64,
    /// How far its pitch swings, Hz, and how often a second.
    swing: f64,
    swings: f64,
}

/// What happens in a slot.
#[derive(Clone, Copy, Debug)]
struct Slot {
    call: Option<Call>,
    click: Option<f64>,
}

impl Scene {
    /// With calls that nobody can miss.
    #[must_use]
    pub fn of(voices: Voices) -> Self {
        Self { voices, seed: 1, loudness: 10.0 }
    }

    /// The calls that begin in this part of the night, seconds from its begin, as a microphone of this rate hears them.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "slots are counted up from the begin"
    )]
    pub fn calls(&self, samplerate: u32, from: f64, until: f64) -> Vec<Region> {
        let slots =
            (from / self.slot_seconds()).max(0.0) as u64..=(until / self.slot_seconds()).max(0.0) as u64;
        let calls = slots.filter_map(|number| self.slot(number, samplerate).call);
        calls.map(Call::region).filter(|call| (from..until).contains(&call.start)).collect()
    }

    /// What a microphone hears from this sample on, -1 to 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "slots are counted up, samples are small"
    )]
    pub(super) fn hear(&self, position: u64, samplerate: u32, heard: &mut [f32]) {
        let level = NOISE * 10.0_f64.powf(self.loudness / 20.0);
        let rate = f64::from(samplerate);
        let noise = Chance::of(self.seed, 1);
        let mut current: Option<(u64, Slot)> = None;
        for (position, sample) in (position..).zip(heard) {
            let now = position as f64 / rate;
            let number = (now / self.slot_seconds()) as u64;
            let slot = match current {
                Some((there, slot)) if there == number => slot,
                _ => current.insert((number, self.slot(number, samplerate))).1,
            };
            let call = slot.call.map_or(0.0, |call| call.at(now) * level * std::f64::consts::SQRT_2);
            let click = slot.click.map_or(0.0, |start| click(now - start));
            let hum = HUM * (TAU * 50.0 * now).sin();
            *sample = (call + click + hum + NOISE * noise.bell(position)) as f32;
        }
    }

    fn slot_seconds(&self) -> f64 {
        match self.voices {
            Voices::Birds => 0.8,
            Voices::Bats => 0.25,
        }
    }

    fn slot(&self, number: u64, samplerate: u32) -> Slot {
        let chance = Chance::of(self.seed, 2);
        let roll = |what: u64, low: f64, high: f64| low + (high - low) * chance.even(number * 16 + what);
        let begin = number as f64 * self.slot_seconds();
        let (duration, from, to) = match self.voices {
            Voices::Birds => (roll(0, 0.06, 0.25), roll(1, 2000.0, 8000.0), roll(2, 2000.0, 8000.0)),
            Voices::Bats => (roll(0, 0.003, 0.012), roll(1, 55_000.0, 90_000.0), roll(2, 25_000.0, 45_000.0)),
        };
        let (swing, swings) = match self.voices {
            Voices::Birds => (roll(3, 0.0, 300.0), roll(4, 10.0, 40.0)),
            Voices::Bats => (0.0, 1.0),
        };
        // A microphone that hears no ultrasound hears the whole night lower.
        let lower = (0.45 * f64::from(samplerate) / (from.max(to) + swing)).min(1.0);
        let start = begin + roll(5, 0.02, self.slot_seconds() - duration - 0.02);
        let call = Call { start, duration, from: from * lower, to: to * lower, swing: swing * lower, swings };
        let call = (roll(6, 0.0, 1.0) < 0.8).then_some(call);
        let click = (roll(7, 0.0, 1.0) < 0.2).then_some(begin + roll(8, 0.0, self.slot_seconds() - 0.01));
        Slot { call, click }
    }
}

impl Call {
    fn region(self) -> Region {
        Region {
            start: self.start,
            end: self.start + self.duration,
            low: self.from.min(self.to) - self.swing,
            high: self.from.max(self.to) + self.swing,
        }
    }

    /// -1 to 1.
    fn at(&self, now: f64) -> f64 {
        let since = now - self.start;
        if !(0.0..self.duration).contains(&since) {
            return 0.0;
        }
        let part = since / self.duration;
        let swept = self.from * since + (self.to - self.from) * since * part / 2.0;
        let swung = self.swing * (1.0 - (TAU * self.swings * since).cos()) / (TAU * self.swings);
        // It begins and ends softly, within a fifth of its length.
        let envelope = (part.min(1.0 - part) / 0.2).min(1.0);
        (TAU * (swept + swung)).sin() * envelope
    }
}

/// A drop on the microphone: everything at once, and over in a millisecond.
fn click(since: f64) -> f64 {
    if (0.0..0.002).contains(&since) {
        0.3 * (-since * 4000.0).exp() * (TAU * 9000.0 * since).cos()
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_night_sounds_the_same_however_it_is_reached() {
        let scene = Scene::of(Voices::Bats);
        let mut whole = vec![0.0; 4000];
        scene.hear(1000, 256_000, &mut whole);
        let mut part = vec![0.0; 1000];
        scene.hear(3000, 256_000, &mut part);
        assert_eq!(whole[2000..3000], part);
    }

    #[test]
    fn calls_are_within_what_the_microphone_hears() {
        for (voices, rate) in [(Voices::Birds, 48_000), (Voices::Bats, 384_000), (Voices::Bats, 48_000)] {
            let calls = Scene::of(voices).calls(rate, 0.0, 60.0);
            assert!(calls.len() > 40, "{}", calls.len());
            assert!(calls.iter().all(|call| call.high <= f64::from(rate) / 2.0 && call.low > 0.0));
        }
    }

    #[test]
    fn a_call_is_as_loud_as_it_is_said_to_be() {
        let scene = Scene { loudness: 20.0, ..Scene::of(Voices::Birds) };
        let call = scene.calls(48_000, 0.0, 10.0)[0];
        let mut heard = vec![0.0; 1000];
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is in the first seconds"
        )]
        let middle = ((call.start + call.end) * 24_000.0) as u64;
        scene.hear(middle - 500, 48_000, &mut heard);
        let power = heard.iter().map(|sample| f64::from(sample * sample)).sum::<f64>() / 1000.0;
        assert!((0.008..0.015).contains(&power), "{power}");
    }
}
