//! What a configuration says.

use super::machine::Machine;
use crate::options::environment::Environment;
use crate::options::exception::Exception;
use crate::options::watcher::WatcherOptions;
use minder_config::{Problem, Span};
use minder_zmtp::Bounds;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Everything that the files of a configuration say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The daemon's own section.
    pub circus: Circus,
    /// Watchers, sorted by name.
    pub watchers: Vec<WatcherSection>,
    /// Sockets, sorted by name.
    pub sockets: Vec<SocketSection>,
    /// Plugins, sorted by name.
    pub plugins: Vec<PluginSection>,
    /// What the peers of the endpoints may take.
    pub bounds: Bounds,
    /// What the original accepts and somebody should look at: in the order of the file.
    pub warnings: Vec<Problem>,
}

/// `[circus]`, with the original's defaults.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key of the section")]
pub struct Circus {
    /// Seconds between two manage passes; zero or less is no passes.
    pub check_delay: f64,
    /// Where commands are taken.
    pub endpoint: String,
    /// Who owns the socket file of an `ipc://` endpoint.
    pub endpoint_owner: Option<String>,
    /// Where events are published.
    pub pubsub_endpoint: String,
    /// Where the daemon answers who looks for it; empty is nowhere.
    pub multicast_endpoint: String,
    /// Where statistics are published.
    pub stats_endpoint: String,
    /// Whether they are.
    pub statsd: bool,
    /// The umask of the daemon and its workers.
    pub umask: Option<i64>,
    /// Seconds between the starts of two watchers.
    pub warmup_delay: i64,
    /// Whether `circushttpd` is to run.
    pub httpd: bool,
    /// Its host.
    pub httpd_host: String,
    /// Its port.
    pub httpd_port: i64,
    /// Whether the daemon's own watchers tell everything.
    pub debug: bool,
    /// Of no meaning outside Python.
    pub debug_gc: bool,
    /// The file that holds the daemon's process id.
    pub pidfile: Option<String>,
    /// The least level that is logged.
    pub loglevel: Option<String>,
    /// Where it is logged.
    pub logoutput: Option<String>,
    /// A file of Python's logging.
    pub loggerconfig: Option<String>,
    /// What stands before the host in the daemon's identity.
    pub fqdn_prefix: Option<String>,
}

impl Default for Circus {
    fn default() -> Self {
        Self {
            check_delay: 5.0,
            endpoint: "tcp://127.0.0.1:5555".to_owned(),
            endpoint_owner: None,
            pubsub_endpoint: "tcp://127.0.0.1:5556".to_owned(),
            multicast_endpoint: "udp://237.219.251.97:12027".to_owned(),
            stats_endpoint: "tcp://127.0.0.1:5557".to_owned(),
            statsd: false,
            umask: None,
            warmup_delay: 0,
            httpd: false,
            httpd_host: "localhost".to_owned(),
            httpd_port: 8080,
            debug: false,
            debug_gc: false,
            pidfile: None,
            loglevel: None,
            logoutput: None,
            loggerconfig: None,
            fqdn_prefix: None,
        }
    }
}

impl Circus {
    /// The section's values by their keys, as the original holds them.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let delay = if self.check_delay.is_finite() {
            json!(self.check_delay)
        } else {
            json!(crate::options::python::float_text(self.check_delay))
        };
        let values = json!({
            "check_delay": delay,
            "endpoint": self.endpoint,
            "endpoint_owner": self.endpoint_owner,
            "pubsub_endpoint": self.pubsub_endpoint,
            "multicast_endpoint": self.multicast_endpoint,
            "stats_endpoint": self.stats_endpoint,
            "statsd": self.statsd,
            "umask": self.umask,
            "warmup_delay": self.warmup_delay,
            "httpd": self.httpd,
            "httpd_host": self.httpd_host,
            "httpd_port": self.httpd_port,
            "debug": self.debug,
            "debug_gc": self.debug_gc,
            "pidfile": self.pidfile,
            "loglevel": self.loglevel,
            "logoutput": self.logoutput,
            "loggerconfig": self.loggerconfig,
            "fqdn_prefix": self.fqdn_prefix,
        });
        match values {
            Value::Object(values) => values,
            _ => Map::new(),
        }
    }
}

/// `[watcher:NAME]`: the keywords that the original makes a watcher of.
#[derive(Clone, Debug, PartialEq)]
pub struct WatcherSection {
    /// The name in its own case.
    pub name: String,
    /// The keywords: those that always have a value, and every other key of the section. Streams, limits and hooks are objects.
    pub values: Map<String, Value>,
    /// `[env]`, every `[env:PATTERN]` that matches, and with `copy_env` the daemon's environment; `$NAME` is still there.
    pub env: Environment,
    /// Where the name stands.
    pub at: Span,
    /// Where the value of each key of the section stands.
    pub places: BTreeMap<String, Span>,
}

impl WatcherSection {
    /// The environment as the watcher gets it, with `$NAME` replaced from the daemon's.
    #[must_use]
    pub fn environment(&self, machine: &dyn Machine) -> Environment {
        self.env.with_references_replaced(&machine.environment())
    }

    /// The watcher.
    ///
    /// # Errors
    ///
    /// Why there is none: the daemon logs `Failed to create watcher` and goes on without it.
    pub fn options(&self, machine: &dyn Machine) -> Result<WatcherOptions, Exception> {
        let mut keywords = self.values.clone();
        keywords.insert("env".to_owned(), self.environment(machine).to_json());
        WatcherOptions::construct(&self.name, keywords, machine)
    }
}

/// `[socket:NAME]`: its keys as they are written. [`SocketSection::options`] is what they mean.
#[derive(Clone, Debug, PartialEq)]
pub struct SocketSection {
    /// The name in lower case.
    pub name: String,
    /// The keys, and `so_reuseport` and `replace`, which always have a value.
    pub values: Map<String, Value>,
    /// Where the name stands.
    pub at: Span,
    /// Where the value of each key stands.
    pub places: BTreeMap<String, Span>,
}

/// `[plugin:NAME]`: the configuration of a plugin, and of the watcher that runs it.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginSection {
    /// The name with `plugin:` before it, as the watcher has it.
    pub name: String,
    /// The dotted name of the plugin's class.
    pub class: String,
    /// The keys but `use`: all of them are the plugin's configuration, those that a watcher knows are the watcher's too.
    pub values: Map<String, Value>,
    /// Where the name stands.
    pub at: Span,
    /// Where the value of each key stands.
    pub places: BTreeMap<String, Span>,
}

impl PluginSection {
    /// The watcher that runs the plugin, with the command that does so. Unless `debug` is on, its output goes nowhere.
    ///
    /// # Errors
    ///
    /// Why there is none: here the original does not start at all.
    pub fn options(
        &self,
        cmd: &str,
        debug: bool,
        machine: &dyn Machine,
    ) -> Result<WatcherOptions, Exception> {
        let stream = if debug { json!({"class": "StdoutStream"}) } else { Value::Null };
        let defaults = [
            ("cmd", json!(cmd)),
            ("priority", json!(1)),
            ("singleton", json!(true)),
            ("stdout_stream", stream.clone()),
            ("stderr_stream", stream),
            ("copy_env", json!(true)),
            ("copy_path", json!(true)),
            ("close_child_stderr", json!(!debug)),
            ("close_child_stdout", json!(!debug)),
        ];
        let mut keywords: Map<String, Value> =
            defaults.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        keywords.extend(self.values.clone());
        WatcherOptions::construct(&self.name, keywords, machine)
    }

    /// The configuration that the plugin is given, as texts: the keys but `use`, with `name` among them.
    #[must_use]
    pub fn configuration(&self) -> BTreeMap<String, String> {
        let mut texts: BTreeMap<String, String> = self
            .values
            .iter()
            .map(|(key, value)| (key.clone(), crate::options::python::text(value)))
            .collect();
        texts.insert("name".to_owned(), self.name.clone());
        texts
    }
}
