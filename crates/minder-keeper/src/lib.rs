//! The keeper: the process that the user started, whose pid is in the pidfile, and the parent of every child. It
//! clones what it is told to, reaps, holds descriptors by name, and starts the mind again whenever that dies.
//!
//! ```text
//!   front ──Boot::exec──▶ keeper ◀──wire, one socket──▶ mind
//!                           │ clone · reap · hold
//!                  child  child  child  (orphans too)
//! ```
//!
//! In reading order:
//! - [`wire`]: what keeper and mind say to each other; all that the mind needs of this crate, with [`Role`].
//! - `boot`: which of the three processes this is; what the front hands over.
//! - `keeper`: the loop. `mind`: starting the mind again, and when not to.
//! - `reap`: the table of children, and of what the mind knows of them. `adopted`: those of an earlier keeper. `held`:
//!   descriptors by name.
//! - `spawn`: from a request to a process. `stage`: what that process does before its program, and `announce` first of
//!   all, with an entry in the register of [`births`].
//! - `thrift`: giving back memory that only a start needed.
//! - `signals`, `origin`: the process's signals; what it was started with, for its children to have again.
//!
//! Invariants: it knows no configuration, no policy, no clock but for a mind that dies or hangs. It never blocks on
//! the mind, and wakes for nothing but a signal or a message. A child's exit is kept until it is acknowledged.
//! Between clone and exec nothing is allocated. It has one thread, in the keeper's process.

mod adopted;
mod announce;
pub mod births;
mod boot;
mod held;
mod keeper;
mod mind;
mod origin;
mod outbox;
mod reap;
mod signals;
mod spawn;
mod stage;
mod thrift;
pub mod wire;

pub use boot::{
    Boot, KeptChild, RESTART_VARIABLE, ROLE_VARIABLE, Role, RoleError, Succession, TABLE_VERSION,
};
pub use keeper::Keeper;
pub use mind::MindCommand;
pub use signals::hold_signals;
pub use thrift::give_back;

/// Is the keeper from here on, with this executable as its mind. The result is the exit status for `main`.
#[must_use]
pub fn run(boot: Boot) -> i32 {
    match Keeper::new(boot, MindCommand::own()) {
        Ok(keeper) => keeper.run(),
        Err(error) => {
            keeper::report(format_args!("cannot begin: {error}"));
            1
        }
    }
}
