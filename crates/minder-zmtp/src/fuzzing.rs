//! Doors for the fuzz targets: the decoder alone, and a connection whose peer says what it is told to say.

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

use crate::bounds::Bounds;
use crate::command::Command;
use crate::connection::{Connection, Incoming, Role};
use crate::decoder::{Decoder, Item, Limits};
use crate::error::End;
use crate::frame::{Kind, encode_message, put_frame};
use crate::outbox::Outbox;
use crate::pool::Pool;
use crate::stream::Stream;

/// So small that a short input reaches them.
const LIMITS: Limits = Limits { message_bytes: 300, frames: 8, command_bytes: 100 };

/// What a decoder made of bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoded {
    /// Messages and commands, as text.
    pub items: String,
    /// What was wrong with the rest, if something was.
    pub error: Option<String>,
    /// The same items as we would send them.
    pub encoded: Bytes,
}

/// What a decoder makes of bytes that come in these pieces.
///
/// # Panics
/// When it holds more than its limits allow.
pub fn decoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Decoded {
    let mut decoder = Decoder::new(LIMITS, BytesMut::new());
    let (mut items, mut again) = (Vec::new(), BytesMut::new());
    for piece in pieces {
        decoder.buffer.extend_from_slice(piece);
        loop {
            match decoder.next_item() {
                Ok(Some(item)) => {
                    match &item {
                        Item::Message(frames) => again.extend_from_slice(&encode_message(frames)),
                        Item::Command(body) => {
                            let _ = Command::parse(body);
                            put_frame(&mut again, Kind::Command, body);
                        }
                    }
                    items.push(item);
                }
                Ok(None) => break,
                Err(error) => {
                    let (items, error) = (format!("{items:?}"), Some(format!("{error:?}")));
                    return Decoded { items, error, encoded: again.freeze() };
                }
            }
        }
        assert!(decoder.held() <= LIMITS.message_bytes + LIMITS.command_bytes + piece.len() + 9);
    }
    Decoded { items: format!("{items:?}"), error: None, encoded: again.freeze() }
}

/// Which kind of socket the bytes come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kinds {
    /// ROUTER
    Router,
    /// DEALER
    Dealer,
    /// PUB
    Publisher,
    /// SUB
    Subscriber,
}

/// What a connection hears of a peer that says these pieces and goes: messages, subscriptions, and how it ended.
///
/// # Panics
/// When the system has no descriptors left.
pub async fn heard(kind: Kinds, pieces: Vec<Vec<u8>>) -> Vec<String> {
    let role = match kind {
        Kinds::Router => Role::Router,
        Kinds::Dealer => Role::Dealer,
        Kinds::Publisher => Role::Publisher,
        Kinds::Subscriber => Role::Subscriber,
    };
    let (ours, mut theirs) = UnixStream::pair().expect("two sockets");
    let saying = async move {
        for piece in pieces {
            if theirs.write_all(&piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        // Only the writing ends: what is answered must have somebody to come to.
        let _ = theirs.shutdown().await;
        theirs
    };
    let (said, _theirs) = tokio::join!(hear(Stream::Unix(ours), role), saying);
    said
}

async fn hear(stream: Stream, role: Role) -> Vec<String> {
    let (pool, outbox) = (Pool::default(), Outbox::default());
    let mut said = Vec::new();
    let ended: Result<(), End> = async {
        let mut connection = Connection::open(stream, role, b"", &pool, &Bounds::default()).await?;
        loop {
            said.push(match connection.next(&outbox).await? {
                Incoming::Message(frames) => format!("message of {} frames", frames.len()),
                Incoming::Subscribe(topic) => format!("subscribe {topic:?}"),
                Incoming::Cancel(topic) => format!("cancel {topic:?}"),
            });
        }
    }
    .await;
    said.push(format!("{ended:?}"));
    said
}
