//! A terminal with somebody who types: what a program does only for people can be seen only here.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use crate::wait;

/// A program in a terminal of its own. Dropping it hangs up.
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
    /// How much of the screen has been looked at.
    read: usize,
}

impl Terminal {
    /// Starts `command` with a new terminal as its controlling one.
    ///
    /// # Panics
    /// When there is no terminal, or the command cannot be started.
    pub fn start(command: &Command) -> Terminal {
        let leader = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo terminal");
        grantpt(&leader).expect("its rights");
        unlockpt(&leader).expect("its lock");
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&leader, size).expect("its size");
        let name = ptsname(&leader, Vec::new()).expect("its name").into_string().expect("its name is ASCII");
        let follower = || File::options().read(true).write(true).open(&name).expect("its other end");
        // `setsid` makes the terminal the controlling one, so that Ctrl-C is a signal.
        let mut session = Command::new("/usr/bin/setsid");
        session.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args()).env_clear();
        for (key, value) in command.get_envs() {
            session.env(key, value.unwrap_or_default());
        }
        session.env("TERM", "xterm").stdin(follower()).stdout(follower()).stderr(follower());
        if let Some(dir) = command.get_current_dir() {
            session.current_dir(dir);
        }
        let child = session.spawn().expect("a program in a terminal");
        drop(session);
        let keyboard = File::from(leader);
        let mut output = keyboard.try_clone().expect("a second descriptor");
        let screen = Arc::new(Mutex::new(Vec::new()));
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // A terminal whose other end is closed fails to be read instead of ending.
            while let Ok(count) = output.read(&mut piece) {
                shown.lock().expect("the screen").extend_from_slice(&piece[..count]);
            }
        });
        Terminal { child, keyboard, screen, read: 0 }
    }

    /// Presses keys.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("a keyboard");
    }

    /// Waits until `text` is shown after what was waited for before. Gives back what came before it.
    ///
    /// # Panics
    /// When it does not come, with the screen.
    pub fn wait(&mut self, text: &str) -> String {
        let screen = Arc::clone(&self.screen);
        let rest = || plain(&screen.lock().expect("the screen")).get(self.read..).unwrap_or("").to_owned();
        let place = wait::until(
            &format!("the screen shows {text:?}"),
            || rest().find(text),
            || format!("{:?}", rest()),
        );
        let before = rest()[..place].to_owned();
        self.read += place + text.len();
        before
    }

    /// The program's exit status, once it has ended.
    ///
    /// # Panics
    /// When it does not end.
    pub fn end(&mut self) -> Option<i32> {
        wait::until(
            "the program in the terminal ends",
            || self.child.try_wait().expect("a child"),
            || plain(&self.screen.lock().expect("the screen")),
        )
        .code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a screen shows, without the sequences that move the cursor about.
fn plain(bytes: &[u8]) -> String {
    static SEQUENCE: std::sync::OnceLock<regex::Regex> = std::sync::OnceLock::new();
    let sequence = SEQUENCE.get_or_init(|| regex::Regex::new(r"\x1b\[[?0-9;]*[A-Za-z]").expect("a pattern"));
    sequence.replace_all(&String::from_utf8_lossy(bytes), "").into_owned()
}
