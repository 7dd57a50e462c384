//! `set`: options of a watcher are changed.

use std::rc::Rc;

use super::reply::Failure;
use super::{Fields, Outcome, watcher};
use crate::arbiter::Arbiter;
use crate::arbiter::set::NotSet;
use crate::options::validate;

pub(super) fn execute(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<Outcome, Failure> {
    let options = validate::options(&properties["options"])?;
    let group = watcher(arbiter, properties)?;
    let (turn, effects) = arbiter.set_options(&group, options).map_err(|not_set| match not_set {
        NotSet::Conflict(conflict) => Failure::from(conflict),
        NotSet::Refused(exception) => exception.into(),
    })?;
    let arbiter = arbiter.clone();
    Ok(Outcome::Later(Box::pin(async move {
        let _turn = turn;
        arbiter.follow_up(&group, effects).await?;
        arbiter.remember_if_stale().await;
        Ok(Fields::new())
    })))
}
