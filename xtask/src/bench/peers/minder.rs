//! minder itself, by the name of supervisord and by that of circusd.

use super::{MINDER, MINDER_AS_CIRCUS, Peer, Reason, Running, Subject, Work};
use super::{circus, supervisor};
use crate::bench::place::Place;
use crate::step::Problem;
use std::path::{Path, PathBuf};

/// As supervisord.
pub(super) struct Minder;

impl Peer for Minder {
    fn name(&self) -> &'static str {
        MINDER
    }

    fn configured(&self) -> &'static str {
        "the release build as `supervisord -n -s -c FILE`, with the file that Supervisor gets, asked by XML-RPC over one kept connection"
    }

    fn needs(&self, place: &Place) -> Vec<PathBuf> {
        vec![place.program("supervisord")]
    }

    fn start(&self, place: &Place, home: &Path, work: &Work) -> Result<Box<dyn Running>, Problem> {
        supervisor::start(place, MINDER, &place.program("supervisord"), home, work)
    }
}

/// As circusd.
pub(super) struct MinderAsCircus;

impl Peer for MinderAsCircus {
    fn name(&self) -> &'static str {
        MINDER_AS_CIRCUS
    }

    fn configured(&self) -> &'static str {
        "the same build as `circusd FILE`, with the file that Circus gets, asked over one kept ZeroMQ connection"
    }

    fn needs(&self, place: &Place) -> Vec<PathBuf> {
        vec![place.program("circusd")]
    }

    fn refuses(&self, subject: Subject) -> Option<Reason> {
        if matches!(subject, Subject::Start(1001..)) {
            return Some("measured as far as Circus is");
        }
        circus::refuses(subject)
    }

    fn settled(&self) -> std::time::Duration {
        circus::SETTLED
    }

    fn start(&self, place: &Place, home: &Path, work: &Work) -> Result<Box<dyn Running>, Problem> {
        circus::start(place, MINDER_AS_CIRCUS, &place.program("circusd"), home, work)
    }
}
