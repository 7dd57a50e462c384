//! The decoder against its own encoder, against noise, and against what libzmq sent.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::{Decoder, Item, Limits};
use crate::command::{Command, put_cancel, put_pong, put_ready, put_subscribe};
use crate::error::WireError;
use crate::frame::{Kind, encode_message, put_frame};

const LIMITS: Limits = Limits { message_bytes: 2000, frames: 8, command_bytes: 300 };

/// What a decoder makes of bytes that come in these pieces, and how it ends.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Item>, Result<(), WireError>) {
    let mut decoder = Decoder::new(LIMITS, BytesMut::new());
    let mut items = Vec::new();
    for piece in pieces {
        decoder.buffer.extend_from_slice(piece);
        loop {
            match decoder.next_item() {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(error) => return (items, Err(error)),
            }
        }
        // Without its limit, a message would be held longer than it may be.
        assert!(decoder.held() <= LIMITS.message_bytes + piece.len() + 9, "{} bytes held", decoder.held());
    }
    (items, Ok(()))
}

fn message() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..=6)
}

fn encoded(items: &[Item]) -> BytesMut {
    let mut out = BytesMut::new();
    for item in items {
        match item {
            Item::Message(frames) => out.extend_from_slice(&encode_message(frames)),
            Item::Command(body) => put_frame(&mut out, Kind::Command, body),
        }
    }
    out
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        message().prop_map(|frames| Item::Message(frames.into_iter().map(Bytes::from).collect())),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|body| Item::Command(Bytes::from(body))),
    ]
}

/// Bytes cut at some places.
fn cut<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded_however_it_was_cut(
        items in prop::collection::vec(item(), 0..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let bytes = encoded(&items);
        prop_assert_eq!(decode(cut(&bytes, &cuts)), (items, Ok(())));
    }

    #[test]
    fn noise_is_decoded_alike_however_it_was_cut(
        bytes in prop::collection::vec(prop_oneof![0_u8..8, any::<u8>()], 0..600),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let (items, end) = decode([&bytes[..]]);
        for item in &items {
            if let Item::Command(body) = item {
                let _ = Command::parse(body);
            }
        }
        prop_assert_eq!(decode(cut(&bytes, &cuts)), (items, end));
    }

    #[test]
    fn noise_is_a_command_or_none(body in prop::collection::vec(any::<u8>(), 0..60), name in 0_usize..6) {
        let names: [&[u8]; 6] = [b"", b"\x05READY", b"\x09SUBSCRIBE", b"\x06CANCEL", b"\x04PING", b"\x04PONG"];
        let _ = Command::parse(&Bytes::from([names[name], &body].concat()));
    }
}

#[test]
fn a_command_may_come_between_the_frames_of_a_message() {
    let (items, end) = decode([&b"\x01\x01a\x04\x07\x04PING\x00\x00\x00\x01b"[..]]);
    let ping = Item::Command(Bytes::from_static(b"\x04PING\x00\x00"));
    let message = Item::Message(vec![Bytes::from_static(b"a"), Bytes::from_static(b"b")]);
    assert_eq!((items, end), (vec![ping, message], Ok(())));
}

#[test]
fn too_much_is_refused_when_it_is_announced() {
    let many = [1, 0].repeat(9);
    for (bytes, error) in [
        (&[0x02, 0, 0, 0, 0, 0, 0, 7, 0xD1][..], WireError::Long(2001)),
        (&[0x02, 0xFF, 0, 0, 0, 0, 0, 0, 0], WireError::Long(0xFF << 56)),
        (&[0x06, 0, 0, 0, 0, 0, 0, 1, 0x2D], WireError::Long(301)),
        (&many, WireError::ManyFrames),
        (&[0x08], WireError::Flags(0x08)),
        (&[0x05, 0], WireError::Flags(0x05)),
    ] {
        assert_eq!(decode([bytes]), (vec![], Err(error)));
    }
    // The frames of a message are counted together.
    let mut two = BytesMut::new();
    put_frame(&mut two, Kind::More, &[0; 1999]);
    two.extend_from_slice(&[0x00, 2]);
    assert_eq!(decode([&two[..]]), (vec![], Err(WireError::Long(2))));
}

#[test]
fn our_commands_are_understood() {
    let command = |put: &dyn Fn(&mut BytesMut)| {
        let mut out = BytesMut::new();
        put(&mut out);
        match decode([&out[..]]) {
            (items, Ok(())) => match &items[..] {
                [Item::Command(body)] => Command::parse(body).unwrap(),
                other => panic!("{other:?}"),
            },
            (_, Err(error)) => panic!("{error:?}"),
        }
    };
    assert_eq!(command(&|out| put_subscribe(out, b"a")), Command::Subscribe(Bytes::from_static(b"a")));
    assert_eq!(command(&|out| put_cancel(out, b"")), Command::Cancel(Bytes::new()));
    assert_eq!(command(&|out| put_pong(out, b"a")), Command::Unknown);
    let Command::Ready(ready) = command(&|out| put_ready(out, "DEALER", b"me")) else { panic!("no READY") };
    assert_eq!((&ready.socket_type[..], &ready.identity[..]), (&b"DEALER"[..], &b"me"[..]));
}

#[test]
fn a_broken_command_is_refused() {
    for body in [
        &b""[..],
        b"\x05READ",
        b"\x05READY\x0b",
        b"\x05READY\x0bSocket-Type\xff\xff\xff\xffSUB",
        b"\x04PING\x00",
        b"\x04PING\x00\x0012345678901234567",
    ] {
        assert_eq!(
            Command::parse(&Bytes::from_static(body)),
            Err(WireError::Command),
            "{}",
            body.escape_ascii()
        );
    }
}
