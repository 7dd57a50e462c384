//! The methods over a fake `Control`.
//!
//! - `golden`: dialogues recorded from supervisord 4.3.0, byte for byte.
//! - `orders`: which method asks for what, and how refusals come out.
//! - `hostile`: bodies that nobody wrote.

#[path = "rpc/fake.rs"]
mod fake;
#[path = "rpc/golden.rs"]
mod golden;
#[path = "rpc/hostile.rs"]
mod hostile;
#[path = "rpc/orders.rs"]
mod orders;
