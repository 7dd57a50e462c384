//! The logs of a device's script, to their end and on.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use maud::{Markup, html};
use minder_page::{Event, Feed, Response, parts};

use super::notice::Notice;
use super::{Pages, shell};
use crate::device::Device;

/// How much of the end of a log is shown, in bytes and in lines.
const BYTES_MAX: u64 = 64 << 10;
const LINES_MAX: usize = 200;

/// The logs that somebody looks at, by their files.
pub(super) type Feeds = Rc<RefCell<BTreeMap<PathBuf, Feed>>>;

pub(super) fn page(pages: &Pages, device: &Device, which: &str) -> Response {
    let Some(path) = path(pages, device, which) else { return Response::not_found(&shell()) };
    let base = format!("/chambers/{}", device.id);
    let tab = |name: &str, text: &str| {
        html! { a href=(format!("{base}/log/{name}")) aria-current=[(name == which).then_some("page")] { (text) } }
    };
    let body = html! {
        nav.row aria-label="Logs" {
            (tab("stderr", "What the script says")) (tab("stdout", "What was measured"))
            a href=(base) { "Back to " (device.name) }
        }
        p.soft { code { (path.display()) } }
        (parts::live(&format!("{base}/log/{which}/events"), &parts::place("log", &end(&path))))
    };
    shell().page(&format!("Log of {}", device.name), &body)
}

/// The end of a log, now and whenever it grows.
pub(super) fn events(pages: &Pages, device: &Device, which: &str) -> Response {
    let Some(path) = path(pages, device, which) else { return Response::not_found(&shell()) };
    let mut feeds = pages.logs.borrow_mut();
    let feed = feeds.entry(path.clone()).or_insert_with(|| {
        let feed = Feed::new();
        // It is watched before it is looked at, so that nothing that comes between is missed.
        let notice = path.parent().and_then(|directory| Notice::of(&[directory]).ok());
        tokio::task::spawn_local(follow(path.clone(), notice, feed.clone(), pages.logs.clone()));
        feed
    });
    feed.answer(&[Event::new("log", &end(&path).into_string())])
}

/// Tells what is new in a log as long as somebody looks. Without watches a log is told when it is opened only.
async fn follow(path: PathBuf, mut notice: Option<Notice>, feed: Feed, feeds: Feeds) {
    feed.looked_at().await;
    loop {
        let changed = async {
            match &mut notice {
                Some(notice) => notice.changes().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            names = changed => {
                if path.file_name().is_some_and(|name| names.contains(name)) {
                    feed.send(&Event::new("log", &end(&path).into_string()));
                }
            }
            () = feed.deserted() => break,
        }
    }
    feeds.borrow_mut().remove(&path);
}

fn path(pages: &Pages, device: &Device, which: &str) -> Option<PathBuf> {
    if !matches!(which, "stdout" | "stderr") || device.name.contains('/') {
        return None;
    }
    // The manager of scripts knows names in lower case only.
    Some(pages.places.log.join(format!("dev-{}-{which}.log", device.name.to_lowercase())))
}

fn end(path: &Path) -> Markup {
    match tail(path) {
        Ok(text) if text.is_empty() => parts::empty("Empty", &"Nothing has been written to this log yet."),
        Ok(text) => html! { pre.log tabindex="0" aria-label="The end of the log" { (text) } },
        Err(error) if error.kind() == io::ErrorKind::NotFound => parts::empty(
            "No log yet",
            &"It is made when the spawner starts the script. A script that was started by hand writes where it was started.",
        ),
        Err(error) => parts::error(&format!("The log cannot be read: {error}")),
    }
}

/// The last lines of a file.
fn tail(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(BYTES_MAX)))?;
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines: Vec<&str> = text.lines().collect();
    if length > BYTES_MAX && lines.len() > 1 {
        // It may have been cut.
        lines.remove(0);
    }
    Ok(lines[lines.len().saturating_sub(LINES_MAX)..].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_log_the_last_whole_lines_are_shown() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("dev-cellar-stderr.log");
        assert!(end(&path).into_string().contains("No log yet"));
        let lines: Vec<String> = (0..1000).map(|i| format!("{i} <b> {}", "x".repeat(300))).collect();
        std::fs::write(&path, lines.join("\n")).expect("a file");
        let text = tail(&path).expect("a log");
        assert!(
            text.lines().count() <= LINES_MAX && text.lines().all(|line| line.ends_with("xxx")),
            "{text}"
        );
        assert!(text.starts_with(|c: char| c.is_ascii_digit()), "{text}");
        assert!(end(&path).into_string().contains("&lt;b&gt;"));
        std::fs::write(&path, "").expect("a file");
        assert!(end(&path).into_string().contains("Empty"));
    }
}
