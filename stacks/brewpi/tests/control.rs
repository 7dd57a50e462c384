//! The control in its chamber, over days that pass in moments.

use minder_brewpi::firmware::board::Board;
use minder_brewpi::firmware::chamber::{ChamberSettings, Drive};
use minder_brewpi::firmware::command::CommandReader;
use minder_brewpi::firmware::state::State;

fn tell(board: &mut Board, text: &str) -> Vec<String> {
    let mut reader = CommandReader::default();
    let commands: Vec<_> = text.bytes().filter_map(|byte| reader.take(byte)).collect();
    commands.iter().chain(&reader.silence()).for_each(|command| board.obey(command));
    board.said()
}

const DAY: u64 = 86_400;

/// Set points at days, as a brewer would draw them.
const PROFILE: [(f64, f64); 5] = [(0.0, 18.0), (3.0, 18.0), (5.0, 20.0), (10.0, 20.0), (14.0, 12.0)];

fn set_point(day: f64) -> f64 {
    let after = PROFILE.iter().position(|(at, _)| *at > day).unwrap_or(PROFILE.len() - 1);
    let ((from, cold), (to, warm)) = (PROFILE[after - 1], PROFILE[after]);
    cold + (warm - cold) * ((day - from) / (to - from)).clamp(0.0, 1.0)
}

#[test]
fn a_fermentation_of_fourteen_days_holds_its_profile_within_half_a_degree() {
    let mut board = Board::new(ChamberSettings::default());
    tell(&mut board, "j{mode:p, beerSet:18.0}");
    let (mut worst, mut set) = (0.0_f64, 18.0);
    for second in 0..14 * DAY {
        let day = second as f64 / DAY as f64;
        let wanted = (set_point(day) * 10.0).round() / 10.0;
        if wanted != set {
            set = wanted;
            tell(&mut board, &format!("j{{beerSet:{set}}}"));
        }
        board.pass();
        // The wort comes in warm; after a day it should be where it is wanted.
        if day > 1.0 {
            worst = worst.max((board.chamber.beer - set_point(day)).abs());
        }
    }
    assert!(worst < 0.5, "off by {worst}");
}

#[test]
fn a_compressor_runs_for_three_minutes_at_least_and_rests_for_five() {
    let mut board = Board::new(ChamberSettings::default());
    tell(&mut board, "j{mode:b, beerSet:15}");
    let (mut runs, mut since, mut cooling) = (Vec::new(), 1_u32, false);
    for _ in 0..3 * DAY {
        board.pass();
        let now = board.state().drive() == Drive::Cool;
        if now != cooling {
            runs.push((cooling, since));
            (cooling, since) = (now, 0);
        }
        since += 1;
    }
    assert!(runs.len() > 10, "{runs:?}");
    let (first, _) = (runs[0], runs.remove(0));
    assert!(first.1 >= 600, "nobody knows what was before the start: {first:?}");
    for (was_cooling, seconds) in runs {
        // The wait counts from the last second in which it ran.
        assert!(seconds >= if was_cooling { 181 } else { 299 }, "{was_cooling} for {seconds}");
    }
}

#[test]
fn off_clears_both_set_points_and_the_defaults_bring_them_back() {
    let mut board = Board::new(ChamberSettings::default());
    let said = tell(&mut board, "s");
    let off = "S:{\"mode\":\"o\",\"beerSet\":null,\"fridgeSet\":null,\"heatEst\":0.200,\"coolEst\":5.000}";
    assert_eq!(said.last().map(String::as_str), Some(off));
    let said = tell(&mut board, "S");
    assert!(said.iter().any(|line| line.contains("\"beerSet\":20.00,\"fridgeSet\":20.00")), "{said:?}");
    board.pass();
    assert_eq!(board.state(), State::Off);
}

#[test]
fn a_sensor_that_is_lost_stops_the_drive_and_comes_back() {
    let mut board = Board::new(ChamberSettings::default());
    tell(&mut board, "j{mode:b, beerSet:10}");
    (0..700).for_each(|_| board.pass());
    assert_eq!(board.state().drive(), Drive::Cool);
    tell(&mut board, "y{fc:0}");
    board.pass();
    assert_eq!(board.state().drive(), Drive::Rest);
    assert!(board.said().iter().any(|line| line.contains("\"logID\":2")));
    tell(&mut board, "y{fc:1}");
    (0..700).for_each(|_| board.pass());
    assert_eq!(board.state().drive(), Drive::Cool);
}

#[test]
fn each_change_of_state_is_told() {
    let mut board = Board::new(ChamberSettings::default());
    tell(&mut board, "j{mode:f, fridgeSet:10}");
    (0..700).for_each(|_| board.pass());
    let said = board.said();
    let states: Vec<_> = said.iter().filter(|line| line.starts_with("T:")).collect();
    assert!(states.iter().any(|line| line.ends_with("\"State\":5}")), "{said:?}");
    assert!(states.iter().any(|line| line.ends_with("\"State\":4}")), "{said:?}");
}
