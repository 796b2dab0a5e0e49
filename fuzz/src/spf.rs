//! SPF: records, macros, explanations. Any record ends in a result, after a bounded number of questions for names that can be
//! asked for; what it says goes into a field of ours unharmed (spec RCV-SPF, RFC 7208).

use std::time::Duration;

use fubako_base::Timestamp;
use fubako_trust::{
    dkim::Dkim,
    results,
    spf::{Client, check as check_spf},
};

use crate::{assert_lines, dns::Lines};

/// The first line is what the client says: HELO, MAIL FROM and its address, with tabs between. The others are what DNS answers.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (client, zone) = text.split_once('\n').unwrap_or((&text, ""));
    let mut words = client.split('\t');
    let (helo, mail_from) = (words.next().unwrap_or_default(), words.next().unwrap_or("a@example.jp"));
    let ip = words.next().and_then(|ip| ip.parse().ok()).unwrap_or_else(|| "192.0.2.1".parse().expect("an address"));
    let client = Client { ip, helo, mail_from, receiver: "gw.example.jp", now: Timestamp(1_790_000_000_000_000) };
    let ask = || crate::wait(check_spf(&Lines::new(zone, Some(ip)), &client, Duration::from_secs(60)));
    let spf = ask();
    assert_eq!(ask(), spf);
    assert!(
        spf.domain.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"-_.".contains(&octet))
    );
    if let Some(words) = &spf.explanation {
        assert!(
            words.len() <= 200 && words.bytes().all(|octet| octet == b' ' || octet.is_ascii_graphic()),
            "{words:?}"
        );
    }
    let field = results::field("gw.example.jp", &spf, &Dkim::default());
    assert_field(&field);
}

/// One field of ours: folded, and known as ours.
pub fn assert_field(field: &str) {
    assert_lines(field.as_bytes(), 998);
    let (name, value) = field.split_once(':').expect("a field");
    assert_eq!(name, "Authentication-Results");
    assert!(
        field.split_terminator("\r\n").skip(1).all(|line| line.starts_with('\t') && line.trim() != ""),
        "{field:?}"
    );
    assert!(results::claims_to_be_ours(value.as_bytes(), "gw.example.jp"));
}
