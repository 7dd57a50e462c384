//! Where a server listens, and who may use it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The variable of the environment that may have the password.
pub const PASSWORD_VARIABLE: &str = "PAGE_PASSWORD";
/// How many names a server may have.
const NAMES_MAX: usize = 32;
/// The longest password, in bytes, and thereby the longest file of one.
const PASSWORD_BYTES_MAX: usize = 1024;

/// Where a server listens, and who may use it.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where it listens; port 0 is any that is free.
    pub listen: SocketAddr,
    /// Names by which it may be asked for, besides its address and, on loopback, `localhost`.
    pub names: Vec<String>,
    /// Without one nobody is served, unless it listens on loopback.
    pub password: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
        Self { listen, names: Vec::new(), password: None }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A password has no business in a log line.
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

/// Whether a word of the command line was one of a server's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flag {
    /// It was, and its value has been taken.
    Taken,
    /// It is somebody else's.
    Foreign,
}

/// What is wrong with the settings.
#[derive(Debug)]
pub enum SettingsError {
    /// A flag has no value.
    NoValue(String),
    /// Not an address and a port.
    Address(String),
    /// Not a name of a machine.
    Name(String),
    /// There are too many names.
    Names,
    /// The file of the password cannot be read.
    File(PathBuf, io::Error),
    /// Everybody may read the file of the password.
    Open(PathBuf),
    /// The password is empty or too long.
    Length,
    /// It would serve others than this machine's users, without a password.
    NoPassword(SocketAddr),
}

impl std::fmt::Display for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoValue(flag) => write!(f, "{flag}: found nothing behind it, expected a value"),
            Self::Address(found) => {
                write!(f, "--listen: found `{found}`, expected an address and a port such as 127.0.0.1:8080")
            }
            Self::Name(found) => write!(f, "--host-name: found `{found}`, expected a name such as pi.local"),
            Self::Names => write!(f, "--host-name: expected at most {NAMES_MAX} of them"),
            Self::File(path, error) => write!(f, "--password-file: {}: {error}", path.display()),
            Self::Open(path) => write!(
                f,
                "--password-file: {path}: everybody may read it; `chmod 600 {path}` keeps it to its owner",
                path = path.display()
            ),
            Self::Length => write!(f, "the password has to have 1 to {PASSWORD_BYTES_MAX} bytes"),
            Self::NoPassword(address) => write!(
                f,
                "{address} can be reached from other machines, which takes a password: --password-file FILE, or the \
                 variable {PASSWORD_VARIABLE}"
            ),
        }
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// What `--help` says of the flags.
    pub const HELP: &'static str = "\
  --listen ADDRESS:PORT  127.0.0.1:8080; port 0 is any that is free; the address is printed
  --host-name NAME       a name by which browsers ask for it, such as pi.local; as often as there are names
  --password-file FILE   needed where other machines can reach it; or the variable PAGE_PASSWORD. Any user name will do
";

    /// The default, with the password of the environment if there is one.
    ///
    /// # Errors
    /// When that is empty or too long.
    pub fn of_environment() -> Result<Self, SettingsError> {
        let mut settings = Self::default();
        if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
            settings.password = Some(bounded(&password)?);
        }
        Ok(settings)
    }

    /// Takes a flag and its value from a command line, if the flag is one of [`Settings::HELP`].
    ///
    /// # Errors
    /// When its value is wrong.
    pub fn take<'a>(
        &mut self,
        flag: &str,
        rest: &mut impl Iterator<Item = &'a String>,
    ) -> Result<Flag, SettingsError> {
        let mut value = || rest.next().ok_or_else(|| SettingsError::NoValue(flag.to_owned()));
        match flag {
            "--listen" => {
                let text = value()?;
                self.listen = text.parse().map_err(|_| SettingsError::Address(text.clone()))?;
            }
            "--host-name" => {
                let name = value()?;
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
                if name.is_empty() || name.len() > 253 || !name.chars().all(plain) {
                    return Err(SettingsError::Name(name.clone()));
                }
                if self.names.len() >= NAMES_MAX {
                    return Err(SettingsError::Names);
                }
                self.names.push(name.clone());
            }
            "--password-file" => self.password = Some(password_of(Path::new(value()?))?),
            _ => return Ok(Flag::Foreign),
        }
        Ok(Flag::Taken)
    }

    /// Whether it may be served so.
    ///
    /// # Errors
    /// When it can be reached from other machines, and there is no password.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.password.is_none() && !self.listen.ip().is_loopback() {
            return Err(SettingsError::NoPassword(self.listen));
        }
        Ok(())
    }
}

fn password_of(path: &Path) -> Result<String, SettingsError> {
    let failed = |error| SettingsError::File(path.to_owned(), error);
    let file = std::fs::File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.permissions().mode() & 0o007 != 0 {
        return Err(SettingsError::Open(path.to_owned()));
    }
    let mut text = String::new();
    let most = u64::try_from(PASSWORD_BYTES_MAX).unwrap_or(u64::MAX) + 2;
    io::Read::read_to_string(&mut io::Read::take(file, most), &mut text).map_err(failed)?;
    bounded(text.trim_end_matches(['\r', '\n']))
}

fn bounded(password: &str) -> Result<String, SettingsError> {
    if password.is_empty() || password.len() > PASSWORD_BYTES_MAX {
        return Err(SettingsError::Length);
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(words: &[&str]) -> Result<Settings, String> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let mut words = words.iter();
        let mut settings = Settings::default();
        while let Some(flag) = words.next() {
            match settings.take(flag, &mut words) {
                Ok(Flag::Taken) => {}
                Ok(Flag::Foreign) => return Err("foreign".to_owned()),
                Err(error) => return Err(error.to_string()),
            }
        }
        settings.check().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn flags_are_read_and_wrong_ones_are_told() {
        let settings = taken(&["--listen", "[::1]:0", "--host-name", "pi.local"]).expect("settings");
        assert_eq!((settings.listen.port(), settings.names.as_slice()), (0, &["pi.local".to_owned()][..]));
        assert_eq!(taken(&["--verbose"]), Err("foreign".to_owned()));
        let error = |words: &[&str]| taken(words).expect_err("it is wrong");
        assert_eq!(error(&["--listen"]), "--listen: found nothing behind it, expected a value");
        assert_eq!(
            error(&["--listen", "8080"]),
            "--listen: found `8080`, expected an address and a port such as 127.0.0.1:8080"
        );
        assert!(error(&["--host-name", "http://pi"]).starts_with("--host-name: found `http://pi`"));
        assert!(error(&["--password-file", "/no/such"]).contains("/no/such"));
    }

    #[test]
    fn other_machines_need_a_password() {
        let error = taken(&["--listen", "0.0.0.0:8080"]).expect_err("no password");
        assert!(error.starts_with("0.0.0.0:8080 can be reached from other machines"), "{error}");
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("password").display().to_string();
        std::fs::write(&file, "secret\n").expect("a file");
        let mode = |mode| {
            std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(mode))
                .expect("a mode");
        };
        let words = ["--listen", "0.0.0.0:8080", "--password-file", &file];
        mode(0o644);
        assert!(taken(&words).expect_err("open to all").contains("everybody may read it"));
        mode(0o600);
        assert_eq!(taken(&words).expect("settings").password.as_deref(), Some("secret"));
        std::fs::write(&file, "\n").expect("a file");
        assert!(taken(&words).expect_err("empty").contains("1 to 1024 bytes"));
    }
}
