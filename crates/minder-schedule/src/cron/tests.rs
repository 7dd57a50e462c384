use super::*;

fn check(expression: &str, zone: &str, after: &str, expected: &[&str]) {
    let cron = Cron::parse(expression).expect("an expression");
    let zone = crate::zone::named(zone).expect("a zone");
    let mut after: Timestamp = after.parse().expect("a time");
    for expected in expected {
        after = cron.next_after(after, &zone).expect("a next time");
        let shown = zone.to_datetime(after).strftime("%a %Y-%m-%dT%H:%M:%S").to_string();
        let offset = zone.to_offset(after);
        assert_eq!(format!("{shown}{offset}"), *expected, "{expression}");
    }
}

#[test]
fn lists_ranges_steps_and_names_say_when() {
    check(
        "5,35-40/5 8-17/3 * jan,mar mon-fri",
        "UTC",
        "2027-01-29T14:36:00Z",
        &["Fri 2027-01-29T14:40:00+00", "Fri 2027-01-29T17:05:00+00", "Fri 2027-01-29T17:35:00+00"],
    );
    check("0 0 * jan,mar mon", "UTC", "2027-01-26T00:00:00Z", &["Mon 2027-03-01T00:00:00+00"]);
}

#[test]
fn ranges_go_over_the_end() {
    check(
        "0 22-2/2 * * fri-mon",
        "UTC",
        "2027-03-01T22:00:00Z",
        &["Fri 2027-03-05T00:00:00+00", "Fri 2027-03-05T02:00:00+00", "Fri 2027-03-05T22:00:00+00"],
    );
    check(
        "0 0 1 11-1 *",
        "UTC",
        "2027-11-01T00:00:00Z",
        &["Wed 2027-12-01T00:00:00+00", "Sat 2028-01-01T00:00:00+00", "Wed 2028-11-01T00:00:00+00"],
    );
    check(
        "0 0 * * 5-7",
        "UTC",
        "2027-03-05T00:00:00Z",
        &["Sat 2027-03-06T00:00:00+00", "Sun 2027-03-07T00:00:00+00", "Fri 2027-03-12T00:00:00+00"],
    );
}

#[test]
fn six_fields_begin_with_the_second() {
    check(
        "*/20 59 23 * * *",
        "UTC",
        "2027-12-31T23:59:20.5Z",
        &["Fri 2027-12-31T23:59:40+00", "Sat 2028-01-01T23:59:00+00"],
    );
}

#[test]
fn either_day_fits_unless_one_begins_with_a_star() {
    let after = "2027-08-12T12:00:00Z";
    check("0 0 13 * fri", "UTC", after, &["Fri 2027-08-13T00:00:00+00", "Fri 2027-08-20T00:00:00+00"]);
    check("0 0 */2 * fri", "UTC", after, &["Fri 2027-08-13T00:00:00+00", "Fri 2027-08-27T00:00:00+00"]);
    check("0 0 13 * */5", "UTC", after, &["Fri 2027-08-13T00:00:00+00", "Sun 2028-02-13T00:00:00+00"]);
}

#[test]
fn the_last_day_and_the_last_friday_of_a_month_are_found() {
    check(
        "0 0 L * *",
        "UTC",
        "2028-01-31T00:00:00Z",
        &["Tue 2028-02-29T00:00:00+00", "Fri 2028-03-31T00:00:00+00", "Sun 2028-04-30T00:00:00+00"],
    );
    check(
        "0 0 * * friL",
        "UTC",
        "2027-02-01T00:00:00Z",
        &["Fri 2027-02-26T00:00:00+00", "Fri 2027-03-26T00:00:00+00"],
    );
}

#[test]
fn leap_days_are_waited_for_over_a_century_that_has_none() {
    check("0 0 29 2 *", "UTC", "2096-02-29T00:00:00Z", &["Fri 2104-02-29T00:00:00+00"]);
    // Both must fit, since one begins with a star: a Sunday.
    check("30 12 29 2 */7", "Europe/Berlin", "2032-03-01T00:00:00Z", &["Sun 2060-02-29T12:30:00+01"]);
}

#[test]
fn words_stand_for_expressions() {
    let after = "2027-03-03T10:10:00Z";
    check("@hourly", "UTC", after, &["Wed 2027-03-03T11:00:00+00"]);
    check("@daily", "UTC", after, &["Thu 2027-03-04T00:00:00+00"]);
    check("@midnight", "Asia/Kathmandu", after, &["Thu 2027-03-04T00:00:00+05:45"]);
    check("@weekly", "UTC", after, &["Sun 2027-03-07T00:00:00+00"]);
    check("@Monthly", "UTC", after, &["Thu 2027-04-01T00:00:00+00"]);
    check("@annually", "UTC", after, &["Sat 2028-01-01T00:00:00+00"]);
}

#[test]
fn a_fixed_time_is_done_once_when_summer_time_begins_and_ends_in_the_north() {
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2027-03-27T12:00:00Z",
        &["Sun 2027-03-28T03:00:00+02", "Mon 2027-03-29T02:30:00+02"],
    );
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2027-10-30T12:00:00Z",
        &["Sun 2027-10-31T02:30:00+02", "Mon 2027-11-01T02:30:00+01"],
    );
    // All of an hour that is skipped are one.
    check(
        "0,30 2,3 28 3 *",
        "Europe/Berlin",
        "2027-03-27T12:00:00Z",
        &["Sun 2027-03-28T03:00:00+02", "Sun 2027-03-28T03:30:00+02", "Tue 2028-03-28T02:00:00+02"],
    );
}

#[test]
fn a_fixed_time_is_done_once_when_summer_time_begins_and_ends_in_the_south() {
    check(
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2027-10-02T12:00:00Z",
        &["Sun 2027-10-03T02:30:00+11", "Mon 2027-10-04T02:15:00+11"],
    );
    check(
        "30 2 * * *",
        "Australia/Sydney",
        "2027-04-03T12:00:00Z",
        &["Sun 2027-04-04T02:30:00+11", "Mon 2027-04-05T02:30:00+10"],
    );
    check("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", &["Sun 2018-11-04T01:00:00-02"]);
}

#[test]
fn one_with_a_star_goes_by_what_the_clock_shows() {
    check(
        "*/30 * * * *",
        "Europe/Berlin",
        "2027-10-31T00:00:00Z",
        &["Sun 2027-10-31T02:30:00+02", "Sun 2027-10-31T02:00:00+01", "Sun 2027-10-31T02:30:00+01"],
    );
    check("*/30 2 * * *", "Europe/Berlin", "2027-03-28T00:00:00Z", &["Mon 2027-03-29T02:00:00+02"]);
    check("0 */2 * * *", "Europe/Berlin", "2027-03-28T00:00:00Z", &["Sun 2027-03-28T04:00:00+02"]);
}

#[test]
fn a_day_that_a_zone_left_out_has_no_times() {
    check("0 12 * * *", "Pacific/Apia", "2011-12-29T23:00:00Z", &["Sat 2011-12-31T12:00:00+14"]);
}

#[test]
fn at_the_end_of_the_calendar_nothing_is_due() {
    let cron = Cron::parse("0 0 1 1 *").expect("an expression");
    assert_eq!(cron.next_after(Timestamp::MAX, &TimeZone::UTC), None);
    assert_eq!(Cron::parse("* * * * *").expect("one").next_after(Timestamp::MAX, &TimeZone::UTC), None);
}
