//! `quit`: everything stops, and the daemon ends.

use std::rc::Rc;

use minder_core::control::Ending;

use super::reply::Failure;
use super::{Fields, Outcome};
use crate::arbiter::{Arbiter, Change};

pub(super) fn execute(arbiter: &Rc<Arbiter>) -> Result<Outcome, Failure> {
    let turn = arbiter.take_turn(Change::Quit)?;
    let arbiter = arbiter.clone();
    Ok(Outcome::Later(Box::pin(async move {
        arbiter.end(turn, Ending::Exit).await?;
        Ok(Fields::new())
    })))
}
