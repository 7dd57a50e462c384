//! mosquitto, and somebody who listens to it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::certificate::Certificate;
use super::peer::{Peer, free_port, lines, wait_until};

pub(crate) struct Broker {
    pub(crate) port: u16,
    directory: PathBuf,
    peer: Option<Peer>,
}

impl Broker {
    /// One that is not there yet. It keeps what it has acknowledged on the disk.
    pub(crate) fn absent(directory: &Path) -> Self {
        let port = free_port();
        let passwords = directory.join("passwords");
        let made = Command::new("mosquitto_passwd")
            .args(["-b", "-c"])
            .arg(&passwords)
            .args(["device", "secret"])
            .stderr(Stdio::null())
            .status();
        assert!(made.expect("mosquitto_passwd; `cargo xtask setup` installs it").success());
        let config = format!(
            "listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}\npersistence true\n\
             persistence_location {}/\nautosave_on_changes true\nautosave_interval 1\nuser root\n\
             max_queued_messages 0\n",
            passwords.display(),
            directory.display()
        );
        std::fs::write(directory.join("mosquitto.conf"), config).unwrap();
        Self { port, directory: directory.to_owned(), peer: None }
    }

    /// It listens on another port as well, with a certificate: that one is given.
    pub(crate) fn encrypt(&self, certificate: &Certificate, transport: &str) -> u16 {
        let port = free_port();
        let protocol = if transport == "tcp" { "mqtt" } else { "websockets" };
        self.configure(&format!(
            "listener {port} 127.0.0.1\nprotocol {protocol}\ncertfile {}\nkeyfile {}\n",
            certificate.certificate.display(),
            certificate.key.display()
        ));
        port
    }

    /// It listens at a socket of this machine as well.
    pub(crate) fn listen_at(&self, socket: &Path) -> String {
        self.configure(&format!("listener 0 {}\n", socket.display()));
        socket.display().to_string()
    }

    fn configure(&self, lines: &str) {
        let path = self.directory.join("mosquitto.conf");
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, before + lines).unwrap();
    }

    pub(crate) fn come(&mut self) {
        let mut command = Command::new("/usr/sbin/mosquitto");
        command.arg("-c").arg(self.directory.join("mosquitto.conf")).stderr(Stdio::null());
        self.peer = Some(Peer::start(&mut command));
        let port = self.port;
        wait_until("the broker listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    }

    /// Ends as it does when a machine is shut down.
    pub(crate) fn go_in_order(&mut self) {
        self.peer.take().unwrap().end();
    }

    pub(crate) fn freeze(&self) {
        self.peer.as_ref().unwrap().freeze();
    }

    pub(crate) fn thaw(&self) {
        self.peer.as_ref().unwrap().thaw();
    }

    /// Somebody who writes down topic and payload of everything.
    pub(crate) fn listener(&self) -> Listener {
        let heard = self.directory.join("heard");
        let mut command = Command::new("mosquitto_sub");
        command
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-u", "device", "-P", "secret"])
            .args(["-q", "1", "-c", "-i", "listener", "-t", "#", "-F", "%t %p"]);
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&heard).unwrap();
        let child = command.stdout(file).stderr(Stdio::null()).stdin(Stdio::null()).spawn();
        let mut listener = Listener { heard, child: child.expect("mosquitto_sub") };
        listener.wait_for_ears(self.port);
        listener
    }
}

pub(crate) struct Listener {
    heard: PathBuf,
    child: std::process::Child,
}

impl Listener {
    pub(crate) fn heard(&self) -> Vec<String> {
        lines(&self.heard).into_iter().filter(|line| !line.starts_with("test ")).collect()
    }

    fn wait_for_ears(&mut self, port: u16) {
        let before = lines(&self.heard).len();
        wait_until("the listener hears", || {
            let mut command = Command::new("mosquitto_pub");
            command
                .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-u", "device", "-P", "secret"])
                .args(["-t", "test", "-m", "ears"]);
            command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
                && lines(&self.heard).len() > before
        });
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
