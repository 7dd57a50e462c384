//! ZeroMQ's wire protocol.

use minder_zmtp::fuzzing::{Kinds, decoded, heard};

use crate::clock;
use crate::input::pieces;

/// Bytes mean the same however they are cut, and what they mean can be said again.
pub fn decoder(bytes: &[u8]) {
    let all = pieces(bytes);
    let cut = decoded(all.iter().copied());
    let whole = decoded([&bytes[1.min(bytes.len())..]]);
    assert_eq!(cut, whole);
    let again = decoded([&whole.encoded[..]]);
    assert_eq!((again.items, again.error), (whole.items, None));
}

/// A connection of each kind, from its greeting to its end.
pub fn connection(bytes: &[u8]) {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let kind = match first % 4 {
        0 => Kinds::Router,
        1 => Kinds::Dealer,
        2 => Kinds::Publisher,
        _ => Kinds::Subscriber,
    };
    let said = clock::run(heard(kind, pieces(rest).into_iter().map(<[u8]>::to_vec).collect()));
    assert!(said.last().is_some_and(|last| last.starts_with("Err")), "{said:?}");
}
