//! What becomes of a recording: whether it is kept, where, and what happens when there is no room.

pub mod filters;
pub mod guard;
pub mod managers;
pub mod moving;
pub mod template;
