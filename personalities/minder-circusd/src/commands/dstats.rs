//! `dstats`: what the daemon itself uses.

use std::rc::Rc;

use super::Outcome;
use super::reply::{Failure, fields};
use crate::arbiter::Arbiter;

pub(super) async fn execute(arbiter: &Rc<Arbiter>) -> Result<Outcome, Failure> {
    Ok(Outcome::Now(fields([("info", arbiter.own_info().await)])))
}
