//! `brewpi web`: the pages.

use std::process::ExitCode;

use minder_page::Settings;
use minder_page::settings::Flag;

use crate::places::{self, Places};
use crate::web;

const USAGE: &str = "\
brewpi web [--listen ADDRESS:PORT] [--host-name NAME] [--password-file FILE]

Pages of chambers, profiles, histories and logs, until it is told to end. The address is printed.
";

pub(super) fn run(places: &Places, words: &[String]) -> ExitCode {
    let mut settings = match Settings::of_environment() {
        Ok(settings) => settings,
        Err(error) => return wrong(&error.to_string()),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if matches!(word.as_str(), "-h" | "--help") {
            print!("{USAGE}{}\n{}", Settings::HELP, places::HELP);
            return ExitCode::SUCCESS;
        }
        match settings.take(word, &mut words) {
            Ok(Flag::Taken) => {}
            Ok(Flag::Foreign) => {
                eprint!("not understood: {word}\n\n{USAGE}{}", Settings::HELP);
                return ExitCode::from(2);
            }
            Err(error) => return wrong(&error.to_string()),
        }
    }
    match web::run(places, &settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("brewpi web: {error}");
            ExitCode::FAILURE
        }
    }
}

fn wrong(text: &str) -> ExitCode {
    eprintln!("brewpi web: {text}");
    ExitCode::from(2)
}
