//! Command lines: each line of the input is a word.

use std::ffi::OsString;

use minder_kegbot_app::flags::{self, Defaults, FlagFiles};
use minder_kegbot_master::flags::PROGRAM;

use crate::input::parts;
use crate::machine::Invented;

/// The daemons' and launchers' command lines.
pub fn command_lines(bytes: &[u8]) {
    let all = parts(bytes);
    let text = String::from_utf8_lossy(all[0]);
    let words: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let machine = Invented::new(&all);
    let _ = minder_supervisord::daemon::options::parse(&words, &machine);
    let files = Files(all[1..].iter().map(|file| String::from_utf8_lossy(file).into_owned()).collect());
    let _ = flags::parse(&PROGRAM, &words, &Defaults::new(), &files).map_err(|error| error.to_string());
    let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
    let _ = minder_circusd::daemon::options::parse("circusd", &words);
}

/// Flag files by their number.
struct Files(Vec<String>);

impl FlagFiles for Files {
    fn read(&self, file: &str) -> Result<String, (Option<i32>, String)> {
        let number = file.parse::<usize>().ok();
        number.and_then(|number| self.0.get(number)).cloned().ok_or((Some(2), "not there".to_owned()))
    }
}
