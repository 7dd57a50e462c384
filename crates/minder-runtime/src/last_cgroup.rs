//! A cgroup for those that are about to be killed.
//!
//! A family that forks faster than one can signal is killed as a whole by `cgroup.kill` (Linux 5.14), which spares nobody
//! who is being made at that moment. The cgroup is made only when there is something to kill: one for each program would
//! cost more than all the rest of a start. It lies below minder's own, so minder must be allowed to make one there: as root
//! outside of a container, or in a unit with `Delegate=yes`. Elsewhere the family is stopped first, and then killed.

use std::fs;
use std::path::{Path, PathBuf};

use minder_keeper::wire::ChildId;

use crate::kinship::Relative;

/// The cgroup.
#[derive(Debug)]
pub(crate) struct LastCgroup {
    directory: PathBuf,
    trust: Trust,
}

/// Whether everybody in it is known to belong there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trust {
    Whole,
    /// One had ended when it was moved by its number, which may have been a stranger's already.
    Shaken,
}

impl LastCgroup {
    /// Makes one for what a child has left. `None` where that is not possible.
    pub(crate) fn make(keeper: u32, child: ChildId) -> Option<Self> {
        let (own, prefix) = (own()?, format!("minder-{keeper}-"));
        remove_empty(&own, &prefix);
        let directory = own.join(format!("{prefix}{}", child.0));
        match fs::create_dir(&directory) {
            Ok(()) => {}
            // That of a mind which was killed in the midst of this.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(_) => return None,
        }
        let this = Self { directory, trust: Trust::Whole };
        // An older kernel has cgroups of this kind, but cannot kill them.
        this.directory.join("cgroup.kill").exists().then_some(this)
    }

    /// Moves a process here, and with it whatever it makes from now on.
    pub(crate) fn take(&mut self, relative: &Relative) {
        // One that cannot be moved is killed alone.
        let moved = fs::write(self.directory.join("cgroup.procs"), relative.pid().get().to_string());
        if moved.is_ok() && !relative.lives() {
            self.trust = Trust::Shaken;
            self.let_all_go();
        }
    }

    /// Kills all that are here, unless one of them might be a stranger.
    pub(crate) fn kill(&self) {
        match self.trust {
            // Where it fails each of them is killed alone.
            Trust::Whole => drop(fs::write(self.directory.join("cgroup.kill"), "1")),
            Trust::Shaken => self.let_all_go(),
        }
    }

    fn let_all_go(&self) {
        let Some(parent) = self.directory.parent() else { return };
        let inhabitants = fs::read_to_string(self.directory.join("cgroup.procs")).unwrap_or_default();
        for pid in inhabitants.lines() {
            let _ = fs::write(parent.join("cgroup.procs"), pid);
        }
    }
}

impl Drop for LastCgroup {
    fn drop(&mut self) {
        // One in which somebody still is stays, and is found again by its name.
        let _ = fs::remove_dir(&self.directory);
    }
}

/// Removes those of before in which somebody was still dying when they were to go. One that is in use cannot be removed.
fn remove_empty(own: &Path, prefix: &str) {
    for entry in fs::read_dir(own).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// The directory of the cgroup that this process is in.
fn own() -> Option<PathBuf> {
    let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    directory(&membership, &mounts)
}

/// Where the cgroup lies that `/proc/self/cgroup` names, by `/proc/self/mountinfo`.
fn directory(membership: &str, mounts: &str) -> Option<PathBuf> {
    let path = membership.lines().find_map(|line| line.strip_prefix("0::"))?;
    mounts.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        if kind.split(' ').next()? != "cgroup2" {
            return None;
        }
        let mut fields = place.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        // Names with blanks are written otherwise there; nobody mounts it under one.
        let below = Path::new(path).strip_prefix(root).ok()?;
        Some(Path::new(point).join(below))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn all_that_are_in_it_are_killed_and_it_goes() {
        let Some(mut cgroup) = LastCgroup::make(std::process::id(), ChildId(1)) else {
            return println!("left out: no cgroup can be made below that of the tests");
        };
        let directory = cgroup.directory.clone();
        let mut children = [(); 3].map(|()| Command::new("/bin/sleep").arg("1000").spawn().unwrap());
        let mut bystander = Command::new("/bin/sleep").arg("1000").spawn().unwrap();
        for child in &children {
            cgroup.take(&Relative::hold_living(child.id(), std::process::id()).unwrap());
        }
        assert_eq!(cgroup.trust, Trust::Whole);
        cgroup.kill();
        for child in &mut children {
            assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));
        }
        assert!(bystander.try_wait().unwrap().is_none());
        bystander.kill().unwrap();
        bystander.wait().unwrap();
        drop(cgroup);
        assert!(!directory.exists());
    }

    #[test]
    fn the_own_cgroup_lies_where_its_hierarchy_is_mounted() {
        let mounts = "22 1 0:20 / /proc rw - proc proc rw\n\
                      31 22 0:27 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n";
        let at = |membership: &str, mounts: &str| {
            directory(membership, mounts).map(|path| path.to_str().unwrap().to_owned())
        };
        assert_eq!(at("8:pids:/\n0::/a/b\n", mounts).as_deref(), Some("/sys/fs/cgroup/unified/a/b"));
        assert_eq!(at("0::/\n", mounts).as_deref(), Some("/sys/fs/cgroup/unified/"));
        let inner = "31 22 0:27 /a /cg rw - cgroup2 none rw\n";
        assert_eq!(at("0::/a/b\n", inner).as_deref(), Some("/cg/b"));
        assert_eq!(at("0::/c\n", inner), None);
        assert_eq!(at("8:pids:/\n", mounts), None);
        assert_eq!(at("0::/a\n", "22 1 0:20 / /proc rw - proc proc rw\n"), None);
    }
}
