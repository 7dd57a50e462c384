//! dinit, which no package manager used here has: what it reached on another quiet machine with two processors stands for it.

/// The beginning of a row's name, and dinit's figure.
pub(in crate::bench) const MARKS: &[(&str, &str)] = &[
    ("start 10 by", "1.43 × floor"),
    ("start 1000 by", "1.23 × floor"),
    ("restart", "1.35, 1.87 ms"),
    ("memory (PSS), 100", "1.8 MB"),
    ("memory (PSS), 1000", "3.2 MB"),
    ("state of all, 100 ", "0.3 ms"),
    ("state of all, 1000", "4.1 ms"),
    ("crash storm: restarts", "2040/s"),
    ("crash storm: state", "p99 207 ms"),
    ("stop", "0.9–1.2 × floor"),
];
