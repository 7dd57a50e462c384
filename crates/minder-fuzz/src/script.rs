//! A peer that says what it is told to say, and listens to all.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How often it hesitates before it goes: whoever answers in a moment is heard to the end.
const PAUSES: u32 = 64;

/// The peer's end of a stream, seen from ours.
pub(crate) struct Script {
    left: VecDeque<Vec<u8>>,
    pauses: u32,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Script {
    /// A peer that says these pieces and goes; and what it will have heard.
    pub(crate) fn new(pieces: &[&[u8]]) -> (Self, Arc<Mutex<Vec<u8>>>) {
        let heard = Arc::default();
        let left = pieces.iter().map(|piece| piece.to_vec()).collect();
        (Self { left, pauses: PAUSES, heard: Arc::clone(&heard) }, heard)
    }
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(piece) = self.left.front_mut() {
            let size = piece.len().min(into.remaining());
            into.put_slice(&piece[..size]);
            piece.drain(..size);
            if piece.is_empty() {
                self.left.pop_front();
            }
            return Poll::Ready(Ok(()));
        }
        if self.pauses > 0 {
            self.pauses -= 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.heard.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
