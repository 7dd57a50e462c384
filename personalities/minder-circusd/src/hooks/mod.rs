//! The moments at which somebody else is asked.
