//! What a keg fridge has around the daemons, without the fridge: a board on a pseudo-terminal, and a server.

pub mod board;
pub mod player;
pub mod scene;
pub mod server;
