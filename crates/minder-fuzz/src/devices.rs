//! What devices read: lines from boards, and what cores, clients and servers say.

use std::time::Duration;

use minder_brewpi::script::{Incoming, IncomingReader};
use minder_kegbot::api::Answer;
use minder_kegbot::kbsp::{CrcCheck, Found, Message, PAYLOAD_BYTES_MAX, Reader};
use minder_kegbot::kegnet::{Event, Lines};
use minder_kegbot::simulate::board::Board;

/// Bytes from a Kegboard: however they are cut the same frames are in them, and what is a message stays the same on its way back.
pub fn kbsp_line(bytes: &[u8]) {
    for check in [CrcCheck::Strict, CrcCheck::Ignored] {
        let whole = Reader::new(check).feed(bytes);
        let mut one_by_one = Reader::new(check);
        let cut: Vec<Found> = bytes.chunks(1).flat_map(|byte| one_by_one.feed(byte)).collect();
        assert_eq!(whole, cut);
        for found in whole {
            let Found::Frame(frame) = found else { continue };
            assert!(frame.payload.len() <= PAYLOAD_BYTES_MAX);
            let Ok(message) = Message::decode(&frame) else { continue };
            let again = message.encode();
            // A text that is none is shown with signs for what cannot be read, and those are other bytes.
            if again.payload.len() <= PAYLOAD_BYTES_MAX && !message.to_string().contains('\u{fffd}') {
                assert_eq!(Message::decode(&again).map(|again| again.to_string()), Ok(message.to_string()));
            }
        }
    }
    let mut board = Board::new(18);
    board.hear(bytes);
    board.pass(Duration::from_secs(1));
    let _ = board.said();
}

/// Bytes over kegnet: what is an event is the same one when it is sent on.
pub fn kegnet_stream(bytes: &[u8]) {
    let Ok(messages) = Lines::default().feed(bytes) else { return };
    for message in messages {
        match Event::read(&message) {
            Ok(Event::Other(_)) => {}
            Ok(event) => {
                let sent = event.message();
                let body = sent.strip_suffix(b"\n\n").expect("a message ends with two line feeds");
                assert!(!body.contains(&b'\n'), "a message is one line");
                assert_eq!(Event::read(body), Ok(event));
            }
            Err(error) => assert!(error.to_string().len() < 2000),
        }
    }
}

/// An answer of a Kegbot server, to any question.
pub fn keg_server_answer(bytes: &[u8]) {
    match Answer::read(200, bytes) {
        Ok(answer) => {
            let _ = (answer.taps(), answer.drinks(), answer.sound_events(), answer.token(), answer.poured());
        }
        Err(error) => drop(error.to_string()),
    }
}

/// Lines from a BrewPi: no bytes make a line with an end in it, and nothing is held without bound.
pub fn brewpi_lines(bytes: &[u8]) {
    let mut reader = IncomingReader::default();
    for chunk in bytes.chunks(7) {
        for incoming in reader.take(chunk) {
            match incoming {
                Incoming::Line(line) => assert!(!line.contains('\n') && !line.is_empty()),
                Incoming::Debug(text) => assert!(!text.contains('\n')),
                Incoming::Noise(count) => assert!(count > 0),
            }
        }
    }
}
