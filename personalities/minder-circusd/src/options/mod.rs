//! What a watcher is, whether it came from a file or from a client.
