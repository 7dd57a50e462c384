//! The marked part of a stream, and the marks around it.

use std::mem;

use minder_core::program::Capture;

/// Cuts a stream at its marks, however reads have cut it before.
#[derive(Debug)]
pub(super) struct Marks {
    begin: Box<[u8]>,
    end: Box<[u8]>,
    side: Side,
    /// Bytes that came but were too few to judge. At most the longer mark.
    held: Vec<u8>,
    collected: Collected,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Outside,
    Inside,
}

/// A piece of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Piece<'a> {
    /// Not marked. Never empty.
    Plain(&'a [u8]),
    /// Of the marked part. Never empty.
    Marked(&'a [u8]),
    /// The mark that ends it.
    End,
}

/// What was collected of a marked part.
#[derive(Debug)]
pub(super) struct Collected {
    bytes: Vec<u8>,
    limit: usize,
}

impl Marks {
    /// Outside of a marked part. `None` when a mark is empty: then no part can be told from the rest.
    pub(super) fn new(spec: &Capture) -> Option<Self> {
        if spec.begin.is_empty() || spec.end.is_empty() {
            return None;
        }
        Some(Self {
            begin: spec.begin.as_bytes().into(),
            end: spec.end.as_bytes().into(),
            side: Side::Outside,
            held: Vec::new(),
            collected: Collected {
                bytes: Vec::new(),
                limit: usize::try_from(spec.limit).unwrap_or(usize::MAX),
            },
        })
    }

    /// Cuts the next chunk. What is not longer than the mark that is looked for waits for more, as in the
    /// original, even where it cannot be a part of that mark.
    pub(super) fn cut(&mut self, chunk: &[u8], each: &mut impl FnMut(Piece<'_>, &mut Collected)) {
        let joined;
        let mut rest = if self.held.is_empty() {
            chunk
        } else {
            let mut held = mem::take(&mut self.held);
            held.extend_from_slice(chunk);
            joined = held;
            &joined
        };
        loop {
            let mark = match self.side {
                Side::Outside => &self.begin,
                Side::Inside => &self.end,
            };
            if rest.len() <= mark.len() {
                self.held = rest.to_vec();
                return;
            }
            let Some(at) = memchr::memmem::find(rest, mark) else {
                let (whole, begun) = rest.split_at(rest.len() - begun(rest, mark));
                self.held = begun.to_vec();
                self.give(whole, each);
                return;
            };
            let after = at + mark.len();
            self.give(&rest[..at], each);
            self.side = match self.side {
                Side::Outside => Side::Inside,
                Side::Inside => {
                    each(Piece::End, &mut self.collected);
                    Side::Outside
                }
            };
            rest = &rest[after..];
        }
    }

    /// How many of the last bytes are held back.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// The stream has ended: judges what was held back, and begins anew. A marked part that was not ended is
    /// dropped, as in the original.
    pub(super) fn finish(&mut self, each: &mut impl FnMut(Piece<'_>, &mut Collected)) {
        let held = mem::take(&mut self.held);
        match self.side {
            Side::Outside if *held == *self.begin => {}
            Side::Inside if *held == *self.end => each(Piece::End, &mut self.collected),
            Side::Outside | Side::Inside => self.give(&held, each),
        }
        self.side = Side::Outside;
        self.forget();
    }

    /// Drops what was collected of a marked part so far; what comes yet is collected.
    pub(super) fn forget(&mut self) {
        self.collected.bytes = Vec::new();
    }

    fn give(&mut self, bytes: &[u8], each: &mut impl FnMut(Piece<'_>, &mut Collected)) {
        if bytes.is_empty() {
            return;
        }
        let piece = match self.side {
            Side::Outside => Piece::Plain(bytes),
            Side::Inside => Piece::Marked(bytes),
        };
        each(piece, &mut self.collected);
    }
}

impl Collected {
    /// Adds to it. Where that would be more than the limit, as many bytes as come are dropped from the front, which
    /// can be more than need be, and a longer chunk is kept whole: the original's arithmetic, kept on purpose.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > self.limit {
            self.bytes.drain(..bytes.len().min(self.bytes.len()));
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Everything, and begins anew.
    pub(super) fn take(&mut self) -> Vec<u8> {
        mem::take(&mut self.bytes)
    }
}

/// How many of the last bytes may be the beginning of the mark.
fn begun(bytes: &[u8], mark: &[u8]) -> usize {
    (1..mark.len()).rev().find(|length| bytes.ends_with(&mark[..*length])).unwrap_or(0)
}
