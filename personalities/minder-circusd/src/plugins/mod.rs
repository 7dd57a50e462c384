//! circus-plugin, and the plugins that it has built in.

mod command_reloader;
mod config;
mod figures;
mod flapping;
mod full_stats;
mod http;
mod http_observer;
mod period;
mod plugin;
mod redis;
mod redis_observer;
mod resource_watcher;
mod statsd;
mod watchdog;
