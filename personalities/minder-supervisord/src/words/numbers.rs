//! Numbers of the kernel and the names Python gives them.

use std::borrow::Cow;
use std::fmt;

use minder_core::ids::{Errno, Signal};

use super::Quoted;

/// The symbolic name of a failed call's reason, `ENOENT`; the number itself if it has none.
#[must_use]
pub fn errno_name(errno: Errno) -> Cow<'static, str> {
    match ERRNO_NAMES.binary_search_by_key(&errno.0, |&(number, _)| number) {
        Ok(at) => Cow::Borrowed(ERRNO_NAMES[at].1),
        Err(_) => Cow::Owned(errno.0.to_string()),
    }
}

/// `SIGTERM`, or `signal 35` for one that has no name of its own.
#[must_use]
pub fn signal_name(signal: Signal) -> Cow<'static, str> {
    match SIGNALS.iter().find(|&&(_, number)| number == signal.0) {
        Some(&(name, _)) if signal.0 != 0 => Cow::Borrowed(name),
        _ => Cow::Owned(format!("signal {}", signal.0)),
    }
}

/// A text that names no signal, with Supervisor's words for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BadSignal {
    /// Neither a number nor a name.
    Name(String),
    /// A number that no signal has.
    Number(String),
}

impl fmt::Display for BadSignal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadSignal::Name(text) => write!(out, "value {} is not a valid signal name", Quoted(text)),
            BadSignal::Number(text) => write!(out, "value {} is not a valid signal number", Quoted(text)),
        }
    }
}

impl std::error::Error for BadSignal {}

/// Reads a signal as Supervisor does: a number that is in use, or a name with or without `SIG`, in any case.
///
/// # Errors
/// When the text is neither.
pub fn parse_signal(text: &str) -> Result<Signal, BadSignal> {
    let bare = text.trim();
    if let Ok(number) = bare.parse::<i64>() {
        return match u8::try_from(number).map(Signal) {
            Ok(signal) if is_known(signal) => Ok(signal),
            Ok(_) | Err(_) => Err(BadSignal::Number(text.to_owned())),
        };
    }
    let mut name = bare.to_uppercase();
    if !name.starts_with("SIG") {
        name.insert_str(0, "SIG");
    }
    match SIGNALS.iter().find(|&&(known, _)| known == name) {
        Some(&(_, number)) => Ok(Signal(number)),
        None => Err(BadSignal::Name(text.to_owned())),
    }
}

/// Whether a number is one that Supervisor takes for a signal.
pub(super) fn is_known(signal: Signal) -> bool {
    SIGNALS.iter().any(|&(_, number)| number == signal.0)
}

/// What Python's `signal` module knows on Linux, the name that Supervisor prints first. The last rows are no signals,
/// but begin with `SIG` as well, and so Supervisor takes them.
const SIGNALS: [(&str, u8); 41] = [
    ("SIGHUP", 1),
    ("SIGINT", 2),
    ("SIGQUIT", 3),
    ("SIGILL", 4),
    ("SIGTRAP", 5),
    ("SIGABRT", 6),
    ("SIGIOT", 6),
    ("SIGBUS", 7),
    ("SIGFPE", 8),
    ("SIGKILL", 9),
    ("SIGUSR1", 10),
    ("SIGSEGV", 11),
    ("SIGUSR2", 12),
    ("SIGPIPE", 13),
    ("SIGALRM", 14),
    ("SIGTERM", 15),
    ("SIGSTKFLT", 16),
    ("SIGCHLD", 17),
    ("SIGCLD", 17),
    ("SIGCONT", 18),
    ("SIGSTOP", 19),
    ("SIGTSTP", 20),
    ("SIGTTIN", 21),
    ("SIGTTOU", 22),
    ("SIGURG", 23),
    ("SIGXCPU", 24),
    ("SIGXFSZ", 25),
    ("SIGVTALRM", 26),
    ("SIGPROF", 27),
    ("SIGWINCH", 28),
    ("SIGPOLL", 29),
    ("SIGIO", 29),
    ("SIGPWR", 30),
    ("SIGSYS", 31),
    ("SIGRTMIN", 34),
    ("SIGRTMAX", 64),
    ("SIG_BLOCK", 0),
    ("SIG_UNBLOCK", 1),
    ("SIG_SETMASK", 2),
    ("SIG_DFL", 0),
    ("SIG_IGN", 1),
];

/// As Python's `errno` module names them, by number. Two names for one number: the one that `errno.errorcode` gives.
#[rustfmt::skip]
const ERRNO_NAMES: [(i32, &str); 130] = [
    (1, "EPERM"), (2, "ENOENT"), (3, "ESRCH"), (4, "EINTR"), (5, "EIO"), (6, "ENXIO"), (7, "E2BIG"),
    (8, "ENOEXEC"), (9, "EBADF"), (10, "ECHILD"), (11, "EAGAIN"), (12, "ENOMEM"), (13, "EACCES"),
    (14, "EFAULT"), (15, "ENOTBLK"), (16, "EBUSY"), (17, "EEXIST"), (18, "EXDEV"), (19, "ENODEV"),
    (20, "ENOTDIR"), (21, "EISDIR"), (22, "EINVAL"), (23, "ENFILE"), (24, "EMFILE"), (25, "ENOTTY"),
    (26, "ETXTBSY"), (27, "EFBIG"), (28, "ENOSPC"), (29, "ESPIPE"), (30, "EROFS"), (31, "EMLINK"),
    (32, "EPIPE"), (33, "EDOM"), (34, "ERANGE"), (35, "EDEADLOCK"), (36, "ENAMETOOLONG"), (37, "ENOLCK"),
    (38, "ENOSYS"), (39, "ENOTEMPTY"), (40, "ELOOP"), (42, "ENOMSG"), (43, "EIDRM"), (44, "ECHRNG"),
    (45, "EL2NSYNC"), (46, "EL3HLT"), (47, "EL3RST"), (48, "ELNRNG"), (49, "EUNATCH"), (50, "ENOCSI"),
    (51, "EL2HLT"), (52, "EBADE"), (53, "EBADR"), (54, "EXFULL"), (55, "ENOANO"), (56, "EBADRQC"),
    (57, "EBADSLT"), (59, "EBFONT"), (60, "ENOSTR"), (61, "ENODATA"), (62, "ETIME"), (63, "ENOSR"),
    (64, "ENONET"), (65, "ENOPKG"), (66, "EREMOTE"), (67, "ENOLINK"), (68, "EADV"), (69, "ESRMNT"),
    (70, "ECOMM"), (71, "EPROTO"), (72, "EMULTIHOP"), (73, "EDOTDOT"), (74, "EBADMSG"), (75, "EOVERFLOW"),
    (76, "ENOTUNIQ"), (77, "EBADFD"), (78, "EREMCHG"), (79, "ELIBACC"), (80, "ELIBBAD"), (81, "ELIBSCN"),
    (82, "ELIBMAX"), (83, "ELIBEXEC"), (84, "EILSEQ"), (85, "ERESTART"), (86, "ESTRPIPE"), (87, "EUSERS"),
    (88, "ENOTSOCK"), (89, "EDESTADDRREQ"), (90, "EMSGSIZE"), (91, "EPROTOTYPE"), (92, "ENOPROTOOPT"),
    (93, "EPROTONOSUPPORT"), (94, "ESOCKTNOSUPPORT"), (95, "ENOTSUP"), (96, "EPFNOSUPPORT"),
    (97, "EAFNOSUPPORT"), (98, "EADDRINUSE"), (99, "EADDRNOTAVAIL"), (100, "ENETDOWN"),
    (101, "ENETUNREACH"), (102, "ENETRESET"), (103, "ECONNABORTED"), (104, "ECONNRESET"), (105, "ENOBUFS"),
    (106, "EISCONN"), (107, "ENOTCONN"), (108, "ESHUTDOWN"), (109, "ETOOMANYREFS"), (110, "ETIMEDOUT"),
    (111, "ECONNREFUSED"), (112, "EHOSTDOWN"), (113, "EHOSTUNREACH"), (114, "EALREADY"),
    (115, "EINPROGRESS"), (116, "ESTALE"), (117, "EUCLEAN"), (118, "ENOTNAM"), (119, "ENAVAIL"),
    (120, "EISNAM"), (121, "EREMOTEIO"), (122, "EDQUOT"), (123, "ENOMEDIUM"), (124, "EMEDIUMTYPE"),
    (125, "ECANCELED"), (126, "ENOKEY"), (127, "EKEYEXPIRED"), (128, "EKEYREVOKED"), (129, "EKEYREJECTED"),
    (130, "EOWNERDEAD"), (131, "ENOTRECOVERABLE"), (132, "ERFKILL"),
];
