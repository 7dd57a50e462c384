use super::*;

/// Name, latitude, longitude, date; then dawn, sunrise, noon, sunset and dusk as libastro's ephemeris (PyEphem 4.2) has them:
/// the centre at -6° and -0.833°, no further refraction.
const EPHEMERIS: &[&str] = &[
    "Quito -180000 -78470000 2024-02-29 2024-02-29T11:01:59Z 2024-02-29T11:22:50Z 2024-02-29T17:26:14Z 2024-02-29T23:29:38Z 2024-02-29T23:50:28Z",
    "Quito -180000 -78470000 2027-12-22 2027-12-22T10:45:49Z 2027-12-22T11:08:21Z 2027-12-22T17:12:25Z 2027-12-22T23:16:28Z 2027-12-22T23:39:01Z",
    "Singapore 1350000 103820000 2025-06-21 2025-06-20T22:37:56Z 2025-06-20T23:00:30Z 2025-06-21T05:06:31Z 2025-06-21T11:12:32Z 2025-06-21T11:35:06Z",
    "Cape Town -33920000 18420000 2027-12-22 2027-12-22T03:03:00Z 2027-12-22T03:32:12Z 2027-12-22T10:44:43Z 2027-12-22T17:57:14Z 2027-12-22T18:26:26Z",
    "Sydney -33870000 151210000 2025-06-21 2025-06-20T20:32:16Z 2025-06-20T21:00:00Z 2025-06-21T01:56:56Z 2025-06-21T06:53:51Z 2025-06-21T07:21:35Z",
    "Boulder 40000000 -105250000 2026-09-23 2026-09-23T12:22:41Z 2026-09-23T12:49:43Z 2026-09-23T18:53:16Z 2026-09-24T00:56:10Z 2026-09-24T01:23:09Z",
    "London 51500000 -120000 2024-02-29 2024-02-29T06:13:23Z 2024-02-29T06:46:54Z 2024-02-29T12:12:52Z 2024-02-29T17:39:44Z 2024-02-29T18:13:19Z",
    "London 51500000 -120000 2025-06-21 2025-06-21T02:55:23Z 2025-06-21T03:43:09Z 2025-06-21T12:02:20Z 2025-06-21T20:21:31Z 2025-06-21T21:09:16Z",
    "Berlin 52520000 13405000 2027-12-22 2027-12-22T06:33:35Z 2027-12-22T07:15:17Z 2027-12-22T11:04:47Z 2027-12-22T14:54:18Z 2027-12-22T15:36:00Z",
    "Berlin 52520000 13405000 2031-04-10 2031-04-10T03:45:06Z 2031-04-10T04:20:43Z 2031-04-10T11:07:45Z 2031-04-10T17:55:56Z 2031-04-10T18:31:43Z",
    "Anchorage 61220000 -149900000 2027-12-22 2027-12-22T18:12:20Z 2027-12-22T19:14:44Z 2027-12-22T21:58:14Z 2027-12-23T00:41:45Z 2027-12-23T01:44:09Z",
    "Reykjavik 64150000 -21940000 2025-06-21 - 2025-06-21T02:55:08Z 2025-06-21T13:29:38Z 2025-06-22T00:04:03Z -",
    "Reykjavik 64150000 -21940000 2027-12-22 2027-12-22T10:03:24Z 2027-12-22T11:22:46Z 2027-12-22T13:26:13Z 2027-12-22T15:29:41Z 2027-12-22T16:49:03Z",
    "Tromso 69650000 18960000 2024-02-29 2024-02-29T05:11:33Z 2024-02-29T06:12:36Z 2024-02-29T10:56:34Z 2024-02-29T15:42:16Z 2024-02-29T16:43:33Z",
    "Tromso 69650000 18960000 2025-06-21 - - 2025-06-21T10:46:00Z - -",
    "Tromso 69650000 18960000 2027-12-22 2027-12-22T08:31:38Z - 2027-12-22T10:42:34Z - 2027-12-22T12:53:30Z",
    "Ushuaia -54800000 -68300000 2025-06-21 2025-06-21T12:13:38Z 2025-06-21T12:58:53Z 2025-06-21T16:35:06Z 2025-06-21T20:11:19Z 2025-06-21T20:56:34Z",
    "Ushuaia -54800000 -68300000 2027-12-22 2027-12-22T06:54:19Z 2027-12-22T07:51:48Z 2027-12-22T16:31:43Z 2027-12-23T01:11:37Z 2027-12-23T02:09:05Z",
    "Apia -13830000 -171760000 2026-09-23 2026-09-23T16:54:22Z 2026-09-23T17:15:38Z 2026-09-23T23:19:15Z 2026-09-24T05:23:03Z 2026-09-24T05:44:20Z",
    "Longyearbyen 78220000 15650000 2025-06-21 - - 2025-06-21T10:59:15Z - -",
    "Longyearbyen 78220000 15650000 2026-09-23 2026-09-23T02:47:45Z 2026-09-23T04:35:00Z 2026-09-23T10:49:47Z 2026-09-23T17:00:43Z 2026-09-23T18:46:06Z",
    "Longyearbyen 78220000 15650000 2027-12-22 - - 2027-12-22T10:55:48Z - -",
    "McMurdo -77850000 166670000 2024-02-29 - 2024-02-28T16:01:13Z 2024-02-29T01:05:48Z 2024-02-29T10:02:44Z -",
    "McMurdo -77850000 166670000 2025-06-21 - - 2025-06-21T00:55:05Z - -",
];

fn place(latitude: f64, longitude: f64) -> Place {
    crate::text::place(latitude, longitude).expect("a place")
}

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn times(day: &Day) -> [Option<Timestamp>; 5] {
    [day.dawn, day.sunrise, day.noon, day.sunset, day.dusk]
}

#[test]
fn what_the_sun_does_is_right_within_a_minute_from_the_equator_to_the_ice() {
    for row in EPHEMERIS {
        let words: Vec<&str> = row.rsplitn(9, ' ').collect();
        let number = |index: usize| words[index].parse::<i32>().expect("millionths");
        let place = Place { latitude: number(7), longitude: number(6) };
        for (ours, theirs) in times(&on(date(words[5]), place)).into_iter().rev().zip(&words) {
            let theirs = theirs.parse::<Timestamp>().ok();
            match (ours, theirs) {
                (None, None) => {}
                (Some(ours), Some(theirs)) => {
                    let apart = (ours.as_second() - theirs.as_second()).abs();
                    assert!(apart <= 60, "{row}: {ours} is {apart} s from {theirs}");
                }
                _ => panic!("{row}: {ours:?} is not {theirs:?}"),
            }
        }
    }
}

/// The example of I. Reda and A. Andreas, "Solar Position Algorithm for Solar Radiation Applications", NREL/TP-560-34302. Its
/// sunset is that of the date in UTC: of the evening before.
#[test]
fn a_published_example_holds() {
    let golden = place(39.742_476, -105.178_6);
    let (day, before) = (on(date("2003-10-17"), golden), on(date("2003-10-16"), golden));
    let expected = ["2003-10-17T06:12:43-07", "2003-10-17T11:46:05-07", "2003-10-16T17:20:19-07"];
    for (ours, theirs) in [day.sunrise, day.noon, before.sunset].into_iter().zip(expected) {
        let theirs: Timestamp = theirs.parse().expect("a time");
        let apart = ours.map(|ours| (ours.as_second() - theirs.as_second()).abs());
        assert!(apart.is_some_and(|apart| apart <= 5), "{ours:?} is not {theirs}");
    }
}

#[test]
fn a_date_of_the_zone_is_that_of_its_noon() {
    let (apia, zone) = (place(-13.83, -171.76), crate::zone::named("Pacific/Apia").expect("a zone"));
    for text in ["2026-09-23", "2011-12-29", "2011-12-31"] {
        let noon = in_zone(date(text), apia, &zone).noon.expect("noon");
        assert_eq!(zone.to_datetime(noon).date(), date(text));
    }
    let left_out = in_zone(date("2011-12-30"), apia, &zone);
    assert_eq!(left_out, Day::default(), "no noon was on the day that was left out");
}

#[test]
fn what_does_not_happen_moves_to_midnight_when_it_is_light_and_to_noon_when_it_is_dark() {
    let north = place(78.22, 15.65);
    let (light, dark) = (SolarDay::on(date("2025-06-21"), north), SolarDay::on(date("2025-12-21"), north));
    assert_eq!(light.happening(SunEvent::Sunset), Happening::Above);
    assert_eq!(dark.happening(SunEvent::Sunset), Happening::Below);
    let noon = |day: &SolarDay| day.limit(SunEvent::Noon).expect("noon").as_second();
    let limit = |day: &SolarDay, event| day.limit(event).expect("a limit").as_second() - noon(day);
    assert!((-43_220..=-43_180).contains(&limit(&light, SunEvent::Sunrise)));
    assert!((43_180..=43_220).contains(&limit(&light, SunEvent::Sunset)));
    let tomorrow = SolarDay::on(date("2025-06-22"), north);
    assert_eq!(light.limit(SunEvent::Dusk), tomorrow.limit(SunEvent::Dawn), "days are joined at midnight");
    assert_eq!(limit(&dark, SunEvent::Sunrise), 0);
    assert_eq!(limit(&dark, SunEvent::Dusk), 0);
}

#[test]
fn the_order_of_a_day_holds_everywhere_on_every_day_of_a_leap_year() {
    for latitude in (-90..=90).step_by(10) {
        for longitude in [-180, -75, 0, 13, 180] {
            let place = place(f64::from(latitude), f64::from(longitude));
            for date in date("2024-01-01").series(jiff::Span::new().days(1)).take(366) {
                let times: Vec<Timestamp> = times(&on(date, place)).into_iter().flatten().collect();
                assert!(times.is_sorted(), "{place:?} {date}: {times:?}");
                assert!(!times.is_empty(), "{place:?} {date} has a noon");
            }
        }
    }
}
