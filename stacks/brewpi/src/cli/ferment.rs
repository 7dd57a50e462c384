//! `brewpi ferment`: a fermentation that is over before the kettle is.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::devices::points;
use crate::fermentation::{ferment, worst};
use crate::firmware::chamber::ChamberSettings;
use crate::plot;
use crate::profile::{Profile, duration, duration_text};

const USAGE: &str = "\
brewpi ferment [--plot FILE.svg] [--csv FILE] [--for TIME] [TIME=DEGREES …]

Ferments in a simulated chamber, as fast as this machine can, and says how well the profile was held.
  --plot FILE  draw it
  --csv FILE   write it: seconds, beer, profile, fridge, room
  --for TIME   how long; the profile's own length (14d without one)
Without points: 0h=18 3d=18 5d=20 10d=20 14d=12
";
/// A profile as a brewer of ale would draw it.
const ALE: [&str; 5] = ["0h=18", "3d=18", "5d=20", "10d=20", "14d=12"];

pub(super) fn run(words: &[String]) -> ExitCode {
    match read(words).and_then(|wish| wish.fulfil()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("brewpi ferment: {text}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

struct Wish {
    plot: Option<PathBuf>,
    csv: Option<PathBuf>,
    length: Duration,
    profile: Profile,
}

fn read(words: &[String]) -> Result<Wish, String> {
    let (mut plot, mut csv, mut length, mut given) = (None, None, None, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--plot" => plot = Some(PathBuf::from(value()?)),
            "--csv" => csv = Some(PathBuf::from(value()?)),
            "--for" => length = Some(duration(value()?)?),
            point if point.contains('=') => given.push(point.to_owned()),
            other => return Err(format!("not understood: {other}")),
        }
    }
    if given.is_empty() {
        given = ALE.map(str::to_owned).to_vec();
    }
    let profile = Profile::new(points(&given)?).ok_or("a profile has points")?;
    let own = profile.points().last().map_or(Duration::ZERO, |point| point.after);
    let length = length.unwrap_or(own).max(Duration::from_secs(1));
    Ok(Wish { plot, csv, length, profile })
}

impl Wish {
    fn fulfil(&self) -> Result<(), String> {
        let samples = ferment(&self.profile, ChamberSettings::default(), self.length);
        let length = duration_text(self.length);
        println!(
            "{length} of fermentation, the beer was off by {:.2} °C at most after the first day",
            worst(&samples)
        );
        if let Some(path) = &self.plot {
            let title = format!("{length} in a simulated chamber");
            write(path, &plot::svg(&title, &samples))?;
        }
        if let Some(path) = &self.csv {
            let mut text = "seconds,beer,profile,fridge,room\n".to_owned();
            for sample in &samples {
                text.push_str(&format!(
                    "{},{:.3},{:.3},{:.3},{:.3}\n",
                    sample.after.as_secs(),
                    sample.beer,
                    sample.wanted,
                    sample.fridge,
                    sample.room
                ));
            }
            write(path, &text)?;
        }
        Ok(())
    }
}

fn write(path: &std::path::Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
