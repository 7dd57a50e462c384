//! The queue of what is due, the beat that fills it and the workers that empty it.

pub mod planner;
