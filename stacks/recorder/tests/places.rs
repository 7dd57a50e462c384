//! Which recordings are kept and where, beside the real acoupi.

mod original;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use minder_recorder::files::filters::{self, Filter};
use minder_recorder::files::managers::{ByDetection, Manager};
use minder_recorder::files::template::Template;
use minder_recorder::output::{Detection, ModelOutput, PredictedTag, PredictionType, Tag};
use minder_recorder::program::{Behaviour, WallTime};
use minder_recorder::recording::{Deployment, Recording};
use minder_recorder::sky::Sky;
use original::acoupi;
use uuid::Uuid;

fn recording(at: Timestamp, place: Option<(f64, f64)>) -> Recording {
    Recording {
        created_on: at,
        duration: 3.0,
        samplerate: 48_000,
        deployment: Deployment {
            id: Uuid::from_u128(1),
            name: "a/b: c".into(),
            latitude: place.map(|place| place.0),
            longitude: place.map(|place| place.1),
            started_on: "2024-01-01T00:00:00Z".parse().unwrap(),
            ended_on: None,
        },
        path: Some(PathBuf::from("/tmp/a.wav")),
        audio_channels: 1,
        time_expansion: 1.0,
        id: Uuid::from_u128(7),
    }
}

fn output(scores: &[f64]) -> ModelOutput {
    let detection = |score: &f64| Detection {
        id: Uuid::new_v4(),
        prediction_type: PredictionType::Event,
        location: None,
        detection_score: *score,
        tags: vec![PredictedTag {
            tag: Tag { key: "species".into(), value: "Myotis".into() },
            confidence_score: *score,
        }],
    };
    ModelOutput {
        id: Uuid::new_v4(),
        name_model: "m".into(),
        recording: recording(Timestamp::UNIX_EPOCH, None),
        detections: scores.iter().map(detection).collect(),
        created_on: Timestamp::UNIX_EPOCH,
    }
}

fn sky(zone: &str, behaviour: Behaviour) -> Sky {
    Sky { zone: TimeZone::get(zone).unwrap(), behaviour }
}

/// Moments of a year, 113 minutes from one to the next.
fn moments() -> Vec<Timestamp> {
    let first: Timestamp = "2024-01-01T00:00:13Z".parse().unwrap();
    (0..4600).map(|number| first.checked_add(SignedDuration::from_mins(113 * number)).unwrap()).collect()
}

#[test]
fn filters_of_time_say_what_acoupis_say_where_they_are_to() {
    let (start, end) = (WallTime::parse("22:15").unwrap(), WallTime::parse("03:30").unwrap());
    let filters = [
        (
            Filter::Interval { start, end },
            "SaveIfInInterval(data.TimeInterval(start=t(22, 15), end=t(3, 30)), zone)",
        ),
        (
            Filter::Interval { start: end, end: start },
            "SaveIfInInterval(data.TimeInterval(start=t(3, 30), end=t(22, 15)), zone)",
        ),
        (Filter::Frequency { duration: 5, interval: 30 }, "FrequencySchedule(5, 30)"),
        (Filter::BeforeTwilight(Duration::from_secs(3600)), "Before_DawnDuskTimeInterval(60, zone)"),
        (Filter::AfterTwilight(Duration::from_secs(3600)), "After_DawnDuskTimeInterval(60, zone)"),
    ];
    let directory = tempfile::tempdir().unwrap();
    let mut script = String::from(
        "from acoupi.components.saving_filters import *\nfrom zoneinfo import ZoneInfo\nt = datetime.time\n\
         zone = ZoneInfo('Europe/London')\ndeployment = data.Deployment(name='a')\n\
         first = datetime.datetime(2024, 1, 1, 0, 0, 13, tzinfo=utc)\n\
         rs = [data.Recording(created_on=first + datetime.timedelta(minutes=113 * n), duration=3, samplerate=1, \
         deployment=deployment) for n in range(4600)]\n",
    );
    for (_, theirs) in &filters {
        writeln!(script, "f = {theirs}; print(''.join('ny'[f.should_save_recording(r)] for r in rs))")
            .unwrap();
    }
    let theirs = acoupi(directory.path(), &script);
    let sky = sky("Europe/London", Behaviour::Acoupi);
    for ((filter, name), theirs) in filters.iter().zip(theirs.lines()) {
        let wants = |at: Timestamp| filter.wants(&recording(at, Some((70.0, 20.0))), &[], &sky);
        let mut compared = 0;
        for (at, theirs) in moments().into_iter().zip(theirs.chars()) {
            // Two reckonings of the sun are minutes apart.
            let near = SignedDuration::from_mins(2);
            let around = [at.checked_sub(near).unwrap(), at.checked_add(near).unwrap()];
            let sunny = matches!(filter, Filter::BeforeTwilight(_) | Filter::AfterTwilight(_));
            if sunny && around.iter().any(|near| wants(*near) != wants(at)) {
                continue;
            }
            assert_eq!(wants(at), theirs == 'y', "{name} at {at}");
            compared += 1;
        }
        assert!(compared > 4000, "{name}: {compared}");
    }
}

#[test]
fn the_sun_is_where_the_device_is_and_times_are_of_its_zone() {
    let intended = sky("Australia/Sydney", Behaviour::Intended);
    let sydney = Some((-33.87, 151.21));
    // Civil dusk there on that day is at 17:22 by the clock, 07:22 in UTC.
    let filter = Filter::BeforeTwilight(Duration::from_secs(1800));
    let at = |text: &str| recording(text.parse().unwrap(), sydney);
    assert!(filter.wants(&at("2024-06-21T07:10:00Z"), &[], &intended));
    assert!(!filter.wants(&at("2024-06-21T07:30:00Z"), &[], &intended));
    assert!(!filter.wants(&at("2024-06-21T06:40:00Z"), &[], &intended));
    let interval =
        Filter::Interval { start: WallTime::parse("18:00").unwrap(), end: WallTime::parse("20:00").unwrap() };
    assert!(interval.wants(&at("2024-06-21T09:00:00Z"), &[], &intended));
    assert!(!interval.wants(&at("2024-06-21T19:00:00Z"), &[], &intended));
}

#[test]
fn a_window_wraps_over_midnight_and_has_both_its_ends() {
    let time = |text| WallTime::parse(text).unwrap();
    let within = |start, end, at: &str| {
        filters::within(time(start), time(end), at.parse().unwrap(), TimeZone::get("Europe/London").unwrap())
    };
    assert!(within("06:00", "22:30", "2024-06-21T05:00:00Z"));
    assert!(within("06:00", "22:30", "2024-06-21T21:30:00Z"));
    assert!(!within("06:00", "22:30", "2024-06-21T21:30:01Z"));
    assert!(!within("06:00", "22:30", "2024-06-21T04:59:59Z"));
    assert!(within("19:00", "07:00", "2024-06-21T23:59:59.5Z"));
    assert!(!within("19:00", "07:00", "2024-06-21T12:00:00Z"));
}

#[test]
fn filters_of_detections_look_at_scores_and_tags() {
    let sky = sky("UTC", Behaviour::Intended);
    let recording = recording(Timestamp::UNIX_EPOCH, None);
    let wants = |filter: &Filter, scores: &[f64]| filter.wants(&recording, &[output(scores)], &sky);
    assert!(wants(&Filter::Score(0.5), &[0.2, 0.5]));
    assert!(!wants(&Filter::Score(0.5), &[0.2, 0.49]));
    assert!(!Filter::Score(0.5).wants(&recording, &[], &sky));
    assert!(wants(&Filter::Values(vec!["Myotis".into()]), &[0.0]));
    assert!(!wants(&Filter::Values(vec!["Plecotus".into()]), &[1.0]));
    let tags = vec![Tag { key: "species".into(), value: "Myotis".into() }];
    assert!(wants(&Filter::Tags { tags: tags.clone(), score: 0.5 }, &[0.5]));
    assert!(!wants(&Filter::Tags { tags, score: 0.5 }, &[0.4]));
}

const TEMPLATES: [&str; 4] = [
    "{recording.created_on:%Y%m%d_%H%M%S}_{recording.id}.wav",
    "{deployment.name}-{deployment.latitude}-{deployment.ended_on}-{{x}}.wav",
    "{recording.created_on}_{recording.duration}_{recording.samplerate}.wav",
    "{deployment.started_on:%d.%m.%y %I%p}_{recording.audio_channels}.wav",
];

#[test]
fn recordings_are_where_acoupi_puts_them() {
    let directory = tempfile::tempdir().unwrap();
    let mut script = String::from(
        "from acoupi.components.saving_managers import *\nPath('a.wav').touch()\n\
         d = data.Deployment(id=UUID(int=1), name='a/b: c', latitude=51.5, longitude=-0.1, \
         started_on=datetime.datetime(2024, 1, 1, tzinfo=utc))\n\
         r = data.Recording(id=UUID(int=7), created_on=datetime.datetime(2024, 3, 5, 4, 7, 9, 250000, tzinfo=utc), \
         duration=3, samplerate=48000, deployment=d, path=Path('a.wav'))\n\
         print(IDFileManager(Path('k')).save_recording(r))\n\
         def o(*scores): return [data.ModelOutput(name_model='m', recording=r, \
         detections=[data.EventDetection(detection_score=s) for s in scores])]\n\
         m = SaveRecordingManager(Path('k'), Path('k/bats'), Path('k/no_bats'), detection_threshold=0.6, \
         saving_threshold=0.3)\n\
         for outputs in [[], o(), o(0.2), o(0.3), o(0.3, 0.6)]: print(m.save_recording(r, outputs))\n",
    );
    for template in TEMPLATES {
        writeln!(script, "print(DateFileManager(Path('k'), {template:?}).save_recording(r))").unwrap();
    }
    let theirs = acoupi(directory.path(), &script);

    let mut recording = recording("2024-03-05T04:07:09.25Z".parse().unwrap(), Some((51.5, -0.1)));
    recording.path = Some(PathBuf::from("a.wav"));
    let kept = PathBuf::from("k");
    let by_detection = Manager::ByDetection(ByDetection {
        directory: kept.clone(),
        true_dir: "bats".into(),
        false_dir: "no_bats".into(),
        timeformat: "%Y%m%d_%H%M%S".into(),
        detection_threshold: 0.6,
        saving_threshold: 0.3,
    });
    let shown = |place: Option<PathBuf>| place.map_or("None".to_owned(), |place| place.display().to_string());
    let mut ours = vec![shown(Manager::ById { directory: kept.clone() }.place(&recording, &[], "d"))];
    for outputs in
        [vec![], vec![output(&[])], vec![output(&[0.2])], vec![output(&[0.3])], vec![output(&[0.3, 0.6])]]
    {
        ours.push(shown(by_detection.place(&recording, &outputs, "d")));
    }
    for template in TEMPLATES {
        let template = Template::parse(template).unwrap();
        let manager = Manager::ByDate { directory: kept.clone(), template };
        ours.push(shown(manager.place(&recording, &[], "d")));
    }
    assert_eq!(ours.join("\n"), theirs);
}

#[test]
fn a_template_that_cannot_be_is_refused() {
    for template in ["{recording.colour}.wav", "{recording.id", "}", "{}"] {
        assert!(Template::parse(template).is_err(), "{template}");
    }
    assert!(
        Path::new(&Template::parse("plain.wav").unwrap().name(&recording(Timestamp::UNIX_EPOCH, None), "d"))
            .is_relative()
    );
}
