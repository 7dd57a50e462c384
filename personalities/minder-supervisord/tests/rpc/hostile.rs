//! Bodies that nobody wrote: whatever comes, there is an answer.

use minder_supervisord::rpc::Answered;
use minder_supervisord::rpc::help::METHODS;
use minder_supervisord::xmlrpc::{Value, encode_call};
use proptest::prelude::*;

use crate::fake::{Fake, program, run, up};

fn fake() -> Fake {
    let fake = Fake::with(vec![("a", 1, vec![program("a", "x"), program("b", "x")])]);
    fake.set_phase("a", up(3));
    fake
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<i64>().prop_map(Value::Int),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>()
            .prop_filter("has a form on the wire", |number| number.is_finite())
            .prop_map(Value::Double),
        "(a|b|a:b|a:\\*|:|\\PC{0,8})".prop_map(Value::String),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::vec(("(methodName|params|x)", inner), 0..3).prop_map(Value::Struct),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_answered(body in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(run(fake().rpc().respond(&body)), Answered::BadRequest);
    }

    #[test]
    fn any_text_in_the_shape_of_a_call_is_answered(
        method in "(supervisor|system|x)\\.[a-zA-Z_.]{0,20}",
        inside in "(<|>|/|&|value|param|struct|member|name|int|1|a| ){0,30}",
    ) {
        let params = format!("<params><param>{inside}</param></params>");
        let body = format!("<methodCall><methodName>{method}</methodName>{params}</methodCall>");
        run(fake().rpc().respond(body.as_bytes()));
    }

    #[test]
    fn any_parameters_are_answered(at in 0..METHODS.len(), params in prop::collection::vec(value(), 0..4)) {
        let body = encode_call(METHODS[at].name, &params);
        let answered = run(fake().rpc().respond(&body));
        prop_assert_ne!(answered, Answered::BadRequest);
    }
}
