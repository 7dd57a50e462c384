//! `reloadconfig`: the file is read again and applied.

use std::rc::Rc;

use super::reply::Failure;
use super::{Fields, Outcome};
use crate::arbiter::{Arbiter, Change};

pub(super) fn execute(arbiter: &Rc<Arbiter>) -> Result<Outcome, Failure> {
    let turn = arbiter.take_turn(Change::ReloadConfig)?;
    let arbiter = arbiter.clone();
    Ok(Outcome::Later(Box::pin(async move {
        arbiter.clone().reconfigure(turn).await?;
        arbiter.remember_if_stale().await;
        Ok(Fields::new())
    })))
}
