//! What processes use, and circusd-stats.
