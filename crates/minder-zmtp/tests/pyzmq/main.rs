//! The sockets against libzmq, in all directions, over TCP and Unix sockets.

mod directions;
mod python;
