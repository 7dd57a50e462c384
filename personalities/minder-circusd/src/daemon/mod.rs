//! circusd's start, and what its mind is made of.
