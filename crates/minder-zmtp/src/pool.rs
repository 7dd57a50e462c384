//! How much memory all peers of a socket may take together with what they have begun to say.
//!
//! ```text
//! Pool (one a socket) ◀─ beyond its allowance ─ Share (one a connection)
//! ```
//!
//! A peer's own limit is not enough: many peers that each stop in the middle of a large message would add up. So what
//! a peer holds beyond a small allowance comes out of a pool, and when the pool is empty, whoever wants more is cut off.
//! Those who send small messages are never concerned.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::End;

/// How many bytes a peer may always hold.
const ALLOWANCE_BYTES: usize = 64 << 10;
/// How many bytes all peers of a socket together may hold beyond their allowances.
pub const POOL_BYTES_MAX: usize = 64 << 20;

/// What all peers of a socket have taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool(Rc<Cell<usize>>);

/// What one peer has taken; given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    pool: Pool,
    taken: usize,
}

impl Pool {
    pub(crate) fn share(&self) -> Share {
        Share { pool: self.clone(), taken: 0 }
    }
}

impl Share {
    /// Says how many bytes the peer holds now.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), End> {
        let wanted = bytes.saturating_sub(ALLOWANCE_BYTES);
        let others = self.pool.0.get() - self.taken;
        if wanted > self.taken && others + wanted > POOL_BYTES_MAX {
            return Err(End::Shut);
        }
        self.pool.0.set(others + wanted);
        self.taken = wanted;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.pool.0.set(self.pool.0.get() - self.taken);
    }
}

#[cfg(test)]
mod tests {
    use super::{ALLOWANCE_BYTES, POOL_BYTES_MAX, Pool};

    #[test]
    fn a_pool_gives_what_it_has_and_gets_it_back() {
        let pool = Pool::default();
        let (mut greedy, mut modest) = (pool.share(), pool.share());
        assert!(greedy.hold(ALLOWANCE_BYTES + POOL_BYTES_MAX).is_ok());
        assert!(modest.hold(ALLOWANCE_BYTES).is_ok());
        assert!(modest.hold(ALLOWANCE_BYTES + 1).is_err());
        assert!(greedy.hold(ALLOWANCE_BYTES + POOL_BYTES_MAX + 1).is_err());
        drop(greedy);
        assert!(modest.hold(ALLOWANCE_BYTES + POOL_BYTES_MAX).is_ok());
        assert!(modest.hold(0).is_ok());
        assert_eq!(pool.0.get(), 0);
    }
}
