//! A log that begins anew when it is long: five old ones are kept, of 2 MB each.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The size at which a new file begins, bytes.
const SIZE: u64 = 2 << 20;
/// Old files that are kept: `beat.log.1` is the last one.
const KEPT: u32 = 5;

/// The file and how long it is.
#[derive(Debug)]
pub(crate) struct RotatingFile {
    path: PathBuf,
    file: File,
    length: u64,
}

impl RotatingFile {
    /// Goes on with a file, or begins one.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, length })
    }

    /// Writes, and begins a new file after that if this one has become long.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.length += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.length >= SIZE {
            self.begin_anew()?;
        }
        Ok(())
    }

    fn begin_anew(&mut self) -> io::Result<()> {
        for number in (1..KEPT).rev() {
            // There may not be so many yet.
            let _ = std::fs::rename(self.old(number), self.old(number + 1));
        }
        std::fs::rename(&self.path, self.old(1))?;
        *self = Self::open(&self.path)?;
        Ok(())
    }

    fn old(&self, number: u32) -> PathBuf {
        self.path.with_added_extension(number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{RotatingFile, SIZE};

    #[test]
    fn five_old_files_are_kept() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("log/beat.log");
        let mut log = RotatingFile::open(&path).expect("opened");
        let block = vec![b'x'; usize::try_from(SIZE).expect("small")];
        for _ in 0..8 {
            log.write(&block).expect("written");
        }
        log.write(b"last\n").expect("written");
        let mut names: Vec<_> = std::fs::read_dir(path.parent().expect("a folder"))
            .expect("readable")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        names.sort();
        let old = ["beat.log.1", "beat.log.2", "beat.log.3", "beat.log.4", "beat.log.5"];
        assert_eq!(names, [&["beat.log"], old.as_slice()].concat());
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), "last\n");
    }
}
