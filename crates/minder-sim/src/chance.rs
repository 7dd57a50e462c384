//! Chance that can be had again: the same seed gives the same numbers on every machine.
//!
//! Two kinds. A [`Chance`] is a stream, for what is drawn once and in order, such as a scenario. [`mix`] is a function of what
//! it is asked about, for what happens while the world runs: taking one move out of a schedule then does not deal new cards
//! to everybody else, without which no schedule could be made shorter.

use std::time::Duration;

/// A stream of numbers (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(scramble(seed ^ 0x6d69_6e64_6572_0001))
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scramble(self.0)
    }

    /// A number below `end`, which is not zero. The bias is below one in 2^40 for all that is asked here.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }

    /// An index below `end`, which is not zero.
    pub(crate) fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap_or(0)
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Somewhere below `end`.
    pub(crate) fn time(&mut self, end: Duration) -> Duration {
        Duration::from_nanos(self.below(nanos(end).max(1)))
    }

    /// Around `mean`, mostly shorter, sometimes a good deal longer: how long things last that end by chance.
    pub(crate) fn lifetime(&mut self, mean: Duration) -> Duration {
        let whole = 1u64 << 32;
        // The share of the way to 1, without the ends.
        let share = precise(self.below(whole - 1) + 1) / precise(whole);
        mean.mul_f64((-share.ln()).min(8.0))
    }
}

/// A number that depends on all these words and on nothing else.
pub(crate) fn mix(words: &[u64]) -> u64 {
    words
        .iter()
        .fold(0x1234_5678_9abc_def1, |sum, &word| scramble(sum ^ word).wrapping_mul(0x2545_f491_4f6c_dd1d))
}

/// In nanoseconds; more than five centuries are the most there is.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn scramble(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Exact, since it has at most 33 bits.
fn precise(number: u64) -> f64 {
    let high = u32::try_from(number >> 16).unwrap_or(u32::MAX);
    let low = u32::try_from(number & 0xffff).unwrap_or(0);
    f64::from(high) * 65_536.0 + f64::from(low)
}
