//! What the sections of a file mean.

mod agenda;
mod deployment;
mod group;
mod minder;
mod output;
mod program;
mod socket;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use minder_core::plan::{Plan, PlanProblem};
pub(super) use output::LOG;
use toml::de::{DeTable, DeValue};

use super::table::{Checker, Table, in_order, meant};
use super::vocabulary::{self, Number, Section};
use super::{Beat, MinderSettings, Native, Surroundings};
use crate::problem::Problem;
use crate::source::{FileId, Span};

/// The tables of a file, checked.
struct Sections {
    /// Those of which there is one.
    single: BTreeMap<&'static str, Table>,
    /// Those with a name, in the order of the file.
    named: Vec<Named>,
    environment: Vec<(String, String)>,
}

/// `[section.NAME]`.
struct Named {
    section: &'static str,
    name: String,
    /// Where the name is.
    at: Span,
    table: Table,
}

impl Sections {
    fn named(&self, section: &str) -> impl Iterator<Item = &Named> {
        self.named.iter().filter(move |named| named.section == section)
    }
}

/// What all lowering needs.
struct Lowering<'a> {
    surroundings: &'a dyn Surroundings,
    /// The directory of the file.
    here: PathBuf,
    sections: Sections,
    problems: &'a mut Vec<Problem>,
}

pub(super) fn lower(
    root: &DeTable<'_>,
    text: &str,
    file: FileId,
    path: &Path,
    surroundings: &dyn Surroundings,
    problems: &mut Vec<Problem>,
) -> Option<Native> {
    let environment = surroundings.environment();
    let sections = Checker { file, text, environment, problems }.sections(root);
    let here = path.parent().unwrap_or(Path::new("/")).to_owned();
    let mut lowering = Lowering { surroundings, here, sections, problems };
    let whole = Span { file, start: 0, end: 0 };
    let minder = lowering.minder();
    let sockets = lowering.sockets();
    let plan = lowering.plan(&minder, &sockets, whole);
    let (agenda, beat) = lowering.agenda(whole);
    let (deployment, deployment_name) = lowering.deployment(&minder);
    Some(Native { plan: plan?, sockets, agenda: agenda?, beat, deployment, deployment_name, minder })
}

impl Checker<'_> {
    fn sections(&mut self, root: &DeTable<'_>) -> Sections {
        let mut sections = Sections { single: BTreeMap::new(), named: Vec::new(), environment: Vec::new() };
        let known = &vocabulary::SECTIONS[..vocabulary::TOP_LEVEL];
        for (name, value) in in_order(root) {
            let at = self.span(name.span());
            let word: &str = name.get_ref();
            let Some(section) = known.iter().copied().find(|section| section.name == word) else {
                let hint = meant(word, known.iter().map(|section| section.name));
                let problem = Problem::error("there is no such section").with_place(Some(at));
                self.problems.push(problem.with_subject(word).with_hint(hint));
                continue;
            };
            let DeValue::Table(table) = value.get_ref() else {
                let at = self.span(value.span());
                let problem = Problem::error("this is a section").with_place(Some(at)).with_subject(word);
                self.problems.push(problem.with_hint(Some(heading(section))));
                continue;
            };
            match section.number {
                Number::One if section.keys.is_empty() => sections.environment = self.variables(table),
                Number::One => {
                    let at = self.span(value.span());
                    sections.single.insert(section.name, self.table(section, table, at));
                }
                Number::Named => self.named(section, table, &mut sections.named),
            }
        }
        // Tables of one kind may be between those of another.
        sections.named.sort_by_key(|named| named.at.start);
        sections
    }

    fn named(&mut self, section: &'static Section, table: &DeTable<'_>, found: &mut Vec<Named>) {
        for (name, value) in in_order(table) {
            let at = self.span(name.span());
            let DeValue::Table(table) = value.get_ref() else {
                let word: &str = name.get_ref();
                let problem = Problem::error(format!("a {} has a name", section.name)).with_place(Some(at));
                self.problems.push(problem.with_subject(word).with_hint(Some(heading(section))));
                continue;
            };
            let table_at = self.span(value.span());
            let table = self.table(section, table, table_at);
            found.push(Named { section: section.name, name: name.get_ref().to_string(), at, table });
        }
    }
}

fn heading(section: &Section) -> String {
    match section.number {
        Number::One => format!("write `[{}]`", section.name),
        Number::Named => format!("write `[{}.NAME]`", section.name),
    }
}

impl Lowering<'_> {
    fn error(&mut self, at: Span, subject: &str, message: impl Into<String>, hint: Option<String>) {
        let problem = Problem::error(message).with_place(Some(at)).with_subject(subject).with_hint(hint);
        self.problems.push(problem);
    }

    /// A path as it is meant: a relative one is in the file's directory.
    fn path(&self, text: &str) -> PathBuf {
        self.here.join(text)
    }

    fn path_of(&self, table: &Table, key: &str) -> Option<PathBuf> {
        table.text(key).map(|text| self.path(text))
    }

    /// The variables for all, then these.
    fn variables(&self, own: Option<&[(String, String)]>) -> Vec<(String, String)> {
        self.sections.environment.iter().chain(own.unwrap_or_default()).cloned().collect()
    }

    fn plan(
        &mut self,
        minder: &MinderSettings,
        sockets: &[std::sync::Arc<minder_core::socket::SocketSpec>],
        whole: Span,
    ) -> Option<Plan> {
        let groups = self.groups(minder, sockets);
        match Plan::new(groups) {
            Ok(plan) => Some(plan),
            Err(PlanProblem::DuplicateGroup(name)) => {
                self.error(whole, name.as_str(), "two groups have this name", None);
                None
            }
            Err(PlanProblem::DuplicateProgram(group, name)) => {
                let named = self
                    .sections
                    .named("program")
                    .filter(|named| named.table.text("name").unwrap_or(&named.name) == name.as_str());
                let at = named.last().map_or(whole, |named| named.at);
                let message = format!("the group `{group}` has two programs of this name");
                self.error(at, name.as_str(), message, Some("give one of them another `name`".to_owned()));
                None
            }
        }
    }
}

/// A beat by its word.
fn beat_of(word: Option<&str>) -> Beat {
    match word {
        Some("elsewhere") => Beat::Elsewhere,
        _ => Beat::Here,
    }
}

/// A number that is within the bounds of its key.
fn u32_of(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
