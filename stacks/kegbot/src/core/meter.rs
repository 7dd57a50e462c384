//! How much has flowed, out of what an odometer says.

use minder_kegbot_app::log::Level;

/// More than this between two readings is not believed, mL.
pub const JUMP_ML_MAX: f64 = 500.0;

/// A meter's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    last: Option<i64>,
}

/// What a reading means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// So many ticks have flowed.
    pub ticks: i64,
    /// What is to be said about it.
    pub remark: Option<(Level, String)>,
}

impl Meter {
    /// Takes a reading of a meter of which a tick is `ml_per_tick`, which is above zero.
    ///
    /// The first reading counts nothing, since nobody knows when the board began. A lower one than before comes from a board
    /// that began again, and counts from zero.
    pub fn read(&mut self, reading: i64, ml_per_tick: f64) -> Read {
        if reading < 0 {
            let text = format!("Dropping a reading below zero: {reading}");
            return Read { ticks: 0, remark: Some((Level::Warning, text)) };
        }
        let most = JUMP_ML_MAX / ml_per_tick;
        let Some(last) = self.last.replace(reading) else { return Read { ticks: 0, remark: None } };
        #[expect(clippy::cast_precision_loss, reason = "odometers have 32 bits")]
        let believed = |ticks: i64| ticks as f64 <= most;
        if reading < last {
            let text = format!("New ticks report less than previous: {reading} < {last}");
            #[expect(clippy::cast_precision_loss, reason = "odometers have 32 bits")]
            let ticks = if (reading as f64) < most { reading } else { 0 };
            return Read { ticks, remark: Some((Level::Warning, text)) };
        }
        let ticks = reading - last;
        if believed(ticks) {
            return Read { ticks, remark: None };
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is shown without its fraction")]
        let most = most as i64;
        let text = format!("Delta greater than maximum, dropping reading. ({ticks} > {most})");
        Read { ticks: 0, remark: Some((Level::Warning, text)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(readings: &[i64]) -> Vec<i64> {
        let mut meter = Meter::default();
        readings.iter().map(|&reading| meter.read(reading, 1000.0 / 2200.0).ticks).collect()
    }

    #[test]
    fn jumps_and_boards_that_begin_again_are_told_apart() {
        assert_eq!(ticks(&[2000, 2100, 4000, 4100, 3200, 3199, 50]), [0, 100, 0, 100, 0, 0, 50]);
        assert_eq!(ticks(&[4_294_967_200, 4_294_967_290, 10, 20]), [0, 90, 10, 10]);
        assert_eq!(ticks(&[0, 1100, 2201, -5, 2202]), [0, 1100, 0, 0, 1]);
    }

    #[test]
    fn what_is_not_believed_is_told() {
        let mut meter = Meter::default();
        let mut told = |reading| meter.read(reading, 1000.0 / 2200.0).remark.map(|(_, text)| text);
        assert_eq!(told(100), None);
        let jump = "Delta greater than maximum, dropping reading. (1101 > 1100)";
        assert_eq!(told(1201).as_deref(), Some(jump));
        assert_eq!(told(0).as_deref(), Some("New ticks report less than previous: 0 < 1201"));
    }
}
