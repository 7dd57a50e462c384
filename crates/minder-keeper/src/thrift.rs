//! Giving back what only a start needed.
//!
//! A process that waits for years should not hold what its first tenth of a second touched: heap that was freed since,
//! and pages of code that will not run again. The kernel reads code back from the file when it is needed after all.

#![allow(unsafe_code, reason = "neither the allocator nor the kernel takes advice in safe Rust")]

use std::ffi::c_void;
use std::fs;

/// Gives it back. Costs a few page faults later; changes nothing that can be seen otherwise.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: trims free memory only.
    unsafe {
        libc::malloc_trim(0);
    }
    let (Ok(maps), Ok(own)) = (fs::read_to_string("/proc/self/maps"), fs::read_link("/proc/self/exe")) else {
        return;
    };
    let own = own.to_string_lossy();
    for (start, length) in unwritten(&maps, &own) {
        // SAFETY: the range is mapped from this program's own file and was never written to, so whatever is dropped is
        // read back from the file as it was.
        unsafe {
            libc::madvise(start as *mut c_void, length, libc::MADV_DONTNEED);
        }
    }
}

/// Start and length of what is mapped of the file `own` and was never written to: its code, and before that what is only read.
/// What is only read behind the code was written to while the program was loaded.
fn unwritten(maps: &str, own: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (rights, range) in maps.lines().filter_map(|line| mapping_of(line, own)) {
        match rights {
            "r--p" => found.push(range),
            "r-xp" => {
                found.push(range);
                return found;
            }
            _ => break,
        }
    }
    Vec::new()
}

/// The rights, and start and length, of a mapping of the file `own`.
fn mapping_of<'a>(line: &'a str, own: &str) -> Option<(&'a str, (usize, usize))> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let rights = fields.next()?;
    let path = line.find('/').map(|at| &line[at..])?;
    if path != own {
        return None;
    }
    let start = usize::from_str_radix(start, 16).ok()?;
    let end = usize::from_str_radix(end, 16).ok()?;
    Some((rights, (start, end.checked_sub(start)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_written_to_is_not_given_back() {
        let maps = "55d0c0a00000-55d0c0a1b000 r--p 00000000 fe:00 1234                       /usr/bin/my minder\n\
                    55d0c0a1b000-55d0c0d2f000 r-xp 0005b000 fe:00 1234                       /usr/bin/my minder\n\
                    55d0c0d2f000-55d0c0d30000 r--p 0036f000 fe:00 1234                       /usr/bin/my minder\n\
                    55d0c0d30000-55d0c0d31000 rw-p 00370000 fe:00 1234                       /usr/bin/my minder\n\
                    7fff00000000-7fff00001000 r-xp 00000000 00:00 0                          [vdso]\n";
        let whole = [(0x55d0_c0a0_0000, 0x1_b000), (0x55d0_c0a1_b000, 0x31_4000)];
        assert_eq!(unwritten(maps, "/usr/bin/my minder"), whole);
        assert_eq!(unwritten(maps, "/usr/bin/minder"), []);
        // Whoever has changed the rights may have written.
        assert_eq!(unwritten(&maps.replacen("r--p", "rw-p", 1), "/usr/bin/my minder"), []);
        for odd in ["", "x", "1-2 r-xp", "2-1 r-xp 0 0:0 0 /usr/bin/my minder"] {
            assert_eq!(unwritten(odd, "/usr/bin/my minder"), [], "{odd}");
        }
    }

    #[test]
    fn a_program_goes_on_after_it() {
        give_back();
        assert_eq!((1..=100).sum::<u32>(), 5050);
    }
}
