//! What is told as it happens, and only while somebody looks: then scripts are asked, and files tell of changes.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::rc::Rc;
use std::time::Duration;

use minder_page::Event;

use super::notice::Notice;
use super::{Pages, chamber, chambers};

/// How often scripts are asked while somebody looks, as Fermentrack's pages always did. A script tells nothing by itself.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Tells for ever.
pub(super) async fn run(pages: Rc<Pages>) {
    loop {
        pages.feed.looked_at().await;
        while_looked_at(&pages).await;
        // What is told next is told anew, for whoever comes then has seen none of it.
        pages.latest.borrow_mut().clear();
    }
}

async fn while_looked_at(pages: &Pages) {
    let places = &pages.places;
    let mut watch = Notice::of(&[&places.data, &places.run, &places.log]).ok();
    loop {
        tell(pages).await;
        let changed = async {
            match &mut watch {
                Some(watch) => watch.changes().await,
                // Without watches time tells.
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            names = changed => new_points(&names).iter().for_each(|event| pages.feed.send(event)),
            () = tokio::time::sleep(ASK_EVERY) => {}
            () = pages.feed.deserted() => return,
        }
    }
}

/// The devices of which there are new data points: the names of their files begin with the row.
fn new_points(names: &BTreeSet<OsString>) -> Vec<Event> {
    let rows: BTreeSet<i64> = names
        .iter()
        .filter_map(|name| {
            let rest = name.to_str()?.strip_prefix("Device ")?;
            rest.split_once(" - ")?.0.parse().ok()
        })
        .collect();
    rows.into_iter().map(|row| Event::new(&chamber::points_event(row), "new")).collect()
}

/// Tells what is not as it was told last.
async fn tell(pages: &Pages) {
    // An error of the table is on the page that asks next; what was told stays.
    let Ok(all) = pages.chambers().await else { return };
    for one in &all {
        pages.tell(chambers::event(one), chambers::now(one).into_string());
        pages.tell(chamber::event(one), chamber::now(one).into_string());
    }
}

impl Pages {
    fn tell(&self, name: String, data: String) {
        let mut latest = self.latest.borrow_mut();
        if latest.get(&name) != Some(&data) {
            self.feed.send(&Event::new(&name, &data));
            latest.insert(name, data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_points_are_known_by_the_names_of_their_files() {
        let names = [
            "Device 3 - B1 - Ale_graph.csv",
            "Device 3 - B1 - Ale_full.csv",
            "Device x - B",
            "history.db-wal",
        ];
        let events = new_points(&names.into_iter().map(OsString::from).collect());
        assert_eq!(events, [Event::new("points-3", "new")]);
    }
}
