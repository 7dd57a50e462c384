//! What only Circus and minder in its place can be asked: a graceful reload, and the statistics of all.

pub(super) mod client;

use super::figures::{Better, Cell, Row, Samples};
use super::floor::Floor;
use super::peers::{MINDER, Running, circus_station};
use super::place::Place;
use crate::step::Problem;
use serde_json::json;
use std::time::{Duration, Instant};

/// How many processes the watcher has that is reloaded.
const PROCESSES: usize = 10;
/// How many watchers are asked for their statistics.
const WATCHERS: usize = 100;

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let mut floor = Samples::default();
    let mut beacons = place.beacons()?;
    for _ in 0..place.pace.choose(5, 20) {
        let (started, stopped) = Floor::once(place, PROCESSES, &mut beacons)?;
        floor.push_ms(started + stopped);
    }
    let (mut reloads, mut stats) = (Vec::new(), Vec::new());
    for (name, program) in [(MINDER, place.program("circusd")), ("Circus", place.original("circusd"))] {
        if !program.exists() {
            continue;
        }
        let count = if name == MINDER { place.pace.choose(10, 50) } else { 4 };
        let line = format!("{} {} stay", place.program("beacon").display(), beacons.path().display());
        let watcher = format!("[watcher:load]\ncmd = {line}\nnumprocesses = {PROCESSES}\n");
        let mut station = circus_station(place, name, &program, &place.fresh_folder()?, &watcher)?;
        station.ready()?;
        beacons.take(PROCESSES, name)?;
        let mut samples = Samples::default();
        // The first is the warm-up.
        for reload in 0..=count {
            let began = Instant::now();
            station.client()?.call("reload", &json!({"name": "load", "waiting": true}))?;
            let took = began.elapsed();
            beacons.take(PROCESSES, name)?;
            if reload > 0 {
                samples.push_ms(took);
            }
        }
        drop(station);
        reloads.push((name, Cell::spread(&samples, "ms")));
        stats.push((name, Cell::tail(&statistics(place, name, &program)?, "ms")));
    }
    Ok(vec![
        Row::new(format!("Circus: graceful reload of {PROCESSES}"), Better::Less, reloads)
            .over(Cell::spread(&floor, "ms")),
        Row::new(format!("Circus: stats of {WATCHERS} watchers"), Better::Less, stats),
    ])
}

fn statistics(place: &Place, name: &'static str, program: &std::path::Path) -> Result<Samples, Problem> {
    let watchers: String =
        (0..WATCHERS).map(|number| format!("[watcher:w{number}]\ncmd = /bin/sleep 1000\n\n")).collect();
    let mut station = circus_station(place, name, program, &place.fresh_folder()?, &watchers)?;
    station.ready()?;
    let mut samples = Samples::default();
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        samples.push_ms(station.client()?.timed("stats", &json!({}))?.0);
    }
    Ok(samples)
}
