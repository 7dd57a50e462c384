//! Who a process becomes.

use super::exception::Exception;
use super::python::{self, repr_text};
use super::watcher::{Account, WatcherOptions};
use crate::ini::machine::Machine;
use serde_json::Value;

/// The user and group of a process. Zero is known, but not changed to: the original tests for truth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The user id.
    pub uid: Option<u32>,
    /// The login name of that user, whose supplementary groups the process gets if it changes its group.
    pub username: Option<String>,
    /// The group id; the user's own if none was given.
    pub gid: Option<u32>,
}

impl WatcherOptions {
    /// Who a process becomes, looked up now.
    ///
    /// # Errors
    ///
    /// `ValueError` if there is no such user or group: the process cannot be spawned.
    pub fn identity(&self, machine: &dyn Machine) -> Result<Identity, Exception> {
        let mut identity = Identity::default();
        let given = |account: &Option<Account>| account.as_ref().map(Account::to_json).filter(python::truth);
        if let Some(uid) = given(&self.uid) {
            let uid = to_uid(&uid, machine)?;
            let user = machine.user_by_id(uid);
            identity.uid = Some(uid);
            identity.gid = user.as_ref().map(|user| user.gid);
            identity.username = user.map(|user| user.name);
        }
        if let Some(gid) = given(&self.gid) {
            identity.gid = Some(to_gid(&gid, machine)?);
        }
        Ok(identity)
    }
}

/// The number of a user given by number or name. A number must be somebody's.
///
/// # Errors
///
/// `ValueError` if there is no such user.
pub fn to_uid(value: &Value, machine: &dyn Machine) -> Result<u32, Exception> {
    if let Ok(number) = python::int_of(value) {
        let user = u32::try_from(number).ok().and_then(|uid| machine.user_by_id(uid));
        return user
            .map(|user| user.uid)
            .ok_or_else(|| Exception::value(format!("{number} isn't a valid user id")));
    }
    let name = python::text(value);
    let user = machine.user_by_name(&name);
    user.map(|user| user.uid)
        .ok_or_else(|| Exception::value(format!("{} isn't a valid user name", repr_text(&name))))
}

/// The number of a group given by number or name. A number must be some group's.
///
/// # Errors
///
/// `ValueError` if there is no such group.
pub fn to_gid(value: &Value, machine: &dyn Machine) -> Result<u32, Exception> {
    if let Ok(number) = python::int_of(value) {
        let gid = u32::try_from(number).ok().filter(|gid| machine.group_exists(*gid));
        return gid.ok_or_else(|| Exception::value(format!("No such group: {number}")));
    }
    let name = python::text(value);
    machine
        .group_by_name(&name)
        .ok_or_else(|| Exception::value(format!("No such group: {}", repr_text(&name))))
}
