//! What is done as time passes.

use std::time::Duration;

use serde_json::Value;

use super::{Effect, Now, Phase, Save, Script};
use crate::profile::{Moment, told};

/// How long the board may take to say what it is, and how often it is asked.
const VERSION_WITHIN: Duration = Duration::from_secs(10);
const VERSION_EVERY: Duration = Duration::from_secs(2);
/// How often old firmware is asked for what it shows.
const DISPLAY_EVERY: Duration = Duration::from_secs(5);
/// How long settings may be silent, and how often they are then asked for.
const SETTINGS_WITHIN: Duration = Duration::from_secs(60);
/// How often something that did not come is asked for again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
/// How often a profile is looked at. A line that falls a degree an hour moves by its smallest step in six minutes.
const PROFILE_EVERY: Duration = Duration::from_secs(5);
/// How many intervals a board may be silent.
const SILENT_INTERVALS: u32 = 3;

impl Script {
    /// Does what is due, and says when to look again.
    pub fn tick(&mut self, now: Now) -> Duration {
        match self.phase {
            Phase::Settling => self.settle(now),
            Phase::Asking => self.ask_version(now),
            Phase::Running => self.run(now),
        }
        self.next(now)
    }

    fn settle(&mut self, now: Now) {
        if now.up >= self.timers.phase_began + self.settle {
            self.say("Checking software version on controller... ");
            self.phase = Phase::Asking;
            self.timers.phase_began = now.up;
            self.timers.asked_version = now.up;
            self.send("n");
        }
    }

    fn ask_version(&mut self, now: Now) {
        if now.up >= self.timers.phase_began + VERSION_WITHIN {
            self.say(
                "Warning: Cannot receive version number from controller. Your controller is either not programmed \
                 or running a very old version of BrewPi. Exiting.",
            );
            self.effects.push(Effect::Exit(1));
        } else if now.up >= self.timers.asked_version + VERSION_EVERY {
            self.timers.asked_version = now.up;
            self.send("n");
        }
    }

    fn run(&mut self, now: Now) {
        if self.is_legacy() && now.up >= self.timers.display + DISPLAY_EVERY {
            self.timers.display = now.up;
            self.send("l");
        }
        if now.up >= self.settings_due() {
            self.timers.asked_settings = now.up;
            self.send("s");
        }
        let interval = self.interval();
        if now.up >= self.timers.temperatures + interval * SILENT_INTERVALS {
            self.say("Error: controller is not responding to new data requests. Exiting.");
            self.effects.push(Effect::Exit(1));
        } else if now.up >= self.temperatures_due() {
            self.timers.asked_temperatures = now.up;
            self.send("t");
        }
        if now.up >= self.timers.profile + PROFILE_EVERY {
            self.timers.profile = now.up;
            self.follow(now);
        }
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(self.interval.max(1))
    }

    fn settings_due(&self) -> Duration {
        (self.timers.settings + SETTINGS_WITHIN).max(self.timers.asked_settings + AGAIN_AFTER)
    }

    fn temperatures_due(&self) -> Duration {
        (self.timers.temperatures + self.interval()).max(self.timers.asked_temperatures + AGAIN_AFTER)
    }

    fn next(&self, now: Now) -> Duration {
        let at = match self.phase {
            Phase::Settling => self.timers.phase_began + self.settle,
            Phase::Asking => self.timers.asked_version + VERSION_EVERY,
            Phase::Running => {
                let mut at = self.settings_due().min(self.temperatures_due());
                if self.is_legacy() {
                    at = at.min(self.timers.display + DISPLAY_EVERY);
                }
                if self.mode() == "p" {
                    at = at.min(self.timers.profile + PROFILE_EVERY);
                }
                at
            }
        };
        at.saturating_sub(now.up)
    }

    /// Moves the set point along the profile.
    fn follow(&mut self, now: Now) {
        if self.mode() != "p" {
            return;
        }
        let Some(following) = &self.following else {
            self.send("j{mode:o}");
            self.settings.insert("mode".to_owned(), Value::from("o"));
            self.say("Notification: Error in profile mode - turning off temp control");
            return;
        };
        let after = Duration::from_secs(u64::try_from(now.wall - following.began).unwrap_or(0));
        let unit = self.device.unit;
        match following.profile.at(after) {
            Moment::Underway(degrees) => self.move_to(told(degrees, unit)),
            Moment::Over(degrees) => {
                let degrees = told(degrees, unit);
                self.send(format!("j{{mode:b, beerSet:{degrees}}}"));
                self.settings.insert("mode".to_owned(), Value::from("b"));
                self.settings.insert("beerSet".to_owned(), Value::from(degrees));
                self.following = None;
                self.device.profile = None;
                self.effects.push(Effect::Save(Save::ProfileOver));
                self.say(format!(
                    "Notification: Beer temperature set to constant {degrees} degrees at end of profile"
                ));
            }
        }
    }

    fn move_to(&mut self, degrees: f64) {
        let set = self.settings.get("beerSet").and_then(Value::as_f64);
        // Nobody sees less than a tenth.
        if set.is_none_or(|set| (set - degrees).abs() >= 0.05) {
            self.send(format!("j{{beerSet:{degrees}}}"));
            self.settings.insert("beerSet".to_owned(), Value::from(degrees));
        }
    }
}
