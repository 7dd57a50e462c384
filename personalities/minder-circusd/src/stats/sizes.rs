//! Sizes in bytes as the original writes and reads them: `1.40M`, `250M`, `3B`.

use std::fmt;

/// A number of bytes. Shown as the original shows it: whole bytes below 1024, two decimals and a letter above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// Powers of 1024, from the first.
const LETTERS: [char; 6] = ['K', 'M', 'G', 'T', 'P', 'E'];

/// The sets of unit names that the original reads, each from bytes upward. A set is searched as a whole.
const UNITS: [[&str; 9]; 4] = [
    ["B", "K", "M", "G", "T", "P", "E", "Z", "Y"],
    ["byte", "kilo", "mega", "giga", "tera", "peta", "exa", "zetta", "iotta"],
    ["Bi", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"],
    ["byte", "kibi", "mebi", "gibi", "tebi", "pebi", "exbi", "zebi", "yobi"],
];

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = self.0.checked_ilog2().unwrap_or(0) / 10;
        let Some(letter) = (exponent as usize).checked_sub(1).and_then(|index| LETTERS.get(index)) else {
            return write!(f, "{}B", self.0);
        };
        // A double is what the original divides with, so the last digit agrees.
        #[allow(clippy::cast_precision_loss, reason = "the original rounds here, too")]
        let value = self.0 as f64 / (1_u64 << (10 * exponent)) as f64;
        write!(f, "{value:.2}{letter}")
    }
}

/// A text that is no size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotASize(pub String);

impl fmt::Display for NotASize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "can't interpret '{}'", self.0)
    }
}

impl std::str::FromStr for ByteSize {
    type Err = NotASize;

    /// Reads a number, perhaps with decimals, and a unit after it: `250M`, `1.5 giga`, `12B`. Without a unit it is no
    /// size, as in the original. A size beyond 16 EiB is cut to that.
    fn from_str(text: &str) -> Result<ByteSize, NotASize> {
        let refused = || NotASize(text.to_owned());
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let number: f64 = number.parse().map_err(|_| refused())?;
        let unit = match unit.trim() {
            "k" => "K",
            unit => unit,
        };
        let exponent = UNITS.iter().find_map(|set| set.iter().position(|known| *known == unit));
        let exponent = i32::try_from(exponent.ok_or_else(refused)?).map_err(|_| refused())?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
        Ok(ByteSize((number * 1024_f64.powi(exponent)) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::ByteSize;

    #[test]
    fn sizes_are_written_as_the_original_writes_them() {
        for (bytes, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1.00K"),
            (1_468_006, "1.40M"),
            (1_048_575, "1024.00K"),
            (5 << 30, "5.00G"),
            (u64::MAX, "16.00E"),
        ] {
            assert_eq!(ByteSize(bytes).to_string(), text);
        }
    }

    #[test]
    fn sizes_are_read_as_the_original_reads_them() {
        for (text, bytes) in [
            ("12B", Some(12)),
            ("250M", Some(250 << 20)),
            ("1.5 giga", Some(3 << 29)),
            ("2k", Some(2048)),
            ("3Ki", Some(3072)),
            ("3 kibi", Some(3072)),
            ("900Y", Some(u64::MAX)),
            ("250", None),
            ("M", None),
            ("1.2.3M", None),
            ("5m", None),
            ("N/A", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), bytes.map(ByteSize), "{text}");
        }
    }
}
