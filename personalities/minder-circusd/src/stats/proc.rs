//! What the kernel tells of a process, and of the machine, under `/proc`.

use std::collections::BTreeMap;
use std::io;

use minder_core::ids::Pid;

/// Why a process cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// There is no such process any more.
    Gone,
    /// The kernel does not tell us, or tells something that we do not understand.
    Denied,
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Unreadable {
        // ESRCH is what a file of `/proc` says that was opened before its process ended.
        let gone = error.kind() == io::ErrorKind::NotFound
            || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error());
        if gone { Unreadable::Gone } else { Unreadable::Denied }
    }
}

/// `/proc/PID/stat`. Times are in ticks of the kernel's user clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) parent: u32,
    /// User and system time of the process itself.
    pub(super) own_ticks: u64,
    /// The same with its reaped children, and the time it waited for disks.
    pub(super) all_ticks: u64,
    pub(super) nice: i64,
    /// When it started, since the boot. With the pid it names a process for ever.
    pub(super) started: u64,
    pub(super) is_zombie: bool,
}

impl Stat {
    pub(super) fn of(pid: Pid) -> Result<Stat, Unreadable> {
        Stat::parse(&std::fs::read(format!("/proc/{pid}/stat"))?).ok_or(Unreadable::Denied)
    }

    fn parse(bytes: &[u8]) -> Option<Stat> {
        // The name may hold blanks and parentheses, so fields are counted from the last one that closes.
        let end = bytes.iter().rposition(|byte| *byte == b')')?;
        let fields: Vec<&str> =
            std::str::from_utf8(bytes.get(end + 1..)?).ok()?.split_ascii_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
        let own_ticks = ticks(11)?.saturating_add(ticks(12)?);
        // Kernels without delay accounting leave the last one out.
        let others = [ticks(13).unwrap_or(0), ticks(14).unwrap_or(0), ticks(39).unwrap_or(0)];
        Some(Stat {
            parent: fields.get(1)?.parse().ok()?,
            own_ticks,
            all_ticks: others.into_iter().fold(own_ticks, u64::saturating_add),
            nice: fields.get(16)?.parse().ok()?,
            started: ticks(19)?,
            is_zombie: *fields.first()? == "Z",
        })
    }
}

/// Resident and virtual memory, in bytes.
pub(super) fn memory(pid: Pid) -> Result<(u64, u64), Unreadable> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm"))?;
    let mut pages = text.split_ascii_whitespace().map(str::parse::<u64>);
    let (Some(Ok(virtual_pages)), Some(Ok(resident_pages))) = (pages.next(), pages.next()) else {
        return Err(Unreadable::Denied);
    };
    let page = rustix::param::page_size() as u64;
    Ok((resident_pages.saturating_mul(page), virtual_pages.saturating_mul(page)))
}

/// The real user id.
pub(super) fn user(pid: Pid) -> Result<u32, Unreadable> {
    let text = std::fs::read(format!("/proc/{pid}/status"))?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find_map(|line| line.strip_prefix("Uid:"));
    let first = line.and_then(|line| line.split_ascii_whitespace().next());
    first.and_then(|uid| uid.parse().ok()).ok_or(Unreadable::Denied)
}

/// The first word of the command line. `None` where there is none, as with threads of the kernel and zombies.
///
/// A process that writes its own title has blanks in place of zero bytes.
pub(super) fn first_argument(pid: Pid) -> Result<Option<String>, Unreadable> {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline"))?;
    let Some(last) = bytes.last() else { return Ok(None) };
    let (bytes, separator) = match last {
        0 => (&bytes[..bytes.len() - 1], 0),
        b' ' => (&bytes[..bytes.len() - 1], b' '),
        _ => (&bytes[..], b' '),
    };
    let separator = if separator == 0 && !bytes.contains(&0) { b' ' } else { separator };
    let first = bytes.split(|byte| *byte == separator).next().unwrap_or_default();
    Ok(Some(String::from_utf8_lossy(first).into_owned()))
}

/// All the memory of the machine, in bytes.
pub(super) fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.split_ascii_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// When the machine booted, in seconds since 1970. It moves when somebody sets the clock.
pub(super) fn boot_time() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// Who is whose child, of all processes that there are. In ascending order of pids.
pub(super) fn children() -> BTreeMap<u32, Vec<Pid>> {
    let mut pids: Vec<Pid> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok().and_then(Pid::new))
        .collect();
    pids.sort_unstable();
    let mut children: BTreeMap<u32, Vec<Pid>> = BTreeMap::new();
    for pid in pids {
        // One that ended meanwhile is nobody's child.
        if let Ok(stat) = Stat::of(pid) {
            children.entry(stat.parent).or_default().push(pid);
        }
    }
    children
}

#[cfg(test)]
mod tests {
    use super::Stat;

    #[test]
    fn a_name_cannot_confuse_the_fields() {
        let line = b"42 (a) R 1 (b) S 7 42 42 0 -1 0 0 0 0 0 3 4 5 6 20 -5 1 0 999 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 9";
        let stat = Stat::parse(line).expect("a line of the kernel");
        assert_eq!((stat.parent, stat.nice, stat.started), (7, -5, 999));
        assert_eq!((stat.own_ticks, stat.is_zombie), (7, false));
    }

    #[test]
    fn what_is_no_line_of_the_kernel_is_refused() {
        for bytes in [&b""[..], b")", b"1 (x", b"1 (x) R", b"1 (x) R a b c", b"\xff) \xfe"] {
            assert_eq!(Stat::parse(bytes), None);
        }
    }
}
