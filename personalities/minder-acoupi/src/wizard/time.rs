//! A time of the day as somebody types it: `H`, `HH:MM` or `HH:MM:SS`, with or without colons.

use super::ParameterError;

const FORM: &str = "Please use the format HH:MM:SS.";

/// The time as `HH:MM:SS`.
pub(super) fn parse(text: &str) -> Result<String, ParameterError> {
    let wrong = |help: &str| ParameterError::new(text, "Invalid time format.", help);
    let parts = parts(text.trim()).ok_or_else(|| wrong(FORM))?;
    let bounds = [
        (24, "Hours must be between 0 and 23."),
        (60, "Minutes must be between 0 and 59."),
        (60, "Seconds must be between 0 and 59."),
    ];
    for (number, (bound, help)) in parts.iter().zip(bounds) {
        if *number >= bound {
            return Err(wrong(help));
        }
    }
    Ok(format!("{:02}:{:02}:{:02}", parts[0], parts[1], parts[2]))
}

fn parts(text: &str) -> Option<[u32; 3]> {
    let mut found = [0; 3];
    let pieces: Vec<&str> = if text.contains(':') {
        text.split(':').collect()
    } else {
        let digits = text.chars().all(|letter| letter.is_ascii_digit());
        match text.len() {
            1 | 2 if digits => vec![text],
            4 if digits => vec![&text[..2], &text[2..]],
            6 if digits => vec![&text[..2], &text[2..4], &text[4..]],
            _ => return None,
        }
    };
    if pieces.len() > 3 {
        return None;
    }
    for (place, piece) in found.iter_mut().zip(pieces) {
        if piece.is_empty() || piece.len() > 2 {
            return None;
        }
        *place = piece.parse().ok()?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_are_read_in_every_form() {
        for (text, time) in [
            ("7", "07:00:00"),
            ("19", "19:00:00"),
            ("6:30", "06:30:00"),
            ("20:15:30", "20:15:30"),
            ("0630", "06:30:00"),
            ("063005", "06:30:05"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(time));
        }
    }

    #[test]
    fn what_is_no_time_is_said_to_be_none() {
        for (text, help) in [
            ("25", "Hours must be between 0 and 23."),
            ("6:70", "Minutes must be between 0 and 59."),
            ("6:07:60", "Seconds must be between 0 and 59."),
            ("nn", "Please use the format HH:MM:SS."),
            ("1:2:3:4", "Please use the format HH:MM:SS."),
            ("", "Please use the format HH:MM:SS."),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!((error.message.as_str(), error.help.as_str()), ("Invalid time format.", help));
        }
    }
}
