//! What a process uses, in the original's words and its figures.
//!
//! ```text
//! Survey (once a request) ─┐
//! /proc/PID ───────────────┴─▶ Sampler ─▶ ProcessInfo ─▶ JSON
//!                               └ keeps each process's last ticks, for the share of the processor since then
//! ```

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use minder_core::ids::Pid;
use serde_json::{Map, Value, json};

use super::proc::{self, Stat, Unreadable};
use super::sizes::ByteSize;

/// What `stats` says in place of the figures of a process that ended.
pub const VANISHED: &str = "No such process (stopped?)";

/// Processes whose last ticks are kept. Beyond it, first those that ended are forgotten, then the one that nobody has
/// asked for longest; it is told as using nothing when it is asked for again.
const SAMPLES_MAX: usize = 8192;

/// Names of users that are kept, all of them forgotten beyond that.
const USERS_MAX: usize = 64;

/// What is shown where the kernel tells nothing.
const NOT_AVAILABLE: &str = "N/A";

/// The process ended before it could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vanished;

/// A process as `stats`, `dstats` and circusd-stats tell of it. `None` is what the kernel does not let us see.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessInfo {
    /// Its id.
    pub pid: Pid,
    /// Memory that is in RAM.
    pub resident: Option<ByteSize>,
    /// Memory that it may touch.
    pub mapped: Option<ByteSize>,
    /// Percent of one processor since it was last asked for, one decimal; 0 the first time.
    pub cpu: Option<f64>,
    /// Percent of the machine's memory, three decimals.
    pub mem: Option<f64>,
    /// Processor time, its reaped children and its waiting for disks included.
    pub cpu_time: Option<Duration>,
    /// The name of the real user, or the number where it has no name.
    pub username: Option<String>,
    /// -20 to 19.
    pub nice: Option<i64>,
    /// Seconds since 1970.
    pub create_time: Option<f64>,
    /// Seconds since then, at the time of the survey.
    pub age: Option<f64>,
    /// The last part of the path in the first argument.
    pub cmdline: Option<String>,
    /// Its direct children, if the survey looked for them. Theirs are not told.
    pub children: Vec<ProcessInfo>,
}

impl ProcessInfo {
    /// The object of `dstats` and of circusd-stats, in the original's order.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        fn known<T: Into<Value>>(value: Option<T>) -> Value {
            value.map_or_else(|| NOT_AVAILABLE.into(), Into::into)
        }
        let children = self.children.iter().map(|child| Value::Object(child.to_json()));
        [
            ("mem_info1", known(self.resident.map(|size| size.to_string()))),
            ("mem_info2", known(self.mapped.map(|size| size.to_string()))),
            ("cpu", known(self.cpu)),
            ("mem", known(self.mem)),
            ("ctime", known(self.cpu_time.map(cpu_time_text))),
            ("pid", self.pid.get().into()),
            ("username", known(self.username.as_deref())),
            ("nice", known(self.nice)),
            ("create_time", known(self.create_time)),
            ("age", known(self.age)),
            ("cmdline", known(self.cmdline.as_deref())),
            ("children", children.collect()),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }

    /// The object of `stats` for a worker: with its number and with the age counted from when it was started, which
    /// circusd knows better than the kernel. `started` and `now` are in seconds since 1970.
    #[must_use]
    pub fn to_worker_json(&self, wid: u32, started: f64, now: f64) -> Map<String, Value> {
        let mut object = self.to_json();
        object.insert("age".to_owned(), json!(now - started));
        object.insert("started".to_owned(), json!(started));
        object.insert("wid".to_owned(), json!(wid));
        object
    }
}

/// `M:SS.F`. Hours are dropped, and the fraction is the first two digits of the microseconds *without* leading zeroes,
/// so 50 ms read like half a second: both as in the original, whose clients may compare.
fn cpu_time_text(time: Duration) -> String {
    let micros = time.subsec_micros().to_string();
    let minutes = time.as_secs() % 86_400 / 60 % 60;
    format!("{minutes}:{:02}.{}", time.as_secs() % 60, &micros[..micros.len().min(2)])
}

/// Whether children are looked for, which needs a look at every process of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kin {
    /// Each process is told with its direct children.
    Children,
    /// Children are left out.
    Nobody,
}

/// What is the same for all processes that are looked at together: take one a request.
#[derive(Debug)]
pub struct Survey {
    boot_time: Option<u64>,
    now: f64,
    at: Instant,
    children: BTreeMap<u32, Vec<Pid>>,
}

impl Survey {
    /// Reads the clock, and who is whose child.
    #[must_use]
    pub fn take(kin: Kin) -> Survey {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Survey {
            boot_time: proc::boot_time(),
            now: now.as_secs_f64(),
            at: Instant::now(),
            children: match kin {
                Kin::Children => proc::children(),
                Kin::Nobody => BTreeMap::new(),
            },
        }
    }

    /// Whether one process is a direct child of another.
    #[must_use]
    pub fn is_child(&self, child: Pid, parent: u32) -> bool {
        self.children.get(&parent).is_some_and(|children| children.contains(&child))
    }

    /// When it was taken, in seconds since 1970.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.now
    }
}

/// The processor time of a process when it was last looked at.
#[derive(Clone, Copy, Debug)]
struct Sample {
    started: u64,
    ticks: u64,
    at: Instant,
}

/// Looks at processes, and remembers what the next look needs. Bounded; never blocks but on `/proc`.
#[derive(Debug, Default)]
pub struct Sampler {
    samples: BTreeMap<Pid, Sample>,
    users: BTreeMap<u32, String>,
    machine_memory: Option<u64>,
}

impl Sampler {
    /// One that has seen nothing yet.
    #[must_use]
    pub fn new() -> Sampler {
        Sampler::default()
    }

    /// Looks at a process.
    ///
    /// # Errors
    /// When it ended, or is a zombie.
    pub fn look(&mut self, survey: &Survey, pid: Pid) -> Result<ProcessInfo, Vanished> {
        let mut info = self.look_at_one(survey, pid)?;
        let born = Stat::of(pid).map(|stat| stat.started).unwrap_or_default();
        for &child in survey.children.get(&pid.get()).into_iter().flatten() {
            // One that is older than its parent is a stranger who got the pid of a child that ended.
            let is_kin = Stat::of(child).is_ok_and(|stat| stat.started >= born);
            // The original fails altogether when a child ends meanwhile.
            if let (true, Ok(child)) = (is_kin, self.look_at_one(survey, child)) {
                info.children.push(child);
            }
        }
        Ok(info)
    }

    /// Looks at a process twice, and tells its share of the processor over that time.
    ///
    /// # Errors
    /// When it ended.
    pub async fn look_over(
        &mut self,
        kin: Kin,
        pid: Pid,
        interval: Duration,
    ) -> Result<ProcessInfo, Vanished> {
        self.look_at_one(&Survey::take(Kin::Nobody), pid)?;
        tokio::time::sleep(interval).await;
        self.look(&Survey::take(kin), pid)
    }

    /// Forgets a process that is known to have ended.
    pub fn forget(&mut self, pid: Pid) {
        self.samples.remove(&pid);
    }

    fn look_at_one(&mut self, survey: &Survey, pid: Pid) -> Result<ProcessInfo, Vanished> {
        let stat = seen(Stat::of(pid))?;
        if stat.is_some_and(|stat| stat.is_zombie) {
            return Err(Vanished);
        }
        let memory = seen(proc::memory(pid))?;
        let cmdline = seen(proc::first_argument(pid))?.flatten();
        let ticks_a_second = rustix::param::clock_ticks_per_second().max(1);
        // The kernel's times stay far below 2⁵³ ticks, so a double holds them.
        #[allow(clippy::cast_precision_loss, reason = "see above")]
        let born = |stat: &Stat| Some(stat.started as f64 / ticks_a_second as f64 + survey.boot_time? as f64);
        let create_time = stat.as_ref().and_then(born);
        Ok(ProcessInfo {
            pid,
            resident: memory.map(|(resident, _)| ByteSize(resident)),
            mapped: memory.map(|(_, mapped)| ByteSize(mapped)),
            cpu: stat.map(|stat| self.processor_share(survey.at, pid, stat, ticks_a_second)),
            mem: memory.and_then(|(resident, _)| self.memory_share(resident)),
            cpu_time: stat.map(|stat| ticks_to_time(stat.all_ticks, ticks_a_second)),
            username: seen(proc::user(pid))?.map(|uid| self.user_name(uid)),
            nice: stat.map(|stat| stat.nice),
            create_time,
            age: create_time.map(|born| survey.now - born),
            cmdline: cmdline.and_then(|argument| program_name(&argument)),
            children: Vec::new(),
        })
    }

    fn processor_share(&mut self, at: Instant, pid: Pid, stat: Stat, ticks_a_second: u64) -> f64 {
        let sample = Sample { started: stat.started, ticks: stat.own_ticks, at };
        self.make_room();
        // A process that got the pid of an earlier one begins anew.
        let last = self.samples.insert(pid, sample).filter(|last| last.started == stat.started);
        let Some(last) = last else { return 0.0 };
        let elapsed = at.saturating_duration_since(last.at).as_secs_f64();
        if elapsed <= 0.0 {
            // Asked for twice in one survey: the first answer stands for the next look.
            self.samples.insert(pid, last);
            return 0.0;
        }
        let used = ticks_to_time(stat.own_ticks.saturating_sub(last.ticks), ticks_a_second).as_secs_f64();
        rounded(used / elapsed * 100.0, 1)
    }

    fn make_room(&mut self) {
        if self.samples.len() < SAMPLES_MAX {
            return;
        }
        self.samples.retain(|pid, sample| Stat::of(*pid).is_ok_and(|stat| stat.started == sample.started));
        if self.samples.len() >= SAMPLES_MAX
            && let Some(oldest) = self.samples.iter().min_by_key(|(_, sample)| sample.at).map(|(pid, _)| *pid)
        {
            self.samples.remove(&oldest);
        }
    }

    fn memory_share(&mut self, resident: u64) -> Option<f64> {
        if self.machine_memory.is_none() {
            self.machine_memory = proc::machine_memory();
        }
        #[allow(clippy::cast_precision_loss, reason = "the original divides doubles, too")]
        self.machine_memory.filter(|all| *all > 0).map(|all| rounded(resident as f64 / all as f64 * 100.0, 3))
    }

    fn user_name(&mut self, uid: u32) -> String {
        if let Some(name) = self.users.get(&uid) {
            return name.clone();
        }
        match nix::unistd::User::from_uid(uid.into()) {
            Ok(Some(user)) => {
                if self.users.len() >= USERS_MAX {
                    self.users.clear();
                }
                self.users.insert(uid, user.name.clone());
                user.name
            }
            // Not kept: it may be named later.
            Ok(None) | Err(_) => uid.to_string(),
        }
    }
}

/// What is not told is `None`; who is gone is gone.
fn seen<T>(read: Result<T, Unreadable>) -> Result<Option<T>, Vanished> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(Unreadable::Denied) => Ok(None),
        Err(Unreadable::Gone) => Err(Vanished),
    }
}

fn ticks_to_time(ticks: u64, ticks_a_second: u64) -> Duration {
    let rest = Duration::from_micros((ticks % ticks_a_second) * 1_000_000 / ticks_a_second);
    Duration::from_secs(ticks / ticks_a_second) + rest
}

/// Rounded by its decimal text, as Python rounds.
fn rounded(value: f64, decimals: usize) -> f64 {
    format!("{value:.decimals$}").parse().unwrap_or(value)
}

/// What the original makes of a first argument: its first word by the shell's rules, and of that the part behind the last
/// slash. `None` if nothing is there. Where quotes do not match, which makes the original fail, all of it counts.
fn program_name(argument: &str) -> Option<String> {
    let word = first_shell_word(argument).unwrap_or_else(|Unclosed| Some(argument.to_owned()))?;
    Some(word.rsplit('/').next().unwrap_or_default().to_owned())
}

/// A quote or a backslash that nothing follows.
struct Unclosed;

/// The first word, unquoted, if there is one.
fn first_shell_word(text: &str) -> Result<Option<String>, Unclosed> {
    let mut chars = text.chars().skip_while(|c| " \t\r\n".contains(*c)).peekable();
    if chars.peek().is_none() {
        return Ok(None);
    }
    let mut word = String::new();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => break,
            '\\' => word.push(chars.next().ok_or(Unclosed)?),
            '\'' => loop {
                match chars.next().ok_or(Unclosed)? {
                    '\'' => break,
                    c => word.push(c),
                }
            },
            '"' => loop {
                match chars.next().ok_or(Unclosed)? {
                    '"' => break,
                    '\\' => match chars.next().ok_or(Unclosed)? {
                        c @ ('"' | '\\') => word.push(c),
                        c => word.extend(['\\', c]),
                    },
                    c => word.push(c),
                }
            },
            c => word.push(c),
        }
    }
    Ok(Some(word))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Kin, Pid, Sampler, Survey, Vanished, cpu_time_text, program_name};

    #[test]
    fn processor_time_is_written_as_the_original_writes_it() {
        for (millis, text) in [
            (0, "0:00.0"),
            (50, "0:00.50"),
            (150, "0:00.15"),
            (61_000, "1:01.0"),
            (3_600_020, "0:00.20"),
            (86_400_000 + 60_000, "1:00.0"),
        ] {
            assert_eq!(cpu_time_text(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn a_program_is_named_by_the_end_of_its_path() {
        for (argument, name) in [
            ("/usr/bin/sleep", Some("sleep")),
            ("-bash", Some("-bash")),
            ("nginx: master process", Some("nginx:")),
            ("'/a b/c d' e", Some("c d")),
            ("/opt/it's", Some("it's")),
            (r"a\ b", Some("a b")),
            (r#""x\"y""#, Some("x\"y")),
            ("''", Some("")),
            ("/bin/", Some("")),
            ("  ", None),
            ("", None),
        ] {
            assert_eq!(program_name(argument).as_deref(), name, "{argument}");
        }
    }

    #[test]
    fn a_process_that_never_was_has_vanished() {
        let pid = Pid::new(u32::MAX).expect("not zero");
        assert_eq!(Sampler::new().look(&Survey::take(Kin::Children), pid), Err(Vanished));
    }

    #[test]
    fn one_process_is_sampled_for_all_that_is_asked_twice_at_once() {
        let (mut sampler, survey) = (Sampler::new(), Survey::take(Kin::Nobody));
        let pid = Pid::new(std::process::id()).expect("not zero");
        for _ in 0..2 {
            assert_eq!(sampler.look(&survey, pid).expect("we live").cpu, Some(0.0));
        }
    }
}
