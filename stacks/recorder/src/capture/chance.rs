//! Chance that comes out the same each time: a number for each place, whatever was asked before.

/// A row of numbers by chance without begin or end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance {
    seed: u64,
}

impl Chance {
    /// Rows of other seeds and other streams have nothing to do with each other.
    pub(super) fn of(seed: u64, stream: u64) -> Self {
        Self { seed: mixed(seed ^ mixed(stream)) }
    }

    /// Any of all numbers of 64 bits.
    pub(super) fn bits(self, place: u64) -> u64 {
        mixed(self.seed ^ place.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// 0 to 1, each as likely as the other.
    pub(super) fn even(self, place: u64) -> f64 {
        (self.bits(place) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About 0, with a variance of 1: near enough to a normal distribution for ears.
    pub(super) fn bell(self, place: u64) -> f64 {
        let bits = self.bits(place).to_le_bytes();
        let (pairs, _) = bits.as_chunks::<2>();
        let sum: f64 = pairs.iter().map(|pair| f64::from(u16::from_le_bytes(*pair))).sum();
        // Four even numbers of a variance of 2^32 / 12 each.
        (sum - 2.0 * 65_535.0) / (65_536.0 * (4.0_f64 / 12.0).sqrt())
    }
}

/// The finaliser of splitmix64, which lets each bit depend on all.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_has_no_bias_and_a_variance_of_one() {
        let chance = Chance::of(7, 1);
        let rolls: Vec<f64> = (0..100_000).map(|place| chance.bell(place)).collect();
        let mean = rolls.iter().sum::<f64>() / 1e5;
        let variance = rolls.iter().map(|roll| roll * roll).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }
}
