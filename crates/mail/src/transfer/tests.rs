use encodify::base64;
use proptest::prelude::*;

use super::*;

fn decoded(encoding: Encoding, pieces: &[&[u8]]) -> (Vec<u8>, Facts) {
    let (mut decoder, mut out) = (Decoder::new(encoding), Vec::new());
    pieces.iter().for_each(|piece| decoder.push(piece, &mut out));
    decoder.finish(&mut out);
    (out, decoder.facts())
}

/// Decodes in every cut into three pieces, which must not matter.
fn checked(encoding: Encoding, octets: &[u8]) -> (Vec<u8>, Facts) {
    let whole = decoded(encoding, &[octets]);
    for first in 0..=octets.len() {
        for second in first..=octets.len() {
            let pieces = [&octets[..first], &octets[first..second], &octets[second..]];
            assert_eq!(decoded(encoding, &pieces), whole, "cut at {first} and {second}");
        }
    }
    whole
}

// spec: 3.4a (quoted-printable with bad escapes is kept literally)
#[test]
fn quoted_printable() {
    let cases: &[(&[u8], &[u8])] = &[
        (b"a=3Db=e3=81=82", b"a=b\xe3\x81\x82"),
        (b"soft=\r\nbreak", b"softbreak"),
        (b"soft= \t \r\nbreak", b"softbreak"),
        (b"trailing \t\r\n \r\nwhite space  ", b"trailing\r\n\r\nwhite space"),
        (b"kept=20\r\nkept =41 \r\n", b"kept \r\nkept A\r\n"),
        (b"bad =ZZ =4 =\tx == =3D=", b"bad =ZZ =4 =\tx == ="),
        (b"=E=3D=F", b"=E==F"),
        (b"=0D=0A=00", b"\r\n\0"),
        (b"bare\rCR=\rx\r", b"bare\r\nCRx\r\n"),
        (b"last line=\r\n", b"last line"),
        (b"a \r\r\n b", b"a\r\n\r\n b"),
        (b"", b""),
    ];
    for (octets, text) in cases {
        let (out, facts) = checked(Encoding::QuotedPrintable, octets);
        assert_eq!(out.escape_ascii().to_string(), text.escape_ascii().to_string());
        // What is no escape is literal to some, and not to others.
        let loose = ["bad", "=E", "=0D"].iter().any(|start| octets.starts_with(start.as_bytes()));
        assert_eq!(facts, Facts { loose, ..Facts::default() });
    }
}

// spec: MAIL-AMBIGUOUS (found by review: ripmime drops a `=` where it cuts a line, and takes one before an octet beyond ASCII for a line's end)
#[test]
fn quoted_printable_that_others_read_otherwise_is_told() {
    let far = "x".repeat(990);
    for (text, expected) in [
        (format!("{far}12345678\r\n{far}12345678=\r\n"), true),
        (format!("{far}12345678\r\n{far}1234567=\r\n"), false),
        (format!("{far}\r{far}"), false),
        (format!("{far}=\r\n{far}=41"), false),
        (format!("{far}{far}"), true),
        ("=\u{82}A".to_owned(), true),
        ("Con=tent-Type".to_owned(), true),
        ("あ".to_owned(), true),
        ("a=0Ab".to_owned(), true),
        ("a=3d=E3=81=82= \r\nb=\r\nc=".to_owned(), false),
    ] {
        assert_eq!(checked(Encoding::QuotedPrintable, text.as_bytes()).1.loose, expected, "{text}");
    }
}

#[test]
fn white_space_without_end_takes_no_memory() {
    let spaces = vec![b' '; 1 << 20];
    for encoded in [[&spaces[..], b"x"].concat(), [b"=", &spaces[..], b"x"].concat()] {
        let expected = encoded.clone();
        for step in [1000, 4096, 1 << 20] {
            let pieces: Vec<&[u8]> = encoded.chunks(step).collect();
            assert!(decoded(Encoding::QuotedPrintable, &pieces).0 == expected, "steps of {step}");
        }
    }
}

// spec: 3.4a (base64 with anything but white space between, or anything after the padding)
#[test]
fn base64_says_what_a_careful_reader_stumbles_over() {
    let (stray, after) = (Facts { stray: true, ..Facts::default() }, Facts { after_padding: true, ..Facts::default() });
    let cases: &[(&[u8], &[u8], Facts)] = &[
        (b"QUJD\r\n REVG\t\r\n", b"ABCDEF", Facts::default()),
        (b"QUI=", b"AB", Facts::default()),
        (b"QQ==\r\n\r\n", b"A", Facts::default()),
        (b"QQ=\r\n=", b"A", Facts::default()),
        (b"QQ", b"A", Facts::default()),
        (b"QUI", b"AB", Facts::default()),
        (b"QUJDR", b"ABC", Facts::default()),
        (b"", b"", Facts::default()),
        (b"QU-JD", b"ABC", stray),
        (b"QUJD\0", b"ABC", stray),
        (b"QUJD=", b"ABC", stray),
        (b"=QUJD", b"ABC", stray),
        (b"Q=UJD", b"P\x90", stray),
        (b"QQ==QUJD", b"AABC", after),
        (b"QQ===", b"A", after),
        (b"QUI==", b"AB", after),
        (b"QQ==\r\n-- \r\nfooter", b"A~\x8a-z", Facts { stray: true, after_padding: true, loose: false }),
    ];
    for (octets, text, expected) in cases {
        let (out, facts) = checked(Encoding::Base64, octets);
        assert_eq!(facts, *expected, "{}", octets.escape_ascii());
        assert_eq!(out.escape_ascii().to_string(), text.escape_ascii().to_string(), "{}", octets.escape_ascii());
    }
}

// spec: 3.4a (a bare CR in a body is made CRLF)
#[test]
fn identity_leaves_all_but_bare_crs() {
    let (out, _) = checked(Encoding::Identity, b"a\r\nb\rc\0\xff\r");
    assert_eq!(out, b"a\r\nb\r\nc\0\xff\r\n");
}

proptest! {
    #[test]
    fn base64_comes_back(octets in proptest::collection::vec(any::<u8>(), 0..5000), cut in 1..200usize) {
        let encoded = base64::MIME.encode(&octets);
        let pieces: Vec<&[u8]> = encoded.as_bytes().chunks(cut).collect();
        let (out, facts) = decoded(Encoding::Base64, &pieces);
        prop_assert_eq!(out, octets);
        prop_assert_eq!(facts, Facts::default());
    }

    #[test]
    fn any_octets_decode_alike_however_they_are_cut(
        octets in proptest::collection::vec(prop_oneof![any::<u8>(), proptest::sample::select(&b"=\r\n \tAf0-"[..])], 0..300),
        cut in 1..20usize,
        encoding in proptest::sample::select(vec![Encoding::Identity, Encoding::Base64, Encoding::QuotedPrintable]),
    ) {
        let pieces: Vec<&[u8]> = octets.chunks(cut).collect();
        prop_assert_eq!(decoded(encoding, &pieces), decoded(encoding, &[&octets]));
    }
}
