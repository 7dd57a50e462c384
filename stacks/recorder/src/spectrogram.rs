//! A picture of a recording.
