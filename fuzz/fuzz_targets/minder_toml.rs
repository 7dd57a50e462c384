#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| minder_fuzz::native::minder_toml(bytes));
