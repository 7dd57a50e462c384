use super::*;

fn check(zone: &str, rows: &[(&str, Option<&str>)]) {
    let zone = named(zone).expect("a zone");
    for (shown, expected) in rows {
        let expected = expected.map(|time| time.parse::<Timestamp>().expect("a time"));
        assert_eq!(when(shown.parse().expect("a date and time"), &zone), expected, "{shown}");
    }
}

#[test]
fn a_time_that_is_skipped_is_when_the_clock_is_put_forward() {
    check(
        "Europe/Berlin",
        &[
            ("2027-03-28T01:59:59", Some("2027-03-28T00:59:59Z")),
            ("2027-03-28T02:00", Some("2027-03-28T01:00:00Z")),
            ("2027-03-28T02:30", Some("2027-03-28T01:00:00Z")),
            ("2027-03-28T03:00", Some("2027-03-28T01:00:00Z")),
            ("2027-03-28T03:00:01", Some("2027-03-28T01:00:01Z")),
        ],
    );
    check("America/Sao_Paulo", &[("2018-11-04T00:00", Some("2018-11-04T03:00:00Z"))]);
    check("Australia/Lord_Howe", &[("2027-10-03T02:15", Some("2027-10-02T15:30:00Z"))]);
    // Beyond what the database lists, by its rule.
    check("Europe/Berlin", &[("2200-03-30T02:30", Some("2200-03-30T01:00:00Z"))]);
}

#[test]
fn a_time_that_comes_twice_is_the_first_of_them() {
    check(
        "Europe/Berlin",
        &[
            ("2027-10-31T01:59:59", Some("2027-10-30T23:59:59Z")),
            ("2027-10-31T02:30", Some("2027-10-31T00:30:00Z")),
            ("2027-10-31T03:00", Some("2027-10-31T02:00:00Z")),
        ],
    );
    check("Australia/Sydney", &[("2027-04-04T02:30", Some("2027-04-03T15:30:00Z"))]);
}

#[test]
fn a_day_that_a_zone_left_out_is_never() {
    check(
        "Pacific/Apia",
        &[
            ("2011-12-29T23:59", Some("2011-12-30T09:59:00Z")),
            ("2011-12-30T12:00", None),
            ("2011-12-31T00:00", Some("2011-12-30T10:00:00Z")),
        ],
    );
}

#[test]
fn zones_are_there_without_a_database_of_the_machine() {
    let bundled = TimeZoneDatabase::bundled();
    for name in ["Europe/Berlin", "Pacific/Apia", "Asia/Kathmandu"] {
        let zone = bundled.get(name).expect("a zone");
        assert_eq!(zone.iana_name(), Some(name));
    }
}
