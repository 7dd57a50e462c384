//! From settings to what the daemon begins with: watchers, those of plugins and its own among them, and sockets.

use std::sync::Arc;

use serde_json::json;

use super::STATS_WATCHER;
use super::kept::{Kept, Logging};
use crate::arbiter::log::Level;
use crate::arbiter::remember::KeptWatcher;
use crate::arbiter::wishes::Wishes;
use crate::arbiter::{Course, Listing, Status};
use crate::ini::{Circus, PluginSection, RealMachine, Settings};
use crate::lower::OWN_EXECUTABLE;
use crate::options::{Exception, WatcherOptions, shellwords};
use crate::sockets::{self, Socket};

/// Watchers that are the daemon's own, and that a file does not change.
pub fn is_internal(name: &str) -> bool {
    name == STATS_WATCHER || name == "circushttpd"
}

/// The watchers of a file and its plugins, and why others are none: lines for the log.
pub fn watchers(settings: &Settings) -> (Vec<WatcherOptions>, Vec<String>) {
    let (mut watchers, mut refused) = (Vec::new(), Vec::new());
    let mut sort = |made: Result<WatcherOptions, Exception>| match made {
        Ok(options) => watchers.push(options),
        Err(error) => refused.push(format!("Failed to create watcher\n{error}")),
    };
    for section in &settings.watchers {
        sort(section.options(&RealMachine));
    }
    for plugin in &settings.plugins {
        sort(plugin.options(&plugin_command(plugin, &settings.circus), settings.circus.debug, &RealMachine));
    }
    (watchers, refused)
}

/// What runs a plugin: minder itself, called by that name.
fn plugin_command(plugin: &PluginSection, circus: &Circus) -> String {
    let pairs = plugin.configuration();
    let config = pairs.iter().map(|(key, value)| format!("{key}:{value}")).collect::<Vec<_>>().join(":::");
    let mut words = vec![
        format!("{OWN_EXECUTABLE}circus-plugin"),
        "--endpoint".to_owned(),
        circus.endpoint.clone(),
        "--pubsub".to_owned(),
        circus.pubsub_endpoint.clone(),
        "--config".to_owned(),
        config,
    ];
    words.extend(log_words(circus));
    words.push(plugin.class.clone());
    words.iter().map(|word| shellwords::quote(word)).collect::<Vec<_>>().join(" ")
}

/// How much a program beside the daemon logs, and where.
fn log_words(circus: &Circus) -> Vec<String> {
    let level = if circus.debug { Some("DEBUG") } else { circus.loglevel.as_deref() };
    let pairs = [("--log-level", level), ("--log-output", circus.logoutput.as_deref())];
    let given = pairs.into_iter().filter_map(|(option, value)| Some([option.to_owned(), value?.to_owned()]));
    given.flatten().collect()
}

/// The watcher that samples what processes use, if it is wanted.
fn stats_watcher(circus: &Circus) -> Option<Result<WatcherOptions, Exception>> {
    if !circus.statsd {
        return None;
    }
    let mut words = vec![
        format!("{OWN_EXECUTABLE}{STATS_WATCHER}"),
        "--endpoint".to_owned(),
        circus.endpoint.clone(),
        "--pubsub".to_owned(),
        circus.pubsub_endpoint.clone(),
        "--statspoint".to_owned(),
        circus.stats_endpoint.clone(),
    ];
    words.extend(log_words(circus));
    let cmd = words.iter().map(|word| shellwords::quote(word)).collect::<Vec<_>>().join(" ");
    let stream = if circus.debug { json!({"class": "StdoutStream"}) } else { json!(null) };
    let keywords = json!({
        "cmd": cmd,
        "use_sockets": true,
        "singleton": true,
        "stdout_stream": stream,
        "stderr_stream": stream,
        "copy_env": true,
        "copy_path": true,
    });
    let keywords = keywords.as_object().cloned().unwrap_or_default();
    Some(WatcherOptions::construct(STATS_WATCHER, keywords, &RealMachine))
}

/// What the daemon begins with, and what is to be logged of what is missing.
pub fn begin(file: &str, settings: &Settings) -> (Kept, Vec<String>) {
    let (watchers, mut refused) = watchers(settings);
    let mut all: Vec<WatcherOptions> = Vec::new();
    // The daemon's own come between the file's and those of plugins.
    let first_plugin = watchers.iter().position(|options| options.name.starts_with("plugin:"));
    let (files, plugins) = watchers.split_at(first_plugin.unwrap_or(watchers.len()));
    all.extend(files.iter().cloned());
    match stats_watcher(&settings.circus) {
        Some(Ok(options)) => all.push(options),
        Some(Err(error)) => refused.push(format!("Failed to create watcher\n{error}")),
        None => {}
    }
    all.extend(plugins.iter().cloned());
    let mut opened: Vec<Socket> = Vec::new();
    for section in &settings.sockets {
        match section.options(&RealMachine) {
            Ok(options) => {
                let descriptor = sockets::free_descriptor(opened.iter());
                opened.push(Socket { spec: Arc::new(sockets::lower(&options)), descriptor });
            }
            Err(error) => refused.push(format!("Failed to create socket\n{error}")),
        }
    }
    let fresh =
        |options| KeptWatcher { options, group: None, status: Status::Stopped, listing: Listing::Listed };
    let kept = Kept {
        file: file.to_owned(),
        circus: settings.circus.clone(),
        bounds: settings.bounds,
        baseline: settings.baseline(&RealMachine),
        sockets: opened,
        watchers: all.into_iter().map(fresh).collect(),
        course: Course::Beginning,
        wishes: Wishes::default(),
        log: Logging { level: Level::Info, output: "-".to_owned() },
        pidfile: None,
        remarks: Vec::new(),
    };
    (kept, refused)
}
