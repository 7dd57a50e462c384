//! Commands that look at and change devices and profiles.

use std::process::ExitCode;

use rusqlite::params;

use crate::firmware::constants::Unit;
use crate::places::Places;
use crate::profile::{Point, Profile, duration, duration_text};
use crate::table::{KeptProfile, Stay, Table};

const RULE: &str = "=========================================================";

const DEVICE_USAGE: &str = "\
brewpi device add NAME (--serial PORT | --network HOST:PORT) [--unit C|F] [--interval SECONDS from 5 to 3600]
brewpi device remove NAME
brewpi device list
";

const PROFILE_USAGE: &str = "\
brewpi profile add NAME TIME=DEGREES …   such as `brewpi profile add ale 0h=18 3d=18 5d=20 10d=20 14d=12`
brewpi profile list
brewpi profile start NAME DEVICE         then `setActiveProfile` is told to the device's script
";

/// The devices, as the script has always listed them.
pub(super) fn list(places: &Places) -> ExitCode {
    println!("=============== BrewPi Devices in Database ===============");
    // A database that is not there has no devices.
    let devices = Table::open(&places.database).and_then(|table| table.devices()).unwrap_or_default();
    if devices.is_empty() {
        println!("No configured devices found.");
    } else {
        println!("Devices:");
        for (i, device) in devices.iter().enumerate() {
            println!("  {}: {}", i + 1, device.name);
        }
    }
    println!("{RULE}");
    ExitCode::SUCCESS
}

pub(super) fn device(places: &Places, words: &[String]) -> ExitCode {
    match words {
        [word] if word == "list" => list(places),
        [word, name] if word == "remove" => done(remove(places, name)),
        [word, name, rest @ ..] if word == "add" => match Added::read(name, rest) {
            Some(added) => done(add(places, &added)),
            None => usage(DEVICE_USAGE),
        },
        _ => usage(DEVICE_USAGE),
    }
}

pub(super) fn profile(places: &Places, words: &[String]) -> ExitCode {
    match words {
        [word] if word == "list" => done(list_profiles(places)),
        [word, profile, device] if word == "start" => done(start(places, profile, device)),
        [word, name, points @ ..] if word == "add" && !points.is_empty() => {
            done(add_profile(places, name, points))
        }
        _ => usage(PROFILE_USAGE),
    }
}

fn usage(text: &str) -> ExitCode {
    eprint!("{text}");
    ExitCode::from(2)
}

fn done(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("brewpi: {text}");
            ExitCode::FAILURE
        }
    }
}

struct Added {
    name: String,
    serial: Option<String>,
    network: Option<(String, u16)>,
    unit: Unit,
    interval: u32,
}

impl Added {
    fn read(name: &str, words: &[String]) -> Option<Self> {
        let mut added =
            Self { name: name.to_owned(), serial: None, network: None, unit: Unit::Celsius, interval: 30 };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = words.next()?;
            match word.as_str() {
                "--serial" => added.serial = Some(value.clone()),
                "--network" => {
                    let (host, port) = value.rsplit_once(':')?;
                    added.network = Some((host.to_owned(), port.parse().ok()?));
                }
                "--unit" => {
                    added.unit = match value.as_str() {
                        "C" => Unit::Celsius,
                        "F" => Unit::Fahrenheit,
                        _ => return None,
                    }
                }
                "--interval" => {
                    added.interval = value.parse().ok().filter(|seconds| (5..=3600).contains(seconds))?;
                }
                _ => return None,
            }
        }
        (added.serial.is_some() != added.network.is_some()).then_some(added)
    }
}

fn table(places: &Places) -> Result<Table, String> {
    if let Some(parent) = places.database.parent() {
        std::fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
    }
    Table::make(&places.database).map_err(|error| error.to_string())
}

fn add(places: &Places, added: &Added) -> Result<(), String> {
    let table = table(places)?;
    let kind = if added.network.is_some() { "wifi" } else { "serial" };
    let (host, port) = added.network.clone().unwrap_or_else(|| ("None".to_owned(), 23));
    let serial = added.serial.clone().unwrap_or_else(|| "auto".to_owned());
    let sql = "INSERT INTO app_brewpidevice (device_name, temp_format, data_point_log_interval, socket_name, \
               connection_type, serial_port, wifi_host, wifi_port) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let unit = added.unit.letter().to_string();
    let socket: String =
        added.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect::<String>()
            + ".socket";
    table
        .connection()
        .execute(sql, params![added.name, unit, added.interval, socket, kind, serial, host, port])
        .map(drop)
        .map_err(|error| format!("the device `{}` was not added: {error}", added.name))
}

fn remove(places: &Places, name: &str) -> Result<(), String> {
    let table = table(places)?;
    let sql = "DELETE FROM app_brewpidevice WHERE device_name = ?1";
    match table.connection().execute(sql, [name]) {
        Ok(0) => Err(format!("there is no device `{name}`; `brewpi device list` shows them")),
        Ok(_) => Ok(()),
        Err(error) => Err(format!("the device `{name}` was not removed: {error}")),
    }
}

/// Points such as `3d=18.5` or `3d=65F`.
pub(super) fn points(words: &[String]) -> Result<Vec<Point>, String> {
    words.iter().map(|word| point(word)).collect()
}

fn point(word: &str) -> Result<Point, String> {
    let (time, degrees) =
        word.split_once('=').ok_or_else(|| format!("found `{word}`, expected a point such as `3d=18.5`"))?;
    let after = duration(time).map_err(|error| format!("`{word}`: {error}"))?;
    let unit = if degrees.ends_with('F') { Unit::Fahrenheit } else { Unit::Celsius };
    let number: f64 = degrees
        .trim_end_matches(['C', 'F'])
        .trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| format!("`{word}`: found `{degrees}`, expected degrees such as `18.5` or `65F`"))?;
    Ok(Point { after, degrees: unit.inside(number) })
}

fn add_profile(places: &Places, name: &str, words: &[String]) -> Result<(), String> {
    let read = points(words)?;
    let table = table(places)?;
    table
        .add_profile(name, Unit::Celsius, &read)
        .map(drop)
        .map_err(|error| format!("the profile `{name}` was not added: {error}"))
}

/// Those that can be used.
fn usable(table: &Table) -> Result<impl Iterator<Item = KeptProfile>, String> {
    let all = table.profiles().map_err(|error| error.to_string())?;
    Ok(all.into_iter().filter(|profile| profile.stay == Stay::Kept))
}

fn list_profiles(places: &Places) -> Result<(), String> {
    for kept in usable(&table(places)?)? {
        let points: Vec<String> = kept
            .profile
            .iter()
            .flat_map(Profile::points)
            .map(|point| format!("{}={:.1}", duration_text(point.after).replace(' ', ""), point.degrees))
            .collect();
        println!("{}: {}", kept.name, points.join(" "));
    }
    Ok(())
}

fn start(places: &Places, profile: &str, device: &str) -> Result<(), String> {
    let table = table(places)?;
    let kept = usable(&table)?
        .find(|kept| kept.name == profile)
        .ok_or_else(|| format!("there is no profile `{profile}`; `brewpi profile list` shows them"))?;
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
    match table.begin_profile(device, kept.id, &now) {
        Ok(false) => Err(format!("there is no device `{device}`; `brewpi device list` shows them")),
        Ok(true) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
