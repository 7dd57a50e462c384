//! A part of each day.
