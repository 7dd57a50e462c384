//! Files of which a power cut leaves all or nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Writes a file beside the place, makes it last, and puts it there. Directories above it are made.
///
/// # Errors
/// What the system says; then what was there before is there still.
pub fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&folder)?;
    let new = path.with_added_extension(format!("new{}", std::process::id()));
    let written = (|| {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(mode).open(&new)?;
        // The mask of the process may have taken bits away that whoever runs it needs.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    })();
    if let Err(error) = written {
        // It is of no use to anybody, and whether it goes does not change what is wrong.
        let _ = fs::remove_file(&new);
        return Err(error);
    }
    File::open(&folder)?.sync_all()
}
