use super::*;

fn sight(zone: &str, latitude: f64, longitude: f64) -> Sight {
    let place = crate::text::place(latitude, longitude).expect("a place");
    Sight { zone: zone::named(zone).expect("a zone"), place: Some(place) }
}

fn opens(window: &str, date: &str, sight: &Sight) -> String {
    let window = crate::text::window(window).expect("a window");
    let shown = |time| sight.zone.to_datetime(time).strftime("%dT%H:%M").to_string();
    match on(&window, date.parse().expect("a date"), sight) {
        Some(open) => format!("{}..{}", shown(open.start), shown(open.end)),
        None => "closed".to_owned(),
    }
}

#[test]
fn a_window_that_ends_before_it_begins_goes_over_midnight() {
    let berlin = sight("Europe/Berlin", 52.52, 13.405);
    assert_eq!(opens("22:00..06:30", "2027-06-01", &berlin), "01T22:00..02T06:30");
    assert_eq!(opens("06:30..22:00", "2027-06-01", &berlin), "01T06:30..01T22:00");
    assert_eq!(opens("06:30..06:30", "2027-06-01", &berlin), "01T06:30..02T06:30");
    assert_eq!(opens("00:00..24:00", "2027-06-01", &berlin), "01T00:00..02T00:00");
    assert_eq!(opens("24:00..01:00", "2027-06-01", &berlin), "02T00:00..02T01:00");
}

#[test]
fn its_first_moment_is_within_and_its_end_is_not() {
    let berlin = sight("Europe/Berlin", 52.52, 13.405);
    let window = crate::text::window("22:00..06:30").expect("a window");
    let within = |time: &str| within(&window, time.parse().expect("a time"), &berlin);
    assert!(!within("2027-06-01T21:59:59.999+02"));
    assert!(within("2027-06-01T22:00:00+02"));
    assert!(within("2027-06-02T00:00:00+02"));
    assert!(within("2027-06-02T06:29:59.999+02"));
    assert!(!within("2027-06-02T06:30:00+02"));
}

#[test]
fn a_night_follows_the_seasons() {
    let berlin = sight("Europe/Berlin", 52.52, 13.405);
    let night = "sunset-30m..sunrise+30m";
    assert_eq!(opens(night, "2027-06-21", &berlin), "21T21:03..22T05:13");
    assert_eq!(opens(night, "2027-12-21", &berlin), "21T15:23..22T08:45");
    assert_eq!(opens("sunrise..sunset", "2027-12-21", &berlin), "21T08:14..21T15:53");
    assert_eq!(opens("sunrise-1h..sunrise+1h", "2027-12-21", &berlin), "21T07:14..21T09:14");
}

#[test]
fn between_clock_and_sun_the_season_decides_whether_it_opens_at_all() {
    let berlin = sight("Europe/Berlin", 52.52, 13.405);
    assert_eq!(opens("19:00..sunset", "2027-06-21", &berlin), "21T19:00..21T21:33");
    assert_eq!(opens("19:00..sunset", "2027-12-21", &berlin), "closed");
    assert_eq!(opens("sunset..22:00", "2027-12-21", &berlin), "21T15:53..21T22:00");
    assert_eq!(opens("22:00..sunrise", "2027-12-21", &berlin), "21T22:00..22T08:15");
    assert_eq!(opens("sunset..02:00", "2027-12-21", &berlin), "21T15:53..22T02:00");
    assert_eq!(opens("03:00..sunrise", "2027-12-21", &berlin), "21T03:00..21T08:14");
}

#[test]
fn at_the_pole_a_night_closes_in_summer_and_stays_open_in_winter() {
    let svalbard = sight("Arctic/Longyearbyen", 78.22, 15.65);
    let (summer, winter) = ("2027-06-21", "2027-12-21");
    assert_eq!(opens("sunset..sunrise", summer, &svalbard), "closed");
    assert_eq!(opens("sunrise..sunset", summer, &svalbard), "21T00:59..22T00:59");
    assert_eq!(opens("sunset..sunrise", winter, &svalbard), "21T11:55..22T11:55");
    assert_eq!(opens("sunrise..sunset", winter, &svalbard), "closed");
    // What is an hour longer than the night leaves the darkest hour of a polar day, and overlaps itself in the polar night.
    assert_eq!(opens("sunset-30m..sunrise+30m", summer, &svalbard), "22T00:29..22T01:29");
    assert_eq!(opens("sunset-30m..sunrise+30m", winter, &svalbard), "21T11:25..22T12:25");
    let night = crate::text::window("sunset-30m..sunrise+30m").expect("a window");
    for minute in 0..2 * 24 * 60 {
        let midnight: Timestamp = "2027-12-21T00:00:00Z".parse().expect("a time");
        assert!(within(&night, midnight + SignedDuration::from_mins(minute), &svalbard));
    }
}

#[test]
fn the_next_opening_is_after_a_polar_day() {
    let svalbard = sight("Arctic/Longyearbyen", 78.22, 15.65);
    let night = crate::text::window("sunset..sunrise").expect("a window");
    let after = "2027-05-01T00:00:00Z".parse().expect("a time");
    let opening = next_opening(&night, after, &svalbard).expect("an opening");
    let date = svalbard.date(opening).to_string();
    assert!(("2027-08-20".."2027-08-28").contains(&date.as_str()), "{date}");
}

#[test]
fn an_end_that_is_skipped_or_comes_twice_is_one_moment() {
    let berlin = sight("Europe/Berlin", 52.52, 13.405);
    assert_eq!(opens("01:00..02:30", "2027-03-28", &berlin), "28T01:00..28T03:00");
    assert_eq!(opens("02:10..02:50", "2027-03-28", &berlin), "closed");
    let night = crate::text::window("22:00..02:30").expect("a window");
    let within = |time: &str| within(&night, time.parse().expect("a time"), &berlin);
    assert!(within("2027-10-31T02:29:00+02"));
    assert!(!within("2027-10-31T02:29:00+01"), "the second time it is over");
}

#[test]
fn without_a_place_no_window_of_the_sun_opens() {
    let nowhere = Sight { zone: TimeZone::UTC, place: None };
    assert_eq!(opens("sunset..sunrise", "2027-06-21", &nowhere), "closed");
    let night = crate::text::window("sunset..sunrise").expect("a window");
    assert_eq!(next_opening(&night, Timestamp::UNIX_EPOCH, &nowhere), None);
}
