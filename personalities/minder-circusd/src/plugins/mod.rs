//! circus-plugin, and the plugins that it has built in.
//!
//! ```text
//! circus-plugin … PLUGIN ─┬─ built in: a machine (plugin.rs: what one is) run by `runner`
//!                         └─ else: the real circus-plugin of a Python (python.rs)
//! ```
//!
//! - `plugin`: what happens to a plugin, and what it may order. `period`, `config`, `figures`: what several use.
//! - `flapping`, `resource_watcher`, `watchdog`, `command_reloader`, `statsd`, `full_stats`, `redis_observer`, `http_observer`:
//!   a plugin a file. They do no I/O.
//! - `runner`, `speaker`, `statsd_socket`, `errand`, `redis`, `http`: the I/O.

mod command_reloader;
mod config;
mod errand;
mod figures;
mod flapping;
mod full_stats;
mod http;
mod http_observer;
mod period;
mod plugin;
mod python;
mod redis;
mod redis_observer;
mod resource_watcher;
mod runner;
mod speaker;
mod statsd;
mod statsd_socket;
#[cfg(test)]
mod timelines;
mod watchdog;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::process::ExitCode;

use minder_zmtp::Subscriber;
use tokio::net::UdpSocket;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use crate::companion::arguments::{Arguments, Grammar, Takes};
use crate::companion::link::{ENDPOINT, Link, LinkError, PUBSUB};
use crate::companion::log::{Level, Log};
use crate::companion::{failed, printed, refused, understood};
use config::{Config, ConfigError};
use plugin::Plugin;
use runner::Surroundings;
use speaker::Speaker;
use statsd_socket::StatsdSocket;

const GRAMMAR: Grammar = Grammar {
    usage: "usage: {program} [-h] [--endpoint ENDPOINT] [--pubsub PUBSUB]
                     [--config CONFIG] [--version] [--check-delay CHECK_DELAY]
                     [--log-level LOGLEVEL] [--log-output LOGOUTPUT]
                     [--ssh SSH]
                     [plugin]
",
    help: "
Runs a plugin.

positional arguments:
  plugin                Fully qualified name of the plugin class.

options:
  -h, --help            show this help message and exit
  --endpoint ENDPOINT   The circusd ZeroMQ socket to connect to
  --pubsub PUBSUB       The circusd ZeroMQ pub/sub socket to connect to
  --config CONFIG       The plugin configuration
  --version             Displays Circus version and exits.
  --check-delay CHECK_DELAY
                        Checck delay.
  --log-level LOGLEVEL  log level
  --log-output LOGOUTPUT
                        log output
  --ssh SSH             SSH Server
",
    options: &[
        ("endpoint", Takes::Value),
        ("pubsub", Takes::Value),
        ("config", Takes::Value),
        ("version", Takes::Nothing),
        ("check-delay", Takes::Value),
        ("log-level", Takes::Value),
        ("log-output", Takes::Value),
        ("ssh", Takes::Value),
    ],
    positional_max: 1,
};

/// A plugin that needs no Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BuiltIn {
    Flapping,
    ResourceWatcher,
    StatsdEmitter,
    FullStats,
    WatchDog,
    CommandReloader,
    RedisObserver,
    HttpObserver,
}

impl BuiltIn {
    fn named(name: &str) -> Option<BuiltIn> {
        match name.replace(':', ".").strip_prefix("circus.plugins.")? {
            "flapping.Flapping" => Some(BuiltIn::Flapping),
            "resource_watcher.ResourceWatcher" => Some(BuiltIn::ResourceWatcher),
            "statsd.StatsdEmitter" | "_statsd.StatsdEmitter" => Some(BuiltIn::StatsdEmitter),
            "statsd.FullStats" => Some(BuiltIn::FullStats),
            "watchdog.WatchDog" => Some(BuiltIn::WatchDog),
            "command_reloader.CommandReloader" => Some(BuiltIn::CommandReloader),
            "redis_observer.RedisObserver" => Some(BuiltIn::RedisObserver),
            "http_observer.HttpObserver" => Some(BuiltIn::HttpObserver),
            _ => None,
        }
    }

    /// Whether it tells statsd anything. For the others `host` and `port` mean nothing, or something else.
    const fn counts(self) -> bool {
        match self {
            BuiltIn::Flapping | BuiltIn::WatchDog | BuiltIn::CommandReloader => false,
            BuiltIn::ResourceWatcher
            | BuiltIn::StatsdEmitter
            | BuiltIn::FullStats
            | BuiltIn::RedisObserver
            | BuiltIn::HttpObserver => true,
        }
    }
}

/// Whether there is somebody to run a class: it is built in, or a Python can import it.
///
/// # Errors
/// The reason why not, for people.
pub fn check(class: &str) -> Result<(), String> {
    match BuiltIn::named(class) {
        Some(_) => Ok(()),
        None => python::check(class).map_err(|error| error.to_string()),
    }
}

/// Why a plugin does not run.
#[derive(Debug)]
enum Trouble {
    Config(ConfigError),
    Link(LinkError),
    /// No address for the socket that was meant to hear signs of life, or it is taken.
    Signs {
        ip: String,
        port: u16,
        source: io::Error,
    },
    Io(io::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Config(error) => error.fmt(f),
            Trouble::Link(error) => error.fmt(f),
            Trouble::Signs { ip, port, source } => {
                write!(f, "Problem while binding watchdog socket on {ip}:{port} (err {source}")
            }
            Trouble::Io(error) => error.fmt(f),
        }
    }
}

impl From<ConfigError> for Trouble {
    fn from(error: ConfigError) -> Trouble {
        Trouble::Config(error)
    }
}

/// What the command line asks for.
struct Task {
    plugin: BuiltIn,
    endpoint: String,
    pubsub: String,
    ssh: Option<String>,
    /// Seconds.
    check_delay: f64,
    config: Config,
}

/// Runs circus-plugin. `arguments` begins with the name under which the program was called.
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "all personalities are called in the same way")]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let understood = match understood(&GRAMMAR, &arguments) {
        Ok(understood) => understood,
        Err(status) => return status,
    };
    let Some(name) = understood.positional.first() else {
        return printed(&GRAMMAR.usage(&crate::companion::program_name(&arguments)));
    };
    let check_delay = understood.value("check-delay").unwrap_or("5");
    let Ok(check_delay) = config::number(check_delay) else {
        let text = format!("argument --check-delay: invalid float value: '{check_delay}'");
        return refused(&GRAMMAR, &arguments, &text);
    };
    let Some(plugin) = BuiltIn::named(name) else {
        let problem = python::become_python(name, arguments.get(1..).unwrap_or_default());
        return failed("circus-plugin", problem);
    };
    let output = understood.value("log-output").unwrap_or("-");
    match Log::open(Level::named(understood.value("log-level").unwrap_or("info")), output) {
        Ok(log) => run_built_in(plugin, &understood, check_delay, log),
        Err(error) => failed("circus-plugin", format_args!("cannot log to {output}: {error}")),
    }
}

fn run_built_in(plugin: BuiltIn, arguments: &Arguments, check_delay: f64, mut log: Log) -> ExitCode {
    let text = |option: &str, default: &str| arguments.value(option).unwrap_or(default).to_owned();
    let task = Task {
        plugin,
        endpoint: text("endpoint", ENDPOINT),
        pubsub: text("pubsub", PUBSUB),
        ssh: arguments.value("ssh").map(str::to_owned),
        check_delay,
        config: Config::parse(arguments.value("config").unwrap_or("")),
    };
    log.say(Level::Info, "Loading the plugin...");
    log.say(Level::Info, &format!("Endpoint: '{}'", task.endpoint));
    log.say(Level::Info, &format!("Pub/sub: '{}'", task.pubsub));
    log.say(Level::Info, "Starting");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => LocalSet::new().block_on(&runtime, run(task, log)),
        Err(error) => Err(Trouble::Io(error)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => failed("circus-plugin", trouble),
    }
}

/// Runs until the program is interrupted. Any other signal ends it on the spot, as it ends the original.
async fn run(task: Task, mut log: Log) -> Result<(), Trouble> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Trouble::Io)?;
    let interrupted = async move {
        interrupt.recv().await;
    };
    if !task.config.truth("active", "true")? {
        // The original fails here, and circusd starts it again and again.
        log.say(Level::Info, "Will not start an inactive plugin");
        interrupted.await;
        return Ok(());
    }
    let config = &task.config;
    match task.plugin {
        BuiltIn::Flapping => {
            start(&task, flapping::Flapping::new(config, task.check_delay)?, log, interrupted).await
        }
        BuiltIn::ResourceWatcher => {
            start(&task, resource_watcher::ResourceWatcher::new(config)?, log, interrupted).await
        }
        BuiltIn::StatsdEmitter => start(&task, statsd::StatsdEmitter::new(config)?, log, interrupted).await,
        BuiltIn::FullStats => start(&task, full_stats::FullStats::new(config)?, log, interrupted).await,
        BuiltIn::WatchDog => {
            let own_pid = u64::from(std::process::id());
            start(&task, watchdog::WatchDog::new(config, own_pid)?, log, interrupted).await
        }
        BuiltIn::CommandReloader => {
            start(&task, command_reloader::CommandReloader::new(config)?, log, interrupted).await
        }
        BuiltIn::RedisObserver => {
            start(&task, redis_observer::RedisObserver::new(config)?, log, interrupted).await
        }
        BuiltIn::HttpObserver => {
            start(&task, http_observer::HttpObserver::new(config)?, log, interrupted).await
        }
    }
}

async fn start<P: Plugin>(
    task: &Task,
    plugin: P,
    mut log: Log,
    interrupted: impl Future<Output = ()>,
) -> Result<(), Trouble> {
    let signs = if task.plugin == BuiltIn::WatchDog {
        Some(signs_of_life(&task.config, &mut log).await?)
    } else {
        None
    };
    let statsd = if task.plugin.counts() { Some(statsd_socket(&task.config).await?) } else { None };
    let link = Link::open(&task.endpoint, task.ssh.as_deref()).map_err(Trouble::Link)?;
    let pubsub = task.pubsub.parse().map_err(|error| Trouble::Link(LinkError::Endpoint(error)))?;
    let events = Subscriber::connect(pubsub, ["watcher."])
        .map_err(|error| Trouble::Link(LinkError::Connect(error)))?;
    let surroundings = Surroundings { log, speaker: Speaker::new(link), events, statsd, signs };
    runner::run(plugin, surroundings, interrupted).await;
    Ok(())
}

async fn statsd_socket(config: &Config) -> Result<StatsdSocket, Trouble> {
    let port = port(config, 8125)?;
    StatsdSocket::open(config.text_or("host", "localhost"), port).await.map_err(Trouble::Io)
}

/// The socket of the watch dog. Where it cannot be had the original goes on, hears nobody, and ends everybody.
async fn signs_of_life(config: &Config, log: &mut Log) -> Result<UdpSocket, Trouble> {
    let (ip, port) = (config.text_or("ip", "127.0.0.1"), port(config, 1664)?);
    match UdpSocket::bind((ip, port)).await {
        Ok(socket) => {
            // With port 0 the kernel chooses.
            let port = socket.local_addr().map_or(port, |address| address.port());
            log.say(Level::Info, &format!("Watchdog listening UDP on {ip}:{port}"));
            Ok(socket)
        }
        Err(source) => Err(Trouble::Signs { ip: ip.to_owned(), port, source }),
    }
}

fn port(config: &Config, default: i64) -> Result<u16, ConfigError> {
    u16::try_from(config.integer("port", default)?)
        .map_err(|_| ConfigError { key: "port".to_owned(), problem: "port must be 0-65535.".to_owned() })
}
