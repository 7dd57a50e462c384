//! Numbers of the kernel, read for the core.

use minder_core::ids::{CoreDump, Errno, ExitStatus, Signal};
use minder_core::program::{Notice, ReasonShown};

/// What `waitpid` says of an end.
pub fn exit_status(raw: i32) -> ExitStatus {
    let signal = raw & 0x7f;
    if signal == 0 {
        return u8::try_from((raw >> 8) & 0xff).map_or(ExitStatus::Unknown, ExitStatus::Code);
    }
    let core = if raw & 0x80 == 0 { CoreDump::None } else { CoreDump::Written };
    match u8::try_from(signal) {
        // 0x7f is a process that was stopped, not one that has ended.
        Ok(number) if number != 0x7f => ExitStatus::Signal { signal: Signal(number), core },
        _ => ExitStatus::Unknown,
    }
}

/// A notice with its reason filled in.
pub fn notice_text(notice: &Notice, errno: Errno) -> Vec<u8> {
    let reason = match notice.reason {
        ReasonShown::Symbol => {
            minder_core::errno::symbol(errno).map_or_else(|| errno.0.to_string(), str::to_owned)
        }
        ReasonShown::Hidden => String::new(),
    };
    [notice.before.as_bytes(), reason.as_bytes(), notice.after.as_bytes()].concat()
}
