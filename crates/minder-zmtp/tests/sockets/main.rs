//! The sockets, with libzmq at the other end, with themselves, and with peers that say anything at all.

mod directions;
mod hostile;
mod idle;
mod listening;
mod place;
mod protocol;
mod python;
mod raw;
mod reconnecting;
