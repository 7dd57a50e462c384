//! What outlives a process: messages between keeper and mind, and what one mind leaves to the next.

use std::io::Write as _;
use std::os::fd::AsFd as _;

use minder_keeper::wire::{FromKeeper, Message, Port, ToKeeper};
use minder_runtime::ledger::fuzzing as ledger;
use minder_runtime::memo::Memo;
use minder_runtime::roster;
use minder_runtime::shelf::Shelf;
use rustix::net::SendFlags;

/// Bytes are at most one message, and it has no other bytes.
pub fn keeper_wire(bytes: &[u8]) {
    if let Ok(message) = ToKeeper::decode(bytes) {
        assert_eq!(message.encode(), bytes, "{message:?}");
    }
    if let Ok(message) = FromKeeper::decode(bytes) {
        assert_eq!(message.encode(), bytes, "{message:?}");
    }
    as_packet(bytes);
}

/// A packet of any bytes is some messages or none, and the next packet is not disturbed.
fn as_packet(bytes: &[u8]) {
    let (one, other) = Port::pair().expect("two sockets");
    // An empty one would be the end.
    if bytes.is_empty() || rustix::net::send(&one, bytes, SendFlags::DONTWAIT).is_err() {
        return;
    }
    if let Ok(delivery) = other.receive::<ToKeeper>() {
        assert!(delivery.is_some_and(|delivery| delivery.messages.len() <= bytes.len()));
    }
    one.send(&ToKeeper::Ready, &[]).expect("room for another");
    let next = other.receive::<ToKeeper>().expect("a message").expect("no end");
    assert_eq!(next.messages, [ToKeeper::Ready]);
}

/// A record and a roster are read or they are not; a memo that is read takes its next value.
pub fn runtime_memory(bytes: &[u8]) {
    let _ = ledger::is_record(bytes);
    if let Some(record) = ledger::rewritten(bytes) {
        let body = &record[record.len() - usize::from(u16::from_le_bytes([record[1], record[2]]))..];
        assert_eq!(ledger::rewritten(body).as_deref(), Some(&record[..]));
    }
    if let Some(kept) = roster::fuzzing::decode(&String::from_utf8_lossy(bytes)) {
        assert!(kept.groups.len() <= bytes.len());
    }
    let mut file = Shelf::Nameless.file("fuzzed").expect("memory");
    file.write_all(bytes).expect("memory");
    let Ok((mut memo, value)) = Memo::recalled(file.into()) else { return };
    assert!(value.is_none_or(|value| value.len() <= bytes.len()));
    if memo.write(b"the next").is_ok() {
        let copy = memo.as_fd().try_clone_to_owned().expect("a descriptor");
        assert_eq!(Memo::recalled(copy).expect("a memo").1.as_deref(), Some(&b"the next"[..]));
    }
}
