//! `host:port`.

use std::fmt;
use std::str::FromStr;

/// Where a core is, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The host's name or its number.
    pub host: String,
    /// The port; 0 lets the system choose one.
    pub port: u16,
}

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError(String);

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "found '{}', expected an address such as localhost:9805, or a port", self.0)
    }
}

impl std::error::Error for AddressError {}

impl FromStr for Address {
    type Err = AddressError;

    /// A lone number is a port of this machine.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let error = || AddressError(text.to_owned());
        let (host, port) = match text.split_once(':') {
            None => ("127.0.0.1", text),
            Some((host, port)) => (host, port),
        };
        let port = port.parse().map_err(|_| error())?;
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(error());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_port_of_this_machine_and_more_parts_are_none() {
        let address = |text: &str| text.parse::<Address>().map(|address| address.to_string());
        assert_eq!(address("localhost:9805").unwrap(), "localhost:9805");
        assert_eq!(address("9805").unwrap(), "127.0.0.1:9805");
        for wrong in ["", "a:b:1", ":1", "host", "host:", "host:70000", "1:2:3"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
