//! All deployments of one configuration: a file each, in a folder.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::record::{Deployment, RecordError};

/// What a folder has.
#[derive(Debug, Default)]
pub struct Pages {
    /// What can be read, the latest first.
    pub records: Vec<Deployment>,
    /// What cannot.
    pub broken: Vec<(PathBuf, RecordError)>,
}

/// A folder of records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Book(PathBuf);

/// So many digits of an id are needed to name a deployment by it.
const ID_DIGITS_MIN: usize = 4;

impl Book {
    /// Takes any folder; it need not be there yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// All of them.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn all(&self) -> io::Result<Pages> {
        let mut pages = Pages::default();
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(pages),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match Deployment::read(&path) {
                Ok(Some(record)) => pages.records.push(record),
                Ok(None) => {}
                Err(error) => pages.broken.push((path, error)),
            }
        }
        pages.records.sort_by_key(|record| std::cmp::Reverse(record.started_on));
        Ok(pages)
    }

    /// The one that goes on.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn active(&self) -> io::Result<Option<Deployment>> {
        Ok(self.all()?.records.into_iter().find(Deployment::is_active))
    }

    /// The one that is called so, or whose id begins so, with at least four digits: with fewer a name would be taken for the id of
    /// another by chance. The latest of several.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn find(&self, word: &str) -> io::Result<Option<Deployment>> {
        let mut records = self.all()?.records;
        let named = records.iter().position(|record| record.name == word);
        let begins = |record: &Deployment| word.len() >= ID_DIGITS_MIN && record.id.starts_with(word);
        let at = named.or_else(|| records.iter().position(begins));
        Ok(at.map(|at| records.swap_remove(at)))
    }

    /// Writes one down.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, record: &Deployment) -> io::Result<()> {
        record.write(&self.file(record))
    }

    /// Forgets one, because it did not begin after all.
    ///
    /// # Errors
    /// What the system says.
    pub fn forget(&self, record: &Deployment) -> io::Result<()> {
        std::fs::remove_file(self.file(record))
    }

    /// Ends one.
    ///
    /// # Errors
    /// What the system says.
    pub fn end(&self, record: &mut Deployment, now: Timestamp) -> io::Result<()> {
        record.ended_on = Some(now);
        self.write(record)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    fn file(&self, record: &Deployment) -> PathBuf {
        self.0.join(format!("{}.json", record.id))
    }
}

#[cfg(test)]
mod tests {
    use super::Book;
    use crate::record::{Deployment, Position};

    #[test]
    fn the_one_that_goes_on_is_found_and_ended() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let book = Book::new(dir.path().join("deployments"));
        assert_eq!(book.active().expect("readable"), None);
        let at = |text: &str| text.parse().expect("a time");
        let begin = |name: &str, time| Deployment::begin(name, Position::default(), at(time)).expect("an id");
        let mut first = begin("a", "2027-03-01T22:00:00Z");
        book.write(&first).expect("written");
        book.end(&mut first, at("2027-03-02T22:00:00Z")).expect("written");
        let second = begin("b", "2027-04-01T22:00:00Z");
        book.write(&second).expect("written");
        std::fs::write(dir.path().join("deployments/x.json"), "{").expect("written");
        let pages = book.all().expect("readable");
        assert_eq!((pages.records, pages.broken.len()), (vec![second.clone(), first.clone()], 1));
        assert_eq!(book.active().expect("readable"), Some(second.clone()));
        assert_eq!(book.find(&first.id[..8]).expect("readable"), Some(first));
        book.forget(&second).expect("removed");
        assert_eq!(book.find("b").expect("readable"), None);
    }
}
