//! Due times against a look at every minute around the nights on which summer time begins and ends.

use super::*;
use proptest::prelude::*;

const ZONES: &[&str] = &[
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Asuncion",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Tehran",
    "Asia/Kathmandu",
    "Asia/Gaza",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Easter",
    "Antarctica/Troll",
    "UTC",
];
const MINUTES: i64 = 3 * 24 * 60;

/// Which minutes and hours an expression has, and how it goes through the nights.
#[derive(Clone, Debug)]
struct Daily {
    minutes: Vec<i8>,
    hours: Vec<i8>,
    star: Star,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Star {
    None,
    Minute(i8),
    Hour(i8),
}

impl Daily {
    fn expression(&self) -> String {
        let list = |values: &[i8]| values.iter().map(i8::to_string).collect::<Vec<_>>().join(",");
        let (minutes, hours) = (list(&self.minutes), list(&self.hours));
        match self.star {
            Star::None => format!("{minutes} {hours} * * *"),
            Star::Minute(step) => format!("*/{step} {hours} * * *"),
            Star::Hour(step) => format!("{minutes} */{step} * * *"),
        }
    }

    fn shows(&self, shown: DateTime) -> bool {
        let minute = match self.star {
            Star::Minute(step) => shown.minute() % step == 0,
            Star::None | Star::Hour(_) => self.minutes.contains(&shown.minute()),
        };
        let hour = match self.star {
            Star::Hour(step) => shown.hour() % step == 0,
            Star::None | Star::Minute(_) => self.hours.contains(&shown.hour()),
        };
        minute && hour
    }

    /// Whether it is due in a minute, from what clocks showed in the minutes before.
    fn is_due(&self, now: Timestamp, zone: &TimeZone) -> bool {
        let shown = zone.to_datetime(now);
        if self.star != Star::None {
            return self.shows(shown);
        }
        let before = zone.to_datetime(now - SignedDuration::from_mins(1));
        let after_before = before + SignedDuration::from_mins(1);
        let skipped = minutes(after_before, shown);
        // A minute that was already shown is over; what was skipped by no more than three hours is now.
        let seen = || (1..=180).any(|ago| zone.to_datetime(now - SignedDuration::from_mins(ago)) == shown);
        let skipped_one = skipped <= 180
            && (0..skipped).any(|minute| self.shows(after_before + SignedDuration::from_mins(minute)));
        self.shows(shown) && !seen() || skipped_one
    }
}

fn minutes(from: DateTime, until: DateTime) -> i64 {
    until.duration_since(from).as_secs() / 60
}

fn daily() -> impl Strategy<Value = Daily> {
    let values = |most: i8| prop::collection::vec(0..=most, 1..4);
    let star = prop_oneof![
        Just(Star::None),
        Just(Star::None),
        (1..=59_i8).prop_map(Star::Minute),
        (1..=23_i8).prop_map(Star::Hour)
    ];
    // Most of what is special is done in the small hours.
    let hours = prop_oneof![values(3), values(23)];
    (values(59), hours, star).prop_map(|(minutes, hours, star)| Daily { minutes, hours, star })
}

/// A zone, and a moment a day before it changes, if it does.
fn place_and_time() -> impl Strategy<Value = (&'static str, Timestamp)> {
    (prop::sample::select(ZONES), 1_200_000_000_i64..4_200_000_000).prop_map(|(name, seconds)| {
        let zone = zone::named(name).expect("a zone");
        let around = Timestamp::from_second(seconds).expect("a time");
        let change = zone.following(around).next().map_or(around, |transition| transition.timestamp());
        let minute = change.as_second().div_euclid(60) * 60;
        (name, Timestamp::from_second(minute).expect("a time") - SignedDuration::from_hours(36))
    })
}

fn window() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![
        None,
        None,
        Some("22:00..06:30"),
        Some("02:15..02:45"),
        Some("01:00..02:30"),
        Some("sunset-30m..sunrise+30m"),
        Some("dawn..noon"),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_cron_expression_is_due_in_just_the_minutes_in_which_it_should_be(
        daily in daily(), (name, begin) in place_and_time(), between in window(),
    ) {
        let schedule = schedule(&Due::Cron(daily.expression().into()), between, name);
        let minute = |number: i64| begin + SignedDuration::from_mins(number);
        let expected: Vec<Timestamp> = (1..=MINUTES)
            .map(minute)
            .filter(|now| daily.is_due(*now, &schedule.sight.zone) && schedule.within(*now))
            .collect();
        let mut found = Vec::new();
        let mut after = begin;
        while let Some(next) = schedule.next_after(after).filter(|next| *next <= minute(MINUTES)) {
            prop_assert!(next > after);
            found.push(next);
            after = next;
        }
        prop_assert_eq!(found, expected, "{} in {}", daily.expression(), name);
    }

    #[test]
    fn what_is_next_is_later_within_and_in_order(
        interval in 60_u64..200_000, later in 0_u64..86_400, sun in -600_i32..600,
        (name, begin) in place_and_time(), between in window(), ago in 0_i64..200_000,
    ) {
        let sunny = DayTime::Sun { event: minder_core::agenda::SunEvent::Sunset, offset: sun };
        let later = Duration::from_secs(later % interval);
        let interval = Duration::from_secs(interval);
        let clock = DayTime::Clock(u32::try_from(later.as_secs()).expect("a second of the day"));
        let dues = [
            Due::Every { interval, phase: Phase::Aligned(later) },
            Due::At(vec![Moment::Daily(sunny), Moment::Daily(clock)]),
        ];
        let earlier = begin - SignedDuration::from_secs(ago);
        for due in dues {
            let schedule = schedule(&due, between, name);
            let (Some(first), Some(second)) = (schedule.next_after(earlier), schedule.next_after(begin)) else {
                continue;
            };
            prop_assert!(first > earlier && second > begin);
            prop_assert!(first <= second, "what is next does not go back");
            prop_assert!(first == second || first <= begin, "nothing is left out");
            prop_assert!(schedule.within(first) && schedule.within(second));
        }
    }

    #[test]
    fn an_aligned_interval_is_due_in_just_the_minutes_in_which_it_should_be(
        length in 1_i64..=60, later in 0_i64..60, (name, begin) in place_and_time(), between in window(),
    ) {
        let later = later % length;
        let due = aligned(&format!("{length}m"), &format!("{later}m"));
        let schedule = schedule(&due, between, name);
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        let shows = |now: &Timestamp| {
            let since = minutes(epoch, schedule.sight.zone.to_datetime(*now));
            since.rem_euclid(length) == later && schedule.within(*now)
        };
        let expected: Vec<Timestamp> =
            (1..=MINUTES).map(|number| begin + SignedDuration::from_mins(number)).filter(shows).collect();
        let mut found = Vec::new();
        let mut after = begin;
        while let Some(next) = schedule.next_after(after).filter(|next| *next <= begin + SignedDuration::from_mins(MINUTES)) {
            found.push(next);
            after = next;
        }
        prop_assert_eq!(found, expected);
    }
}
