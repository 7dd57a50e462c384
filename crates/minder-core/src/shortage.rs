//! Which failed attempts are the machine's fault and not the program's, and what follows from that.

use crate::backoff::{Backoff, Verdict};
use crate::instance::{Facts, Trouble};

impl Trouble {
    /// Whether the machine was short of memory, descriptors or processes, for which the program is not to blame.
    pub fn is_shortage(&self) -> bool {
        match self {
            Self::Pipes(errno) | Self::Fork(errno) => errno.is_shortage(),
            Self::Command(_) | Self::Socket(_) | Self::Unborn(..) | Self::DiedYoung | Self::BadExit(_) => {
                false
            }
        }
    }
}

impl Facts {
    /// What follows the last attempt, which failed.
    pub fn verdict(&self, backoff: Backoff) -> Verdict {
        if self.trouble.as_ref().is_some_and(Trouble::is_shortage) {
            backoff.after_shortage(self.failures)
        } else {
            backoff.after(self.failures)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Errno;

    #[test]
    fn what_was_used_up_is_a_shortage_and_what_is_wrong_is_none() {
        // EAGAIN, ENOMEM, ENFILE, EMFILE, ENOBUFS.
        for errno in [11, 12, 23, 24, 105].map(Errno) {
            assert!(Trouble::Fork(errno).is_shortage() && Trouble::Pipes(errno).is_shortage(), "{errno:?}");
            assert!(!Trouble::Socket(errno).is_shortage(), "{errno:?}");
        }
        // EPERM, ENOENT, EIO, EACCES, EINVAL.
        for errno in [1, 2, 5, 13, 22].map(Errno) {
            assert!(!Trouble::Fork(errno).is_shortage(), "{errno:?}");
        }
        assert!(!Trouble::DiedYoung.is_shortage());
    }
}
