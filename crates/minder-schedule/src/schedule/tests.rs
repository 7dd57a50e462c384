use super::*;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};

mod scan;

fn sight(zone: &str) -> Sight {
    let place = text::place(52.52, 13.405).expect("a place");
    Sight { zone: zone::named(zone).expect("a zone"), place: Some(place) }
}

fn schedule(due: &Due, between: Option<&str>, zone: &str) -> Schedule {
    let between = between.map(|window| text::window(window).expect("a window"));
    Schedule::new(due, between, sight(zone)).expect("a schedule")
}

fn aligned(interval: &str, later: &str) -> Due {
    let [interval, later] = [interval, later].map(|text| text::duration(text).expect("a duration"));
    Due::Every { interval, phase: Phase::Aligned(later) }
}

fn at(moments: &str) -> Due {
    Due::At(text::moments(moments).expect("moments"))
}

fn check(schedule: &Schedule, after: &str, expected: &[&str]) {
    let mut after: Timestamp = after.parse().expect("a time");
    for expected in expected {
        let next = schedule.next_after(after);
        let shown = next.map(|next| {
            format!("{}{}", schedule.sight.zone.to_datetime(next), schedule.sight.zone.to_offset(next))
        });
        assert_eq!(shown.as_deref().unwrap_or("never"), *expected);
        after = next.unwrap_or(after);
    }
}

#[test]
fn an_aligned_interval_is_due_at_its_multiples_by_the_clock() {
    let ten = schedule(&aligned("10m", "0s"), None, "Asia/Kathmandu");
    check(&ten, "2027-03-01T00:00:00Z", &["2027-03-01T05:50:00+05:45", "2027-03-01T06:00:00+05:45"]);
    let late = schedule(&aligned("6h", "30m"), None, "Europe/Berlin");
    check(&late, "2027-03-01T00:00:00Z", &["2027-03-01T06:30:00+01", "2027-03-01T12:30:00+01"]);
    let fine = schedule(&aligned("250ms", "0s"), None, "UTC");
    check(&fine, "2027-03-01T00:00:00.1Z", &["2027-03-01T00:00:00.25+00", "2027-03-01T00:00:00.5+00"]);
    // Since 1970, not since the last midnight.
    let odd = schedule(&aligned("7h", "0s"), None, "UTC");
    check(&odd, "1970-01-01T21:00:00Z", &["1970-01-02T04:00:00+00"]);
    check(&odd, "1969-12-31T12:00:00Z", &["1969-12-31T17:00:00+00", "1970-01-01T00:00:00+00"]);
}

#[test]
fn a_short_interval_goes_on_through_an_hour_that_comes_twice() {
    let half = schedule(&aligned("30m", "0s"), None, "Europe/Berlin");
    check(
        &half,
        "2027-10-31T00:00:00Z",
        &[
            "2027-10-31T02:30:00+02",
            "2027-10-31T02:00:00+01",
            "2027-10-31T02:30:00+01",
            "2027-10-31T03:00:00+01",
        ],
    );
    check(&half, "2027-03-28T00:30:00Z", &["2027-03-28T03:00:00+02"]);
}

#[test]
fn a_long_interval_is_done_once_where_summer_time_begins_and_ends() {
    let long = schedule(&aligned("2h", "0s"), None, "Europe/Berlin");
    check(&long, "2027-03-27T23:00:00Z", &["2027-03-28T03:00:00+02", "2027-03-28T04:00:00+02"]);
    check(&long, "2027-10-30T22:00:00Z", &["2027-10-31T02:00:00+02", "2027-10-31T04:00:00+01"]);
    let daily = schedule(&aligned("1d", "2h30m"), None, "Europe/Berlin");
    check(&daily, "2027-03-27T12:00:00Z", &["2027-03-28T03:00:00+02", "2027-03-29T02:30:00+02"]);
}

#[test]
fn paces_heed_no_clock() {
    let from = "2027-03-27T23:50:00Z".parse().expect("a time");
    let paces =
        Schedule::paces(Duration::from_secs(7200), from, None, sight("Europe/Berlin")).expect("paces");
    check(&paces, "2027-03-27T00:00:00Z", &["2027-03-28T03:50:00+02", "2027-03-28T05:50:00+02"]);
}

#[test]
fn moments_are_each_day_or_once() {
    let mixed = schedule(&at("sunset+10m, 06:30, 2027-06-02T12:00"), None, "Europe/Berlin");
    check(
        &mixed,
        "2027-06-01T12:00:00Z",
        &[
            "2027-06-01T21:29:13+02",
            "2027-06-02T06:30:00+02",
            "2027-06-02T12:00:00+02",
            "2027-06-02T21:30:20+02",
            "2027-06-03T06:30:00+02",
        ],
    );
    let once = schedule(&at("2027-06-02T12:00Z, 2027-06-02T12:00[America/New_York]"), None, "Europe/Berlin");
    check(&once, "2027-06-01T12:00:00Z", &["2027-06-02T14:00:00+02", "2027-06-02T18:00:00+02", "never"]);
}

#[test]
fn what_the_sun_does_not_do_is_not_due() {
    let svalbard = Sight { zone: TimeZone::UTC, place: Some(text::place(78.22, 15.65).expect("a place")) };
    let schedule = Schedule::new(&at("sunset"), None, svalbard).expect("a schedule");
    let next = schedule.next_after("2027-05-01T00:00:00Z".parse().expect("a time")).expect("a next time");
    assert!(next.to_string().starts_with("2027-08-2"), "{next}");
    let dry =
        Schedule::new(&at("sunset"), None, Sight { zone: TimeZone::UTC, place: None }).expect("a schedule");
    check(&dry, "2027-05-01T00:00:00Z", &["never"]);
}

#[test]
fn a_window_leaves_out_what_is_not_in_it() {
    let night = schedule(&Due::Cron("*/20 * * * *".into()), Some("22:00..22:30"), "Europe/Berlin");
    check(
        &night,
        "2027-06-01T00:00:00Z",
        &["2027-06-01T22:00:00+02", "2027-06-01T22:20:00+02", "2027-06-02T22:00:00+02"],
    );
    let never = schedule(&Due::Cron("0 12 * * *".into()), Some("22:00..06:30"), "Europe/Berlin");
    check(&never, "2027-06-01T00:00:00Z", &["never"]);
    let leap = schedule(&Due::Cron("30 23 29 2 *".into()), Some("sunset..sunrise"), "Europe/Berlin");
    check(&leap, "2096-03-01T00:00:00Z", &["2104-02-29T23:30:00+01"]);
}

#[test]
fn on_demand_and_free_intervals_have_no_times_here() {
    check(&schedule(&Due::OnDemand, None, "UTC"), "2027-06-01T00:00:00Z", &["never"]);
    let free = Due::Every { interval: Duration::from_secs(1), phase: Phase::Free };
    check(&schedule(&free, None, "UTC"), "2027-06-01T00:00:00Z", &["never"]);
}

#[test]
fn an_interval_has_bounds() {
    let refused = |interval| {
        let due = Due::Every { interval, phase: Phase::Aligned(Duration::ZERO) };
        Schedule::new(&due, None, sight("UTC")).expect_err("refused").to_string()
    };
    assert_eq!(refused(Duration::ZERO), "found \"0ns\", expected an interval of a millisecond or more");
    assert!(refused(Duration::MAX).contains("expected an interval"));
}

#[test]
fn every_day_of_a_leap_year_has_its_time_in_every_zone() {
    let due = Due::Cron("30 2 * * *".into());
    for name in jiff::tz::db().available() {
        let zone = zone::named(name.as_str()).expect("a zone");
        let schedule =
            Schedule::new(&due, None, Sight { zone: zone.clone(), place: None }).expect("a schedule");
        let mut date: Date = "2028-01-01".parse().expect("a date");
        let begin = date.to_zoned(zone.clone()).expect("midnight").timestamp();
        let mut after = begin - SignedDuration::from_nanos(1);
        for _ in 0..366 {
            after = schedule.next_after(after).expect("a next time");
            assert_eq!(zone.to_datetime(after).date(), date, "{}", name.as_str());
            date = date.saturating_add(Span::new().days(1));
        }
        assert_eq!(date.to_string(), "2029-01-01");
    }
}
