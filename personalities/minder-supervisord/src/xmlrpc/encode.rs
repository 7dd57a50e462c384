//! Values to bytes, in the layout of Supervisor's server: which elements stand on lines of their own is part of it.

use super::value::{Fault, Value};

/// A request body for `method` with these parameters.
#[must_use]
pub fn encode_call(method: &str, params: &[Value]) -> Vec<u8> {
    let mut out = String::with_capacity(128 + params.iter().map(size_hint).sum::<usize>());
    out.push_str("<?xml version='1.0'?>\n<methodCall>\n<methodName>");
    push_escaped(&mut out, method);
    out.push_str("</methodName>\n<params>\n");
    for param in params {
        push_param(&mut out, param);
    }
    out.push_str("</params>\n</methodCall>\n");
    out.into_bytes()
}

/// A response body: a result or a fault, both of which HTTP sees as a success.
#[must_use]
pub fn encode_response(response: &Result<Value, Fault>) -> Vec<u8> {
    let mut out = String::with_capacity(256 + response.as_ref().map_or(256, size_hint));
    out.push_str("<?xml version='1.0'?>\n<methodResponse>\n");
    match response {
        Ok(value) => {
            out.push_str("<params>\n");
            push_param(&mut out, value);
            out.push_str("</params>\n");
        }
        Err(fault) => {
            out.push_str("<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n<value><int>");
            push_int(&mut out, i64::from(fault.code));
            out.push_str("</int></value>\n</member>\n<member>\n<name>faultString</name>\n<value><string>");
            push_escaped(&mut out, &fault.text);
            out.push_str("</string></value>\n</member>\n</struct></value>\n</fault>\n");
        }
    }
    out.push_str("</methodResponse>\n");
    out.into_bytes()
}

fn push_param(out: &mut String, value: &Value) {
    out.push_str("<param>\n");
    push_value(out, value);
    out.push_str("</param>\n");
}

fn push_value(out: &mut String, value: &Value) {
    match value {
        // The one value without a line feed of its own, as in Python's library.
        Value::Nil => out.push_str("<value><nil/></value>"),
        Value::Int(number) => {
            out.push_str("<value><int>");
            push_int(out, *number);
            out.push_str("</int></value>\n");
        }
        Value::Bool(truth) => {
            out.push_str("<value><boolean>");
            out.push(if *truth { '1' } else { '0' });
            out.push_str("</boolean></value>\n");
        }
        Value::Double(number) => {
            out.push_str("<value><double>");
            // `Debug` keeps the `.0` of whole numbers, as Python's repr does.
            out.push_str(&format!("{number:?}"));
            out.push_str("</double></value>\n");
        }
        Value::String(text) => {
            out.push_str("<value><string>");
            push_escaped(out, text);
            out.push_str("</string></value>\n");
        }
        Value::DateTime(text) => {
            out.push_str("<value><dateTime.iso8601>");
            push_escaped(out, text);
            out.push_str("</dateTime.iso8601></value>\n");
        }
        Value::Array(elements) => {
            out.push_str("<value><array><data>\n");
            for element in elements {
                push_value(out, element);
            }
            out.push_str("</data></array></value>\n");
        }
        Value::Struct(members) => {
            out.push_str("<value><struct>\n");
            for (name, member) in members {
                out.push_str("<member>\n<name>");
                push_escaped(out, name);
                out.push_str("</name>\n");
                push_value(out, member);
                out.push_str("</member>\n");
            }
            out.push_str("</struct></value>\n");
        }
    }
}

/// The protocol has 32 bits. Supervisor clamps its timestamps in the same way, so the year 2038 is a wrong date and
/// not a failed call.
fn push_int(out: &mut String, number: i64) {
    let mut digits = [0_u8; 11];
    let mut at = digits.len();
    let clamped = number.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
    let mut rest = clamped.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if clamped < 0 {
        out.push('-');
    }
    // Always UTF-8: these are the digits written above.
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

/// Escapes the three characters that Supervisor escapes. A character that XML forbids altogether (the ESC of a
/// coloured log line, say) becomes U+FFFD: the original sends it raw, and every client then refuses the whole answer.
fn push_escaped(out: &mut String, text: &str) {
    if !text.bytes().any(|byte| SUSPECT[usize::from(byte)]) {
        out.push_str(text);
        return;
    }
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let (replacement, width) = match byte {
            b'&' => ("&amp;", 1),
            b'<' => ("&lt;", 1),
            b'>' => ("&gt;", 1),
            b'\t' | b'\n' | b'\r' => continue,
            0..0x20 => ("\u{fffd}", 1),
            // U+FFFE and U+FFFF, the only others that a Rust string can hold and XML cannot.
            0xef if matches!(text.as_bytes().get(at + 1..at + 3), Some([0xbf, 0xbe | 0xbf])) => {
                ("\u{fffd}", 3)
            }
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(replacement);
        from = at + width;
    }
    out.push_str(&text[from..]);
}

/// The bytes at which [`push_escaped`] has to look twice. Nearly all texts have none.
const SUSPECT: [bool; 256] = {
    let mut suspect = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        suspect[byte] = true;
        byte += 1;
    }
    suspect[b'&' as usize] = true;
    suspect[b'<' as usize] = true;
    suspect[b'>' as usize] = true;
    suspect[0xef] = true;
    suspect
};

/// About how many bytes a value takes, so that a long answer is written without growing the buffer again and again.
fn size_hint(value: &Value) -> usize {
    match value {
        Value::Nil | Value::Int(_) | Value::Bool(_) | Value::Double(_) => 48,
        Value::String(text) | Value::DateTime(text) => text.len() + 64,
        Value::Array(elements) => 48 + elements.iter().map(size_hint).sum::<usize>(),
        Value::Struct(members) => {
            48 + members.iter().map(|(name, member)| 40 + name.len() + size_hint(member)).sum::<usize>()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{encode_call, encode_response};
    use crate::xmlrpc::{Fault, Value};

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).expect("the encoder writes UTF-8")
    }

    /// Captured from supervisord 4.3.0.
    #[test]
    fn a_fault_is_laid_out_as_the_original_does() {
        let fault = Fault { code: 10, text: "BAD_NAME: no<pe \"&>'".to_owned() };
        assert_eq!(
            text(encode_response(&Err(fault))),
            "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n\
             <value><int>10</int></value>\n</member>\n<member>\n<name>faultString</name>\n\
             <value><string>BAD_NAME: no&lt;pe \"&amp;&gt;'</string></value>\n</member>\n</struct></value>\n\
             </fault>\n</methodResponse>\n"
        );
    }

    /// Captured from supervisord 4.3.0.
    #[test]
    fn structs_and_nested_arrays_are_laid_out_as_the_original_does() {
        let state = Value::record([("statecode", Value::Int(1)), ("statename", "RUNNING".into())]);
        assert_eq!(
            text(encode_response(&Ok(state))),
            "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n<member>\n\
             <name>statecode</name>\n<value><int>1</int></value>\n</member>\n<member>\n<name>statename</name>\n\
             <value><string>RUNNING</string></value>\n</member>\n</struct></value>\n</param>\n</params>\n\
             </methodResponse>\n"
        );
        let reread = Value::Array(vec![Value::Array(vec![Value::Array(vec![]), Value::Bool(true)])]);
        assert_eq!(
            text(encode_response(&Ok(reread))),
            "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n\
             <value><array><data>\n<value><array><data>\n</data></array></value>\n<value><boolean>1</boolean></value>\n\
             </data></array></value>\n</data></array></value>\n</param>\n</params>\n</methodResponse>\n"
        );
    }

    #[test]
    fn numbers_beyond_32_bits_are_clamped() {
        let call = text(encode_call("a.b", &[Value::Int(i64::MAX), Value::Int(i64::MIN), Value::Int(-7)]));
        assert!(call.contains("<int>2147483647</int>"));
        assert!(call.contains("<int>-2147483648</int>"));
        assert!(call.contains("<int>-7</int>"));
    }

    #[test]
    fn a_character_that_xml_forbids_is_replaced() {
        let call = text(encode_call("a.b", &[Value::from("\u{1b}[1m\u{ffff}é\t\n")]));
        assert!(call.contains("<string>\u{fffd}[1m\u{fffd}é\t\n</string>"), "{call}");
    }
}
