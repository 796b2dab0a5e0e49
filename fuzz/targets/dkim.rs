#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fubako_fuzz::dkim::check(data));
