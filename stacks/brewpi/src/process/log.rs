//! The two logs: temperatures on standard output, all else on standard error.

use std::io::Write as _;
use std::path::Path;

use jiff::Zoned;

/// A line about temperatures.
pub(crate) fn report(line: &str) {
    // Whoever does not read the log any more does not want it.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}  {line}", time()).and_then(|()| out.flush());
}

/// A line about anything else.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), " {}   {text}", time());
}

fn time() -> String {
    Zoned::now().strftime("%b %d %Y %H:%M:%S").to_string()
}

/// Files instead of where the process was started.
pub(crate) struct Log;

impl Log {
    /// Sends standard output to `stdout.txt`, which begins anew, and standard error to the end of `stderr.txt`.
    pub(crate) fn to_files(directory: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(directory)?;
        let out = std::fs::File::create(directory.join("stdout.txt"))?;
        let err = std::fs::OpenOptions::new().append(true).create(true).open(directory.join("stderr.txt"))?;
        rustix::stdio::dup2_stdout(&out)?;
        rustix::stdio::dup2_stderr(&err)?;
        Ok(())
    }
}
