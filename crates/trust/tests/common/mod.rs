//! Mails that are hard to sign, and a signer over them.

use std::sync::Arc;

use fubako_base::Timestamp;
use fubako_trust::{Algorithm, Signer, SigningKey};

pub(crate) fn keys() -> Vec<Arc<SigningKey>> {
    Algorithm::ALL
        .into_iter()
        .map(|algorithm| {
            let selector = format!("fubako-{}", algorithm.name());
            Arc::new(SigningKey::create("example.jp", &selector, algorithm).unwrap().0)
        })
        .collect()
}

/// Signs `mail` fed in pieces of `piece` octets and gives it with its signatures in front.
pub(crate) fn sign(keys: &[Arc<SigningKey>], mail: &[u8], piece: usize) -> Vec<u8> {
    let mut signer = Signer::new(keys);
    for piece in mail.chunks(piece) {
        signer.write(piece);
    }
    let mut signed = signer.finish_at(Timestamp(1_790_000_000_000_000)).unwrap();
    signed.extend_from_slice(mail);
    signed
}

pub(crate) const HEAD: &str =
    "From: a@example.jp\r\nTo: b@example.com\r\nSubject: hi\r\nDate: Sat, 21 Nov 2026 10:00:00 +0900\r\n";

/// What is hard about it, and the mail.
pub(crate) fn hard_mails() -> Vec<(&'static str, Vec<u8>)> {
    let with = |header: &str, body: &[u8]| {
        let mut mail = format!("{HEAD}{header}\r\n").into_bytes();
        mail.extend_from_slice(body);
        mail
    };
    let mut no_end = format!("{HEAD}MIME-Version: 1.0").into_bytes();
    no_end.extend_from_slice(b"\r\n\r\n");
    vec![
        ("plain", with("", b"Hello.\r\n")),
        (
            "folded header",
            with(
                "Cc: c@example.com,\r\n\td@example.com,\r\n   \te@example.com\r\nReferences: <1@x>\r\n  <2@x>\t \r\n",
                b"x\r\n",
            ),
        ),
        ("8-bit header", with("Reply-To: \u{6587}\u{7bb1} <a@example.jp>\r\n", "本文\r\n".as_bytes())),
        ("no final CRLF", with("", b"line one\r\nline two")),
        ("empty body", with("", b"")),
        ("only empty lines", with("", b"\r\n\r\n\r\n")),
        ("only white space", with("", b" \t \r\n\t\r\n  ")),
        ("ends in white-space lines", with("", b"text  \t here \r\n \r\n\t\r\n  \t\r\n")),
        ("field twice", with("List-Post: <mailto:l@x>\r\nX-Other: 1\r\nList-Post: <mailto:m@x>\r\n", b"x\r\n")),
        ("a long line", with("", &b"word  ".repeat(20_000))),
        ("header only", no_end),
        ("many empty lines inside", with("", &[&b"a\r\n"[..], &b"\r\n".repeat(500), b"b\r\n"].concat())),
    ]
}
