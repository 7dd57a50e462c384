//! Wall time as people read it.
//!
//! By the C library, because the originals' formats are its formats, and because it alone knows the time zone here and is in
//! the program anyway.

#![allow(unsafe_code, reason = "the C library's calendar is not in rustix")]

use std::ffi::CString;
use std::mem::MaybeUninit;

use minder_core::program::Zone;
use minder_core::time::WallTime;

/// What a formatted time may take, in bytes. One that would be longer is not formatted.
const TEXT_MAX: usize = 4096;

/// The calendar of a moment, in seconds since 1970.
pub(super) fn broken_down(seconds: i64, zone: Zone) -> libc::tm {
    let mut time = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are to live values of the right types, and neither function keeps them. All zeros is a value
    // of `tm` (integers, and a pointer that may be null), so it is one even when the call fails.
    unsafe {
        match zone {
            Zone::Local => libc::localtime_r(&raw const seconds, time.as_mut_ptr()),
            Zone::Utc => libc::gmtime_r(&raw const seconds, time.as_mut_ptr()),
        };
        time.assume_init()
    }
}

/// A moment in local time without a zone, in a format of `strftime` and `%f` for the microseconds.
pub(super) fn local_text(now: WallTime, format: &str) -> Vec<u8> {
    let mut time = broken_down(now.seconds(), Zone::Local);
    // Nobody has said whether it is summer: that is what "without a zone" means to the conversions that ask.
    time.tm_isdst = -1;
    text(&time, &without_zone(format, now.subsecond_micros()))
}

/// A broken-down time in a format of `strftime`. A format that it refuses is the text.
pub(super) fn text(time: &libc::tm, format: &str) -> Vec<u8> {
    // The character at the end tells an empty text from one that does not fit.
    let Ok(marked) = CString::new(format!("{format}.")) else { return format.into() };
    let mut buffer = vec![0_u8; TEXT_MAX];
    // SAFETY: the buffer is as long as said, the format ends with a null byte, and `time` is a live value whose zone name
    // is null or the C library's own, which lives as long as the program.
    let length = unsafe { libc::strftime(buffer.as_mut_ptr().cast(), buffer.len(), marked.as_ptr(), time) };
    if length == 0 {
        return format.into();
    }
    buffer.truncate(length - 1);
    buffer
}

/// Replaces the conversions that the C library does not know (`%f`) or would answer from the zone (`%z`, `%Z`).
fn without_zone(format: &str, micros: i64) -> String {
    let mut replaced = String::with_capacity(format.len());
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            replaced.push(character);
            continue;
        }
        match characters.next() {
            Some('f') => replaced.push_str(&format!("{micros:06}")),
            Some('z' | 'Z') => {}
            Some(conversion) => replaced.extend(['%', conversion]),
            // The C library leaves open what a lone one at the end means.
            None => replaced.push_str("%%"),
        }
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_written_as_far_as_they_are_formats() {
        let time = broken_down(1_700_000_000, Zone::Utc);
        let cases = [
            ("%Y-%m-%d %H:%M:%S", "2023-11-14 22:13:20"),
            ("%a %A %b %B %j %U %w %y %%", "Tue Tuesday Nov November 318 46 2 23 %"),
            ("%c|%x|%X|%p", "Tue Nov 14 22:13:20 2023|11/14/23|22:13:20|PM"),
            ("", ""),
            ("%Q", "%Q"),
            ("a\0b", "a\0b"),
            ("%99999999d", "%99999999d"),
        ];
        for (format, expected) in cases {
            assert_eq!(String::from_utf8(text(&time, format)).unwrap(), expected, "{format:?}");
        }
    }

    #[test]
    fn a_time_without_zone_has_six_digits_of_microseconds_and_no_zone() {
        assert_eq!(without_zone("%H.%f%z%Z|%%f|%-d|é%", 7), "%H.000007|%%f|%-d|é%%");
        let now = WallTime(1_700_000_000_000_042);
        assert_eq!(local_text(now, "%f %z%Z%s"), b"000042 1700000000");
    }
}
