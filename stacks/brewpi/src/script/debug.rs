//! What the firmware's debug messages mean.

use serde_json::Value;

/// The message as text: its kind, its number, and what it says.
pub(super) fn text(object: &str) -> String {
    let Ok(Value::Object(told)) = serde_json::from_str::<Value>(object) else {
        return format!("not understood: {object}");
    };
    let number = told.get("logID").and_then(Value::as_i64).unwrap_or(-1);
    let kind = told.get("logType").and_then(Value::as_str).unwrap_or("");
    let values: Vec<String> = match told.get("V") {
        Some(Value::Array(values)) => values.iter().map(plain).collect(),
        _ => Vec::new(),
    };
    let kind_word = match kind {
        "I" => "INFO MESSAGE",
        "W" => "WARNING",
        "E" => "ERROR",
        _ => "MESSAGE",
    };
    format!("{kind_word} {number}: {}", meaning(kind, number, &values))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn meaning(kind: &str, number: i64, values: &[String]) -> String {
    let value = |i: usize| values.get(i).map_or("?", String::as_str);
    match (kind, number) {
        ("W", 0) => format!("could not set {} to {}", value(0), value(1)),
        ("W", 1) => format!("unknown command {}", value(0)),
        ("W", 2) => format!("temperature sensor disconnected: {}", value(0)),
        ("W", 3) => "safe mode".to_owned(),
        ("I", 0) => format!("temperature sensor connected: {}", value(0)),
        ("I", 12) => format!("setting received: {} {}", value(0), value(1)),
        ("I", 13) => "default constants loaded".to_owned(),
        ("I", 14) => "default settings loaded".to_owned(),
        ("I", 15) => "memory initialised".to_owned(),
        ("I", 16) => "memory erased".to_owned(),
        ("I", 17) => peak("positive peak", &values),
        ("I", 18) => peak("negative peak", &values),
        ("I", 19) => peak("no positive peak, but a drift", &values),
        ("I", 20) => peak("no negative peak, but a drift", &values),
        (_, _) => values.join(", "),
    }
}

fn peak(what: &str, values: &&[String]) -> String {
    let value = |i: usize| values.get(i).map_or("?", String::as_str);
    format!("{what} at {}, expected at {}, the estimate is {} now", value(0), value(1), value(2))
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_peak_is_told_in_words() {
        let told = text(r#"{"logType":"I","logID":18,"V":[3.5,3.1,4.2]}"#);
        assert_eq!(told, "INFO MESSAGE 18: negative peak at 3.5, expected at 3.1, the estimate is 4.2 now");
    }

    #[test]
    fn nothing_is_too_strange_to_be_shown() {
        assert_eq!(text("{"), "not understood: {");
        assert_eq!(text(r#"{"logType":"E","logID":7,"V":["a",1]}"#), "ERROR 7: a, 1");
        assert_eq!(
            text(r#"{"logType":"I","logID":17}"#),
            "INFO MESSAGE 17: positive peak at ?, expected at ?, the estimate is ? now"
        );
    }
}
