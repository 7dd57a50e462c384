//! `kegbot outbox`: drinks that the server does not know of yet.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::core::places;
use crate::kegnet::Address;
use crate::kegnet::time;
use crate::outbox::{Kept, Outbox, State};

/// The words of the command.
#[derive(Args)]
pub(super) struct Words {
    /// The file; the usual one of the core with these addresses, if it is not given
    #[arg(long, value_name = "FILE", global = true)]
    outbox: Option<PathBuf>,
    /// The core's --api_url
    #[arg(
        long,
        alias = "api_url",
        value_name = "URL",
        default_value = "http://localhost:8000/api/",
        global = true
    )]
    api_url: String,
    /// The core's --kb_core_bind_addr
    #[arg(
        long,
        alias = "kb_core_bind_addr",
        value_name = "HOST:PORT",
        default_value = "localhost:9805",
        global = true
    )]
    kb_core_bind_addr: Address,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Drinks that wait, and those that the server would not have
    List {
        /// For programs
        #[arg(long)]
        json: bool,
        /// Those that the server has, too
        #[arg(long)]
        all: bool,
    },
    /// Has the core tell once more what the server would not have
    Retry,
    /// Forgets a drink that the server does not have
    Discard {
        /// Its number in the list
        id: i64,
    },
}

/// Does it.
pub(super) fn run(words: &Words) -> Result<(), String> {
    let path =
        words.outbox.clone().unwrap_or_else(|| places::outbox(&words.api_url, &words.kb_core_bind_addr));
    let outbox = Outbox::beside(&path).map_err(|error| error.to_string())?;
    match &words.action {
        Action::List { json, all } => {
            let kept = outbox.all().map_err(|error| error.to_string())?;
            let shown = |kept: &&Kept| *all || kept.state != State::Delivered;
            let kept: Vec<&Kept> = kept.iter().filter(shown).collect();
            if *json { print_json(&kept) } else { print_table(&kept) }
        }
        Action::Retry => {
            let count = outbox.retry_dropped().map_err(|error| error.to_string())?;
            println!("{count} will be told again, with the next drink or the next start of the core");
        }
        Action::Discard { id } => {
            if !outbox.discard(*id).map_err(|error| error.to_string())? {
                return Err(format!(
                    "there is no drink {id} that could be discarded; see `kegbot outbox list`"
                ));
            }
            println!("drink {id} is discarded");
        }
    }
    Ok(())
}

fn poured(kept: &Kept) -> String {
    Timestamp::from_second(kept.pour_time).map_or_else(|_| String::new(), time::text)
}

fn print_json(all: &[&Kept]) {
    let rows: Vec<_> = all
        .iter()
        .map(|kept| {
            json!({
                "id": kept.id,
                "flow_id": kept.flow_id,
                "meter_name": kept.meter_name,
                "ticks": kept.ticks,
                "volume_ml": kept.volume_ml,
                "username": (!kept.username.is_empty()).then_some(&kept.username),
                "pour_time": poured(kept),
                "duration": kept.duration,
                "state": kept.state.word(),
                "attempts": kept.attempts,
                "drink_id": kept.drink_id,
                "reason": kept.reason,
            })
        })
        .collect();
    println!("{}", json!(rows));
}

fn print_table(all: &[&Kept]) {
    if all.is_empty() {
        println!("the server has every drink");
        return;
    }
    println!(
        "{:>5}  {:<10} {:<20} {:<20} {:>8}  {:<12} reason",
        "id", "state", "poured", "meter", "mL", "who"
    );
    for kept in all {
        let who = if kept.username.is_empty() { "a guest" } else { &kept.username };
        println!(
            "{:>5}  {:<10} {:<20} {:<20} {:>8.0}  {who:<12} {}",
            kept.id,
            kept.state.word(),
            poured(kept),
            kept.meter_name,
            kept.volume_ml,
            kept.reason
        );
    }
}
