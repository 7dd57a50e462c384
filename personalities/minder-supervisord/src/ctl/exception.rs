//! What an action lets through: everything that the original meets with a Python exception. It prints class and text of
//! it, so both are part of the interface.

use std::io;

use super::console::is_terminal;
use crate::client::{BadUrl, ClientError};
use crate::conf::python::repr;
use crate::xmlrpc::Fault;

/// Why an action did not come to its end.
#[derive(Debug)]
pub enum Exception {
    /// The server said no, or could not be asked.
    Server(ClientError),
    /// The server's URL is none.
    BadUrl(BadUrl),
    /// A number that XML-RPC cannot carry.
    Overflow,
    /// A question was asked and there is nobody to answer it.
    EndOfInput,
    /// A password was asked for and there is nobody to type it.
    NoPassword,
    /// The server used a status that has no text here.
    UnknownResult {
        /// The fault code.
        code: i64,
        /// The process, as it is shown.
        name: String,
    },
    /// An answer lacks something or has another type.
    UnexpectedAnswer(&'static str),
    /// Ctrl-C.
    Interrupted,
}

impl From<ClientError> for Exception {
    fn from(error: ClientError) -> Exception {
        Exception::Server(error)
    }
}

impl Exception {
    /// The fault, if that is what it is.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        if let Exception::Server(ClientError::Fault(fault)) = self { Some(fault) } else { None }
    }

    /// The name of the Python class.
    fn class(&self) -> &'static str {
        match self {
            Exception::Server(error) => class_of(error),
            Exception::BadUrl(_) | Exception::UnknownResult { .. } => "ValueError",
            Exception::Overflow => "OverflowError",
            Exception::EndOfInput | Exception::NoPassword => "EOFError",
            Exception::UnexpectedAnswer(_) => "KeyError",
            Exception::Interrupted => "KeyboardInterrupt",
        }
    }

    /// What Python's `str()` makes of the exception.
    fn text(&self) -> String {
        match self {
            Exception::Server(error) => text_of(error),
            Exception::BadUrl(error) => error.to_string(),
            Exception::Overflow => "int exceeds XML-RPC limits".to_owned(),
            // Python reads a terminal by another way, which gives no reason.
            Exception::EndOfInput if is_terminal() => String::new(),
            Exception::EndOfInput => "EOF when reading a line".to_owned(),
            Exception::UnknownResult { code, name } => format!("Unknown result code {code} for {name}"),
            Exception::UnexpectedAnswer(what) => repr(what),
            Exception::NoPassword | Exception::Interrupted => String::new(),
        }
    }

    /// The line that is printed for it. The original ends it with a place in its own source; nobody can rely on that.
    #[must_use]
    pub fn line(&self) -> String {
        format!("error: <class '{}'>, {}: file: supervisorctl line: 0", self.class(), self.text())
    }

    /// The same for a stream: `<class 'PermissionError'> ([Errno 13] Permission denied)`.
    pub(super) fn class_and_text(&self) -> String {
        format!("<class '{}'> ({})", self.class(), self.text())
    }
}

/// A fault as Python shows it: `<Fault 10: 'BAD_NAME: x'>`.
pub(super) fn shown(fault: &Fault) -> String {
    format!("<Fault {}: {}>", fault.code, repr(&fault.text))
}

fn class_of(error: &ClientError) -> &'static str {
    match error {
        ClientError::Refused => "ConnectionRefusedError",
        ClientError::MissingSocket => "FileNotFoundError",
        ClientError::UnknownHost(_) => "socket.gaierror",
        ClientError::Io(error) => class_of_io(error),
        ClientError::Disconnected => "http.client.RemoteDisconnected",
        ClientError::Unauthorized { .. } | ClientError::Status { .. } => "xmlrpc.client.ProtocolError",
        ClientError::Http(_) => "http.client.BadStatusLine",
        ClientError::BadResponse(_) => "xml.parsers.expat.ExpatError",
        ClientError::Fault(_) => "xmlrpc.client.Fault",
    }
}

fn class_of_io(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "PermissionError",
        io::ErrorKind::ConnectionReset => "ConnectionResetError",
        io::ErrorKind::ConnectionAborted => "ConnectionAbortedError",
        io::ErrorKind::BrokenPipe => "BrokenPipeError",
        io::ErrorKind::TimedOut => "TimeoutError",
        io::ErrorKind::NotADirectory => "NotADirectoryError",
        io::ErrorKind::IsADirectory => "IsADirectoryError",
        io::ErrorKind::Interrupted => "InterruptedError",
        io::ErrorKind::WouldBlock => "BlockingIOError",
        _ => "OSError",
    }
}

fn text_of(error: &ClientError) -> String {
    match error {
        ClientError::Refused => "[Errno 111] Connection refused".to_owned(),
        ClientError::MissingSocket => "[Errno 2] No such file or directory".to_owned(),
        ClientError::UnknownHost(why) => format!("[Errno -2] {why}"),
        ClientError::Io(error) => {
            let text = error.to_string();
            match error.raw_os_error() {
                Some(number) => {
                    let plain = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text);
                    format!("[Errno {number}] {plain}")
                }
                // The kernel said nothing: the address itself is bad, a path too long for a socket for example.
                None => text,
            }
        }
        ClientError::Disconnected => "Remote end closed connection without response".to_owned(),
        ClientError::Unauthorized { reason } => protocol_error(401, reason),
        ClientError::Status { code, reason } => protocol_error(*code, reason),
        ClientError::Http(why) => why.clone(),
        ClientError::BadResponse(error) => error.to_string(),
        ClientError::Fault(fault) => shown(fault),
    }
}

/// The original talks to Unix sockets too as if they were this host, and says so.
fn protocol_error(code: u16, reason: &str) -> String {
    format!("<ProtocolError for 127.0.0.1/RPC2: {code} {reason}>")
}

#[cfg(test)]
mod tests {
    use super::Exception;
    use crate::client::ClientError;
    use crate::xmlrpc::Fault;

    #[test]
    fn exceptions_are_printed_as_python_prints_them() {
        let fault = Fault { code: 92, text: "CANT_REREAD: it's".to_owned() };
        for (exception, line) in [
            (
                Exception::Server(ClientError::Fault(fault)),
                "error: <class 'xmlrpc.client.Fault'>, <Fault 92: \"CANT_REREAD: it's\">: file: supervisorctl line: 0",
            ),
            (
                Exception::Server(ClientError::Unauthorized { reason: "Unauthorized".to_owned() }),
                "error: <class 'xmlrpc.client.ProtocolError'>, <ProtocolError for 127.0.0.1/RPC2: 401 Unauthorized>: \
                 file: supervisorctl line: 0",
            ),
            (
                Exception::Server(std::io::Error::from_raw_os_error(13).into()),
                "error: <class 'PermissionError'>, [Errno 13] Permission denied: file: supervisorctl line: 0",
            ),
            (
                Exception::UnknownResult { code: 6, name: "a:b".to_owned() },
                "error: <class 'ValueError'>, Unknown result code 6 for a:b: file: supervisorctl line: 0",
            ),
        ] {
            assert_eq!(exception.line(), line);
        }
    }
}
