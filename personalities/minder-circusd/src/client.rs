//! A client of any Circus: asks one thing, waits for its answer.
