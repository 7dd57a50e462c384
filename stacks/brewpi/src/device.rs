//! What is known of a controller: its record in the table of devices.

use crate::firmware::constants::Unit;

/// A controller, as the table has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// The row.
    pub id: i64,
    /// Unique.
    pub name: String,
    /// In which unit it is spoken to.
    pub unit: Unit,
    /// Seconds between two data points.
    pub interval: u64,
    /// Where pages reach the script.
    pub endpoint: Endpoint,
    /// Whether data points are kept.
    pub logging: Logging,
    /// How the board is reached.
    pub connection: Connection,
    /// Whether it is used.
    pub status: Status,
    /// The row of the beer that is logged.
    pub beer: Option<i64>,
    /// The row of the profile that is followed.
    pub profile: Option<i64>,
    /// When that was started: seconds since 1970.
    pub profile_started: Option<i64>,
}

/// Where pages reach the script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Endpoint {
    /// A socket file of this name, in the directory for them.
    File(String),
    /// A port.
    Port {
        /// A name or an address.
        host: String,
        /// 10 to 65535.
        port: u16,
    },
}

/// Whether data points are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Logging {
    /// They are.
    Active,
    /// Not for a while.
    Paused,
    /// No beer is logged.
    #[default]
    Stopped,
}

impl Logging {
    /// As the table and the socket say it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }

    /// Of the table's word.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "paused" => Self::Paused,
            _ => Self::Stopped,
        }
    }
}

/// How a board is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Connection {
    /// By a serial port.
    Serial {
        /// The serial number of its USB device, which is looked for first; empty if none is preferred.
        usb_serial: String,
        /// Tried next; `auto` is the first board that is known.
        port: String,
        /// Tried last; `None` or empty if there is none.
        alternative: Option<String>,
    },
    /// By TCP.
    Network {
        /// Names or addresses, in the order in which they are tried.
        hosts: Vec<String>,
        /// The port.
        port: u16,
    },
}

/// Whether a controller is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// The spawner keeps a script running for it.
    Active,
    /// Somebody else runs the script.
    Unmanaged,
    /// No script is to run.
    Disabled,
    /// No script is to run until the firmware was changed.
    Updating,
}

impl Status {
    /// Of the table's word; one that is not known is not run.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "unmanaged" => Self::Unmanaged,
            "updating" => Self::Updating,
            _ => Self::Disabled,
        }
    }

    /// Whether a script may run.
    #[must_use]
    pub fn may_run(self) -> bool {
        matches!(self, Self::Active | Self::Unmanaged)
    }
}

/// A beer that is logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Beer {
    /// The row.
    pub id: i64,
    /// As it was typed.
    pub name: String,
    /// In which unit its points are.
    pub unit: Unit,
}

impl Beer {
    /// How its files begin. A name that could lead elsewhere is none.
    #[must_use]
    pub fn file_stem(&self, device: i64) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-');
        if self.name.chars().all(plain) && !self.name.is_empty() {
            format!("Device {device} - B{} - {}", self.id, self.name)
        } else {
            "NAME ERROR - ".to_owned()
        }
    }
}
