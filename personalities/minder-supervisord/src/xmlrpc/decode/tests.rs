//! What is understood, what is refused, and what must never panic.

use proptest::prelude::{Strategy, any, prop_oneof, proptest};

use super::{Call, DecodeError, Limits, decode_call, decode_response};
use crate::xmlrpc::{Fault, Value, encode_call, encode_response};

fn call_with(value: &str) -> Result<Value, DecodeError> {
    let body = format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>a.b</methodName><params><param>{value}</param></params>\
         </methodCall>"
    );
    decode_call(body.as_bytes(), Limits::REQUEST).map(|call| call.params[0].clone())
}

#[test]
fn every_type_of_value_is_understood() {
    let cases = [
        ("<value>a &lt;&#98;&#x63;&amp;</value>", Value::from("a <bc&")),
        ("<value> <string> x </string> </value>", Value::from(" x ")),
        ("<value><string/></value>", Value::from("")),
        ("<value/>", Value::from("")),
        ("<value><string><![CDATA[<a>]]></string></value>", Value::from("<a>")),
        ("<value><int> -5 </int></value>", Value::Int(-5)),
        ("<value><i4>5</i4></value>", Value::Int(5)),
        ("<value><i8>4294967296</i8></value>", Value::Int(1 << 32)),
        ("<value><boolean>1</boolean></value>", Value::Bool(true)),
        ("<value><boolean>true</boolean></value>", Value::Bool(false)),
        ("<value><double>-1.5</double></value>", Value::Double(-1.5)),
        (
            "<value><dateTime.iso8601>20261121T08:03:32</dateTime.iso8601></value>",
            Value::DateTime("20261121T08:03:32".to_owned()),
        ),
        ("<value><base64>\naMOp\nbGxv\n</base64></value>", Value::from("héllo")),
        ("<value><base64>YQ==</base64></value>", Value::from("a")),
        ("<value><nil/></value>", Value::Nil),
        (
            "<value><array><data><value>a</value> <value><int>1</int></value></data></array></value>",
            Value::Array(vec!["a".into(), 1.into()]),
        ),
        (
            "<value><struct><member><name>k</name><value>v</value></member></struct></value>",
            Value::record([("k", "v".into())]),
        ),
    ];
    for (text, value) in cases {
        assert_eq!(call_with(text), Ok(value), "{text}");
    }
}

#[test]
fn what_is_no_value_is_refused() {
    let cases = [
        "<value><int>x</int></value>",
        "<value><int></int></value>",
        "<value><base64>a!</base64></value>",
        "<value><double>one</double></value>",
        "<value><dateTime.iso8601>today</dateTime.iso8601></value>",
        "<value>&nobody;</value>",
        "<value><int>1</int><int>2</int></value>",
        "<value><struct><value>a</value></struct></value>",
        "<value><whatever>a</whatever></value>",
        "<value>",
    ];
    for text in cases {
        assert!(call_with(text).is_err(), "{text}");
    }
}

#[test]
fn a_call_without_params_has_none_and_a_call_without_a_name_is_refused() {
    let call = decode_call(b"<methodCall><methodName>a.b</methodName></methodCall>", Limits::REQUEST);
    assert_eq!(call, Ok(Call { method: "a.b".to_owned(), params: Vec::new() }));
    let nameless = decode_call(b"<methodCall><params/></methodCall>", Limits::REQUEST);
    assert_eq!(nameless, Err(DecodeError::NoMethodName));
}

#[test]
fn an_entity_that_the_document_defines_is_not_expanded() {
    let body = b"<!DOCTYPE x [<!ENTITY a \"b\">]><methodCall><methodName>&a;</methodName></methodCall>";
    assert_eq!(decode_call(body, Limits::REQUEST), Err(DecodeError::UnknownEntity("a".to_owned())));
}

#[test]
fn each_limit_holds() {
    let deep = format!("<value>{}", "<array><data><value>".repeat(100_000));
    assert_eq!(call_with(&deep), Err(DecodeError::TooDeep));
    let many = Limits { values_max: 2, ..Limits::REQUEST };
    let body = encode_call("a.b", &[1.into(), 2.into(), 3.into()]);
    assert_eq!(decode_call(&body, many), Err(DecodeError::TooManyValues));
    let short = Limits { bytes_max: 10, ..Limits::REQUEST };
    assert_eq!(decode_call(&body, short), Err(DecodeError::TooLong { bytes: body.len() }));
}

fn values() -> impl Strategy<Value = Value> {
    let text = "[ -~é\n]{0,12}";
    let leaf = prop_oneof![
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-1e9_f64..1e9).prop_map(Value::from),
        text.prop_map(Value::from),
        proptest::strategy::Just(Value::Nil),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((text, inner), 0..4).prop_map(Value::Struct),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same(
        value in values(), code in any::<i32>(), text in "[ -~é]{0,20}"
    ) {
        assert_eq!(decode_response(&encode_response(&Ok(value.clone()))), Ok(Ok(value.clone())));
        let call = decode_call(&encode_call("a.b", std::slice::from_ref(&value)), Limits::REQUEST);
        assert_eq!(call.map(|call| call.params), Ok(vec![value]));
        let fault = Fault { code, text };
        assert_eq!(decode_response(&encode_response(&Err(fault.clone()))), Ok(Err(fault)));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode_call(&bytes, Limits::REQUEST);
        let _ = decode_response(&bytes);
    }

    #[test]
    fn a_damaged_call_never_panics(at in 0_usize..400, byte in any::<u8>(), cut in 0_usize..400) {
        let value = Value::record([("k", Value::Array(vec![1.into(), "<&>".into(), Value::Nil]))]);
        let mut body = encode_call("supervisor.x", &[value, true.into()]);
        let at = at % body.len();
        body[at] = byte;
        let _ = decode_call(&body, Limits::REQUEST);
        body.truncate(cut);
        let _ = decode_call(&body, Limits::REQUEST);
    }
}
