//! What every deployment does when it begins, whatever it is of: its record, then its units, one after the other.

use std::path::Path;

use crate::boot::{Boot, BootUnit};
use crate::interruption::Interruption;
use crate::record::Deployment;
use crate::undo::Undo;
use crate::whole_file;

/// Writes the record down: the last thing that is written before anything is switched on, for what is booted goes on with it.
///
/// # Errors
/// When it cannot be written.
pub fn write_record(path: &Path, record: &Deployment, undo: &mut Undo) -> Result<(), String> {
    let before = std::fs::read_to_string(path).ok();
    record.write(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (file, shown) = (path.to_owned(), path.display());
    match before {
        Some(before) => undo.note(format!("restored {shown}"), move || {
            whole_file::write(&file, &before, 0o644).map_err(|error| error.to_string())
        }),
        None => undo.note(format!("removed {shown}"), move || {
            std::fs::remove_file(&file).map_err(|error| error.to_string())
        }),
    }
    Ok(())
}

/// Enables the units, then starts them, in their order. `printed` is told what was printed for a person.
///
/// # Errors
/// Why one could not be enabled or started, or that somebody does not want it any more.
pub fn switch_on(
    boot: &Boot,
    units: &[BootUnit],
    interruption: &Interruption,
    undo: &mut Undo,
    mut printed: impl FnMut(&str),
) -> Result<(), String> {
    for unit in units {
        interruption.check()?;
        printed(&boot.enable(unit, undo).map_err(|error| error.to_string())?);
    }
    for unit in units {
        interruption.check()?;
        printed(&boot.start(unit, undo).map_err(|error| error.to_string())?);
    }
    interruption.check()
}

/// Stops the units and keeps them from starting at the next boot. Whatever goes wrong with one, the others are stopped too.
///
/// # Errors
/// All that went wrong.
pub fn switch_off(boot: &Boot, units: &[BootUnit], mut printed: impl FnMut(&str)) -> Result<(), String> {
    let mut wrong = Vec::new();
    let stopped = units.iter().map(|unit| boot.stop(unit));
    let disabled = units.iter().map(|unit| boot.disable(unit));
    for result in stopped.chain(disabled) {
        match result {
            Ok(text) => printed(&text),
            Err(error) => wrong.push(error.to_string()),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}
