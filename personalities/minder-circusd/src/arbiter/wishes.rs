//! What signals to the daemon ask for: kept until it is done, so that none is lost on its way.

use std::rc::Rc;

use minder_core::control::Ending;

use super::log::Level;
use super::reload::Manner;
use super::{Arbiter, Change};

/// What was asked for and is not done yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wishes {
    /// That everything stops.
    pub end: bool,
    /// That everything is reloaded.
    pub reload: bool,
}

impl Arbiter {
    /// Whether somebody wants the end, although it has not begun yet.
    pub(crate) fn is_end_asked(&self) -> bool {
        self.wishes.get().end
    }

    /// Does what signals ask for, for as long as the daemon lives.
    pub async fn obey(self: Rc<Self>) {
        loop {
            let woken = self.wished.notified();
            let wishes = self.wishes.get();
            if wishes.end {
                self.end_by_signal().await;
                return;
            }
            if wishes.reload {
                self.reload_by_signal().await;
                continue;
            }
            woken.await;
        }
    }

    async fn end_by_signal(self: &Rc<Self>) {
        // One that is under way already is what was asked for.
        let Ok(turn) = self.wait_for_turn(Change::Quit).await else { return };
        if let Err(error) = self.clone().end(turn, Ending::Exit).await {
            self.say(Level::Error, &error.0);
        }
    }

    async fn reload_by_signal(self: &Rc<Self>) {
        if let Ok(turn) = self.wait_for_turn(Change::ReloadAll).await
            && let Err(error) = self.clone().reload_all(turn, Manner::Graceful).await
        {
            self.say(Level::Error, &error.0);
        }
        let wishes = Wishes { reload: false, ..self.wishes.get() };
        self.wishes.set(wishes);
        self.remember().await;
    }
}
