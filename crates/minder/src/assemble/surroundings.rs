//! What reading a `minder.toml` asks of this machine.

use std::collections::BTreeMap;

use minder_config::native::Surroundings;
use minder_core::program::Identity;
use minder_supervisord::conf::machine::User;
use minder_supervisord::conf::{Machine, RealMachine};

/// The machine, and an environment that was kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ThisMachine {
    environment: BTreeMap<String, String>,
}

impl ThisMachine {
    /// With these variables.
    pub(crate) fn with(environment: BTreeMap<String, String>) -> Self {
        Self { environment }
    }

    /// With the variables of this process.
    pub(crate) fn now() -> Self {
        Self { environment: RealMachine.environment().into_iter().collect() }
    }
}

impl Surroundings for ThisMachine {
    fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    fn user(&self, name: &str) -> Option<Identity> {
        let of = |user: User| Identity { uid: user.uid, gid: user.gid, groups: user.groups };
        match name.parse() {
            // A number needs nobody behind it, as in a container.
            Ok(uid) => {
                let nobody = || Identity { uid, gid: uid, groups: vec![uid] };
                Some(RealMachine.user_by_id(uid).map_or_else(nobody, of))
            }
            Err(_) => RealMachine.user_by_name(name).map(of),
        }
    }

    fn group(&self, name: &str) -> Option<u32> {
        name.parse().ok().or_else(|| RealMachine.group_by_name(name))
    }

    fn own_uid(&self) -> u32 {
        RealMachine.user_id()
    }
}
