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
    for (start, length) in maps.lines().filter_map(|line| code_of(line, &own)) {
        // SAFETY: the range is this program's own code: mapped from its file, never written to, so whatever is
        // dropped is read back from the file as it was.
        unsafe {
            libc::madvise(start as *mut c_void, length, libc::MADV_DONTNEED);
        }
    }
}

/// Start and length of a mapping, if it is code of the file `own`. Only code: read-only data may have been written to
/// while the program was loaded.
fn code_of(line: &str, own: &str) -> Option<(usize, usize)> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let rights = fields.next()?;
    let path = line.find('/').map(|at| &line[at..])?;
    if rights != "r-xp" || path != own {
        return None;
    }
    let start = usize::from_str_radix(start, 16).ok()?;
    let end = usize::from_str_radix(end, 16).ok()?;
    Some((start, end.checked_sub(start)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_the_program_itself_is_given_back() {
        let line =
            "55d0c0a1b000-55d0c0d2f000 r-xp 0005b000 fe:00 1234                       /usr/bin/my minder";
        assert_eq!(code_of(line, "/usr/bin/my minder"), Some((0x55d0_c0a1_b000, 0x31_4000)));
        assert_eq!(code_of(line, "/usr/bin/minder"), None);
        assert_eq!(code_of(&line.replace("r-xp", "r--p"), "/usr/bin/my minder"), None);
        for odd in
            ["", "x", "1-2 r-xp", "7fff-8000 r-xp 0 0:0 0 [vdso]", "2-1 r-xp 0 0:0 0 /usr/bin/my minder"]
        {
            assert_eq!(code_of(odd, "/usr/bin/my minder"), None, "{odd}");
        }
    }

    #[test]
    fn a_program_goes_on_after_it() {
        give_back();
        assert_eq!((1..=100).sum::<u32>(), 5050);
    }
}
