#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fubako_fuzz::names::check(data));
