//! From where a recording was made to where it is kept, so that at every moment one whole file of it is there.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What a copy is called until it is whole.
const PART: &str = "part";

/// How many names are tried for a recording when others have them.
const NAMES_MAX: u32 = 100;

/// Puts a second name, or a whole copy on another file system, at the place, and says which name it has; the first one stays. A
/// name that another file has is not taken: a number is put behind it.
///
/// # Errors
/// When the directory cannot be made, the file cannot be read, or there is no room.
pub fn put(source: &Path, target: &Path) -> io::Result<PathBuf> {
    if let Some(directory) = target.parent() {
        fs::create_dir_all(directory)?;
    }
    for number in 0..NAMES_MAX {
        let target = numbered(target, number);
        match fs::hard_link(source, &target) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // What a power cut has left of an earlier attempt.
                if same(source, &target)? {
                    return Ok(target);
                }
                continue;
            }
            // Another file system, or one without links.
            Err(_) if source.exists() => copy(source, &target)?,
            Err(error) => return Err(error),
        }
        sync_directory(&target)?;
        return Ok(target);
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} and {NAMES_MAX} like it", target.display())))
}

/// Deletes a file, and does not mind when there is none.
///
/// # Errors
/// When it is there and stays.
pub fn delete(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}_{number}.{extension}"))
}

fn copy(source: &Path, target: &Path) -> io::Result<()> {
    let part = target.with_extension(PART);
    let copied = fs::copy(source, &part).and_then(|_| File::open(&part)?.sync_all());
    match copied.and_then(|()| fs::rename(&part, target)) {
        Ok(()) => Ok(()),
        Err(error) => {
            let _ = fs::remove_file(&part);
            Err(error)
        }
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// Whether two files hold the same.
fn same(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let length = one.metadata()?.len();
    if other.metadata()?.len() != length {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut done = 0;
    while done < length {
        let count = one.read(&mut left)?;
        if count == 0 {
            return Ok(false);
        }
        other.read_exact(&mut right[..count])?;
        if left[..count] != right[..count] {
            return Ok(false);
        }
        done += count as u64;
    }
    Ok(true)
}
