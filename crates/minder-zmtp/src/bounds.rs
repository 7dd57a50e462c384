//! What the peers of a socket may take. Whoever makes a server says how much; clients, who have one peer of their own choice,
//! take the default.

use std::time::Duration;

/// How much.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// How many peers a listener serves at a time, those included whose handshake is not over; at least one. When more come, the
    /// one goes that has been there longest without a message or a subscription; where all have had one, more wait in the
    /// kernel's queue.
    pub peers: usize,
    /// How long a peer may take from its connection to its READY. Then it is cut off.
    pub handshake: Duration,
    /// How many bytes the frames of a message from a peer may have together. A peer that announces more is cut off.
    pub message_bytes: usize,
    /// How many messages wait for one peer. What happens beyond that is told by each socket.
    pub queued_messages: usize,
    /// How many bytes wait for one peer; but a single message may be longer.
    pub queued_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            peers: 256,
            // libzmq's default.
            handshake: Duration::from_secs(30),
            message_bytes: 16 << 20,
            // As many as libzmq's high-water mark.
            queued_messages: 1000,
            queued_bytes: 4 << 20,
        }
    }
}
