//! `[minder:limits]`: ours alone. The original passes over sections whose names it does not know, so a file that has it serves both.

use crate::conf::names::Names;
use crate::conf::reader::Reader;
use minder_config::Problem;
use minder_config::bound::Bound;
use minder_config::native::ServerBounds;

/// The name of the section.
pub(in crate::conf) const SECTION: &str = "minder:limits";

/// Reads what whoever asks may take.
pub(in crate::conf) fn read(reader: &mut Reader<'_>) -> ServerBounds {
    ServerBounds::of(|bound| one(reader, bound))
}

fn one(reader: &mut Reader<'_>, bound: &'static Bound) -> Option<u64> {
    let key = bound.key();
    let found = reader.look(SECTION, &key, None, &Names::new()).found()?;
    bound
        .read(&found.value)
        .inspect_err(|expected| {
            let problem = Problem::error("").with_subject(&*key).with_clash(&*found.value, &**expected);
            let text = format!("[{SECTION}] {key}: found {:?}, expected {expected}", found.value);
            reader.fault(text, problem.with_place(found.at));
        })
        .ok()
}
