//! The low-pass filters through which temperatures are seen.

/// One section of second order with unity gain: a step arrives after about 3.33 · 2^b samples.
#[derive(Clone, Debug, Default)]
struct Section {
    inputs: [f64; 2],
    outputs: [f64; 2],
}

impl Section {
    fn settle(&mut self, value: f64) {
        self.inputs = [value; 2];
        self.outputs = [value; 2];
    }

    fn add(&mut self, value: f64, b: u8) -> f64 {
        // Both poles at one place, twice as slow with each step of b; the zeros at half the sampling frequency.
        let slow = 0.5_f64.powi(i32::from(b));
        let gain = slow * slow / 16.0;
        let [x1, x2] = self.inputs;
        let [y1, y2] = self.outputs;
        let output = 2.0 * y1 - y2 - slow * (y1 - y2) + gain * (value + 2.0 * x1 + x2) - 4.0 * gain * y2;
        self.inputs = [value, x1];
        self.outputs = [output, y1];
        output
    }
}

/// Three sections, one behind the other.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    sections: [Section; 3],
    b: u8,
    /// The last three outputs, the newest first: a peak is a middle one that is the highest or lowest.
    last: [f64; 3],
}

impl Filter {
    /// `b` from 0 to 6.
    pub(super) fn new(b: u8) -> Self {
        Self { sections: Default::default(), b, last: [0.0; 3] }
    }

    /// Changes how slow it is; what it has seen stays.
    pub(super) fn set_delay(&mut self, b: u8) {
        self.b = b;
    }

    /// As if it had always seen this value.
    pub(super) fn settle(&mut self, value: f64) {
        self.sections.iter_mut().for_each(|section| section.settle(value));
        self.last = [value; 3];
    }

    pub(super) fn add(&mut self, value: f64) -> f64 {
        let b = self.b;
        let output = self.sections.iter_mut().fold(value, |value, section| section.add(value, b));
        self.last = [output, self.last[0], self.last[1]];
        output
    }

    pub(super) fn value(&self) -> f64 {
        self.last[0]
    }

    /// The last output but one, if it was higher than its neighbours.
    pub(super) fn positive_peak(&self) -> Option<f64> {
        let [after, peak, before] = self.last;
        (peak > after && peak >= before).then_some(peak)
    }

    /// The last output but one, if it was lower than its neighbours.
    pub(super) fn negative_peak(&self) -> Option<f64> {
        let [after, peak, before] = self.last;
        (peak < after && peak <= before).then_some(peak)
    }
}

/// How often the slope looks at the slow filter, in seconds.
const SLOPE_EVERY: u8 = 3;
/// From a difference in that time to one in an hour.
const TO_AN_HOUR: f64 = 3600.0 / SLOPE_EVERY as f64;

/// A temperature sensor as the control sees it.
#[derive(Clone, Debug)]
pub(super) struct Filtered {
    fast: Filter,
    slow: Filter,
    slope: Filter,
    earlier: f64,
    countdown: u8,
    connected: Option<f64>,
}

impl Filtered {
    pub(super) fn new(fast: u8, slow: u8, slope: u8) -> Self {
        Self {
            fast: Filter::new(fast),
            slow: Filter::new(slow),
            slope: Filter::new(slope),
            earlier: 0.0,
            countdown: SLOPE_EVERY,
            connected: None,
        }
    }

    pub(super) fn set_delays(&mut self, fast: u8, slow: u8, slope: u8) {
        self.fast.set_delay(fast);
        self.slow.set_delay(slow);
        self.slope.set_delay(slope);
    }

    /// A second has passed. `None`: the sensor does not answer.
    pub(super) fn read(&mut self, reading: Option<f64>) {
        let was_there = self.connected.is_some();
        self.connected = reading;
        let Some(value) = reading else { return };
        if !was_there {
            self.fast.settle(value);
            self.slow.settle(value);
            self.slope.settle(0.0);
            self.earlier = value;
            self.countdown = SLOPE_EVERY;
            return;
        }
        self.fast.add(value);
        self.slow.add(value);
        self.countdown -= 1;
        if self.countdown == 0 {
            self.countdown = SLOPE_EVERY;
            let difference = self.slow.value() - self.earlier;
            self.earlier = self.slow.value();
            self.slope.add(difference * TO_AN_HOUR);
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected.is_some()
    }

    /// `None`: the sensor does not answer.
    pub(super) fn fast(&self) -> Option<f64> {
        self.connected.map(|_| self.fast.value())
    }

    /// `None`: the sensor does not answer.
    pub(super) fn slow(&self) -> Option<f64> {
        self.connected.map(|_| self.slow.value())
    }

    /// Degrees an hour.
    pub(super) fn slope(&self) -> f64 {
        self.slope.value()
    }

    pub(super) fn positive_peak(&self) -> Option<f64> {
        self.slow.positive_peak()
    }

    pub(super) fn negative_peak(&self) -> Option<f64> {
        self.slow.negative_peak()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_arrives_and_stays() {
        for b in 0..=6 {
            let mut filter = Filter::new(b);
            filter.settle(10.0);
            for _ in 0..40 << b {
                filter.add(20.0);
            }
            assert!((filter.value() - 20.0).abs() < 0.05, "b = {b}: {}", filter.value());
        }
    }

    #[test]
    fn half_of_a_step_has_arrived_after_about_the_delay_of_three_sections() {
        let b = 4;
        let mut filter = Filter::new(b);
        filter.settle(0.0);
        let mut samples = 0;
        while filter.value() < 0.5 {
            filter.add(1.0);
            samples += 1;
        }
        let expected = 3.0 * 3.33 * f64::from(1 << b);
        assert!((f64::from(samples) - expected).abs() < 0.35 * expected, "{samples} for {expected}");
    }

    #[test]
    fn a_slope_is_in_degrees_an_hour() {
        let mut sensor = Filtered::new(1, 4, 3);
        for second in 0..3600 {
            sensor.read(Some(f64::from(second) * 2.0 / 3600.0));
        }
        assert!((sensor.slope() - 2.0).abs() < 0.05, "{}", sensor.slope());
    }
}
