//! A reading of the configuration that can be had again: from the disk once, from its snapshot ever after.

use std::cell::RefCell;

use minder_core::control::{Reader, Reading};
use minder_core::plan::Plan;

use crate::conf::environment::Environment;
use crate::conf::overrides::Overrides;
use crate::conf::snapshot::{Recorder, Snapshot};
use crate::conf::{self, RealMachine, Request, Settings, lower};
use crate::daemon::options::{self, Asked};

/// Where a configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The main file.
    pub file: String,
    /// The program's whole command line.
    pub arguments: Vec<String>,
    /// What it says.
    pub overrides: Overrides,
}

/// Reads the files. `carried` are the variables that earlier readings of the same daemon have left.
///
/// # Errors
/// The original's text.
pub fn from_disk(source: &Source, carried: &Environment) -> Result<(Settings, Vec<u8>), String> {
    let recorder = Recorder::new(&RealMachine);
    let request =
        Request { file: source.file.clone(), overrides: source.overrides.clone(), carried: carried.clone() };
    let settings = conf::read(&request, &recorder).accepted()?;
    let snapshot = recorder.snapshot(source.arguments.clone());
    Ok((settings, pack(&source.file, carried, &snapshot)))
}

/// Reads from a snapshot; nothing is asked of the system.
///
/// # Errors
/// Why the snapshot cannot be used.
pub fn from_snapshot(bytes: &[u8]) -> Result<(Settings, Source), String> {
    let (file, carried, snapshot) = unpack(bytes).ok_or("not a snapshot of a configuration")?;
    let snapshot = Snapshot::decode(snapshot).map_err(|error| error.to_string())?;
    let words = snapshot.arguments.get(1..).unwrap_or_default();
    let Asked::Run(options) = options::parse(words, &RealMachine)? else {
        return Err("a snapshot of a call that was not meant to run".to_owned());
    };
    let source =
        Source { file: file.clone(), arguments: snapshot.arguments.clone(), overrides: options.overrides };
    let request = Request { file, overrides: source.overrides.clone(), carried };
    Ok((conf::read(&request, &snapshot).accepted()?, source))
}

/// One line of JSON with what a reading needs beside the recorded answers, then those.
fn pack(file: &str, carried: &Environment, snapshot: &Snapshot) -> Vec<u8> {
    let variables: Vec<(&str, &str)> = carried.iter().collect();
    let mut bytes = serde_json::json!([file, variables]).to_string().into_bytes();
    bytes.push(b'\n');
    bytes.extend(snapshot.encode());
    bytes
}

fn unpack(bytes: &[u8]) -> Option<(String, Environment, &[u8])> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let (file, variables): (String, Vec<(String, String)>) = serde_json::from_slice(&bytes[..end]).ok()?;
    let mut carried = Environment::default();
    variables.iter().for_each(|(name, value)| carried.set(name, value));
    Some((file, carried, &bytes[end + 1..]))
}

/// Reads the same files again for the mind.
#[derive(Clone, Debug)]
pub struct Rereader {
    source: Source,
    carried: RefCell<Environment>,
}

impl Rereader {
    /// After a first reading.
    pub fn new(source: Source, settings: &Settings) -> Self {
        Self { source, carried: RefCell::new(settings.carried.clone()) }
    }
}

impl Reader for Rereader {
    fn reread(&mut self) -> Result<Reading, String> {
        let (settings, snapshot) = from_disk(&self.source, &self.carried.borrow())?;
        let plan = plan(&settings)?;
        self.carried.replace(settings.carried);
        Ok(Reading { plan, snapshot })
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Plan, String> {
        plan(&from_snapshot(snapshot)?.0)
    }
}

/// The settings as a plan.
///
/// # Errors
/// When two groups have the same name, which the original overlooks and then mixes up.
pub fn plan(settings: &Settings) -> Result<Plan, String> {
    lower::plan(settings).map_err(|problem| format!("{problem:?}"))
}
