//! Jitters: drawn from a seed, the task and the due time, so that a beat that begins again draws the same.

use std::time::Duration;

use minder_core::ids::TaskName;
use minder_core::time::WallTime;

/// Where jitters are drawn from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// How much later a run of this due time begins: any whole number of microseconds from zero to `most` is as likely.
    pub(super) fn jitter(self, task: &TaskName, due: WallTime, most: Duration) -> Duration {
        let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX - 1).min(u64::MAX - 1);
        let mut drawn = mixed(self.0 ^ hash(task.as_str().as_bytes()));
        drawn = mixed(drawn ^ due.0.cast_unsigned());
        let part = (u128::from(drawn) * (u128::from(most) + 1)) >> 64;
        Duration::from_micros(u64::try_from(part).unwrap_or(most))
    }
}

/// The last step of splitmix64: each bit of the result depends on each of the argument.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// FNV-1a: the same for ever, unlike that of the standard library.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
