//! What the keeper was started with and has changed for itself, to be given back to every program.

use std::{fs, io};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::held::Held;
use crate::wire::{codec, port};

/// The name under which it is held, so that the next keeper can have it: what that one finds is changed already.
const NAME: &[u8] = b"origin";

const OOM_SCORE_ADJ: &str = "/proc/self/oom_score_adj";
/// Nearly the last to be killed when memory runs out. Not the very last: a keeper that itself ate the memory must
/// still be killable.
const KEEPER_OOM_SCORE_ADJ: i32 = -900;

/// The process as it was.
#[derive(Debug)]
pub(crate) struct Origin {
    /// Its limit of open files.
    pub(crate) nofile: Rlimit,
    /// Its oom score adjustment as text; absent when it could not be lowered, so there is nothing to give back.
    pub(crate) oom_score_adj: Option<Vec<u8>>,
}

impl Origin {
    /// That of the first keeper of all, which is held, or taken now and held from then on.
    pub(crate) fn of(held: &mut Held) -> io::Result<Self> {
        let recalled = held.get(NAME).and_then(|fd| port::read_sealed(fd).ok());
        if let Some(origin) = recalled.and_then(|bytes| Self::decode(&bytes)) {
            // Neither has to succeed, as in `take`.
            let now = getrlimit(Resource::Nofile);
            let _ = setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum });
            let _ = lower_oom_score_adj();
            return Ok(origin);
        }
        let origin = Self::take();
        held.hold(NAME.to_vec(), port::sealed_memfd("minder-origin", &origin.encode())?);
        Ok(origin)
    }

    fn encode(&self) -> Vec<u8> {
        let Rlimit { current, maximum } = self.nofile;
        codec::encode(&((current, maximum), self.oom_score_adj.clone()))
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let ((current, maximum), oom_score_adj) = codec::decode(bytes).ok()?;
        Some(Self { nofile: Rlimit { current, maximum }, oom_score_adj })
    }

    /// Notes what is, then takes as many descriptors as allowed (each child costs up to four) and the lowest oom
    /// score. Neither has to succeed.
    fn take() -> Self {
        let nofile = getrlimit(Resource::Nofile);
        let _ = setrlimit(Resource::Nofile, Rlimit { current: nofile.maximum, maximum: nofile.maximum });
        Self { nofile, oom_score_adj: lower_oom_score_adj() }
    }

    /// Makes the process what it was.
    pub(crate) fn restore(&self) {
        // Both only loosen what was tightened, which is always allowed.
        let _ = setrlimit(Resource::Nofile, self.nofile);
        if let Some(value) = &self.oom_score_adj {
            let _ = fs::write(OOM_SCORE_ADJ, value);
        }
    }
}

fn lower_oom_score_adj() -> Option<Vec<u8>> {
    let before = fs::read_to_string(OOM_SCORE_ADJ).ok()?;
    let lower = before.trim().parse::<i32>().ok()? > KEEPER_OOM_SCORE_ADJ;
    (lower && fs::write(OOM_SCORE_ADJ, KEEPER_OOM_SCORE_ADJ.to_string()).is_ok()).then(|| before.into_bytes())
}
