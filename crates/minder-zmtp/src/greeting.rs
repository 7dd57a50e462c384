//! The first 64 bytes in each direction: that this is ZMTP 3, and that nobody has to prove who they are.
//!
//! ```text
//!  0      1 … 8     9     10     11     12 … 31          32         33 … 63
//!  0xFF   padding   0x7F  major  minor  "NULL\0\0…"      as-server  padding
//! ```
//!
//! libzmq sends the first ten bytes, waits for as many, and only then goes on; an older one would be told by them.
//! We send all 64 at once, which it does not mind, and judge what comes as soon as it comes.

use crate::error::WireError;

/// How long a greeting is, in bytes.
pub(crate) const GREETING_BYTES: usize = 64;

const MECHANISM: [u8; 20] = *b"NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// What we say: version 3.1, mechanism NULL.
pub(crate) const GREETING: [u8; GREETING_BYTES] = {
    let mut greeting = [0; GREETING_BYTES];
    greeting[0] = 0xFF;
    greeting[9] = 0x7F;
    greeting[10] = 3;
    greeting[11] = 1;
    let mut at = 0;
    while at < MECHANISM.len() {
        greeting[12 + at] = MECHANISM[at];
        at += 1;
    }
    greeting
};

/// How a peer wants to be told of subscriptions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Version {
    /// ZMTP 3.0: subscriptions are messages.
    V3_0,
    /// ZMTP 3.1 and above: subscriptions are commands.
    V3_1,
}

/// Judges as much of a greeting as has come. `None` when it is fine so far.
pub(crate) fn judge(greeting: &[u8]) -> Result<Option<Version>, WireError> {
    // ZMTP 1.0 begins with the length of a frame, which may be 0xFF too; then the last bit of byte 9 is clear.
    let signed = greeting.first().is_none_or(|first| *first == 0xFF)
        && greeting.get(9).is_none_or(|last| last & 1 == 1);
    if !signed {
        return Err(WireError::NotZmtp);
    }
    if let Some(major) = greeting.get(10).filter(|major| **major < 3) {
        return Err(WireError::OldVersion(*major));
    }
    let (Some(minor), Some(mechanism)) = (greeting.get(11), greeting.get(12..32)) else { return Ok(None) };
    if mechanism != MECHANISM {
        return Err(WireError::Mechanism);
    }
    if greeting.len() < GREETING_BYTES {
        return Ok(None);
    }
    Ok(Some(match (greeting[10], minor) {
        (3, 0) => Version::V3_0,
        _ => Version::V3_1,
    }))
}

#[cfg(test)]
mod tests {
    use super::{GREETING, Version, judge};
    use crate::error::WireError;

    #[test]
    fn our_own_greeting_is_fine_at_every_length() {
        for length in 0..GREETING.len() {
            assert_eq!(judge(&GREETING[..length]), Ok(None), "{length} bytes");
        }
        assert_eq!(judge(&GREETING), Ok(Some(Version::V3_1)));
    }

    #[test]
    fn version_3_0_gets_subscriptions_as_messages_and_a_later_one_as_commands() {
        for (major, minor, version) in
            [(3, 0, Version::V3_0), (3, 1, Version::V3_1), (3, 9, Version::V3_1), (4, 0, Version::V3_1)]
        {
            let mut greeting = GREETING;
            (greeting[10], greeting[11]) = (major, minor);
            assert_eq!(judge(&greeting), Ok(Some(version)));
        }
    }

    #[test]
    fn what_is_no_zmtp_3_is_told_at_the_first_byte_that_shows_it() {
        let mut curve = GREETING;
        curve[12..17].copy_from_slice(b"CURVE");
        for (bytes, error) in [
            (&b"G"[..], WireError::NotZmtp),
            (&[1, 0], WireError::NotZmtp),
            (&[0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0], WireError::NotZmtp),
            (&[0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 1], WireError::OldVersion(1)),
            (&curve[..32], WireError::Mechanism),
        ] {
            assert_eq!(judge(bytes), Err(error));
        }
    }
}
