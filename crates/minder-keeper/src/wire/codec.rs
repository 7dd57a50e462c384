//! The bytes of a message: little-endian numbers, lists and strings with a `u32` count in front, one byte for the
//! variant of an enum. One table a type gives both directions, so they cannot drift apart.

use std::fmt;

use crate::boot::Bequest;

use super::{
    ChildId, ChildState, CredentialCall, Credentials, ErrorTo, FromKeeper, Leader, Limit, OutputTo, Pipes,
    Reach, SpawnRequest, SpawnStep, Stage, StageFailure, StdinFrom, ToKeeper,
};

/// A message as bytes: [`ToKeeper`] and [`FromKeeper`].
pub trait Message: Sized {
    /// The message's bytes.
    fn encode(&self) -> Vec<u8>;

    /// The message of these bytes. Whatever they are it does not panic, and reserves no more than they are worth.
    ///
    /// # Errors
    /// [`Garbled`] when no message of this protocol has exactly these bytes.
    fn decode(bytes: &[u8]) -> Result<Self, Garbled>;
}

/// Bytes (or descriptors beside them) that are no message of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Garbled;

impl fmt::Display for Garbled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a message between keeper and mind")
    }
}

impl std::error::Error for Garbled {}

impl From<Garbled> for std::io::Error {
    fn from(garbled: Garbled) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, garbled)
    }
}

/// Something that has a place in a message.
pub(crate) trait Field: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(from: &mut &[u8]) -> Result<Self, Garbled>;

    /// A list's items; bytes override these two so that a string is one copy.
    fn put_all(items: &[Self], out: &mut Vec<u8>) {
        items.iter().for_each(|item| item.put(out));
    }
    fn take_all(count: usize, from: &mut &[u8]) -> Result<Vec<Self>, Garbled> {
        // Nothing is reserved: each item must first be found in the bytes, and none is shorter than one.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(Self::take(from)?);
        }
        Ok(items)
    }
}

fn split<'a>(from: &mut &'a [u8], count: usize) -> Result<&'a [u8], Garbled> {
    let (head, tail) = from.split_at_checked(count).ok_or(Garbled)?;
    *from = tail;
    Ok(head)
}

impl Field for u8 {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
    fn take(from: &mut &[u8]) -> Result<Self, Garbled> {
        split(from, 1).map(|byte| byte[0])
    }
    fn put_all(items: &[Self], out: &mut Vec<u8>) {
        out.extend_from_slice(items);
    }
    fn take_all(count: usize, from: &mut &[u8]) -> Result<Vec<Self>, Garbled> {
        split(from, count).map(<[u8]>::to_vec)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Field for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn take(from: &mut &[u8]) -> Result<Self, Garbled> {
                let bytes = split(from, size_of::<Self>())?;
                Ok(Self::from_le_bytes(bytes.try_into().map_err(|_| Garbled)?))
            }
        }
    )*};
}
numbers!(u32, i32, u64);

impl<T: Field> Field for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        // A message is bounded far below 4 GiB by `port`; a count that does not fit could never be sent.
        u32::try_from(self.len()).unwrap_or(u32::MAX).put(out);
        T::put_all(self, out);
    }
    fn take(from: &mut &[u8]) -> Result<Self, Garbled> {
        let count = u32::take(from)? as usize;
        T::take_all(count, from)
    }
}

impl<T: Field> Field for Box<T> {
    fn put(&self, out: &mut Vec<u8>) {
        T::put(self, out);
    }
    fn take(from: &mut &[u8]) -> Result<Self, Garbled> {
        T::take(from).map(Self::new)
    }
}

impl<T: Field> Field for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        u8::from(self.is_some()).put(out);
        self.iter().for_each(|value| value.put(out));
    }
    fn take(from: &mut &[u8]) -> Result<Self, Garbled> {
        match u8::take(from)? {
            0 => Ok(None),
            1 => T::take(from).map(Some),
            _ => Err(Garbled),
        }
    }
}

impl<A: Field, B: Field> Field for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
    fn take(from: &mut &[u8]) -> Result<Self, Garbled> {
        Ok((A::take(from)?, B::take(from)?))
    }
}

impl Field for ChildId {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }
    fn take(from: &mut &[u8]) -> Result<Self, Garbled> {
        u32::take(from).map(Self)
    }
}

impl Field for Pipes {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }
    fn take(from: &mut &[u8]) -> Result<Self, Garbled> {
        u8::take(from).and_then(|bits| if bits < 16 { Ok(Self(bits)) } else { Err(Garbled) })
    }
}

macro_rules! structs {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl Field for $name {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
            }
            fn take(from: &mut &[u8]) -> Result<Self, Garbled> {
                Ok(Self { $($field: Field::take(from)?),* })
            }
        }
    )*};
}
structs! {
    SpawnRequest {
        program, argv, environment, directory, credentials, umask, limits, leader, stdin, stdout, stderr, inherited,
        pid_variable
    }
    Credentials { uid, gid, groups }
    Limit { resource, soft, hard }
    Bequest { child, pid, state, failure, signals, pipes, fds }
    StageFailure { stage, errno }
}

macro_rules! enums {
    ($($name:ident { $($tag:literal $variant:ident $(($inner:ident))? $({ $($field:ident),* })?),* })*) => {$(
        impl Field for $name {
            fn put(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($inner))? $({ $($field),* })? => {
                        out.push($tag);
                        $($inner.put(out);)?
                        $($($field.put(out);)*)?
                    })*
                }
            }
            fn take(from: &mut &[u8]) -> Result<Self, Garbled> {
                match u8::take(from)? {
                    $($tag => {
                        $(let $inner = Field::take(from)?;)?
                        Ok(Self::$variant $(($inner))? $({ $($field: Field::take(from)?),* })?)
                    })*
                    _ => Err(Garbled),
                }
            }
        }
    )*};
}
enums! {
    ToKeeper {
        0 Spawn { child, request },
        1 Signal { child, signal, reach },
        2 Acknowledge { child },
        3 Hold { name },
        4 Release { name },
        5 Ready,
        6 Finish { status },
        7 Again,
        8 Obeyed { signal },
        9 Become,
        10 Noted { child }
    }
    FromKeeper {
        0 Hello { version, keeper, lives },
        1 Child { child, pid, state, failure, signals, pipes },
        2 Held { name },
        3 HelloEnd,
        4 Spawned { child, pid, failure, pipes },
        5 NotSpawned { child, step, errno },
        6 Exited { child, status },
        7 Reaped { pid, status },
        8 SignalFailed { child, errno },
        9 Asked { signal },
        10 Cloned { child, pid, pipes }
    }
    Reach { 0 Process, 1 Group }
    Leader { 0 Group, 1 Session }
    StdinFrom { 0 Pipe, 1 Null, 2 Held(name), 3 Inherit }
    OutputTo { 0 Pipe, 1 Null, 2 Inherit }
    ErrorTo { 0 Pipe, 1 Null, 2 Inherit, 3 Stdout }
    ChildState { 0 Alive, 1 Exited(status) }
    Stage { 0 Group, 1 Descriptors, 2 Limits, 3 Credentials(call), 4 Directory, 5 Exec }
    CredentialCall { 0 Groups, 1 Group, 2 User }
    SpawnStep { 0 Request, 1 Pipes, 2 Clone }
}

macro_rules! messages {
    ($($name:ident),*) => {$(
        impl Message for $name {
            fn encode(&self) -> Vec<u8> {
                encode(self)
            }
            fn decode(bytes: &[u8]) -> Result<Self, Garbled> {
                decode(bytes)
            }
        }
    )*};
}
messages!(ToKeeper, FromKeeper);

/// The bytes of a value.
pub(crate) fn encode<T: Field>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    value.put(&mut out);
    out
}

/// The value of bytes that hold it and nothing else.
pub(crate) fn decode<T: Field>(mut bytes: &[u8]) -> Result<T, Garbled> {
    let value = T::take(&mut bytes)?;
    if bytes.is_empty() { Ok(value) } else { Err(Garbled) }
}
