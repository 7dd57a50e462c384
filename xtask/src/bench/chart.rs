//! Charts, as SVG that is legible on a light and on a dark page.

use std::fmt::Write as _;

/// The measures of a drawing, in its own units.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 600.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 380.0;

/// Told apart by those who see fewer colours, too: every line has its own marks besides.
const COLOURS: [&str; 10] = [
    "#d1495b", "#2e86ab", "#e09f3e", "#5b8c5a", "#8e5ea2", "#00a6a6", "#9c6644", "#7d8597", "#c77dff",
    "#3a86ff",
];

/// One line of a chart.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// Several lines over two logarithmic axes.
pub(super) fn lines(title: &str, [across, up]: [&str; 2], lines: &[Line]) -> String {
    let all = || lines.iter().flat_map(|line| line.points.iter().copied());
    let (x, y) = (Axis::around(all().map(|(x, _)| x)), Axis::around(all().map(|(_, y)| y)));
    let mut svg = head(title, across, up);
    for value in y.marks() {
        let at = y.place(value, BOTTOM, TOP);
        let _ =
            write!(svg, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>");
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            at + 4.0,
            plain(value)
        );
    }
    for value in x.marks() {
        let at = x.place(value, LEFT, RIGHT);
        let _ =
            write!(svg, "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{BOTTOM}\"/>");
        let _ = writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            BOTTOM + 18.0,
            plain(value)
        );
    }
    for (number, line) in lines.iter().enumerate() {
        let colour = COLOURS.get(number % COLOURS.len()).copied().unwrap_or("gray");
        let places: Vec<String> = line
            .points
            .iter()
            .map(|(count, value)| {
                format!("{:.1},{:.1}", x.place(*count, LEFT, RIGHT), y.place(*value, BOTTOM, TOP))
            })
            .collect();
        let dash = if line.name.contains("floor") { " stroke-dasharray=\"6 4\"" } else { "" };
        let width = if number == 0 { 3.5 } else { 1.8 };
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dash} points=\"{}\"/>",
            places.join(" ")
        );
        for place in &places {
            let (x, y) = place.split_once(',').unwrap_or_default();
            let _ = write!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{colour}\"/>");
        }
        let row = TOP + 10.0 + 22.0 * number as f64;
        let _ = writeln!(
            svg,
            "<line x1=\"{0}\" x2=\"{1}\" y1=\"{row}\" y2=\"{row}\" stroke=\"{colour}\" stroke-width=\"{width}\"{dash}/>\
             <text x=\"{2}\" y=\"{3}\">{4}</text>",
            RIGHT + 14.0,
            RIGHT + 40.0,
            RIGHT + 46.0,
            row + 4.0,
            line.name
        );
    }
    svg + "</svg>\n"
}

/// One bar for a name, in groups that each have a title and a unit of their own.
pub(super) fn bars(title: &str, groups: &[(String, Vec<(String, f64)>)]) -> String {
    let rows: usize = groups.iter().map(|(_, bars)| bars.len() + 2).sum();
    let height = TOP + 20.0 * rows as f64 + 10.0;
    let mut svg = opening(title, height);
    let mut at = TOP + 8.0;
    for (name, bars) in groups {
        let _ = writeln!(svg, "<text x=\"20\" y=\"{at:.1}\" class=\"title\">{name}</text>");
        let most = bars.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        for (number, (name, value)) in bars.iter().enumerate() {
            at += 20.0;
            let length = if most > 0.0 { (value / most * 460.0).max(1.0) } else { 1.0 };
            let colour = if number == 0 { COLOURS[0] } else { COLOURS[1] };
            let _ = writeln!(
                svg,
                "<text x=\"140\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>\
                 <rect x=\"150\" y=\"{:.1}\" width=\"{length:.1}\" height=\"14\" fill=\"{colour}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                at + 11.0,
                at,
                158.0 + length,
                at + 11.0,
                super::figures::short(*value)
            );
        }
        at += 40.0;
    }
    svg + "</svg>\n"
}

fn opening(title: &str, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
         <title>{title}</title>\n<style>\n\
         svg {{ background: #ffffff; }}\n\
         text {{ font: 12px system-ui, sans-serif; fill: #24292f; }}\n\
         .title {{ font-size: 14px; font-weight: 600; }}\n\
         .grid {{ stroke: #d0d7de; stroke-width: 1; }}\n\
         @media (prefers-color-scheme: dark) {{ svg {{ background: #0d1117; }} text {{ fill: #e6edf3; }} .grid {{ stroke: #30363d; }} }}\n\
         </style>\n<text x=\"20\" y=\"26\" class=\"title\">{title}</text>\n"
    )
}

fn head(title: &str, across: &str, up: &str) -> String {
    let (middle, half) = (f64::midpoint(LEFT, RIGHT), f64::midpoint(TOP, BOTTOM));
    opening(title, HEIGHT)
        + &format!(
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{across}</text>\n\
             <text transform=\"translate(20 {half}) rotate(-90)\" text-anchor=\"middle\">{up}</text>\n",
            BOTTOM + 42.0
        )
}

/// A logarithmic axis.
struct Axis {
    least: f64,
    most: f64,
}

impl Axis {
    /// One on which all of these have a place.
    fn around(values: impl Iterator<Item = f64>) -> Self {
        let (mut least, mut most) = (f64::MAX, f64::MIN);
        for value in values.filter(|value| *value > 0.0) {
            (least, most) = (least.min(value), most.max(value));
        }
        if least > most {
            return Self { least: 1.0, most: 10.0 };
        }
        Self { least: least * 0.8, most: most * 1.25 }
    }

    fn place(&self, value: f64, from: f64, to: f64) -> f64 {
        let part = (value.max(self.least) / self.least).ln() / (self.most / self.least).ln();
        from + (to - from) * part
    }

    /// The powers of ten, with what lies between where there are few of them.
    fn marks(&self) -> Vec<f64> {
        let between: &[f64] = if self.most / self.least > 200.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let powers = (-3..8).map(|power| 10_f64.powi(power));
        let marks = powers.flat_map(|power| between.iter().map(move |step| step * power));
        marks.filter(|mark| *mark >= self.least && *mark <= self.most).collect()
    }
}

fn plain(value: f64) -> String {
    if value >= 1.0 { format!("{value:.0}") } else { format!("{value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_grows_with_the_logarithm_and_marks_are_round() {
        let axis = Axis { least: 1.0, most: 100.0 };
        assert!((axis.place(10.0, 0.0, 200.0) - 100.0).abs() < 1e-9);
        assert_eq!(axis.marks(), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
    }

    #[test]
    fn a_chart_has_every_name_and_no_value_that_is_none() {
        let line = Line { name: "minder".into(), points: vec![(10.0, 3.0), (100.0, 30.0)] };
        let svg = lines("start", ["programs", "ms"], &[line]);
        assert!(svg.contains("minder") && !svg.contains("NaN") && svg.ends_with("</svg>\n"));
    }
}
