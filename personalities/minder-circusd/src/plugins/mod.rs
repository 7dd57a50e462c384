//! circus-plugin, and the plugins that it has built in.
