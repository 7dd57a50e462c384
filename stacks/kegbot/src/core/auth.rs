//! Tokens that come and go.

use std::collections::VecDeque;

use minder_kegbot_app::log::Level;

use super::flow::Now;
use super::token::{Hold, Token, TokenAtTap};
use super::{Core, Effect, Owner};

const PART: &str = "auth-manager";

impl Core {
    /// A token came to a tap.
    pub(super) fn added(&mut self, tap: &str, token: Token) {
        self.say(PART, Level::Info, format!("Token attached: {}", TokenAtTap(&token, tap)));
        let Some(state) = self.taps.get(tap) else { return };
        match state.token.clone() {
            Some(there) if there == token => return,
            Some(there) => {
                self.say(PART, Level::Info, "Removing previous token".to_owned());
                self.removed(tap, &there);
            }
            None => {}
        }
        if let Some(state) = self.taps.get_mut(tap) {
            state.token = Some(token.clone());
            state.waiting = Some(VecDeque::new());
        }
        self.effects.push(Effect::LookUp { tap: tap.to_owned(), token });
    }

    /// A token went from a tap.
    pub(super) fn removed(&mut self, tap: &str, token: &Token) {
        self.say(PART, Level::Info, format!("Token detached: {}", TokenAtTap(token, tap)));
        let Some(state) = self.taps.get_mut(tap) else { return };
        if state.token.as_ref() != Some(token) {
            self.say(PART, Level::Warning, "Token has already been removed".to_owned());
            return;
        }
        state.token = None;
        match token.hold() {
            Hold::Captive => self.stop(tap),
            Hold::Shown => {}
        }
    }

    /// The server has said whose it is, or could not.
    pub(super) fn looked_up(&mut self, now: Now, tap: &str, token: &Token, owner: Owner) {
        let shown = TokenAtTap(token, tap).to_string();
        match owner {
            Owner::User(name) => self.start(now, tap, &name, token.max_idle()),
            Owner::Nobody => self.say(PART, Level::Info, format!("Token not assigned: {shown}")),
            Owner::Disabled => self.say(PART, Level::Info, format!("Token disabled: {shown}")),
            Owner::Unknown(reason) => {
                self.say(PART, Level::Info, format!("Token not assigned: {shown}"));
                self.say(PART, Level::Warning, format!("The server did not say whose {shown} is: {reason}"));
            }
        }
        self.resume(now, tap);
    }
}
