//! A multipart's Content-Type as it is written: is there one way to take it apart, and so one boundary (spec 3.4a)?
//!
//! Readers part on comments, control and 8-bit characters, quoted pairs, folding within a value, and on what stands
//! between parameters. A field in which none of that occurs is read alike by all of them.

/// Parameters of one field; more are nobody's.
const MAX_PARAMETERS: usize = 100;

/// Octets of one field; a longer one is nobody's.
const MAX_FIELD: usize = 2048;

const NAME: &[u8] = b"boundary";

/// What in this raw value of a multipart's Content-Type sets readers apart.
pub(super) fn oddity(value: &[u8]) -> Option<&'static str> {
    if value.len() > MAX_FIELD {
        return Some("a multipart's Content-Type is longer than anybody writes one");
    }
    if value.iter().any(|octet| !matches!(octet, b' '..=b'~' | b'\t' | b'\r' | b'\n')) {
        return Some("control or 8-bit characters in a multipart's Content-Type");
    }
    let mut rest = Rest(value);
    let Some(boundary) = boundary(&mut rest) else {
        return Some("a multipart's Content-Type is written in a way that readers take differently");
    };
    if named(value) > usize::from(boundary.is_some()) || words(value) > words_of(boundary) {
        return Some("a boundary is there twice");
    }
    if boundary.is_some_and(|value| !is_plain(value)) {
        return Some("a boundary that is written in a way that readers take differently");
    }
    None
}

/// As much of a Content-Type as is kept to compare with.
pub(super) fn beginning(value: &[u8]) -> &[u8] {
    &value[..value.len().min(MAX_FIELD)]
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    /// Takes the octets that are `wanted`.
    fn run(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|octet| !wanted(*octet)).unwrap_or(self.0.len());
        let (run, rest) = self.0.split_at(end);
        self.0 = rest;
        run
    }

    fn skip_space(&mut self) {
        self.run(|octet| octet.is_ascii_whitespace());
    }

    fn take(&mut self, octet: u8) -> bool {
        match self.0.strip_prefix(&[octet]) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// A parameter's value: quoted on one line without quoted pairs, or up to a semicolon or white space.
    fn value(&mut self) -> Option<&'a [u8]> {
        if self.take(b'"') {
            let value = self.run(|octet| !matches!(octet, b'"' | b'\\' | b'\r' | b'\n' | b'\t'));
            return self.take(b'"').then_some(value);
        }
        let value = self.run(|octet| octet.is_ascii_graphic() && !matches!(octet, b';' | b'"' | b'\\' | b'(' | b')'));
        (!value.is_empty()).then_some(value)
    }
}

/// RFC 2045, 5.1, without comments and quoted pairs; empty parameters are none. Gives the first boundary, if there is
/// one; none where the field is not written so.
fn boundary<'a>(rest: &mut Rest<'a>) -> Option<Option<&'a [u8]>> {
    let is_token = |octet: u8| octet.is_ascii_graphic() && !br#"()<>@,;:\"/[]?="#.contains(&octet);
    rest.skip_space();
    let kind = rest.run(is_token);
    let subtype = rest.take(b'/').then(|| rest.run(is_token))?;
    if kind.is_empty() || subtype.is_empty() {
        return None;
    }
    let mut boundary = None;
    for _ in 0..=MAX_PARAMETERS {
        rest.skip_space();
        if rest.0.is_empty() {
            return Some(boundary);
        }
        if !rest.take(b';') {
            return None;
        }
        rest.skip_space();
        if rest.0.is_empty() || rest.0.starts_with(b";") {
            continue;
        }
        let name = rest.run(is_token);
        rest.skip_space();
        if name.is_empty() || !rest.take(b'=') {
            return None;
        }
        rest.skip_space();
        let value = rest.value()?;
        if has_encoded_word(value) {
            return None;
        }
        if boundary.is_none() && name.eq_ignore_ascii_case(NAME) {
            boundary = Some(value);
        }
    }
    None
}

fn has_encoded_word(value: &[u8]) -> bool {
    memchr::memmem::find(value, b"=?").is_some_and(|at| memchr::memmem::find(&value[at + 2..], b"?=").is_some())
}

/// Whether white space and marks in a boundary's value mean the same to all (RFC 2046, 5.1.1).
fn is_plain(value: &[u8]) -> bool {
    let spaced = value.starts_with(b" ") || value.ends_with(b" ") || memchr::memmem::find(value, b"  ").is_some();
    !value.is_empty() && !spaced && !value.starts_with(b"<") && !value.contains(&b';')
}

/// Where the word stands, in any case.
fn found(octets: &[u8]) -> impl Iterator<Item = usize> {
    octets.windows(NAME.len()).enumerate().filter(|(_, word)| word.eq_ignore_ascii_case(NAME)).map(|(at, _)| at)
}

fn words(octets: &[u8]) -> usize {
    found(octets).count()
}

/// The word as a name and what is of it within the boundary itself: many are called so.
fn words_of(boundary: Option<&[u8]>) -> usize {
    boundary.map_or(0, |value| 1 + words(value))
}

/// How often the word is followed by what makes it a parameter's name, RFC 2231's forms included.
fn named(octets: &[u8]) -> usize {
    let names = |at: &usize| {
        let after = octets[at + NAME.len()..].iter();
        after.copied().find(|octet| !octet.is_ascii_whitespace() && !octet.is_ascii_digit() && *octet != b'*')
            == Some(b'=')
    };
    found(octets).filter(names).count()
}

#[cfg(test)]
mod tests {
    use super::oddity;

    // spec: MAIL-AMBIGUOUS
    #[test]
    fn what_mailers_write_is_not_odd() {
        for value in [
            " multipart/mixed; boundary=b",
            " multipart/mixed;\r\n\tboundary=\"----=_NextPart_000_0001_01DA.ABCD\"",
            " Multipart/Related; BOUNDARY = \"a b\" ; type=\"text/html\";\r\n start=\"<a@b.example>\";",
            " multipart/report; report-type=delivery-status;\r\n boundary=\"a/b:c?d='e(f)+g,h.i_j\"",
            " multipart/signed; micalg=\"pgp-sha256\"; protocol=\"application/pgp-signature\"; boundary=a=b=c",
            " multipart/mixed; boundary=\"Boundary_(ID_jKJ)\"",
            "\r\n multipart/mixed; boundary=----boundary-1; charset=utf-8; name=\"a file; and (b).txt\"",
            " multipart/mixed;;boundary=b;",
            " multipart/mixed",
        ] {
            assert_eq!(oddity(value.as_bytes()), None, "{value}");
        }
    }

    // spec: MAIL-AMBIGUOUS
    #[test]
    fn what_has_two_boundaries_for_two_readers_is_odd() {
        let cases: [&[u8]; 37] = [
            b" multipart/mixed; (; boundary=x; ) boundary=y",
            b" multipart/mixed (; boundary=x; ); boundary=y",
            b" multipart/mixed; foo=\"bar\" (c); boundary=y",
            b" multipart/mixed; boundary=\"a\r\n\tb\"",
            b" multipart/mixed; boundary=\"a\tb\"",
            b" multipart/mixed; boundary=\"a  b\"",
            b" multipart/mixed; boundary=\" a\"",
            b" multipart/mixed; boundary=\"a \"",
            b" multipart/mixed; boundary=\"a\r\n \"",
            b" multipart/mixed; boundary=\"<a>\"",
            b" multipart/mixed; boundary=\"a;b\"",
            b" multipart/mixed; boundary=\"\"",
            b" multipart/mixed; name=\"a\\\"; boundary=x; foo=\"; boundary=y",
            b" multipart/mixed; name=\"a\\\"; foo=\"; boundary=y",
            b" multipart/mixed; name=\"; boundary=x;\"; boundary=y",
            b" multipart/mixed; foo boundary=x; boundary=y",
            b" multipart/mixed; foo boundary=x",
            b" multipart/mixed; x-boundary=x; boundary=y",
            b" multipart/mixed; boundary=\"x boundary = y\"",
            b" multipart/mixed; foo=bar, boundary=x",
            b" multipart/mixed; boundary*=us-ascii''x; boundary=y",
            b" multipart/mixed; boundary*0=x; boundary*1=y",
            b" multipart/mixed; boundary=\"=?us-ascii?q?x?=\"",
            b" multipart/mixed; name=\"=?us-ascii?b?IjsgYm91bmRhcnk9eDsi?=\"; boundary=y",
            b" multipart/mixed; name=\"\x1b$B\"; boundary=x; foo=\"\x1b(B\"; boundary=y",
            b" multipart/mixed; name=\"\x95\x5c\"; boundary=y; foo=\"a\"",
            b" multipart/mixed;\x0cboundary=y",
            b" multipart/mixed;\x0bboundary=y",
            b" multipart/mixed;\x1cboundary=y",
            b" multipart/mixed;\x7fboundary=y",
            b" multipart/mixed;\0boundary=y",
            b" multipart/mixed;\xc2\xa0boundary=y",
            b" multipart/mixed;\xe3\x80\x80boundary=y",
            b" multipart/mixed;\xe2\x80\xa8boundary=y",
            b" multipart/mixed boundary=x",
            b" multipart/mixed; =x; boundary=y",
            b" multipart/mixed; foo; boundary=y",
        ];
        for value in cases {
            assert!(oddity(value).is_some(), "{}", value.escape_ascii());
        }
        let many = format!(" multipart/mixed;boundary=y;{}boundary=x", "a=b;".repeat(1001));
        assert!(oddity(many.as_bytes()).is_some());
        let many = format!(" multipart/mixed;{}boundary=x", "a=b;".repeat(1001));
        assert!(oddity(many.as_bytes()).is_some());
    }
}
