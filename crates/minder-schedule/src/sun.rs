//! When the sun rises.
