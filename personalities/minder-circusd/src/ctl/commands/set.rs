//! `set`: other options for a watcher.

use super::{Arguments, Class, Command, Fields, INVALID_COUNT, Talk, WAITING, fields, ok_or_failure};
use crate::options::convert;
use crate::options::environment::Environment;
use crate::options::exception::Exception;

pub(super) const COMMAND: Command = Command {
    name: "set",
    summary: "Change options of a watcher",
    usage: "[--waiting] NAME KEY VALUE [KEY VALUE]...",
    about: "Some keys replace its processes. `env` takes A=b,C=d and `hooks` takes before_start:module.function,...",
    switches: &[WAITING],
    talk: Talk::Ask { properties, shown: ok_or_failure },
};

fn properties(arguments: &Arguments) -> Result<Fields, Exception> {
    let words = arguments.counted(3.., INVALID_COUNT)?;
    let (pairs, rest) = words[1..].as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Exception::new(Class::Argument, "List of key/values is invalid"));
    }
    let mut own = Environment::new();
    for (name, value) in std::env::vars_os() {
        own.set(name.to_string_lossy(), value.to_string_lossy());
    }
    let mut options = Fields::new();
    for [key, value] in pairs {
        let key = key.to_lowercase();
        let value = convert::option(&key, value, &own)?;
        options.insert(key, value);
    }
    let mut properties = fields([("name", words[0].as_str().into())]);
    if arguments.switch("waiting") == true {
        properties.insert("waiting".to_owned(), true.into());
    }
    properties.insert("options".to_owned(), options.into());
    Ok(properties)
}
