//! A machine on which nothing is but what an input says: its parts are the files `/etc/main`, `/etc/conf.d/1.conf` and so on.

use minder_circusd::ini as circus;
use minder_circusd::options::Environment;
use minder_supervisord::conf::machine::{Machine, Unreadable, User};

/// The main file of every configuration.
pub(crate) const MAIN: &str = "/etc/main";

const DIRECTORIES: [&str; 5] = ["/", "/etc", "/etc/conf.d", "/tmp", "/home/pi"];
const VARIABLES: [(&str, &str); 5] =
    [("HOME", "/home/pi"), ("GREETING", "hello world"), ("EMPTY", ""), ("PERCENT", "50%"), ("ONE", "1")];

/// The machine.
pub(crate) struct Invented {
    files: Vec<(String, Vec<u8>)>,
}

impl Invented {
    pub(crate) fn new(parts: &[&[u8]]) -> Self {
        let name = |number: usize| match number {
            0 => MAIN.to_owned(),
            number => format!("/etc/conf.d/{number}.conf"),
        };
        Self { files: parts.iter().enumerate().map(|(number, part)| (name(number), part.to_vec())).collect() }
    }

    fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.iter().find(|(name, _)| name == path).map(|(_, bytes)| bytes.as_slice())
    }

    /// Every pattern with a star means all files but the main one.
    fn matching(&self, pattern: &str) -> Vec<String> {
        let all = self.files.iter().map(|(name, _)| name.clone());
        match pattern.contains('*') {
            true => all.filter(|name| name != MAIN).collect(),
            false => all.filter(|name| name == pattern).collect(),
        }
    }
}

impl Machine for Invented {
    fn environment(&self) -> Vec<(String, String)> {
        VARIABLES.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    fn current_directory(&self) -> String {
        "/etc".to_owned()
    }

    fn exists(&self, path: &str) -> bool {
        self.file(path).is_some() || self.directory_exists(path)
    }

    fn directory_exists(&self, path: &str) -> bool {
        DIRECTORIES.contains(&path)
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, Unreadable> {
        self.file(path).map(<[u8]>::to_vec).ok_or(Unreadable::Missing)
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        self.matching(pattern)
    }

    fn user_by_name(&self, name: &str) -> Option<User> {
        (name == "pi").then(pi)
    }

    fn user_by_id(&self, uid: u32) -> Option<User> {
        (uid == 1000).then(pi)
    }

    fn group_by_name(&self, name: &str) -> Option<u32> {
        (name == "gpio").then_some(997)
    }

    fn group_exists(&self, gid: u32) -> bool {
        gid == 997 || gid == 1000
    }

    fn user_id(&self) -> u32 {
        0
    }

    fn host_name(&self) -> String {
        "raspberry".to_owned()
    }

    fn temporary_directory(&self) -> String {
        "/tmp".to_owned()
    }
}

fn pi() -> User {
    User { name: "pi".to_owned(), uid: 1000, gid: 1000, home: "/home/pi".to_owned(), groups: vec![1000, 997] }
}

impl circus::Machine for Invented {
    fn environment(&self) -> Environment {
        VARIABLES.into_iter().collect()
    }

    fn current_directory(&self) -> String {
        "/etc".to_owned()
    }

    fn exists(&self, path: &str) -> bool {
        Machine::exists(self, path)
    }

    fn read_file(&self, path: &str) -> std::io::Result<Vec<u8>> {
        let missing = || std::io::Error::from_raw_os_error(2);
        self.file(path).map(<[u8]>::to_vec).ok_or_else(missing)
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let inside = |name: &String| name.strip_prefix(directory)?.strip_prefix('/').map(str::to_owned);
        self.files.iter().filter_map(|(name, _)| inside(name)).collect()
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        self.matching(pattern)
    }

    fn user_by_name(&self, name: &str) -> Option<circus::machine::User> {
        (name == "pi").then(circus_pi)
    }

    fn user_by_id(&self, uid: u32) -> Option<circus::machine::User> {
        (uid == 1000).then(circus_pi)
    }

    fn group_by_name(&self, name: &str) -> Option<u32> {
        Machine::group_by_name(self, name)
    }

    fn group_exists(&self, gid: u32) -> bool {
        Machine::group_exists(self, gid)
    }
}

fn circus_pi() -> circus::machine::User {
    circus::machine::User { name: "pi".to_owned(), uid: 1000, gid: 1000 }
}
