//! Which program: acoupi's names of them.

/// Which program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProgramKind {
    /// Says that it is there.
    Test,
    /// Records and keeps.
    Default,
    /// Records, keeps and tells a server.
    Connected,
    /// Records, detects, keeps and tells.
    Detection(Prey),
}

/// What a detection program listens for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prey {
    /// As the package acoupi_batdetect2.
    Bats,
    /// As the package acoupi_birdnet.
    Birds,
}

impl ProgramKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Test,
        Self::Default,
        Self::Connected,
        Self::Detection(Prey::Bats),
        Self::Detection(Prey::Birds),
    ];

    /// The program of acoupi's name for it, as in `acoupi setup --program`; also the last word of it alone.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| {
            kind.module() == name || kind.module().strip_prefix("acoupi.programs.") == Some(name)
        })
    }

    /// The name of its module.
    pub fn module(self) -> &'static str {
        match self {
            Self::Test => "acoupi.programs.test",
            Self::Default => "acoupi.programs.default",
            Self::Connected => "acoupi.programs.connected",
            Self::Detection(Prey::Bats) => "acoupi_batdetect2.program",
            Self::Detection(Prey::Birds) => "acoupi_birdnet.program",
        }
    }

    /// The name of its class, which `acoupi task list` shows.
    pub fn class(self) -> &'static str {
        match self {
            Self::Test => "TestProgram",
            Self::Default | Self::Connected => "Program",
            Self::Detection(Prey::Bats) => "BatDetect2_Program",
            Self::Detection(Prey::Birds) => "BirdNETProgram",
        }
    }

    /// The name under which a detection program's outputs are stored.
    pub fn model(self) -> Option<&'static str> {
        match self {
            Self::Test | Self::Default | Self::Connected => None,
            Self::Detection(Prey::Bats) => Some("BatDetect2"),
            Self::Detection(Prey::Birds) => Some("BirdNET"),
        }
    }
}

/// Until it is known which, for a structure that is read from JSON.
pub(super) fn plain() -> ProgramKind {
    ProgramKind::Default
}
