//! The command line.

use std::str::FromStr;
use std::time::Duration;

use minder_sim::moves::Unit;
use minder_sim::mutation::Mutation;
use minder_sim::scenario::{Scenario, Selection};
use minder_sim::search::YEAR;

pub(crate) const USAGE: &str = "usage: cargo xtask sim [OPTION…]

  --seed N         begin with the scenario of this seed; N+1, N+2, … follow  (1)
  --years Y        go on until so much time has passed in the world  (1; 30 with a mistake)
  --mutate NAME    make this mistake on purpose, and look whether it is found; `all`: one after the other
  --mutations      name the mistakes that can be made
  --json           print the result for programs
replaying one seed, or a part of it:
  --moves I,J,…    only these moves happen; `none`: none
  --units U,V,…    only these programs exist at first, for example g0:p1
  --wild U,V,…     only processes of these programs end by themselves; `none`: none does
  --transcript     print all that happens
";

/// What is wanted.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) seed: u64,
    pub(crate) years: Option<f64>,
    pub(crate) wanted: Wanted,
    pub(crate) mutation: Option<Mutation>,
    pub(crate) form: Form,
    pub(crate) selection: Selection,
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wanted {
    /// Seed after seed.
    Search,
    /// One seed, and everything that happens in it.
    Replay,
    /// One mistake after the other.
    EveryMutation,
    /// Their names.
    MutationNames,
    /// How to ask.
    Usage,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Text,
    Json,
}

/// How many years a search takes by default.
const YEARS: f64 = 1.0;
/// The same where it is known that there is something to be found.
const YEARS_WITH_A_MISTAKE: f64 = 30.0;

impl Options {
    /// How long the world is to run.
    pub(crate) fn enough(&self) -> Duration {
        let mistaken = self.mutation.is_some() || self.wanted == Wanted::EveryMutation;
        let default = if mistaken { YEARS_WITH_A_MISTAKE } else { YEARS };
        YEAR.mul_f64(self.years.unwrap_or(default))
    }

    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            seed: 1,
            years: None,
            wanted: Wanted::Search,
            mutation: None,
            form: Form::Text,
            selection: Selection::default(),
        };
        let mut wild = None;
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word}: a value is missing"));
            match word.as_str() {
                "--seed" => options.seed = parse(&word, &value()?)?,
                "--years" => {
                    let years = parse(&word, &value()?)?;
                    if !(0.0..=1000.0).contains(&years) {
                        return Err(format!("--years: found {years}, expected 0 to 1000"));
                    }
                    options.years = Some(years);
                }
                "--mutate" => match value()?.as_str() {
                    "all" => options.wanted = Wanted::EveryMutation,
                    name => options.mutation = Some(mutation(name)?),
                },
                "--mutations" => options.wanted = Wanted::MutationNames,
                "--json" => options.form = Form::Json,
                "--moves" => {
                    options.wanted = Wanted::Replay;
                    options.selection.moves = Some(list(&value()?, |index| parse(&word, index))?);
                }
                "--units" => {
                    options.wanted = Wanted::Replay;
                    options.selection.units = Some(list(&value()?, unit)?);
                }
                "--wild" => {
                    options.wanted = Wanted::Replay;
                    wild = Some(list(&value()?, unit)?);
                }
                "--transcript" => options.wanted = Wanted::Replay,
                "--help" | "-h" => options.wanted = Wanted::Usage,
                _ => return Err(format!("found {word}, which is no option")),
            }
        }
        if let Some(wild) = wild {
            let all = Scenario::of_seed(options.seed).natures.into_keys();
            options.selection.steady = all.filter(|unit| !wild.contains(unit)).collect();
        }
        Ok(options)
    }
}

/// The command that has the same happen again.
pub(crate) fn replay(seed: u64, mutation: Option<Mutation>, selection: &Selection) -> String {
    let mut command = format!("cargo xtask sim --seed {seed}");
    if let Some(mutation) = mutation {
        command.push_str(&format!(" --mutate {mutation}"));
    }
    let joined = |words: Vec<String>| if words.is_empty() { "none".to_owned() } else { words.join(",") };
    if let Some(moves) = &selection.moves {
        command.push_str(&format!(" --moves {}", joined(moves.iter().map(ToString::to_string).collect())));
    }
    if let Some(units) = &selection.units {
        command.push_str(&format!(" --units {}", joined(units.iter().map(ToString::to_string).collect())));
    }
    if !selection.steady.is_empty() {
        let all = Scenario::of_seed(seed).natures.into_keys();
        let wild = all.filter(|unit| !selection.steady.contains(unit)).map(|unit| unit.to_string());
        command.push_str(&format!(" --wild {}", joined(wild.collect())));
    }
    command
}

fn parse<T: FromStr>(option: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{option}: found {value}, expected a number"))
}

fn list<T>(words: &str, one: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    if words == "none" { Ok(Vec::new()) } else { words.split(',').map(one).collect() }
}

fn unit(word: &str) -> Result<Unit, String> {
    let numbers = word.split_once(':').and_then(|(group, program)| {
        Some((group.strip_prefix('g')?.parse().ok()?, program.strip_prefix('p')?.parse().ok()?))
    });
    let (group, program) =
        numbers.ok_or_else(|| format!("found {word}, expected a program such as g0:p1"))?;
    Ok(Unit { group, program })
}

fn mutation(name: &str) -> Result<Mutation, String> {
    Mutation::named(name).ok_or_else(|| {
        let names: Vec<String> = Mutation::all().iter().map(ToString::to_string).collect();
        format!("--mutate: found {name}, expected `all` or one of {}", names.join(", "))
    })
}
