//! What is made when a deployment begins.

use std::io;
use std::path::{Path, PathBuf};

use crate::undo::Undo;

/// Makes a directory with those above it, and notes those that were not there. They are removed only when they are empty.
///
/// # Errors
/// What the system says.
pub fn make_directory(path: &Path, undo: &mut Undo) -> io::Result<()> {
    let mut made = Undo::new();
    note_missing(path, &mut made);
    std::fs::create_dir_all(path)?;
    undo.extend(made);
    Ok(())
}

/// Notes those directories of a path that are not there, for somebody who is about to make them.
pub fn note_missing(path: &Path, undo: &mut Undo) {
    // The outermost is noted first, so that it is removed last.
    for folder in missing(path).into_iter().rev() {
        undo.note(format!("removed {}", folder.display()), move || remove(&folder));
    }
}

/// The directories of a path that are not there, the innermost first.
pub(crate) fn missing(path: &Path) -> Vec<PathBuf> {
    path.ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .map(Path::to_owned)
        .collect()
}

fn remove(folder: &Path) -> Result<(), String> {
    match std::fs::remove_dir(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::make_directory;
    use crate::undo::Undo;

    #[test]
    fn what_was_not_there_goes_again_and_what_was_there_stays() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut undo = Undo::new();
        make_directory(&dir.path().join("a/b/c"), &mut undo).expect("made");
        make_directory(&dir.path().join("a/b"), &mut undo).expect("there");
        assert!(dir.path().join("a/b/c").is_dir());
        let undone = undo.undo();
        assert_eq!(undone.len(), 3);
        assert!(undone.iter().all(|deed| deed.result.is_ok()), "{undone:?}");
        assert!(!dir.path().join("a").exists() && dir.path().exists());
    }
}
