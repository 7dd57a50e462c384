//! Which of the held descriptors are sockets, by their inodes. Programs that were given one have it still when keeper and mind
//! are gone, and no other socket has that number.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::FileType;
use rustix::process::{PidfdGetfdFlags, pidfd_getfd};

/// What the list is called on the shelf: a line for each, the inode and then the name.
pub const NAME: &str = "sockets";

/// The list of those that are sockets among these.
pub fn list<'a>(held: impl Iterator<Item = (&'a [u8], BorrowedFd<'a>)>) -> Vec<u8> {
    let mut text = Vec::new();
    for (name, fd) in held {
        if let Some(inode) = inode(fd) {
            text.extend(format!("{inode} ").into_bytes());
            text.extend_from_slice(name);
            text.push(b'\n');
        }
    }
    text
}

/// Whether a descriptor is a socket, and which.
pub fn inode(fd: BorrowedFd<'_>) -> Option<u64> {
    let found = rustix::fs::fstat(fd).ok()?;
    (FileType::from_raw_mode(found.st_mode) == FileType::Socket).then_some(found.st_ino)
}

/// Names by inode, of a list.
pub fn read(text: &[u8]) -> BTreeMap<u64, String> {
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    lines
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(inode, name)| Some((inode.parse().ok()?, name.to_owned())))
        .collect()
}

/// Takes those that a process has out of it, and from what is looked for. It keeps its own. Where the system does not let us
/// look into the process none is found.
pub fn take_from(
    pid: u32,
    pidfd: BorrowedFd<'_>,
    wanted: &mut BTreeMap<u64, String>,
) -> Vec<(String, OwnedFd)> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| {
        let target = std::fs::read_link(entry.path()).ok()?;
        let inode = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok()?;
        Some((inode, entry.file_name().to_str()?.parse::<i32>().ok()?))
    });
    let mut taken = Vec::new();
    for (found, number) in numbers.collect::<Vec<_>>() {
        let Some(name) = wanted.get(&found) else { continue };
        let fd = pidfd_getfd(pidfd, number, PidfdGetfdFlags::empty());
        // It may have closed it meanwhile, and opened another.
        if let Some(fd) = fd.ok().filter(|fd| inode(fd.as_fd()) == Some(found)) {
            taken.push((name.clone(), fd));
            wanted.remove(&found);
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_socket_is_found_in_the_process_that_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixListener::bind(folder.path().join("socket")).unwrap();
        let file = tempfile::tempfile().unwrap();
        let held = [(&b"listener:a b"[..], socket.as_fd()), (&b"ledger"[..], file.as_fd())];
        let mut wanted = read(&list(held.into_iter()));
        assert_eq!(wanted.values().collect::<Vec<_>>(), ["listener:a b"]);
        let own = rustix::process::getpid();
        let pidfd = rustix::process::pidfd_open(own, rustix::process::PidfdFlags::empty()).unwrap();
        let taken = take_from(std::process::id(), pidfd.as_fd(), &mut wanted);
        assert_eq!(taken.len(), 1);
        assert_eq!(inode(taken[0].1.as_fd()), inode(socket.as_fd()));
        assert!(wanted.is_empty());
    }
}
