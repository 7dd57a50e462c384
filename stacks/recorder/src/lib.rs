//! A bird or bat recorder: capture, detection, storage and messages, as tasks.
