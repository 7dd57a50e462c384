//! The processes of the tests: `part worker NAME STATE HASH`, `part beat STATE HASH`, and a resident, `part resident`, that does
//! what the input of each run says.

use std::io::{BufRead as _, Write as _};
use std::process::ExitCode;

use minder_core::ids::WorkerName;
use minder_tasks::state_dir::StateDir;
use serde_json::{Value, json};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["worker", name, state, hash] => {
            let (name, state) = (WorkerName::new(*name), StateDir::new(*state));
            in_a_loop(minder_tasks::worker::run(&state, &name, hash))
        }
        ["beat", state, hash] => in_a_loop(minder_tasks::beat::run(&StateDir::new(*state), hash)),
        ["resident"] => return resident().unwrap_or(ExitCode::FAILURE),
        _ => Err(format!("what is {words:?}?")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("part: {error}");
            ExitCode::FAILURE
        }
    }
}

fn in_a_loop<E: std::fmt::Display>(part: impl Future<Output = Result<(), E>>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, part).map_err(|error| error.to_string())
}

fn resident() -> std::io::Result<ExitCode> {
    let mut stdout = std::io::stdout().lock();
    let mut count = 0;
    for line in std::io::stdin().lock().lines() {
        count += 1;
        let told: Value = serde_json::from_str(&line?).unwrap_or_default();
        let (run, input) = (&told["run"], &told["input"]);
        eprintln!("run number {count}");
        match input["do"].as_str().unwrap_or("echo") {
            "fail" => writeln!(stdout, "{}", json!({ "run": run, "error": "as you wish" }))?,
            "nonsense" => writeln!(stdout, "what do you mean?")?,
            "another" => writeln!(stdout, "{}", json!({ "run": "of somebody else", "output": 1 }))?,
            "garbage" => stdout.write_all(b"\xff\xfe\x00{\"run\":\n")?,
            "flood" => loop {
                stdout.write_all(&[b'x'; 4096])?;
            },
            "hang" => loop {
                std::thread::sleep(std::time::Duration::from_secs(1000));
            },
            "start" => {
                let child = std::process::Command::new("setsid").args(["sleep", "1000"]).spawn()?;
                writeln!(stdout, "{}", json!({ "run": run, "output": child.id() }))?;
            }
            "die" => return Ok(ExitCode::from(7)),
            "talk" => {
                writeln!(stdout, "{}", json!({ "run": run, "output": { "count": count } }))?;
                writeln!(stdout, "and another thing")?;
            }
            _ => {
                let output = json!({ "count": count, "pid": std::process::id(), "input": input });
                writeln!(stdout, "{}", json!({ "run": run, "output": output }))?;
            }
        }
        stdout.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}
