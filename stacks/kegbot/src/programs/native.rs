//! `kegbot COMMAND`: what the originals did not have.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use minder_kegbot_app::Log;
use minder_page::Settings;

use super::{outbox, simulate_board};
use crate::api::Api;
use crate::kegnet::{Address, Client};
use crate::simulate::player::Source as Scenes;
use crate::simulate::scene::{self, Evenings};
use crate::simulate::server::Store;
use crate::web::{self, Source};

#[derive(Parser)]
#[command(
    name = "kegbot",
    version,
    about = "Kegbot's programs, a board and a server to try them against, and pages",
    after_help = super::names_help(),
    disable_help_subcommand = true
)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A board on a pseudo-terminal, with pours, tokens and temperatures
    SimulateBoard(Board),
    /// A server with the interface that devices use, and pages of what it knows
    SimulateServer(Server),
    /// Pages of any server: taps, levels, last drinks, and a pour as it happens
    Web(Web),
    /// Drinks that the server does not know of yet
    Outbox(outbox::Words),
}

#[derive(Args)]
struct Board {
    /// The name that leads to the pseudo-terminal
    #[arg(long, default_value = "kegboard", value_name = "PATH")]
    link: PathBuf,
    /// The version of the firmware
    #[arg(long, default_value_t = 18, value_parser = clap::value_parser!(u16).range(1..))]
    firmware: u16,
    /// A script of scenes; nothing happens without one
    #[arg(long, value_name = "FILE", conflicts_with = "random")]
    scenes: Option<PathBuf>,
    /// Evenings that are made up; the same number makes the same ones
    #[arg(long, value_name = "SEED")]
    random: Option<u64>,
}

#[derive(Args)]
struct Server {
    /// Where to listen; port 0 is any that is free. The address is printed
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    #[command(flatten)]
    names: Names,
    /// The database; it is made with a small bar in it where it is not
    #[arg(long, value_name = "FILE", default_value = "kegbot.sqlite")]
    database: PathBuf,
    /// The key that changes need; any will do without one
    #[arg(long, alias = "api_key", value_name = "KEY")]
    api_key: Option<String>,
    /// Where the core listens, for pours as they happen
    #[arg(long, alias = "kb_core_addr", value_name = "HOST:PORT", default_value = "localhost:9805")]
    kb_core_addr: Address,
}

#[derive(Args)]
struct Web {
    /// Where to listen; port 0 is any that is free. The address is printed
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[command(flatten)]
    names: Names,
    /// Where the server's interface is
    #[arg(long, alias = "api_url", value_name = "URL", default_value = "http://localhost:8000/api/")]
    api_url: String,
    /// The key that the server knows this machine by
    #[arg(long, alias = "api_key", value_name = "KEY", default_value = "")]
    api_key: String,
    /// Where the core listens, for pours as they happen
    #[arg(long, alias = "kb_core_addr", value_name = "HOST:PORT", default_value = "localhost:9805")]
    kb_core_addr: Address,
}

#[derive(Args)]
struct Names {
    /// A name by which browsers ask for it, such as pi.local; as often as there are names
    #[arg(long, value_name = "NAME")]
    host_name: Vec<String>,
    /// The file of a password, needed where other machines can reach it; or the variable PAGE_PASSWORD
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// Runs a command, whose words these are; the first one is the program's name.
#[must_use]
pub fn run(arguments: &[OsString]) -> ExitCode {
    let line = match Line::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => {
            let status = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(status);
        }
    };
    let done = match line.command {
        Command::SimulateBoard(words) => board(words),
        Command::SimulateServer(words) => server(words),
        Command::Web(words) => pages(words),
        Command::Outbox(words) => outbox::run(&words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn board(words: Board) -> Result<(), String> {
    let source = match (&words.scenes, words.random) {
        (Some(path), _) => {
            let text =
                std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let scenes = scene::read(&text).map_err(|errors| {
                let lines: Vec<String> =
                    errors.iter().map(|error| format!("{}:{error}", path.display())).collect();
                lines.join("\n")
            })?;
            Scenes::Script(scenes)
        }
        (None, Some(seed)) => Scenes::Random(Evenings::new(seed)),
        (None, None) => Scenes::Quiet,
    };
    let settings = simulate_board::Settings { link: words.link, firmware: words.firmware, source };
    simulate_board::run(settings).map_err(|error| error.to_string())
}

fn server(words: Server) -> Result<(), String> {
    let store = Store::open(&words.database).map_err(|error| error.to_string())?;
    let settings = settings(words.listen, words.names)?;
    let source = Source::Store(Rc::new(store));
    let core = core(words.kb_core_addr);
    web::run(&settings, "A simulated Kegbot", source, words.api_key, Some(core))
        .map_err(|error| error.to_string())
}

fn pages(words: Web) -> Result<(), String> {
    let api = Api::new(&words.api_url, &words.api_key, Duration::from_secs(10));
    let settings = settings(words.listen, words.names)?;
    let core = core(words.kb_core_addr);
    web::run(&settings, "Kegbot", Source::Server(api), None, Some(core)).map_err(|error| error.to_string())
}

fn settings(listen: SocketAddr, names: Names) -> Result<Settings, String> {
    let mut settings = Settings::of_environment().map_err(|error| error.to_string())?;
    settings.listen = listen;
    let mut words: Vec<(&str, String)> =
        names.host_name.into_iter().map(|name| ("--host-name", name)).collect();
    words.extend(names.password_file.map(|path| ("--password-file", path.display().to_string())));
    for (flag, value) in words {
        settings.take(flag, &mut std::iter::once(&value)).map_err(|error| error.to_string())?;
    }
    Ok(settings)
}

/// A connection to the core whose coming and going nobody is told of.
fn core(address: Address) -> Client {
    Client::new(address, Log::silent().logger("kegnet"))
}
