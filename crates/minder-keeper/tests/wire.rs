//! Every message survives its journey, and no bytes whatever upset the reader.

use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use minder_keeper::wire::{
    Bundle, ChildId, ChildState, CredentialCall, Credentials, Delivery, ErrorTo, FromKeeper, Leader, Limit,
    Message, OutputTo, Pipes, Port, Reach, Room, SpawnRequest, SpawnStep, Stage, StageFailure, StdinFrom,
    ToKeeper,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

fn child() -> impl Strategy<Value = ChildId> {
    any::<u32>().prop_map(ChildId)
}

fn pipes() -> impl Strategy<Value = Pipes> {
    vec(prop_oneof![Just(Pipes::PIDFD), Just(Pipes::STDIN), Just(Pipes::STDOUT), Just(Pipes::STDERR)], 0..4)
        .prop_map(|some| some.into_iter().fold(Pipes::NONE, Pipes::with))
}

fn failure() -> impl Strategy<Value = Option<StageFailure>> {
    let stage = prop_oneof![
        Just(Stage::Group),
        Just(Stage::Descriptors),
        Just(Stage::Limits),
        Just(Stage::Credentials(CredentialCall::Groups)),
        Just(Stage::Credentials(CredentialCall::Group)),
        Just(Stage::Credentials(CredentialCall::User)),
        Just(Stage::Directory),
        Just(Stage::Exec),
    ];
    option::of((stage, any::<i32>()).prop_map(|(stage, errno)| StageFailure { stage, errno }))
}

prop_compose! {
    fn credentials()(uid: u32, gid: u32, groups in vec(any::<u32>(), 0..5)) -> Credentials {
        Credentials { uid, gid, groups }
    }
}

prop_compose! {
    fn limit()(resource: i32, soft: u64, hard: u64) -> Limit {
        Limit { resource, soft, hard }
    }
}

prop_compose! {
    fn request()(
        program in text(),
        argv in vec(text(), 0..5),
        environment in vec(text(), 0..5),
        (directory, credentials, umask) in (option::of(text()), option::of(credentials()), any::<Option<u32>>()),
        limits in vec(limit(), 0..3),
        leader in prop_oneof![Just(Leader::Group), Just(Leader::Session)],
        stdin in prop_oneof![Just(StdinFrom::Pipe), Just(StdinFrom::Null), Just(StdinFrom::Inherit), text().prop_map(StdinFrom::Held)],
        stdout in prop_oneof![Just(OutputTo::Pipe), Just(OutputTo::Null), Just(OutputTo::Inherit)],
        stderr in prop_oneof![
            Just(ErrorTo::Pipe), Just(ErrorTo::Null), Just(ErrorTo::Inherit), Just(ErrorTo::Stdout)
        ],
        inherited in vec((text(), any::<i32>()), 0..3),
        pid_variable in option::of(text()),
    ) -> SpawnRequest {
        SpawnRequest {
            program, argv, environment, directory, credentials, umask, limits, leader, stdin, stdout, stderr, inherited,
            pid_variable
        }
    }
}

fn to_keeper() -> impl Strategy<Value = ToKeeper> {
    let reach = prop_oneof![Just(Reach::Process), Just(Reach::Group)];
    prop_oneof![
        (child(), request())
            .prop_map(|(child, request)| ToKeeper::Spawn { child, request: Box::new(request) }),
        (child(), any::<i32>(), reach).prop_map(|(child, signal, reach)| ToKeeper::Signal {
            child,
            signal,
            reach
        }),
        child().prop_map(|child| ToKeeper::Noted { child }),
        child().prop_map(|child| ToKeeper::Acknowledge { child }),
        text().prop_map(|name| ToKeeper::Hold { name }),
        text().prop_map(|name| ToKeeper::Release { name }),
        Just(ToKeeper::Ready),
        any::<i32>().prop_map(|signal| ToKeeper::Obeyed { signal }),
        any::<u8>().prop_map(|status| ToKeeper::Finish { status }),
        Just(ToKeeper::Again),
        Just(ToKeeper::Become),
    ]
}

fn from_keeper() -> impl Strategy<Value = FromKeeper> {
    let state = prop_oneof![Just(ChildState::Alive), any::<i32>().prop_map(ChildState::Exited)];
    let step = prop_oneof![Just(SpawnStep::Request), Just(SpawnStep::Pipes), Just(SpawnStep::Clone)];
    prop_oneof![
        any::<(u32, u32, u32)>().prop_map(|(version, keeper, lives)| FromKeeper::Hello {
            version,
            keeper,
            lives
        }),
        (child(), any::<u32>(), state, failure(), pipes()).prop_map(|(child, pid, state, failure, pipes)| {
            FromKeeper::Child { child, pid, state, failure, signals: pid / 2, pipes }
        }),
        text().prop_map(|name| FromKeeper::Held { name }),
        Just(FromKeeper::HelloEnd),
        (child(), any::<u32>(), pipes()).prop_map(|(child, pid, pipes)| FromKeeper::Cloned {
            child,
            pid,
            pipes
        }),
        (child(), any::<u32>(), failure(), pipes())
            .prop_map(|(child, pid, failure, pipes)| FromKeeper::Spawned { child, pid, failure, pipes }),
        (child(), step, any::<i32>()).prop_map(|(child, step, errno)| FromKeeper::NotSpawned {
            child,
            step,
            errno
        }),
        (child(), any::<i32>()).prop_map(|(child, status)| FromKeeper::Exited { child, status }),
        any::<(u32, i32)>().prop_map(|(pid, status)| FromKeeper::Reaped { pid, status }),
        (child(), any::<i32>()).prop_map(|(child, errno)| FromKeeper::SignalFailed { child, errno }),
        any::<i32>().prop_map(|signal| FromKeeper::Asked { signal }),
    ]
}

proptest! {
    #[test]
    fn what_the_mind_says_arrives(message in to_keeper()) {
        prop_assert_eq!(ToKeeper::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn what_the_keeper_says_arrives(message in from_keeper()) {
        prop_assert_eq!(FromKeeper::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn a_message_cut_short_is_refused(message in to_keeper(), cut in any::<prop::sample::Index>()) {
        let bytes = message.encode();
        prop_assert!(ToKeeper::decode(&bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn any_bytes_are_a_message_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        if let Ok(message) = ToKeeper::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes.clone());
        }
        if let Ok(message) = FromKeeper::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }

    #[test]
    fn a_message_with_one_byte_changed_is_a_message_or_refused(
        message in to_keeper(), at in any::<prop::sample::Index>(), byte: u8,
    ) {
        let mut bytes = message.encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = ToKeeper::decode(&bytes);
    }
}

#[test]
fn a_count_beyond_the_bytes_reserves_nothing() {
    // A `Hold` whose name claims to be 4 GiB long, then a `Spawn` with 4 G arguments.
    assert!(ToKeeper::decode(&[3, 255, 255, 255, 255, 1]).is_err());
    assert!(ToKeeper::decode(&[0, 1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]).is_err());
}

#[test]
fn a_message_longer_than_a_packet_arrives_whole_with_its_descriptor() {
    let (one, other) = Port::pair().unwrap();
    for length in [10, 16_000, 16_378, 16_379, 16_384, 100_000, 3_000_000] {
        let message = ToKeeper::Hold { name: vec![b'x'; length] };
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, b"beside").unwrap();
        one.send(&message, &[file.as_fd()]).unwrap();
        let Delivery { messages, fds } = other.receive::<ToKeeper>().unwrap().unwrap();
        assert_eq!(messages, [message]);
        let mut beside = std::fs::File::from(<[OwnedFd; 1]>::try_from(fds).unwrap()[0].try_clone().unwrap());
        beside.rewind().unwrap();
        let mut text = String::new();
        beside.read_to_string(&mut text).unwrap();
        assert_eq!(text, "beside");
    }
}

#[test]
fn a_message_beyond_all_reason_is_refused_before_it_is_sent() {
    let (one, _other) = Port::pair().unwrap();
    let error = one.send(&ToKeeper::Hold { name: vec![0; 9 << 20] }, &[]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_port_never_blocks_and_tells_the_end() {
    let (one, other) = Port::pair().unwrap();
    assert_eq!(other.receive::<ToKeeper>().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    let mut sent = 0;
    let full = loop {
        match one.send(&ToKeeper::Hold { name: vec![0; 4000] }, &[]) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
    // The other side's own letters are still unread when it closes: Linux reports that as a reset first.
    other.send(&ToKeeper::Ready, &[]).unwrap();
    drop(one);
    let mut received = 0;
    while let Some(delivery) = other.receive::<ToKeeper>().unwrap() {
        assert!(matches!(delivery.messages[..], [ToKeeper::Hold { .. }]));
        received += 1;
    }
    assert_eq!(received, sent);
}

#[test]
fn a_packet_that_is_no_message_is_skipped() {
    let (one, other) = Port::pair().unwrap();
    let halves = [b"\x02\x01\x00\x00\x00".as_slice(), b"\x02\xff\xff\xff\xff\x05", b"\x02\x01"];
    for garbage in
        [&b"\x07garbage"[..], b"\x01", b"\x00\xff\xff", b"\x01with a body"].into_iter().chain(halves)
    {
        rustix::net::send(&one, garbage, rustix::net::SendFlags::empty()).unwrap();
        assert_eq!(other.receive::<ToKeeper>().unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
    one.send(&ToKeeper::Ready, &[]).unwrap();
    assert_eq!(other.receive::<ToKeeper>().unwrap().unwrap().messages, [ToKeeper::Ready]);
}

#[test]
fn short_messages_travel_together_until_the_packet_is_full() {
    let (one, other) = Port::pair().unwrap();
    let mut bundle = Bundle::default();
    let mut sent = Vec::new();
    loop {
        let child = ChildId(u32::try_from(sent.len()).unwrap());
        let message = ToKeeper::Signal { child, signal: 15, reach: Reach::Group };
        match bundle.add(&message) {
            Room::Enough => sent.push(message),
            Room::None => break,
        }
    }
    assert!(sent.len() > 1000, "{}", sent.len());
    one.send_bundle(&bundle).unwrap();
    one.send(&ToKeeper::Ready, &[]).unwrap();
    let first = other.receive::<ToKeeper>().unwrap().unwrap();
    assert_eq!((first.messages, first.fds.len()), (sent, 0));
    assert_eq!(other.receive::<ToKeeper>().unwrap().unwrap().messages, [ToKeeper::Ready]);
}

#[test]
fn descriptors_find_their_meaning() {
    let fds = || vec![tempfile::tempfile().unwrap().into(), tempfile::tempfile().unwrap().into()];
    let both: Vec<OwnedFd> = fds();
    let numbers = [both[0].as_raw_fd(), both[1].as_raw_fd()];
    let unpacked = Pipes::PIDFD.with(Pipes::STDERR).unpack(both).unwrap();
    assert_eq!(unpacked.pidfd.map(|fd| fd.as_raw_fd()), Some(numbers[0]));
    assert_eq!(unpacked.stderr.map(|fd| fd.as_raw_fd()), Some(numbers[1]));
    assert!(unpacked.stdin.is_none() && unpacked.stdout.is_none());
    assert!(Pipes::STDIN.unpack(fds()).is_err());
}
