//! A reading that can be repeated: every question that was asked of the machine, with its answer.
//!
//! A daemon that was replaced after a crash must come to the same configuration, not to what the disk holds by now. So the
//! first reading runs on a [`Recorder`], its [`Snapshot`] is kept as bytes, and a later reading runs on the snapshot, which is
//! itself a [`Machine`].
//!
//! ```text
//! RealMachine ◀─asks─ Recorder ◀─asks─ read       Snapshot ─encode─▶ bytes ─decode─▶ Snapshot ◀─asks─ read
//!                        └─ snapshot() ─▶ Snapshot
//! ```
//!
//! The bytes: the magic `MSNP`, a version byte, the command line, the number of answers, and each question and answer.
//! Numbers are 32 bits, least byte first; a text is its length in bytes and its bytes.

use super::machine::{Machine, Unreadable, User};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

const MAGIC: &[u8] = b"MSNP";
const VERSION: u8 = 1;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Environment,
    CurrentDirectory,
    Exists(String),
    DirectoryExists(String),
    File(String),
    Glob(String),
    UserByName(String),
    UserById(u32),
    GroupByName(String),
    GroupExists(u32),
    UserId,
    HostName,
    TemporaryDirectory,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Flag(bool),
    Number(Option<u32>),
    Text(String),
    Texts(Vec<String>),
    User(Option<User>),
    File(Result<Vec<u8>, Unreadable>),
}

/// Recorded answers. A question that was not recorded is answered as by an empty machine: nothing exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The command line of the program, its name first.
    pub arguments: Vec<String>,
    answers: BTreeMap<Question, Answer>,
}

/// Why bytes are no snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They do not begin as one.
    NotASnapshot,
    /// They are of a version that this program does not know.
    UnknownVersion(u8),
    /// They end too early, go on too long, or hold a value that cannot be.
    Damaged,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASnapshot => f.write_str("not a snapshot of a configuration"),
            Self::UnknownVersion(version) => write!(f, "a snapshot of version {version}, expected {VERSION}"),
            Self::Damaged => f.write_str("a damaged snapshot of a configuration"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// A machine that passes every question on and writes the answer down.
pub struct Recorder<'a> {
    machine: &'a dyn Machine,
    answers: RefCell<BTreeMap<Question, Answer>>,
}

impl<'a> Recorder<'a> {
    /// Records what the machine answers from now on.
    #[must_use]
    pub fn new(machine: &'a dyn Machine) -> Self {
        Self { machine, answers: RefCell::default() }
    }

    /// What was recorded, for a program that was called with these arguments.
    #[must_use]
    pub fn snapshot(self, arguments: Vec<String>) -> Snapshot {
        Snapshot { arguments, answers: self.answers.into_inner() }
    }

    /// The first answer to a question stays: within one reading the machine does not change.
    fn ask<T: Into<Answer> + TryFrom<Answer>>(&self, question: Question, ask: impl FnOnce() -> T) -> T {
        let known = self.answers.borrow().get(&question).cloned().and_then(|answer| T::try_from(answer).ok());
        known.unwrap_or_else(|| {
            let answer: Answer = ask().into();
            self.answers.borrow_mut().insert(question, answer.clone());
            let Ok(answer) = T::try_from(answer) else {
                unreachable!("an answer is read back as what it was written as")
            };
            answer
        })
    }
}

/// Turns each kind of answer into its variant and back.
macro_rules! answers {
    ($($kind:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$kind> for Answer {
            fn from(value: $kind) -> Self { Self::$variant(value) }
        }
        impl TryFrom<Answer> for $kind {
            type Error = ();
            fn try_from(answer: Answer) -> Result<Self, ()> {
                if let Answer::$variant(value) = answer { Ok(value) } else { Err(()) }
            }
        }
    )+};
}

answers! {
    bool => Flag,
    Option<u32> => Number,
    String => Text,
    Vec<String> => Texts,
    Option<User> => User,
    Result<Vec<u8>, Unreadable> => File,
}

impl Machine for Recorder<'_> {
    fn environment(&self) -> Vec<(String, String)> {
        let flat = |pairs: Vec<(String, String)>| {
            pairs.into_iter().flat_map(|(name, value)| [name, value]).collect()
        };
        pairs(self.ask(Question::Environment, || flat(self.machine.environment())))
    }

    fn current_directory(&self) -> String {
        self.ask(Question::CurrentDirectory, || self.machine.current_directory())
    }

    fn exists(&self, path: &str) -> bool {
        self.ask(Question::Exists(path.to_owned()), || self.machine.exists(path))
    }

    fn directory_exists(&self, path: &str) -> bool {
        self.ask(Question::DirectoryExists(path.to_owned()), || self.machine.directory_exists(path))
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, Unreadable> {
        self.ask(Question::File(path.to_owned()), || self.machine.read_file(path))
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        self.ask(Question::Glob(pattern.to_owned()), || self.machine.glob(pattern))
    }

    fn user_by_name(&self, name: &str) -> Option<User> {
        self.ask(Question::UserByName(name.to_owned()), || self.machine.user_by_name(name))
    }

    fn user_by_id(&self, uid: u32) -> Option<User> {
        self.ask(Question::UserById(uid), || self.machine.user_by_id(uid))
    }

    fn group_by_name(&self, name: &str) -> Option<u32> {
        self.ask(Question::GroupByName(name.to_owned()), || self.machine.group_by_name(name))
    }

    fn group_exists(&self, gid: u32) -> bool {
        self.ask(Question::GroupExists(gid), || self.machine.group_exists(gid))
    }

    fn user_id(&self) -> u32 {
        self.ask(Question::UserId, || Some(self.machine.user_id())).unwrap_or_default()
    }

    fn host_name(&self) -> String {
        self.ask(Question::HostName, || self.machine.host_name())
    }

    fn temporary_directory(&self) -> String {
        self.ask(Question::TemporaryDirectory, || self.machine.temporary_directory())
    }
}

fn pairs(flat: Vec<String>) -> Vec<(String, String)> {
    let mut flat = flat.into_iter();
    std::iter::from_fn(|| Some((flat.next()?, flat.next()?))).collect()
}

impl Snapshot {
    fn recall<T: TryFrom<Answer>>(&self, question: &Question) -> Option<T> {
        self.answers.get(question).cloned().and_then(|answer| T::try_from(answer).ok())
    }

    /// The snapshot as bytes; [`Snapshot::decode`] is the way back.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(MAGIC.to_vec());
        out.0.push(VERSION);
        out.texts(&self.arguments);
        out.length(self.answers.len());
        for (question, answer) in &self.answers {
            out.question(question);
            out.answer(answer);
        }
        out.0
    }

    /// Reads a snapshot from bytes.
    ///
    /// # Errors
    ///
    /// If the bytes are not exactly what [`Snapshot::encode`] of a known version wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(DecodeError::NotASnapshot)?;
        let (version, rest) = rest.split_first().ok_or(DecodeError::NotASnapshot)?;
        if *version != VERSION {
            return Err(DecodeError::UnknownVersion(*version));
        }
        let mut input = Input(rest);
        let snapshot = input.snapshot().ok_or(DecodeError::Damaged)?;
        if input.0.is_empty() { Ok(snapshot) } else { Err(DecodeError::Damaged) }
    }
}

impl Machine for Snapshot {
    fn environment(&self) -> Vec<(String, String)> {
        pairs(self.recall(&Question::Environment).unwrap_or_default())
    }

    fn current_directory(&self) -> String {
        self.recall(&Question::CurrentDirectory).unwrap_or_else(|| "/".to_owned())
    }

    fn exists(&self, path: &str) -> bool {
        self.recall(&Question::Exists(path.to_owned())).unwrap_or(false)
    }

    fn directory_exists(&self, path: &str) -> bool {
        self.recall(&Question::DirectoryExists(path.to_owned())).unwrap_or(false)
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, Unreadable> {
        self.recall(&Question::File(path.to_owned())).unwrap_or(Err(Unreadable::Missing))
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        self.recall(&Question::Glob(pattern.to_owned())).unwrap_or_default()
    }

    fn user_by_name(&self, name: &str) -> Option<User> {
        self.recall::<Option<User>>(&Question::UserByName(name.to_owned())).flatten()
    }

    fn user_by_id(&self, uid: u32) -> Option<User> {
        self.recall::<Option<User>>(&Question::UserById(uid)).flatten()
    }

    fn group_by_name(&self, name: &str) -> Option<u32> {
        self.recall::<Option<u32>>(&Question::GroupByName(name.to_owned())).flatten()
    }

    fn group_exists(&self, gid: u32) -> bool {
        self.recall(&Question::GroupExists(gid)).unwrap_or(false)
    }

    fn user_id(&self) -> u32 {
        self.recall::<Option<u32>>(&Question::UserId).flatten().unwrap_or_default()
    }

    fn host_name(&self) -> String {
        self.recall(&Question::HostName).unwrap_or_default()
    }

    fn temporary_directory(&self) -> String {
        self.recall(&Question::TemporaryDirectory).unwrap_or_else(|| "/tmp".to_owned())
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// Nothing that is recorded comes near 4 GiB; what did would be read back as damaged.
    fn length(&mut self, length: usize) {
        self.number(u32::try_from(length).unwrap_or(u32::MAX));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn texts(&mut self, texts: &[String]) {
        self.length(texts.len());
        for text in texts {
            self.bytes(text.as_bytes());
        }
    }

    fn tagged(&mut self, tag: u8, text: &str) {
        self.0.push(tag);
        self.bytes(text.as_bytes());
    }

    fn question(&mut self, question: &Question) {
        match question {
            Question::Environment => self.0.push(0),
            Question::CurrentDirectory => self.0.push(1),
            Question::Exists(path) => self.tagged(2, path),
            Question::DirectoryExists(path) => self.tagged(3, path),
            Question::File(path) => self.tagged(4, path),
            Question::Glob(pattern) => self.tagged(5, pattern),
            Question::UserByName(name) => self.tagged(6, name),
            Question::GroupByName(name) => self.tagged(7, name),
            Question::UserById(uid) => {
                self.0.push(8);
                self.number(*uid);
            }
            Question::GroupExists(gid) => {
                self.0.push(9);
                self.number(*gid);
            }
            Question::UserId => self.0.push(10),
            Question::HostName => self.0.push(11),
            Question::TemporaryDirectory => self.0.push(12),
        }
    }

    fn answer(&mut self, answer: &Answer) {
        match answer {
            Answer::Flag(flag) => self.0.extend([0, u8::from(*flag)]),
            Answer::Number(None) => self.0.push(1),
            Answer::Number(Some(number)) => {
                self.0.push(2);
                self.number(*number);
            }
            Answer::Text(text) => self.tagged(3, text),
            Answer::Texts(texts) => {
                self.0.push(4);
                self.texts(texts);
            }
            Answer::User(None) => self.0.push(5),
            Answer::User(Some(user)) => {
                self.tagged(6, &user.name);
                self.bytes(user.home.as_bytes());
                self.number(user.uid);
                self.number(user.gid);
                self.length(user.groups.len());
                user.groups.iter().for_each(|group| self.number(*group));
            }
            Answer::File(Err(Unreadable::Missing)) => self.0.push(7),
            Answer::File(Err(Unreadable::Refused)) => self.0.push(8),
            Answer::File(Ok(bytes)) => {
                self.0.push(9);
                self.bytes(bytes);
            }
        }
    }
}

/// Bytes yet to be read. Every function gives `None` where they are not what they should be.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = self.length()?;
        (0..length).map(|_| item(self)).collect()
    }

    fn snapshot(&mut self) -> Option<Snapshot> {
        let arguments = self.list(Self::text)?;
        let answers = self.list(|input| Some((input.question()?, input.answer()?)))?;
        Some(Snapshot { arguments, answers: answers.into_iter().collect() })
    }

    fn question(&mut self) -> Option<Question> {
        Some(match self.byte()? {
            0 => Question::Environment,
            1 => Question::CurrentDirectory,
            2 => Question::Exists(self.text()?),
            3 => Question::DirectoryExists(self.text()?),
            4 => Question::File(self.text()?),
            5 => Question::Glob(self.text()?),
            6 => Question::UserByName(self.text()?),
            7 => Question::GroupByName(self.text()?),
            8 => Question::UserById(self.number()?),
            9 => Question::GroupExists(self.number()?),
            10 => Question::UserId,
            11 => Question::HostName,
            12 => Question::TemporaryDirectory,
            _ => return None,
        })
    }

    fn answer(&mut self) -> Option<Answer> {
        Some(match self.byte()? {
            0 => Answer::Flag(self.byte()? != 0),
            1 => Answer::Number(None),
            2 => Answer::Number(Some(self.number()?)),
            3 => Answer::Text(self.text()?),
            4 => Answer::Texts(self.list(Self::text)?),
            5 => Answer::User(None),
            6 => Answer::User(Some(User {
                name: self.text()?,
                home: self.text()?,
                uid: self.number()?,
                gid: self.number()?,
                groups: self.list(Self::number)?,
            })),
            7 => Answer::File(Err(Unreadable::Missing)),
            8 => Answer::File(Err(Unreadable::Refused)),
            9 => Answer::File(Ok(self.bytes()?.to_vec())),
            _ => return None,
        })
    }
}
