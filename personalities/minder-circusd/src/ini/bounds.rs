//! `[minder:limits]`: what the peers of the endpoints may take. Ours alone; the original passes over sections whose names it does
//! not know, so a file that has it serves both.

use minder_config::bound::{Bound, Unit, count, seconds};
use minder_zmtp::Bounds;

/// The name of the section.
pub const SECTION: &str = "minder:limits";

/// How many peers an endpoint serves.
pub static PEERS: Bound = Bound {
    name: "peers",
    unit: Unit::Count,
    least: 4,
    most: 4096,
    default: 256,
    about: "Peers that one endpoint serves at a time. When more come, the one goes that has been there longest without a message or a subscription.",
};

/// How long a handshake may take.
pub static HANDSHAKE: Bound = Bound {
    name: "handshake",
    unit: Unit::Seconds,
    least: 1,
    most: 600,
    default: 30,
    about: "How long a peer may take to say what it is. Then it is cut off.",
};

/// How long a message may be. The most is what all peers of a socket may hold together.
pub static MESSAGE_BYTES: Bound = Bound {
    name: "message-bytes",
    unit: Unit::Bytes,
    least: 4 << 10,
    most: minder_zmtp::POOL_BYTES_MAX as u64,
    default: 16 << 20,
    about: "The frames of a message together. Who announces more is cut off.",
};

/// How many messages wait for a peer.
pub static QUEUED_MESSAGES: Bound = Bound {
    name: "queued-messages",
    unit: Unit::Count,
    least: 2,
    most: 1_000_000,
    default: 1000,
    about: "Messages that wait for a peer that does not read. A subscriber loses what is more; who asks is not heard from half of that on, and then cut off.",
};

/// How many bytes wait for a peer.
pub static QUEUED_BYTES: Bound = Bound {
    name: "queued-bytes",
    unit: Unit::Bytes,
    least: 4 << 10,
    most: 1 << 30,
    default: 4 << 20,
    about: "The same in bytes; but a single message may be longer.",
};

/// All of them.
pub static ALL: [&Bound; 5] = [&PEERS, &HANDSHAKE, &MESSAGE_BYTES, &QUEUED_MESSAGES, &QUEUED_BYTES];

/// What `said` says, and else the default.
pub fn of(mut said: impl FnMut(&'static Bound) -> Option<u64>) -> Bounds {
    let mut number = |bound: &'static Bound| said(bound).unwrap_or(bound.default);
    Bounds {
        peers: count(number(&PEERS)),
        handshake: seconds(number(&HANDSHAKE)),
        message_bytes: count(number(&MESSAGE_BYTES)),
        queued_messages: count(number(&QUEUED_MESSAGES)),
        queued_bytes: count(number(&QUEUED_BYTES)),
    }
}

/// What each of them is.
#[must_use]
pub fn numbers(bounds: &Bounds) -> [(&'static Bound, u64); 5] {
    [
        (&PEERS, bounds.peers as u64),
        (&HANDSHAKE, bounds.handshake.as_secs()),
        (&MESSAGE_BYTES, bounds.message_bytes as u64),
        (&QUEUED_MESSAGES, bounds.queued_messages as u64),
        (&QUEUED_BYTES, bounds.queued_bytes as u64),
    ]
}

#[cfg(test)]
mod tests {
    use minder_zmtp::Bounds;

    #[test]
    fn without_a_word_limits_are_those_of_the_sockets() {
        assert_eq!(super::of(|_| None), Bounds::default());
    }

    #[test]
    fn limits_come_back_from_their_numbers() {
        let bounds = super::of(|bound| Some(bound.least));
        let numbers = super::numbers(&bounds);
        let again = super::of(|bound| numbers.iter().find(|(known, _)| *known == bound).map(|found| found.1));
        assert_eq!(again, bounds);
    }
}
