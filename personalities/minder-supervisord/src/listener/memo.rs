//! What a later mind must know of the pools, as bytes, and back.
//!
//! Little-endian numbers, strings behind their length. Anything that does not fit is no memo: pools begin anew then.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use minder_core::ids::{GroupName, InstanceId, Pid};
use minder_core::time::Instant;

use super::dialogue::{Answer, Dialogue, RESULT_LINE_BYTES_MAX, Stage};
use super::pool::{Ear, Letter, Listener, Pool, Serials};
use crate::events::EventType;

/// Changes with the layout.
const VERSION: u8 = 1;
/// How many bytes of waiting events a pool keeps for a later mind. It rewrites them with each change; what does not fit, the
/// newest, is lost if the mind is killed just then.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// What an earlier mind knew.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Recalled {
    pub(super) serials: Serials,
    /// Seconds since 1970 at the last look at the clock.
    pub(super) last_tick: Option<i64>,
    /// Without what the plan says of them.
    pub(super) pools: Vec<Pool>,
}

/// Writes it down.
pub(super) fn encode<'a>(
    serials: Serials,
    last_tick: Option<i64>,
    pools: impl ExactSizeIterator<Item = &'a Pool>,
) -> Vec<u8> {
    let mut out = Writer(vec![VERSION]);
    out.number(serials.0);
    out.option(last_tick.map(i64::cast_unsigned));
    out.number(pools.len() as u64);
    for pool in pools {
        out.bytes(pool.name.as_str().as_bytes());
        out.number(pool.serials.0);
        let kept = kept(&pool.waiting);
        out.number(kept as u64);
        pool.waiting.iter().take(kept).for_each(|letter| out.letter(letter));
        out.number(pool.listeners.len() as u64);
        for (id, listener) in &pool.listeners {
            out.number(id.0.into());
            out.listener(listener);
        }
    }
    out.0
}

/// Reads it again; `None` if it is damaged or of another version.
pub(super) fn decode(bytes: &[u8]) -> Option<Recalled> {
    let mut input = Input(bytes);
    if input.byte()? != VERSION {
        return None;
    }
    let serials = Serials(input.number()?);
    let last_tick = input.option()?.map(u64::cast_signed);
    let mut pools = Vec::new();
    for _ in 0..input.number()? {
        pools.push(input.pool()?);
    }
    input.0.is_empty().then_some(Recalled { serials, last_tick, pools })
}

fn kept(waiting: &VecDeque<Letter>) -> usize {
    let mut room = KEPT_BYTES_MAX;
    let fits = |letter: &&Letter| {
        let left = room.checked_sub(letter.payload.len());
        room = left.unwrap_or_default();
        left.is_some()
    };
    waiting.iter().take_while(fits).count()
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn option(&mut self, number: Option<u64>) {
        self.0.push(u8::from(number.is_some()));
        self.number(number.unwrap_or_default());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn letter(&mut self, letter: &Letter) {
        self.number(letter.serial);
        self.number(letter.pool_serial);
        self.bytes(letter.kind.name().as_bytes());
        self.bytes(letter.payload.as_bytes());
    }

    fn listener(&mut self, listener: &Listener) {
        self.number(listener.pid.get().into());
        self.0.push(match listener.dialogue.stage {
            Stage::Acknowledged => 0,
            Stage::Ready => 1,
            Stage::Busy => 2,
            Stage::Unknown => 3,
        });
        self.bytes(&listener.dialogue.partial);
        self.option(listener.dialogue.answer.as_ref().map(|answer| answer.left));
        self.bytes(listener.dialogue.answer.as_ref().map_or(&[], |answer| &answer.head));
        self.0.push(u8::from(listener.in_hand.is_some()));
        if let Some(letter) = &listener.in_hand {
            self.letter(letter);
        }
        self.0.push(match listener.ear {
            Ear::Open => 0,
            Ear::Closed => 1,
        });
        self.number(listener.refusals.into());
        self.option(listener.held_until.map(|until| until.0));
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (mine, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(mine)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    fn option(&mut self) -> Option<Option<u64>> {
        let there = self.byte()?;
        let number = self.number()?;
        match (there, number) {
            (0, 0) => Some(None),
            (1, number) => Some(Some(number)),
            (_, _) => None,
        }
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length.try_into().ok()?)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn letter(&mut self) -> Option<Letter> {
        let (serial, pool_serial) = (self.number()?, self.number()?);
        let kind = EventType::parse(self.text()?)?;
        Some(Letter { serial, pool_serial, kind, payload: Arc::from(self.text()?) })
    }

    fn pool(&mut self) -> Option<Pool> {
        let name = GroupName::new(self.text()?);
        let serials = Serials(self.number()?);
        let mut waiting = VecDeque::new();
        for _ in 0..self.number()? {
            waiting.push_back(self.letter()?);
        }
        let mut listeners = BTreeMap::new();
        for _ in 0..self.number()? {
            listeners.insert(InstanceId(self.small()?), self.listener()?);
        }
        Some(Pool { name, topics: Vec::new(), backlog: 1, serials, waiting, listeners })
    }

    fn listener(&mut self) -> Option<Listener> {
        let pid = Pid::new(self.small()?)?;
        let stage = match self.byte()? {
            0 => Stage::Acknowledged,
            1 => Stage::Ready,
            2 => Stage::Busy,
            3 => Stage::Unknown,
            _ => return None,
        };
        let partial = self.bytes()?.to_vec();
        let (left, head) = (self.option()?, self.bytes()?.to_vec());
        let answer = left.map(|left| Answer { left, head });
        let in_hand = match self.byte()? {
            0 => None,
            1 => Some(self.letter()?),
            _ => return None,
        };
        let ear = match self.byte()? {
            0 => Ear::Open,
            1 => Ear::Closed,
            _ => return None,
        };
        let (refusals, held_until) = (self.small()?, self.option()?.map(Instant));
        if partial.len() > RESULT_LINE_BYTES_MAX || (stage == Stage::Busy) != in_hand.is_some() {
            return None;
        }
        let dialogue = Dialogue { stage, partial, answer };
        Some(Listener { pid, dialogue, in_hand, ear, refusals, held_until })
    }
}

#[cfg(test)]
mod tests;
