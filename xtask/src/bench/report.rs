//! The page `docs/benchmarks.md`.

use super::figures::{Row, table};
use super::place::Pace;
use crate::step::Problem;
use crate::workspace;
use std::fs;

/// Writes the page.
pub(super) fn write(rows: &[Row], failed: &[String], pace: Pace) -> Result<(), Problem> {
    let path = workspace::root().join("docs/benchmarks.md");
    let mut text = format!("# Benchmarks\n\n{INTRODUCTION}\n\nMachine: {}.\n\n{}", machine(), table(rows));
    if !failed.is_empty() {
        text += &format!("\nCould not be measured: {}.\n", failed.join(", "));
    }
    if pace == Pace::Quick {
        text += "\nThis is from a quick run: few repetitions.\n";
    }
    text += EXPLANATION;
    fs::write(&path, text).map_err(|error| Problem::File(path.display().to_string(), error))?;
    println!("✔ {}", path.display());
    Ok(())
}

const INTRODUCTION: &str = "minder and the real Supervisor 4.3.0 side by side, on one machine, in turn, with the same \
configuration. Written by `cargo xtask bench`: do not edit.";

const EXPLANATION: &str = r"
## How it is measured

```
cargo xtask setup            # the real Supervisor, in target/reference-venv
cargo xtask bench            # all of it, under ten minutes; --quick: under two
cargo xtask bench --only NAME  # start, restart, idle, logs or storm; prints only
```

Both supervisors are started as `supervisord -n -s -c FILE` (minder's release build through a link of that name), each
with a `[unix_http_server]`, and get every request as XML-RPC over one kept connection. Times are middle values, with the
least and the greatest in brackets, after a warm-up. Run it on a machine that does nothing else: on a busy one only the
ratios mean something.

- **floor** is the least that can be done. For starts, stops, restarts and the storm it is `xtask/src/bench/floor.c`: a
  loop of `posix_spawn` with three pipes each, one of `kill` and `waitpid`, or both. For logs it is `cat > file`, one for
  each writer, without rotation.
- **start** ends with the first moment of the last program, which every program reports itself
  (`xtask/src/bench/beacon.c`, linked statically) into a named pipe; `startsecs=0`, no logs. *By one request* is
  `startProcessGroup`; *with the supervisor itself* begins before the supervisor is executed.
- **stop** is `stopProcessGroup` until its answer, of programs that end on TERM.
- **restart** is from the signal to the first moment of the successor; `startsecs=0`, `autorestart=true`.
- **idle** runs `sleep 1000` with the default log files; context switches and processor time of all processes of the
  supervisor (of minder: keeper and mind), from `/proc`; memory is PSS from `smaps_rollup`, MB are 10⁶ bytes.
- **log path**: writers of 16 KiB at a time, together 512 MB, every file rotated about four times; from the first byte
  to the last accepted one. CPU is that of the supervisor or of all `cat` together.
- **storm**: programs that report and leave, restarted at once; restarts are counted first, then the state of all is
  asked every 20 ms.
";

/// Processor, how many, kernel, and how busy it was: with a load far above the number of processors somebody else worked too.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let count = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = read("/proc/loadavg");
    let load = load.split_whitespace().nth(2).unwrap_or("unknown");
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{count} × {model}, Linux {}; load of the last quarter of an hour: {load}", kernel.trim())
}
