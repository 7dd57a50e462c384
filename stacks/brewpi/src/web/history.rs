//! The data points of a brew, as JSON for a graph. Of a long time so many are sent as a screen can show.

use std::path::{Path, PathBuf};
use std::time::Duration;

use minder_page::{Request, Response};
use rusqlite::{Connection, OpenFlags, Row, params};
use serde_json::{Value, json};

use super::Pages;
use crate::device::Device;
use crate::firmware::constants::Unit;
use crate::points::HISTORY;

/// How many points are sent, at least and at most, whatever is asked for. More are averaged, each over an equal time.
const POINTS: (i64, i64) = (100, 1600);
/// How many notes are sent at most.
const NOTES_MAX: usize = 100;
/// Without a point for so long, in seconds, or for three intervals, the line is broken.
const GAP_SECONDS: i64 = 300;
/// How long a writer of the history is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is looked for.
struct Wanted {
    path: PathBuf,
    device: String,
    beer: String,
    unit: Unit,
    interval: i64,
    points: i64,
    from: i64,
    to: i64,
}

pub(super) async fn answer(pages: &Pages, request: &Request, device: &Device) -> Response {
    let at = |name: &str| request.query(name).and_then(|text| text.parse::<i64>().ok());
    let wanted = Wanted {
        path: pages.places.data.join(HISTORY),
        device: device.name.clone(),
        beer: request.query("beer").unwrap_or_default().to_owned(),
        unit: device.unit,
        interval: i64::try_from(device.interval).unwrap_or(0),
        points: at("points").unwrap_or(POINTS.1).clamp(POINTS.0, POINTS.1),
        from: at("from").unwrap_or(0),
        to: at("to").unwrap_or(i64::MAX),
    };
    // A year of points takes a moment, in which others are served.
    let read = tokio::task::spawn_blocking(move || read(&wanted)).await;
    match read {
        Ok(Ok(told)) => Response::json(told.to_string()),
        Ok(Err(error)) => {
            Response::unavailable(&super::shell(), "No history", &format!("history.db: {error}"))
        }
        Err(error) => Response::unavailable(&super::shell(), "No history", &error.to_string()),
    }
}

fn open(path: &Path) -> rusqlite::Result<Option<Connection>> {
    if !path.exists() {
        return Ok(None);
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(Some(connection))
}

fn read(wanted: &Wanted) -> rusqlite::Result<Value> {
    let Some(connection) = open(&wanted.path)? else { return Ok(told(wanted, &[], &[])) };
    let (first, last, count) = connection.query_row(
        "SELECT coalesce(min(at), 0), coalesce(max(at), 0), count(*) FROM point \
         WHERE device = ?1 AND beer = ?2 AND at BETWEEN ?3 AND ?4",
        params![wanted.device, wanted.beer, wanted.from, wanted.to],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)),
    )?;
    // Of a width of one second nothing is averaged but what is of the same second.
    let width = if count <= wanted.points { 1 } else { (last - first) / wanted.points + 1 };
    let mut statement = connection.prepare(
        "SELECT cast(avg(at) AS INTEGER), avg(beer_temp), avg(beer_set), avg(fridge_temp), avg(fridge_set), avg(room_temp) \
         FROM point WHERE device = ?1 AND beer = ?2 AND at BETWEEN ?3 AND ?4 GROUP BY (at - ?5) / ?6 ORDER BY 1",
    )?;
    let bounds = params![wanted.device, wanted.beer, wanted.from, wanted.to, first, width];
    let points = statement.query_map(bounds, point)?.collect::<Result<Vec<_>, _>>()?;
    let mut statement = connection.prepare(
        "SELECT at, note FROM point WHERE device = ?1 AND beer = ?2 AND at BETWEEN ?3 AND ?4 AND note IS NOT NULL \
         ORDER BY at DESC LIMIT ?5",
    )?;
    let bounds =
        params![wanted.device, wanted.beer, wanted.from, wanted.to, i64::try_from(NOTES_MAX).unwrap_or(0)];
    let notes = statement
        .query_map(bounds, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    let gap = GAP_SECONDS.max(3 * width).max(3 * wanted.interval);
    Ok(told(wanted, &broken(&points, gap), &notes))
}

/// A time, and temperatures of beer, its set point, fridge, its set point, room; in degrees Celsius.
type Point = (i64, [Option<f64>; 5]);

fn point(row: &Row<'_>) -> rusqlite::Result<Point> {
    Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?]))
}

/// With a point of nothing in each gap.
fn broken(points: &[Point], gap: i64) -> Vec<Point> {
    let mut all: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        if let Some((before, _)) = all.last()
            && point.0 - before > gap
        {
            let middle = before + (point.0 - before) / 2;
            all.push((middle, [None; 5]));
        }
        all.push(*point);
    }
    all
}

/// Name, style, which of a point's temperatures it is. The beer comes last, so that it is on top of the others.
const SERIES: [(&str, &str, usize); 5] = [
    ("Room", "thin", 4),
    ("Fridge", "thin", 2),
    ("Fridge set", "dash", 3),
    ("Beer set", "dash", 1),
    ("Beer", "line", 0),
];

fn told(wanted: &Wanted, points: &[Point], notes: &[(i64, String)]) -> Value {
    let mut series = Vec::new();
    let mut data = vec![json!(points.iter().map(|(at, _)| at).collect::<Vec<_>>())];
    for (label, style, which) in SERIES {
        let column: Vec<Option<f64>> =
            points.iter().map(|(_, all)| outside(all[which], wanted.unit)).collect();
        // A sensor that is not there has no line.
        if column.iter().all(Option::is_none) && label == "Room" {
            continue;
        }
        series.push(json!({"label": label, "style": style, "colour": which + 1}));
        data.push(json!(column));
    }
    let notes: Vec<Value> = notes.iter().map(|(at, text)| json!({"at": at, "text": text})).collect();
    json!({"unit": format!("°{}", wanted.unit.letter()), "series": series, "data": data, "notes": notes})
}

fn outside(celsius: Option<f64>, unit: Unit) -> Option<f64> {
    celsius.map(|celsius| (unit.outside(celsius) * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::open_history;

    fn wanted(dir: &Path) -> Wanted {
        Wanted {
            path: dir.join(HISTORY),
            device: "cellar".to_owned(),
            beer: "Ale".to_owned(),
            unit: Unit::Fahrenheit,
            interval: 30,
            points: 800,
            from: 0,
            to: i64::MAX,
        }
    }

    fn keep(connection: &Connection, at: i64, degrees: f64) {
        let sql = "INSERT INTO point (device, beer, at, beer_temp, state, note) VALUES ('cellar', 'Ale', ?1, ?2, 0, ?3)";
        let note = (at % 3000 == 0).then_some("a note");
        connection.execute(sql, params![at, degrees, note]).expect("a point");
    }

    #[test]
    fn a_few_points_are_told_as_they_are_and_a_gap_breaks_the_line() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(read(&wanted(dir.path())).expect("nothing")["data"], json!([[], [], [], [], []]));
        let connection = open_history(&dir.path().join(HISTORY)).expect("a history");
        for at in [30, 60, 1000, 3000] {
            keep(&connection, at, 20.0);
        }
        let told = read(&Wanted { to: 1500, ..wanted(dir.path()) }).expect("points");
        assert_eq!(told["data"][0], json!([30, 60, 530, 1000]));
        assert_eq!(told["data"][4], json!([68.0, 68.0, null, 68.0]));
        assert_eq!(told["series"].as_array().map(Vec::len), Some(4), "there is no sensor in the room");
        assert_eq!(
            read(&wanted(dir.path())).expect("points")["notes"],
            json!([{"at": 3000, "text": "a note"}])
        );
    }

    #[test]
    fn of_a_long_time_so_many_are_told_as_can_be_seen_and_of_a_part_of_it_more() {
        let dir = tempfile::tempdir().expect("a directory");
        let connection = open_history(&dir.path().join(HISTORY)).expect("a history");
        connection.execute_batch("BEGIN").expect("a transaction");
        (0..20_000).for_each(|i| keep(&connection, i * 30, f64::from(u32::try_from(i % 2).unwrap_or(0))));
        connection.execute_batch("COMMIT").expect("a transaction");
        let count = |wanted: &Wanted| read(wanted).expect("points")["data"][0].as_array().map_or(0, Vec::len);
        let all = count(&wanted(dir.path()));
        assert!((700..=801).contains(&all), "{all}");
        assert_eq!(count(&Wanted { from: 3000, to: 5990, ..wanted(dir.path()) }), 100);
    }
}
