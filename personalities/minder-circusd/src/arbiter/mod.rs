//! What the daemon does with watchers: the workflows behind the commands.
