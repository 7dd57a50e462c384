//! Options by the rules of Python's `getopt`, with its messages: short ones in bundles, long ones by any unique
//! abbreviation, and the first word that is no option ends them.

/// Whether an option is followed by a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    Value,
}

/// An option that may be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) short: char,
    /// Without the dashes; an option may have no long form.
    pub(crate) long: Option<&'static str>,
    pub(crate) takes: Takes,
}

/// An option that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    /// The short form of the option it is.
    pub(crate) short: char,
    /// With its dashes and in full: `-c` or `--configuration`.
    pub(crate) written: String,
    /// Empty when the option takes none.
    pub(crate) value: String,
}

/// Splits a command line into options and the words behind them.
///
/// # Errors
/// In Python's words: `option -x not recognized`.
pub(crate) fn getopt(args: &[String], known: &[Known]) -> Result<(Vec<Given>, Vec<String>), String> {
    let mut given = Vec::new();
    let mut rest = args.iter();
    loop {
        let words = rest.as_slice();
        match rest.next() {
            Some(word) if word == "--" => return Ok((given, rest.as_slice().to_vec())),
            Some(word) if word.len() > 1 && word.starts_with('-') => match word.strip_prefix("--") {
                Some(long) => given.push(read_long(long, known, &mut rest)?),
                None => read_bundle(&word[1..], known, &mut rest, &mut given)?,
            },
            Some(_) | None => return Ok((given, words.to_vec())),
        }
    }
}

fn read_long(text: &str, known: &[Known], rest: &mut std::slice::Iter<'_, String>) -> Result<Given, String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let option = find_long(name, known)?;
    let long = option.long.unwrap_or_default();
    let value = match (option.takes, value) {
        (Takes::Value, Some(value)) => value.to_owned(),
        (Takes::Value, None) => {
            rest.next().cloned().ok_or_else(|| format!("option --{long} requires argument"))?
        }
        (Takes::Nothing, None) => String::new(),
        (Takes::Nothing, Some(_)) => return Err(format!("option --{long} must not have an argument")),
    };
    Ok(Given { short: option.short, written: format!("--{long}"), value })
}

fn find_long<'a>(name: &str, known: &'a [Known]) -> Result<&'a Known, String> {
    let begins = |option: &&Known| option.long.is_some_and(|long| long.starts_with(name));
    let mut candidates = known.iter().filter(begins);
    let Some(first) = candidates.next() else { return Err(format!("option --{name} not recognized")) };
    if let Some(exact) = known.iter().find(|option| option.long == Some(name)) {
        return Ok(exact);
    }
    if candidates.next().is_some() {
        return Err(format!("option --{name} not a unique prefix"));
    }
    Ok(first)
}

fn read_bundle(
    bundle: &str,
    known: &[Known],
    rest: &mut std::slice::Iter<'_, String>,
    given: &mut Vec<Given>,
) -> Result<(), String> {
    let mut letters = bundle.chars();
    while let Some(letter) = letters.next() {
        let option = known
            .iter()
            .find(|option| option.short == letter)
            .ok_or_else(|| format!("option -{letter} not recognized"))?;
        let written = format!("-{letter}");
        if option.takes == Takes::Nothing {
            given.push(Given { short: letter, written, value: String::new() });
            continue;
        }
        let value = match letters.as_str() {
            "" => rest.next().cloned().ok_or_else(|| format!("option -{letter} requires argument"))?,
            attached => attached.to_owned(),
        };
        given.push(Given { short: letter, written, value });
        break;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Known, Takes, getopt};

    const KNOWN: [Known; 4] = [
        Known { short: 'h', long: Some("help"), takes: Takes::Nothing },
        Known { short: 'i', long: Some("interactive"), takes: Takes::Nothing },
        Known { short: 'c', long: Some("configuration"), takes: Takes::Value },
        Known { short: 'r', long: Some("history_file"), takes: Takes::Value },
    ];

    fn read(line: &str) -> String {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        match getopt(&args, &KNOWN) {
            Ok((given, rest)) => {
                let given: Vec<_> =
                    given.iter().map(|option| format!("{}={}", option.written, option.value)).collect();
                format!("{} | {}", given.join(" "), rest.join(" "))
            }
            Err(text) => text,
        }
    }

    #[test]
    fn options_are_read_as_python_reads_them() {
        for (line, result) in [
            ("-c f status -x", "-c=f | status -x"),
            ("-icf", "-i= -c=f | "),
            ("--conf f --inter a", "--configuration=f --interactive= | a"),
            ("--conf=f=g", "--configuration=f=g | "),
            ("-i -- -h", "-i= | -h"),
            ("- -h", " | - -h"),
            ("-x", "option -x not recognized"),
            ("-ic", "option -c requires argument"),
            ("--h", "option --h not a unique prefix"),
            ("--nope", "option --nope not recognized"),
            ("--conf", "option --configuration requires argument"),
            ("--help=x", "option --help must not have an argument"),
        ] {
            assert_eq!(read(line), result, "{line}");
        }
    }
}
