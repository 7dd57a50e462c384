//! A fermentation as a picture (SVG), which any browser shows.

use std::fmt::Write as _;

use crate::fermentation::Sample;

/// Width and height of the picture, in pixels.
const SIZE: (f64, f64) = (960.0, 420.0);
/// What is around the curves: left, top, right, bottom.
const MARGIN: (f64, f64, f64, f64) = (52.0, 40.0, 16.0, 36.0);
/// Seconds in a day.
const DAY: f64 = 86_400.0;

type Curve = (&'static str, &'static str, fn(&Sample) -> f64);

/// The curves in the order in which they are drawn: their name, their colour, and what they show.
const CURVES: [Curve; 4] = [
    ("room", "#9aa0a6", |sample| sample.room),
    ("fridge", "#4c8bf5", |sample| sample.fridge),
    ("profile", "#1e8e3e", |sample| sample.wanted),
    ("beer", "#d9730d", |sample| sample.beer),
];

/// The picture. Degrees are Celsius.
#[must_use]
pub fn svg(title: &str, samples: &[Sample]) -> String {
    let scale = Scale::of(samples);
    let (width, height) = SIZE;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{}\" y=\"22\" font-size=\"15\">{title}</text>\n",
        MARGIN.0
    );
    scale.grid(&mut text);
    for (i, (name, colour, of)) in CURVES.iter().enumerate() {
        let points: Vec<String> = samples
            .iter()
            .map(|sample| format!("{:.1},{:.1}", scale.x(sample.after.as_secs_f64()), scale.y(of(sample))))
            .collect();
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
            points.join(" ")
        );
        #[expect(clippy::cast_precision_loss, reason = "four curves")]
        let x = width - MARGIN.2 - 90.0 * (CURVES.len() - i) as f64;
        let _ = writeln!(
            text,
            "<rect x=\"{x}\" y=\"14\" width=\"12\" height=\"3\" fill=\"{colour}\"/><text x=\"{}\" y=\"20\">{name}</text>",
            x + 18.0
        );
    }
    text.push_str("</svg>\n");
    text
}

struct Scale {
    seconds: f64,
    low: f64,
    high: f64,
}

impl Scale {
    fn of(samples: &[Sample]) -> Self {
        let values = || samples.iter().flat_map(|sample| CURVES.iter().map(|(_, _, of)| of(sample)));
        Self {
            seconds: samples.last().map_or(DAY, |last| last.after.as_secs_f64()).max(1.0),
            low: values().fold(f64::INFINITY, f64::min).min(20.0).floor(),
            high: values().fold(f64::NEG_INFINITY, f64::max).max(21.0).ceil(),
        }
    }

    fn x(&self, seconds: f64) -> f64 {
        MARGIN.0 + (SIZE.0 - MARGIN.0 - MARGIN.2) * seconds / self.seconds
    }

    fn y(&self, degrees: f64) -> f64 {
        let share = (degrees - self.low) / (self.high - self.low);
        SIZE.1 - MARGIN.3 - (SIZE.1 - MARGIN.1 - MARGIN.3) * share
    }

    fn grid(&self, text: &mut String) {
        let (left, right) = (MARGIN.0, SIZE.0 - MARGIN.2);
        let mut degrees = self.low;
        while degrees <= self.high {
            let y = self.y(degrees);
            let _ = writeln!(
                text,
                "<line x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#e6e6e6\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{degrees:.0} °C</text>",
                left - 6.0,
                y + 4.0
            );
            degrees += 2.0;
        }
        let mut day = 0.0;
        while day * DAY <= self.seconds {
            let x = self.x(day * DAY);
            let _ = writeln!(
                text,
                "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{day:.0}</text>",
                SIZE.1 - 18.0
            );
            day += 1.0;
        }
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">days</text>",
            (left + right) / 2.0,
            SIZE.1 - 3.0
        );
    }
}
