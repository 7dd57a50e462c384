//! `minder logs`: the end of what programs have written, and what they write next.

use clap::Args;
use minder_supervisord::client::ClientError;
use minder_supervisord::xmlrpc::Value;

use super::ended::{Complaint, Ended, Form};
use super::programs::{self, Program};
use super::server::{Server, Which};
use super::terminal::{self, Colour, coloured};

/// How much of a log is fetched to find its last lines in, in bytes.
const FETCHED_MAX: i64 = 256 * 1024;
/// The fault with which a server says that there is no log file.
const NO_FILE: i32 = 20;

/// Show what programs have written.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Programs or groups; `*` and `?` as in a shell.
    #[arg(required = true)]
    names: Vec<String>,
    /// Go on with what is written from now on, until Ctrl-C. For a single program.
    #[arg(short, long)]
    follow: bool,
    /// Standard error instead of standard output.
    #[arg(long)]
    stderr: bool,
    /// How many lines from the end.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 20, conflicts_with = "follow")]
    lines: usize,
    #[command(flatten)]
    which: Which,
}

/// Which of the two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Stdout,
    Stderr,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let server = arguments.which.server(Form::Text)?;
    let programs = programs::named(&server, &arguments.names)?;
    let channel = if arguments.stderr { Channel::Stderr } else { Channel::Stdout };
    match programs.as_slice() {
        [program] if arguments.follow => follow(&server, program, channel),
        several if arguments.follow => {
            let names: Vec<String> = several.iter().map(Program::name).collect();
            Err(Complaint::new(Ended::Misused, format!("cannot follow {} programs at once", names.len()))
                .with_hint(format!("choose one of {}", names.join(", "))))
        }
        [program] => show(&server, program, channel, arguments.lines).map(|()| Ended::Well),
        several => {
            let paint = terminal::paint();
            let mut ended = Ended::Well;
            for program in several {
                let title = format!("==> {} <==", program.name());
                terminal::say(&format!("{}\n", coloured(&title, Colour::Bold, paint)));
                if let Err(complaint) = show(&server, program, channel, arguments.lines) {
                    let _ = complaint.tell();
                    ended = Ended::Failed;
                }
            }
            Ok(ended)
        }
    }
}

fn show(server: &Server, program: &Program, channel: Channel, lines: usize) -> Result<(), Complaint> {
    let method = match channel {
        Channel::Stdout => "supervisor.readProcessStdoutLog",
        Channel::Stderr => "supervisor.readProcessStderrLog",
    };
    let params = [program.address().as_str().into(), Value::Int(-FETCHED_MAX), Value::Int(0)];
    let text = match server.try_call(method, &params) {
        Ok(answer) => answer.as_str().unwrap_or_default().to_owned(),
        Err(ClientError::Fault(fault)) if fault.code == NO_FILE => return Err(no_log(program, channel)),
        Err(error) => return Err(server.complaint(&error)),
    };
    terminal::say(last_lines(&text, lines));
    if !text.is_empty() && !text.ends_with('\n') {
        terminal::say("\n");
    }
    Ok(())
}

fn follow(server: &Server, program: &Program, channel: Channel) -> Result<Ended, Complaint> {
    let channel_name = match channel {
        Channel::Stdout => "stdout",
        Channel::Stderr => "stderr",
    };
    let path = format!("/logtail/{}/{channel_name}", program.address());
    server.stream(&path, terminal::say_bytes)?;
    terminal::tell("the server has closed the log\n");
    Ok(Ended::Well)
}

fn no_log(program: &Program, channel: Channel) -> Complaint {
    let name = program.name();
    match channel {
        Channel::Stdout => Complaint::failed(format!("{name} has no log of its standard output"))
            .with_hint("stdout_logfile= in its section says where it goes"),
        Channel::Stderr => Complaint::failed(format!("{name} has no log of its standard error"))
            .with_hint("with redirect_stderr=true it is in the log of standard output: leave out --stderr"),
    }
}

/// The last lines, whole. A line that was not ended yet counts.
fn last_lines(text: &str, lines: usize) -> &str {
    if lines == 0 {
        return "";
    }
    let body = text.strip_suffix('\n').unwrap_or(text);
    match body.rmatch_indices('\n').nth(lines - 1) {
        Some((at, _)) => &text[at + 1..],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::last_lines;

    #[test]
    fn the_last_lines_are_whole_lines() {
        for (text, lines, last) in [
            ("a\nb\nc\n", 2, "b\nc\n"),
            ("a\nb\nc", 2, "b\nc"),
            ("a\nb\n", 5, "a\nb\n"),
            ("a\n", 0, ""),
            ("", 3, ""),
            ("\n\n", 1, "\n"),
        ] {
            assert_eq!(last_lines(text, lines), last, "{text:?}");
        }
    }
}
