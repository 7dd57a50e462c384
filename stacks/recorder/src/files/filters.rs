//! Whether a recording is kept: it is when any filter says so, or when there is none.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use minder_schedule::sun;

use crate::output::{ModelOutput, Tag};
use crate::program::{Behaviour, RecorderProgram, WallTime};
use crate::recording::Recording;
use crate::sky::{Sky, Twilight};

/// Something that may want a recording.
#[derive(Clone, PartialEq, Debug)]
pub enum Filter {
    /// It began from one time of the day to another, both included; over midnight when the second is earlier.
    Interval {
        /// The first.
        start: WallTime,
        /// The last.
        end: WallTime,
    },
    /// It began in the first minutes of each so many of an hour.
    Frequency {
        /// How many minutes are kept, 1 or more.
        duration: u32,
        /// Of how many, 1 or more.
        interval: u32,
    },
    /// It began up to this long before dawn or dusk.
    BeforeTwilight(Duration),
    /// It began up to this long after dawn or dusk.
    AfterTwilight(Duration),
    /// Something in it has this score.
    Score(f64),
    /// Something in it has a tag of one of these values.
    Values(Vec<String>),
    /// Something in it has this score, and one of these tags with this score.
    Tags {
        /// Which.
        tags: Vec<Tag>,
        /// 0.5 unless somebody says otherwise.
        score: f64,
    },
}

impl Filter {
    /// The filters of a program, in acoupi's order. None: every recording is kept.
    #[must_use]
    pub fn of(program: &RecorderProgram) -> Vec<Self> {
        let Some(saving) = &program.recording_saving else { return Vec::new() };
        let minutes = |minutes: u32| Duration::from_secs(u64::from(minutes) * 60);
        let mut filters = vec![Self::Interval { start: saving.starttime, end: saving.endtime }];
        if saving.frequency_duration != 0 && saving.frequency_interval != 0 {
            let (duration, interval) = (saving.frequency_duration, saving.frequency_interval);
            filters.push(Self::Frequency { duration, interval });
        }
        if saving.before_dawndusk_duration != 0 {
            filters.push(Self::BeforeTwilight(minutes(saving.before_dawndusk_duration)));
        }
        if saving.after_dawndusk_duration != 0 {
            filters.push(Self::AfterTwilight(minutes(saving.after_dawndusk_duration)));
        }
        if saving.saving_threshold != 0.0 {
            filters.push(Self::Score(saving.saving_threshold));
        }
        filters
    }

    /// Whether it wants a recording.
    #[must_use]
    pub fn wants(&self, recording: &Recording, outputs: &[ModelOutput], sky: &Sky) -> bool {
        let at = recording.created_on;
        let mut detections = outputs.iter().flat_map(|output| &output.detections);
        match self {
            Self::Interval { start, end } => {
                let zone = match sky.behaviour {
                    Behaviour::Intended => sky.zone.clone(),
                    Behaviour::Acoupi => TimeZone::UTC,
                };
                within(*start, *end, at, zone)
            }
            Self::Frequency { duration, interval } => {
                let shown = at.to_zoned(TimeZone::UTC);
                let (minute, second) = (u32::from(shown.minute().unsigned_abs()), shown.second());
                f64::from(minute % interval.max(&1)) + f64::from(second) / 60.0 < f64::from(*duration)
            }
            Self::BeforeTwilight(long) => sky.twilights(recording).any(|twilight| {
                let Some(ahead) = ahead(at, &twilight) else { return false };
                !ahead.is_negative() && ahead.unsigned_abs() <= *long
            }),
            Self::AfterTwilight(long) => sky.twilights(recording).any(|twilight| {
                let Some(ahead) = ahead(at, &twilight) else { return false };
                !ahead.is_positive() && ahead.unsigned_abs() <= *long
            }),
            Self::Score(score) => detections.any(|detection| detection.detection_score >= *score),
            Self::Values(values) => {
                detections.any(|detection| detection.tags.iter().any(|tag| values.contains(&tag.tag.value)))
            }
            Self::Tags { tags, score } => {
                detections.filter(|detection| detection.detection_score >= *score).any(|detection| {
                    let mut sure = detection.tags.iter().filter(|tag| tag.confidence_score >= *score);
                    sure.any(|tag| tags.contains(&tag.tag))
                })
            }
        }
    }
}

/// Whether the clock of a zone shows a time from the first to the last, both included, over midnight if it has to be.
#[must_use]
pub fn within(start: WallTime, end: WallTime, at: Timestamp, zone: TimeZone) -> bool {
    let shown = WallTime::of(at.to_zoned(zone).time());
    if start > end { start <= shown || shown <= end } else { start <= shown && shown <= end }
}

fn ahead(at: Timestamp, twilight: &Twilight) -> Option<SignedDuration> {
    twilight.map(|twilight| twilight.duration_since(at))
}

impl Sky {
    /// Dawn and dusk of the days around a recording's begin.
    fn twilights(&self, recording: &Recording) -> impl Iterator<Item = Twilight> + use<> {
        let place = self.place_of(&recording.deployment);
        let date = recording.created_on.to_zoned(self.zone.clone()).date();
        let dates = match self.behaviour {
            // Dusk can be after midnight, and dawn before it.
            Behaviour::Intended => [date.yesterday().ok(), Some(date), date.tomorrow().ok()],
            Behaviour::Acoupi => [None, Some(date), None],
        };
        let zone = self.zone.clone();
        dates.into_iter().flatten().flat_map(move |date| {
            let day = sun::in_zone(date, place, &zone);
            [day.dawn, day.dusk]
        })
    }
}
