//! From a program's spec to what the keeper is asked to clone: the executable is looked for, the environment made.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use minder_core::ids::ByteString;
use minder_core::program::{
    Announce, Ceiling, Choice, Command, CommandProblem, EnvironmentBase, ErrorOutput, Identity, Leads,
    LogTarget, ProgramSpec, ResourceLimit, Sink, StdinSource,
};
use minder_keeper::wire::{Credentials, ErrorTo, Leader, Limit, OutputTo, SpawnRequest, StdinFrom};
use minder_keeper::{RESTART_VARIABLE, ROLE_VARIABLE};
use rustix::fs::{Access, access};

use crate::listeners::{Inherited, held_name};
use crate::mark::{self, Mark};

/// What minder itself was started with, without what its own halves tell each other.
pub fn inherited_environment() -> Vec<(Vec<u8>, Vec<u8>)> {
    std::env::vars_os()
        .filter(|(name, _)| name != ROLE_VARIABLE && name != RESTART_VARIABLE)
        .map(|(name, value)| (name.into_vec(), value.into_vec()))
        .collect()
}

/// The file that a command executes.
///
/// # Errors
/// Why it cannot be executed.
pub fn executable(command: &Command, identity: Option<&Identity>) -> Result<ByteString, CommandProblem> {
    let words = command.words.as_ref().map_err(Clone::clone)?;
    let word = command.file.as_ref().or(words.first()).ok_or(CommandProblem::Empty)?;
    let path =
        if word.as_bytes().contains(&b'/') { Some(word.clone()) } else { search(command, word, identity) };
    let path = path.ok_or_else(|| CommandProblem::NotFound(word.clone()))?;
    let file = Path::new(OsStr::from_bytes(path.as_bytes()));
    let Ok(metadata) = file.metadata() else { return Err(CommandProblem::NotFound(path)) };
    if metadata.is_dir() {
        Err(CommandProblem::IsDirectory(path))
    } else if metadata.permissions().mode() & 0o111 == 0 {
        Err(CommandProblem::NotExecutable(path))
    } else if access(file, Access::EXEC_OK).is_err() {
        Err(CommandProblem::NotPermitted(path))
    } else {
        Ok(path)
    }
}

fn search(command: &Command, word: &ByteString, identity: Option<&Identity>) -> Option<ByteString> {
    let candidates = command.search.iter().map(|directory| {
        Path::new(OsStr::from_bytes(directory.as_bytes())).join(OsStr::from_bytes(word.as_bytes()))
    });
    let mut found = candidates.filter(|path| path.metadata().is_ok());
    let path = match command.choice {
        Choice::First => found.next(),
        Choice::FirstPermitted => {
            let found: Vec<_> = found.collect();
            let permitted = found.iter().find(|path| may_execute(path, identity));
            permitted.or(found.first()).cloned()
        }
    };
    path.map(|path| ByteString::from(path.into_os_string().into_vec()))
}

/// Whether a file may be executed by somebody, as far as mode bits say. `None` is minder itself.
fn may_execute(file: &Path, identity: Option<&Identity>) -> bool {
    let Some(identity) = identity else {
        return file.is_file() && access(file, Access::EXEC_OK).is_ok();
    };
    let Ok(file) = file.canonicalize() else { return false };
    let permits = |path: &Path| {
        path.metadata().is_ok_and(|metadata| {
            let mode = metadata.permissions().mode();
            if identity.uid == 0 {
                metadata.is_dir() || mode & 0o111 != 0
            } else if metadata.uid() == identity.uid {
                mode & 0o100 != 0
            } else if metadata.gid() == identity.gid || identity.groups.contains(&metadata.gid()) {
                mode & 0o010 != 0
            } else {
                mode & 0o001 != 0
            }
        })
    };
    file.is_file() && file.ancestors().all(permits)
}

/// What the groups' sockets are called among the descriptors that the keeper holds.
pub const SOCKET_PREFIX: &str = "socket:";

/// The name under which the keeper holds a group's socket.
pub fn socket_name(group: &str) -> Vec<u8> {
    format!("{SOCKET_PREFIX}{group}").into_bytes()
}

/// What the keeper is asked to clone.
pub fn request(
    spec: &ProgramSpec,
    group: &str,
    program: &ByteString,
    inherited: &[(Vec<u8>, Vec<u8>)],
    sockets: Inherited,
) -> SpawnRequest {
    let words = spec.command.words.as_deref().unwrap_or_default();
    let announced = spec.surroundings.announce == Announce::ListenFds && !sockets.is_empty();
    SpawnRequest {
        program: program.as_bytes().to_vec(),
        argv: words.iter().map(|word| word.as_bytes().to_vec()).collect(),
        environment: environment(spec, inherited),
        directory: spec.directory.as_ref().map(|path| path.as_bytes().to_vec()),
        credentials: spec.identity.as_ref().map(|identity| Credentials {
            uid: identity.uid,
            gid: identity.gid,
            groups: identity.groups.clone(),
        }),
        umask: spec.umask,
        limits: spec.surroundings.limits.iter().copied().map(limit).collect(),
        leader: match spec.surroundings.leads {
            Leads::Group => Leader::Group,
            Leads::Session => Leader::Session,
        },
        stdin: match &spec.stdin {
            StdinSource::Pipe => StdinFrom::Pipe,
            StdinSource::Null => StdinFrom::Null,
            StdinSource::Own => StdinFrom::Inherit,
            StdinSource::GroupSocket => StdinFrom::Held(socket_name(group)),
            StdinSource::Socket(name) => StdinFrom::Held(held_name(name)),
        },
        stdout: match sink(&spec.stdout.log) {
            None => OutputTo::Pipe,
            Some(Sink::Null) => OutputTo::Null,
            Some(Sink::Own) => OutputTo::Inherit,
        },
        stderr: match &spec.stderr {
            ErrorOutput::WithStdout => ErrorTo::Stdout,
            ErrorOutput::Own(output) => match sink(&output.log) {
                None => ErrorTo::Pipe,
                Some(Sink::Null) => ErrorTo::Null,
                Some(Sink::Own) => ErrorTo::Inherit,
            },
        },
        inherited: sockets,
        pid_variable: announced.then(|| b"LISTEN_PID".to_vec()),
    }
}

/// The variable by which a program, or all of them, have what they leave at a stop left alone, as the originals do.
pub const LEFTOVERS_VARIABLE: &[u8] = b"MINDER_LEFTOVERS";
/// Its value.
const LEAVE: &[u8] = b"leave";

/// Whether what a program leaves at a stop is left alone: by its own environment, or else by minder's.
pub fn leaves(spec: &ProgramSpec, inherited: &[(Vec<u8>, Vec<u8>)]) -> bool {
    let own = spec.environment.iter().rev().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let inherited = inherited.iter().rev().map(|(name, value)| (&name[..], &value[..]));
    own.chain(inherited)
        .find(|(name, _)| *name == LEFTOVERS_VARIABLE)
        .is_some_and(|(_, value)| value == LEAVE)
}

/// The limit that marks a program's process and all that descend from it. `None` where it has one of its own there.
pub fn mark(spec: &ProgramSpec, mark: Mark) -> Option<Limit> {
    let own = spec.surroundings.limits.iter().any(|limit| limit.resource == mark::RESOURCE);
    if own { None } else { mark.limit(highest(mark::RESOURCE)) }
}

fn limit(limit: ResourceLimit) -> Limit {
    let ceiling = match limit.ceiling {
        Ceiling::At(value) => value,
        Ceiling::Unlimited => u64::MAX,
        Ceiling::Highest => highest(limit.resource),
    };
    Limit { resource: limit.resource, soft: ceiling, hard: ceiling }
}

/// Our own hard limit, which is the keeper's too.
#[allow(unsafe_code, reason = "the resource is a number here, and rustix wants its own names")]
fn highest(resource: i32) -> u64 {
    let mut limit = libc::rlimit64 { rlim_cur: u64::MAX, rlim_max: u64::MAX };
    // SAFETY: the kernel fills in the one structure, or refuses the number and leaves it.
    unsafe {
        libc::syscall(libc::SYS_prlimit64, 0, resource, std::ptr::null::<libc::rlimit64>(), &raw mut limit)
    };
    limit.rlim_max
}

/// What `sd_listen_fds(3)` reads, but for the pid.
fn announcement(spec: &ProgramSpec) -> Vec<(ByteString, ByteString)> {
    let sockets = &spec.surroundings.sockets;
    if spec.surroundings.announce == Announce::Nothing || sockets.is_empty() {
        return Vec::new();
    }
    let names: Vec<&str> = sockets.iter().map(|socket| socket.source.name().as_str()).collect();
    let variable = |name: &[u8], value: String| (name.into(), value.into_bytes().into());
    vec![variable(b"LISTEN_FDS", names.len().to_string()), variable(b"LISTEN_FDNAMES", names.join(":"))]
}

/// Where an output goes without a pipe, if it does.
fn sink(log: &LogTarget) -> Option<Sink> {
    match log {
        LogTarget::Direct(sink) => Some(*sink),
        LogTarget::Nowhere | LogTarget::File(_) | LogTarget::Followed(_) | LogTarget::Fresh { .. } => None,
    }
}

/// minder's own variables in their order, then the program's; of one name the last counts, in the first's place.
fn environment(spec: &ProgramSpec, inherited: &[(Vec<u8>, Vec<u8>)]) -> Vec<Vec<u8>> {
    let inherited = match spec.surroundings.environment {
        EnvironmentBase::Inherited => inherited,
        EnvironmentBase::Empty => &[],
    };
    let announcement = announcement(spec);
    let mut all: Vec<(&[u8], &[u8])> =
        inherited.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    for (name, value) in spec.environment.iter().chain(&announcement) {
        let (name, value) = (name.as_bytes(), value.as_bytes());
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some(place) => place.1 = value,
            None => all.push((name, value)),
        }
    }
    all.into_iter().map(|(name, value)| [name, b"=", value].concat()).collect()
}
