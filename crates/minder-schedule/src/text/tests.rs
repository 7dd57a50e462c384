use super::*;

fn check<T: fmt::Debug>(read: impl Fn(&str) -> Result<T, Misread>, rows: &[(&str, &str)]) {
    for (text, expected) in rows {
        let got = read(text).map_or_else(|problem| problem.to_string(), |value| format!("{value:?}"));
        assert_eq!(got, *expected, "{text}");
    }
}

#[test]
fn durations_are_read_with_their_units() {
    let wrong = |text: &str| format!("found \"{text}\", expected {DURATION}");
    check(
        duration,
        &[
            ("90s", "90s"),
            ("5m", "300s"),
            ("1h30m", "5400s"),
            ("2d", "172800s"),
            ("250ms", "250ms"),
            ("1s500ms", "1.5s"),
            (" 0s ", "0ns"),
        ],
    );
    for text in ["0s", "250ms", "1s500ms", "1h30m", "2d1ms"] {
        assert_eq!(duration_text(duration(text).expect("a duration")), text);
    }
    for text in [
        "",
        "90",
        "5 sec",
        "s",
        "-5s",
        "1m1h",
        "1m1m",
        "1.5h",
        "5M",
        "99999999999999999999s",
        "300000000000d",
    ] {
        assert_eq!(duration(text).expect_err(text).to_string(), wrong(text));
    }
}

#[test]
fn times_of_the_day_are_read_to_midnight_at_its_end() {
    check(
        time_of_day,
        &[("22:00", "79200"), ("22:00:30", "79230"), ("6:05", "21900"), ("00:00", "0"), ("24:00", "86400")],
    );
    for text in ["", "22", "22:60", "25:00", "24:00:01", "24:01", "22:00:00:00", "22h", "+2:00", "22:000"] {
        let problem = time_of_day(text).expect_err(text);
        assert_eq!(problem.to_string(), format!("found \"{text}\", expected {TIME_OF_DAY}"));
    }
}

#[test]
fn a_time_of_the_sun_has_what_is_before_or_after_it() {
    check(
        day_time,
        &[
            ("sunset-30m", "Sun { event: Sunset, offset: -1800 }"),
            ("sunrise+1h", "Sun { event: Sunrise, offset: 3600 }"),
            ("dawn", "Sun { event: Dawn, offset: 0 }"),
            ("dusk", "Sun { event: Dusk, offset: 0 }"),
            ("noon+12h", "Sun { event: Noon, offset: 43200 }"),
            ("22:00", "Clock(79200)"),
            ("sunset-13h", &format!("found \"13h\", expected {OFFSET}")),
            ("sunset-1ms", &format!("found \"1ms\", expected {OFFSET}")),
            ("sunset-", &format!("found \"\", expected {DURATION}")),
            ("sunset*2", &format!("found \"sunset*2\", expected {DAY_TIME}")),
            ("Sunset", &format!("found \"Sunset\", expected {DAY_TIME}")),
            ("moonrise", &format!("found \"moonrise\", expected {DAY_TIME}")),
            ("sunset+é", &format!("found \"é\", expected {DURATION}")),
            ("é", &format!("found \"é\", expected {DAY_TIME}")),
        ],
    );
}

#[test]
fn a_window_has_two_ends() {
    check(
        window,
        &[
            ("22:00..06:30", "Window { from: Clock(79200), until: Clock(23400) }"),
            (
                "sunset-30m .. sunrise+30m",
                "Window { from: Sun { event: Sunset, offset: -1800 }, until: Sun { event: Sunrise, offset: 1800 } }",
            ),
            ("22:00-06:30", &format!("found \"22:00-06:30\", expected {WINDOW}")),
            ("22:00..", &format!("found \"\", expected {DAY_TIME}")),
            ("22:00..26:30", &format!("found \"26:30\", expected {TIME_OF_DAY}")),
        ],
    );
}

#[test]
fn a_moment_is_each_day_or_once() {
    check(
        moment,
        &[
            ("06:30", "Daily(Clock(23400))"),
            ("sunset+10m", "Daily(Sun { event: Sunset, offset: 600 })"),
            ("2027-03-01T06:30", "Once(\"2027-03-01T06:30\")"),
            ("2027-03-01T06:30:00Z", "Once(\"2027-03-01T06:30:00Z\")"),
            ("2027-03-01T06:30:00+01:00", "Once(\"2027-03-01T06:30:00+01:00\")"),
            ("2027-03-01T06:30[Europe/Berlin]", "Once(\"2027-03-01T06:30[Europe/Berlin]\")"),
            ("2027-02-29T06:30", &format!("found \"2027-02-29T06:30\", expected {MOMENT}")),
            ("2027-03-01", &format!("found \"2027-03-01\", expected {MOMENT}")),
            (
                "2027-03-01T06:30[Europe/Nowhere]",
                &format!("found \"2027-03-01T06:30[Europe/Nowhere]\", expected {MOMENT}"),
            ),
            ("never", &format!("found \"never\", expected {MOMENT}")),
            ("sunset+1y", &format!("found \"1y\", expected {DURATION}")),
        ],
    );
    assert_eq!(moments("06:30, sunset+10m").map(|moments| moments.len()), Ok(2));
    assert!(moments("06:30,").is_err());
}

#[test]
fn a_zone_is_one_that_there_is() {
    check(
        zone,
        &[
            ("Europe/Berlin", "\"Europe/Berlin\""),
            ("europe/berlin", "\"Europe/Berlin\""),
            ("UTC", "\"UTC\""),
            ("Mars/Olympus", &format!("found \"Mars/Olympus\", expected {ZONE}")),
            ("", &format!("found \"\", expected {ZONE}")),
        ],
    );
}

#[test]
fn a_cron_expression_that_does_not_fit_is_shown_where_it_does_not() {
    let from = |name: &str, least: u8, most: u8, named: &str| {
        format!("{name} from {least} to {most}{named}, a range such as {least}-{most}, or a step such as */5")
    };
    check(
        cron,
        &[
            (" */10 22-5 * * * ", "\"*/10 22-5 * * *\""),
            ("@daily", "\"@daily\""),
            ("61 * * * *", &format!("found \"61\", expected {}", from("a minute", 0, 59, ""))),
            ("* 24 * * *", &format!("found \"24\", expected {}", from("an hour", 0, 23, ""))),
            ("* * 0 * *", &format!("found \"0\", expected {}", from("a day of the month", 1, 31, ""))),
            (
                "* * * mars *",
                &format!("found \"mars\", expected {}", from("a month", 1, 12, " or a name such as jan")),
            ),
            (
                "* * * * 8",
                &format!(
                    "found \"8\", expected {}",
                    from("a day of the week", 0, 7, " or a name such as sun")
                ),
            ),
            ("*/0 * * * *", &format!("found \"*/0\", expected {}", from("a minute", 0, 59, ""))),
            ("5/15 * * * *", "found \"5/15\", expected a range before the step, such as 0-59/5"),
            ("* * 25-5 * *", "found \"25-5\", expected a range of days that ends no earlier than it begins"),
            ("* * L,L * *", "found \"L,L\", expected no more than one `L`"),
            ("0 0 30 2 *", "found \"0 0 30 2 *\", expected days that there are in these months"),
        ],
    );
    for text in ["", "* * * *", "* * * * * * *", "@reboot", "@Noon"] {
        let found = cron(text).expect_err(text).to_string();
        assert!(found.contains("expected five fields, which are minute"), "{found}");
    }
}

#[test]
fn a_place_is_on_the_earth() {
    assert_eq!(place(52.52, -13.405), Ok(Place { latitude: 52_520_000, longitude: -13_405_000 }));
    assert_eq!(
        place(91.0, 0.0).expect_err("no such place").to_string(),
        "found \"91\", expected a latitude from -90 to 90"
    );
    assert!(place(f64::NAN, 0.0).is_err());
    assert!(place(0.0, 180.1).is_err());
}
