//! A season of work at one place: its record, its checks, its boot units.
