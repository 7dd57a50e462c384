#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| minder_fuzz::recorder::detector_lines(bytes));
