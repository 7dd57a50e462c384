//! Where things lie: below the user's home directory, which is what the original's `~` means.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The name of the script, by which lines in a crontab are known.
pub(crate) const SCRIPT: &str = "updateCronCircus.sh";

/// Paths of a Fermentrack.
pub(crate) struct Layout {
    pub(crate) home: PathBuf,
}

impl Layout {
    /// That of this user: `HOME`, or what the system knows. `None`: neither is there.
    pub(crate) fn of_this_user() -> Option<Self> {
        std::env::home_dir().filter(|home| home.is_absolute()).map(|home| Self { home })
    }

    /// The application and everything of its own.
    pub(crate) fn application(&self) -> PathBuf {
        self.home.join("fermentrack")
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.application().join("circus.ini")
    }

    /// Locked by the daemon for as long as it lives.
    pub(crate) fn lock(&self) -> PathBuf {
        self.application().join("circusd.lock")
    }

    /// Is there while `startifstopped` must not start anything.
    pub(crate) fn hold(&self) -> PathBuf {
        self.application().join("circusd.hold")
    }

    /// The Python environment of the application.
    pub(crate) fn virtualenv(&self) -> PathBuf {
        self.home.join("venv")
    }

    /// Whether the application can run: the original looks for this file and sources it.
    pub(crate) fn has_virtualenv(&self) -> bool {
        self.virtualenv().join("bin/activate").exists()
    }
}

/// The path by which the script was called, as a shell tells a script: what has no slash was found in `PATH`.
pub(crate) fn called_by(argv0: &OsStr, path: Option<&OsStr>) -> PathBuf {
    if argv0.as_bytes().contains(&b'/') {
        return PathBuf::from(argv0);
    }
    let directories = path.map(|path| std::env::split_paths(path).collect::<Vec<_>>()).unwrap_or_default();
    let found = directories.into_iter().map(|directory| directory.join(argv0)).find(|file| file.is_file());
    found.unwrap_or_else(|| PathBuf::from(argv0))
}

/// The script's path as it is to stand in a crontab: where it was called, or where Fermentrack has it if that is
/// unknown. `~` stands for the home directory, as cron's shell reads it and as the original writes it.
pub(crate) fn for_cron(called: &Path, layout: &Layout) -> Vec<u8> {
    let named = called.file_name() == Some(OsStr::new(SCRIPT)) && called.is_file();
    let absolute = if named { std::path::absolute(called).ok() } else { None };
    let absolute = absolute.filter(|path| !path.as_os_str().as_bytes().contains(&b'\n'));
    let absolute = absolute.unwrap_or_else(|| layout.application().join("brewpi-script/utils").join(SCRIPT));
    match absolute.strip_prefix(&layout.home) {
        Ok(below) => [b"~/", &*escaped(below)].concat(),
        Err(_) => escaped(&absolute),
    }
}

/// For cron, to which `%` is a line's end, and for its shell. Backslashes and no quotes, because a line is known by the
/// script's name with its argument right behind.
fn escaped(path: &Path) -> Vec<u8> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@,".contains(&byte) || !byte.is_ascii();
    let escape = |&byte: &u8| if plain(byte) { vec![byte] } else { vec![b'\\', byte] };
    path.as_os_str().as_bytes().iter().flat_map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::{Layout, SCRIPT, called_by, for_cron};
    use std::ffi::OsStr;
    use std::path::Path;

    fn script(directory: &Path) -> std::path::PathBuf {
        std::fs::create_dir_all(directory).unwrap();
        let file = directory.join(SCRIPT);
        std::fs::write(&file, "").unwrap();
        file
    }

    fn entry(called: &Path, home: &Path) -> String {
        String::from_utf8(for_cron(called, &Layout { home: home.into() })).unwrap()
    }

    #[test]
    fn a_path_below_the_home_directory_is_written_with_a_tilde() {
        let home = tempfile::tempdir().unwrap();
        let called = script(&home.path().join("fermentrack/utils"));
        assert_eq!(entry(&called, home.path()), "~/fermentrack/utils/updateCronCircus.sh");
    }

    #[test]
    fn a_path_elsewhere_is_written_whole_and_escaped_for_cron_and_its_shell() {
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let called = script(&other.path().join("a b%$(c)~ü"));
        let expected = format!(r"{}/a\ b\%\$\(c\)\~ü/updateCronCircus.sh", other.path().display());
        assert_eq!(entry(&called, home.path()), expected);
    }

    #[test]
    fn what_is_not_there_or_has_another_name_gives_way_to_fermentracks_own_place() {
        let home = tempfile::tempdir().unwrap();
        let own = "~/fermentrack/brewpi-script/utils/updateCronCircus.sh";
        assert_eq!(entry(Path::new("/nowhere/updateCronCircus.sh"), home.path()), own);
        assert_eq!(entry(Path::new("/bin/sh"), home.path()), own);
        let broken = script(&home.path().join("two\nlines"));
        assert_eq!(entry(&broken, home.path()), own);
    }

    #[test]
    fn a_bare_name_is_looked_for_in_the_path() {
        let directory = tempfile::tempdir().unwrap();
        let file = script(directory.path());
        let path = std::env::join_paths([Path::new("/nowhere"), directory.path()]).unwrap();
        assert_eq!(called_by(OsStr::new(SCRIPT), Some(&path)), file);
        assert_eq!(called_by(OsStr::new("./x"), Some(&path)), Path::new("./x"));
        assert_eq!(called_by(OsStr::new("x"), None), Path::new("x"));
    }
}
