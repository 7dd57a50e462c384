//! `minder convert`: a configuration of another program as a `minder.toml`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use minder_config::native::write::{self, Source, Unsaid};
use minder_core::plan::Plan;
use minder_core::socket::SocketSpec;
use minder_supervisord::conf::{self, lower};

use super::dialect::Dialect;
use super::ended::{Complaint, Ended};
use super::terminal;

/// Print a configuration of another program as a minder.toml.
///
/// The file is a supervisord.conf, a circus.ini or a kegbot.cfg. What runs by the result is what runs by the source; what cannot be
/// said is told on standard error.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The configuration.
    file: PathBuf,
    /// Write this file instead of standard output. One that is there is kept.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What a file of another program says, as far as a minder.toml can say it.
struct Converted {
    plan: Plan,
    sockets: Vec<Arc<SocketSpec>>,
    remarks: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let shown = arguments.file.display();
    let Some(file) = arguments.file.to_str() else {
        return Err(Complaint::new(Ended::Misused, "the path of the file is not UTF-8"));
    };
    if !arguments.file.is_file() {
        return Err(Complaint::new(Ended::Misused, format!("cannot read {shown}: there is no such file")));
    }
    let dialect = Dialect::of_file(&arguments.file);
    let converted = match dialect {
        Dialect::Supervisor => supervisor(file),
        Dialect::Circus => circus(file),
        Dialect::KegbotMaster => kegbot(&arguments.file),
        Dialect::Native => Err(format!("{shown} is a minder.toml already")),
    };
    let converted = converted.map_err(|text| {
        Complaint::new(Ended::Failed, text).with_hint(format!("`minder check {shown}` shows what is wrong"))
    })?;
    let path = std::env::var("PATH").unwrap_or_default();
    // The programs that read such files mean relative paths from where they are started.
    let source = Source {
        plan: &converted.plan,
        sockets: &converted.sockets,
        path: if path.is_empty() { "/bin:/usr/bin" } else { &path },
        directory: &std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
    };
    let (text, unsaid) = write::write(&source);
    let text = format!(
        "# {}'s {shown}, converted by minder {}.\n\n{text}",
        dialect.program(),
        env!("CARGO_PKG_VERSION")
    );
    for remark in converted.remarks.into_iter().chain(unsaid.iter().map(told)) {
        terminal::tell(&format!("minder: {remark}\n"));
    }
    match &arguments.output {
        None => terminal::say(&text),
        Some(output) => write_new(output, &text)?,
    }
    Ok(if unsaid.is_empty() { Ended::Well } else { Ended::Failed })
}

fn told(unsaid: &Unsaid) -> String {
    format!("{}: {}", unsaid.subject, unsaid.what)
}

fn write_new(output: &Path, text: &str) -> Result<(), Complaint> {
    use std::io::Write as _;
    let written = std::fs::File::create_new(output).and_then(|mut file| file.write_all(text.as_bytes()));
    written
        .map_err(|error| Complaint::new(Ended::Failed, format!("cannot write {}: {error}", output.display())))
}

fn supervisor(file: &str) -> Result<Converted, String> {
    let request = conf::Request { file: file.to_owned(), ..conf::Request::default() };
    let settings = conf::read(&request, &conf::RealMachine).accepted()?;
    let plan = lower::plan(&settings).map_err(|problem| format!("{problem:?}"))?;
    let mut remarks = Vec::new();
    if !settings.inet_servers.is_empty() || !settings.unix_servers.is_empty() {
        remarks.push(
            "the servers are not converted: minder answers on a socket of its own, see [minder] in \
             docs/reference/minder-toml.md"
                .to_owned(),
        );
    }
    Ok(Converted { plan, sockets: Vec::new(), remarks })
}

fn circus(file: &str) -> Result<Converted, String> {
    let converted = minder_circusd::daemon::converting::plan(file)?;
    Ok(Converted { plan: converted.plan, sockets: converted.sockets, remarks: converted.remarks })
}

fn kegbot(file: &Path) -> Result<Converted, String> {
    let draft = minder_kegbot_master::station::Origin::new(file, None).read();
    let reading = draft.reading.ok_or_else(|| format!("{} has errors", file.display()))?;
    Ok(Converted { plan: reading.plan, sockets: Vec::new(), remarks: Vec::new() })
}
