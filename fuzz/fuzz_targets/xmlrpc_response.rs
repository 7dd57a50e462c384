#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| minder_fuzz::http::xmlrpc_response(bytes));
