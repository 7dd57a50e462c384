//! A watcher gets more processes, or fewer.

use std::rc::Rc;

use minder_core::ids::GroupName;

use super::{Arbiter, Failed, Stale};

impl Arbiter {
    /// Changes how many processes a watcher has; less than none is none.
    ///
    /// # Errors
    /// When it may have only one, and what the original raises an exception for.
    pub(crate) async fn set_numprocesses(
        self: &Rc<Self>,
        group: &GroupName,
        number: i64,
    ) -> Result<i64, Failed> {
        let number = number.max(0);
        let set = self.with(group, |watcher| {
            if watcher.options.singleton && number > 1 {
                return Err(Failed("Singleton watcher has a single process".into()));
            }
            watcher.options.numprocesses = number;
            Ok(())
        });
        set.unwrap_or(Ok(()))?;
        self.stale.set(Stale::Yes);
        self.manage_now(group).await?;
        Ok(number)
    }
}
