//! The serial protocol, held against bytes of real boards, and against any bytes.

use minder_kegbot::kbsp::{CrcCheck, Found, Frame, Malformed, Message, Reader, crc};
use proptest::prelude::*;

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// Frames as boards and hosts send them, and what logs show of them.
const GOLDEN: &[(&str, &str)] = &[
    ("4b 42 53 50 20 76 31 3a 01 00 04 00 01 02 0a 00 36 83 0d 0a", "<HelloMessage: firmware_version=10>"),
    ("4b 42 53 50 20 76 31 3a 01 00 04 00 01 02 03 00 2e 54 0d 0a", "<HelloMessage: firmware_version=3>"),
    (
        "4b 42 53 50 20 76 31 3a 01 00 30 00 01 02 12 00 03 1e 4b 42 2d 30 30 30 30 2d 30 30 30 30 2d 64 65 61 64 62 65 65 \
         66 00 00 00 00 00 00 00 00 00 04 04 40 e2 01 00 05 04 00 00 00 00 5d af 0d 0a",
        "<HelloMessage: firmware_version=18 serial_number=KB-0000-0000-deadbeef uptime_millis=123456 uptime_days=0>",
    ),
    (
        "4b 42 53 50 20 76 31 3a 10 00 0d 00 01 05 66 6c 6f 77 30 02 04 98 08 00 00 79 2a 0d 0a",
        "<MeterStatusMessage: meter_name=flow0 meter_reading=2200>",
    ),
    (
        "4b 42 53 50 20 76 31 3a 10 00 0d 00 01 05 66 6c 6f 77 30 02 04 ff ff ff ff 35 14 0d 0a",
        "<MeterStatusMessage: meter_name=flow0 meter_reading=4294967295>",
    ),
    (
        "4b 42 53 50 20 76 31 3a 11 00 1f 00 01 17 74 68 65 72 6d 6f 2d 66 38 30 30 30 38 30 30 31 32 33 34 35 36 31 30 02 \
         04 90 d9 40 00 e6 cc 0d 0a",
        "<TemperatureReadingMessage: sensor_name=thermo-f800080012345610 sensor_reading=4.25>",
    ),
    (
        "4b 42 53 50 20 76 31 3a 11 00 1f 00 01 17 74 68 65 72 6d 6f 2d 66 38 30 30 30 38 30 30 31 32 33 34 35 36 31 30 02 \
         04 a0 1c e9 ff ac c4 0d 0a",
        "<TemperatureReadingMessage: sensor_name=thermo-f800080012345610 sensor_reading=-1.5>",
    ),
    (
        "4b 42 53 50 20 76 31 3a 12 00 0c 00 01 06 72 65 6c 61 79 30 02 02 01 00 a4 03 0d 0a",
        "<OutputStatusMessage: output_name=relay0 output_reading=on>",
    ),
    (
        "4b 42 53 50 20 76 31 3a 13 00 0d 00 01 08 01 56 34 12 00 00 00 60 02 01 01 c0 be 0d 0a",
        "<OnewirePresenceMessage: device_id=6917529027946501633 status=1>",
    ),
    (
        "4b 42 53 50 20 76 31 3a 14 00 16 00 01 07 6f 6e 65 77 69 72 65 02 08 01 56 34 12 00 00 00 60 03 01 01 76 11 0d 0a",
        "<AuthTokenMessage: device=onewire token=0x0156341200000060 status=1>",
    ),
    (
        "4b 42 53 50 20 76 31 3a 14 00 16 00 01 07 6f 6e 65 77 69 72 65 02 08 01 56 34 12 00 00 00 60 03 01 00 ff 00 0d 0a",
        "<AuthTokenMessage: device=onewire token=0x0156341200000060 status=0>",
    ),
    (
        "4b 42 53 50 20 76 31 3a 14 00 15 00 01 09 63 6f 72 65 2e 72 66 69 64 02 05 8f 06 96 00 68 03 01 01 9f e5 0d 0a",
        "<AuthTokenMessage: device=core.rfid token=0x8f06960068 status=1>",
    ),
    ("4b 42 53 50 20 76 31 3a 81 00 00 00 d4 c7 0d 0a", "<PingCommand: >"),
    (
        "4b 42 53 50 20 76 31 3a 84 00 07 00 01 01 00 02 02 01 00 c8 6c 0d 0a",
        "<SetOutputCommand: output_id=0 output_mode=on>",
    ),
    (
        "4b 42 53 50 20 76 31 3a 84 00 07 00 01 01 00 02 02 00 00 10 75 0d 0a",
        "<SetOutputCommand: output_id=0 output_mode=off>",
    ),
    (
        "4b 42 53 50 20 76 31 3a 84 00 07 00 01 01 03 02 02 00 00 dc 68 0d 0a",
        "<SetOutputCommand: output_id=3 output_mode=off>",
    ),
    (
        "4b 42 53 50 20 76 31 3a 85 00 18 00 01 16 4b 42 2d 30 30 30 30 2d 30 30 30 30 2d 64 65 61 64 62 65 65 66 00 64 d9 \
         0d 0a",
        "<SetSerialNumberCommand: serial_number=KB-0000-0000-deadbeef>",
    ),
];

/// A meter's name may end with a NUL.
const TERMINATED: &str =
    "4b 42 53 50 20 76 31 3a 10 00 0e 00 01 06 66 6c 6f 77 31 00 02 04 04 00 00 00 55 0a 0d 0a";
const WRONG_CRC: &str = "4b 42 53 50 20 76 31 3a 01 00 04 00 01 02 03 00 3f 29 0d 0a";

fn read(check: CrcCheck, bytes: &[u8]) -> Vec<Found> {
    Reader::new(check).feed(bytes)
}

fn messages(found: &[Found]) -> Vec<String> {
    found
        .iter()
        .filter_map(|one| match one {
            Found::Frame(frame) => Some(Message::decode(frame).unwrap().to_string()),
            _ => None,
        })
        .collect()
}

#[test]
fn frames_of_real_boards_are_read_and_written_to_the_byte() {
    for (hex, text) in GOLDEN {
        let wire = bytes(hex);
        assert_eq!(crc(&wire[..wire.len() - 2]), 0, "{text}");
        let found = read(CrcCheck::Strict, &wire);
        let [Found::Frame(frame)] = found.as_slice() else { panic!("{text}: {found:?}") };
        let message = Message::decode(frame).unwrap();
        assert_eq!(message.to_string(), *text);
        assert_eq!(message.encode().encode(), wire, "{text}");
    }
    assert_eq!(
        messages(&read(CrcCheck::Strict, &bytes(TERMINATED))),
        ["<MeterStatusMessage: meter_name=flow1 meter_reading=4>"]
    );
}

#[test]
fn a_wrong_checksum_drops_a_frame_unless_it_is_to_be_ignored() {
    let wire = bytes(WRONG_CRC);
    assert_eq!(read(CrcCheck::Strict, &wire)[0], Found::BadCrc);
    assert_eq!(messages(&read(CrcCheck::Ignored, &wire)), ["<HelloMessage: firmware_version=3>"]);
}

#[test]
fn what_is_no_frame_is_told_once_and_the_next_frame_is_found() {
    let hello = bytes(GOLDEN[0].0);
    let noise = [b"garbage!".as_slice(), &hello, &hello].concat();
    let found = read(CrcCheck::Strict, &noise);
    assert_eq!(found[..2], [Found::Broken { found: b'g', expected: b'K' }, Found::Fixed]);
    assert_eq!(messages(&found).len(), 2);
    let twice = [b"KBSP v1:".as_slice(), &hello].concat();
    assert_eq!(messages(&read(CrcCheck::Strict, &twice)).len(), 1, "a beginning within a beginning");
    let long = [b"KBSP v1:\x01\x00\xf4\x01".as_slice(), &hello].concat();
    let found = read(CrcCheck::Strict, &long);
    assert_eq!(found[0], Found::BogusLength(500));
    assert_eq!(messages(&found).len(), 1);
    let mut trailer = hello.clone();
    trailer[18..].copy_from_slice(b"XX");
    let found = read(CrcCheck::Strict, &[trailer, hello.clone()].concat());
    assert_eq!(found[0], Found::BadTrailer(*b"XX"));
    assert_eq!(messages(&found).len(), 1);
    // A length that is taken for true swallows no frame behind it.
    let swallow = [b"KBSP v1:\x01\x00\x10\x00".as_slice(), &hello, &hello].concat();
    assert_eq!(messages(&read(CrcCheck::Strict, &swallow)).len(), 2);
}

#[test]
fn fields_may_be_missing_unknown_or_cut_but_not_of_a_wrong_length() {
    let frame = |payload: &[u8]| Frame { id: 0x10, payload: payload.to_vec() };
    let text = |payload: &[u8]| Message::decode(&frame(payload)).map(|message| message.to_string());
    assert_eq!(text(b"").unwrap(), "<MeterStatusMessage: meter_name=None meter_reading=None>");
    assert_eq!(
        text(b"\x09\x01x\x01\x01a\x01\x01b\x02\x04\x01").unwrap(),
        "<MeterStatusMessage: meter_name=b meter_reading=None>"
    );
    let wrong = Malformed::Field { message: "MeterStatus", field: "meter_reading", found: 2, expected: 4 };
    assert_eq!(text(b"\x02\x02\x01\x00").unwrap_err(), wrong);
    assert_eq!(Message::decode(&Frame { id: 0x7f, payload: vec![] }), Err(Malformed::UnknownId(0x7f)));
}

proptest! {
    #[test]
    fn frames_survive_any_noise_before_them_and_any_cut(
        noise in prop::collection::vec(any::<u8>(), 0..300),
        payload in prop::collection::vec(any::<u8>(), 0..=112),
        cuts in prop::collection::vec(0usize..600, 0..5),
    ) {
        let frame = Frame { id: 0x14, payload };
        let mut all = noise;
        // Behind as many bytes as a frame has, whatever the noise seemed to begin is over.
        all.extend([b'\n'; 128]);
        all.extend(frame.encode());
        let mut reader = Reader::new(CrcCheck::Strict);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(all.len())).collect();
        cuts.extend([0, all.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).flat_map(|pair| reader.feed(&all[pair[0]..pair[1]])).collect::<Vec<_>>();
        prop_assert_eq!(pieces.last(), Some(&Found::Frame(frame)));
        prop_assert_eq!(&pieces, &Reader::new(CrcCheck::Strict).feed(&all));
    }

    #[test]
    fn no_frame_makes_decoding_panic_and_what_is_decoded_stays_the_same(
        id in prop::sample::select(vec![1u16, 2, 0x10, 0x11, 0x12, 0x13, 0x14, 0x81, 0x84, 0x85, 0x7f]),
        payload in prop::collection::vec(any::<u8>(), 0..=112),
    ) {
        // A text that is none is shown with signs for what cannot be read, and those are other bytes.
        if let Ok(message) = Message::decode(&Frame { id, payload })
            && !message.to_string().contains('\u{fffd}')
        {
            let again = Message::decode(&message.encode()).unwrap();
            prop_assert_eq!(message.to_string(), again.to_string());
        }
    }
}
