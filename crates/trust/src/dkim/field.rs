//! A `DKIM-Signature` field, read (RFC 6376, 3.5 and 6.1.1).

use super::{DkimFailure, canonical::Form, tags::Tags};
use crate::{Algorithm, domain, domain::is_at_or_below};

/// Names that `h=` may have.
const MAX_SIGNED: usize = 256;

/// What the field says.
#[derive(Debug)]
pub(super) struct SignatureField {
    pub(super) algorithm: Algorithm,
    pub(super) domain: String,
    pub(super) selector: String,
    /// The domain of `i=`.
    pub(super) identity: String,
    pub(super) signature: Vec<u8>,
    pub(super) body_hash: Vec<u8>,
    /// The names of `h=` in lower case.
    pub(super) signed: Vec<String>,
    pub(super) header_form: Form,
    pub(super) body_form: Form,
    /// `l=`
    pub(super) length: Option<u64>,
    /// `t=`
    pub(super) made: Option<u64>,
    /// `x=`
    pub(super) expires: Option<u64>,
}

/// Whose the signature says it is, however wrong the rest of it may be.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) domain: String,
    pub(super) selector: String,
    /// The first characters of `b=` (RFC 6008).
    pub(super) start: String,
}

impl Claim {
    pub(super) fn read(value: &str) -> Self {
        let Some(tags) = Tags::parse(value) else { return Self::default() };
        let name = |tag| tags.get(tag).and_then(domain::a_label).unwrap_or_default();
        let signature = tags.get("b").unwrap_or_default().chars();
        let start = signature.filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)).take(8).collect();
        Self { domain: name("d"), selector: name("s"), start }
    }
}

impl SignatureField {
    /// Reads a field's value (what stands after the colon).
    pub(super) fn parse(value: &str) -> Result<Self, DkimFailure> {
        let wrong = DkimFailure::Syntax;
        let tags = Tags::parse(value).ok_or(wrong("no list of tags, or a tag twice"))?;
        if tags.get("v") != Some("1") {
            return Err(wrong("v= is not 1"));
        }
        let name = |tag, what| tags.get(tag).and_then(domain::a_label).ok_or(wrong(what));
        let domain = name("d", "d= is no domain")?;
        let selector = name("s", "s= is no selector")?;
        let identity = match tags.get("i").map(|identity| identity.rsplit_once('@')) {
            None => domain.clone(),
            Some(Some((_, of))) => domain::a_label(of).ok_or(wrong("i= has no domain"))?,
            Some(None) => return Err(wrong("i= has no domain")),
        };
        if !is_at_or_below(&identity, &domain) {
            return Err(wrong("i= is not of the domain d="));
        }
        let algorithm = match tags.get("a").map(str::to_ascii_lowercase).as_deref() {
            Some("rsa-sha256") => Algorithm::Rsa,
            Some("ed25519-sha256") => Algorithm::Ed25519,
            // RFC 8301, 3.1
            Some("rsa-sha1") => return Err(DkimFailure::Algorithm("rsa-sha1 is no longer secure")),
            _ => return Err(DkimFailure::Algorithm("a= is not known")),
        };
        let signed: Vec<String> =
            tags.list("h").into_iter().flatten().map(str::to_ascii_lowercase).take(MAX_SIGNED + 1).collect();
        if signed.len() > MAX_SIGNED || signed.iter().any(String::is_empty) {
            return Err(wrong("h= has an empty name, or too many"));
        }
        if !signed.iter().any(|name| name == "from") {
            return Err(DkimFailure::FromNotSigned);
        }
        let (header_form, body_form) = forms(tags.get("c")).ok_or(wrong("c= is not known"))?;
        if tags.list("q").is_some_and(|mut ways| !ways.any(|way| way.eq_ignore_ascii_case("dns/txt"))) {
            return Err(wrong("q= is not dns/txt"));
        }
        let times = [number(&tags, "t")?, number(&tags, "x")?];
        if let [Some(signed), Some(expires)] = times
            && expires <= signed
        {
            return Err(wrong("x= is not after t="));
        }
        Ok(Self {
            algorithm,
            domain,
            selector,
            identity,
            signature: tags.base64("b").filter(|b| !b.is_empty()).ok_or(wrong("b= is no base64"))?,
            body_hash: tags.base64("bh").ok_or(wrong("bh= is no base64"))?,
            signed,
            header_form,
            body_form,
            length: number(&tags, "l")?,
            made: times[0],
            expires: times[1],
        })
    }
}

fn forms(value: Option<&str>) -> Option<(Form, Form)> {
    let (header, body) = match value {
        None => return Some((Form::Simple, Form::Simple)),
        Some(both) => both.split_once('/').unwrap_or((both, "simple")),
    };
    Some((Form::from_name(header)?, Form::from_name(body)?))
}

/// Up to 76 digits (RFC 6376, 3.5); what is larger than can be is the largest there is.
fn number(tags: &Tags<'_>, name: &str) -> Result<Option<u64>, DkimFailure> {
    let Some(digits) = tags.get(name) else { return Ok(None) };
    if digits.is_empty() || digits.len() > 76 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DkimFailure::Syntax("l=, t= or x= is no number"));
    }
    Ok(Some(digits.parse().unwrap_or(u64::MAX)))
}

/// A field with the value of `b=` taken out, white space around it included (RFC 6376, 3.7).
pub(super) fn without_signature(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let value = field.iter().position(|&octet| octet == b':').map_or(0, |at| at + 1);
    out.extend_from_slice(&field[..value]);
    for (number, tag) in field[value..].split(|&octet| octet == b';').enumerate() {
        if number > 0 {
            out.push(b';');
        }
        match tag.iter().position(|&octet| octet == b'=') {
            Some(equals) if tag[..equals].trim_ascii() == b"b" => out.extend_from_slice(&tag[..=equals]),
            _ => out.extend_from_slice(tag),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const GOOD: &str = " v=1; a=rsa-sha256; c=relaxed; d=Example.JP; s=k1; h=From:To; bh=QUJD; b=QU\r\n JD";

    // spec: RCV-DKIM (RFC 6376, 3.5)
    #[test]
    fn a_field_is_read() {
        let read = SignatureField::parse(GOOD).unwrap();
        assert_eq!(
            (read.domain.as_str(), read.selector.as_str(), read.identity.as_str()),
            ("example.jp", "k1", "example.jp")
        );
        assert_eq!((read.header_form, read.body_form), (Form::Relaxed, Form::Simple));
        assert_eq!(
            (read.length, read.expires, read.signed.as_slice()),
            (None, None, &["from".to_owned(), "to".to_owned()][..])
        );
        assert_eq!(SignatureField::parse(&format!("{GOOD}; l=0")).unwrap().length, Some(0));
        assert_eq!(SignatureField::parse(&format!("{GOOD}; i=a@b@x.example.jp")).unwrap().identity, "x.example.jp");
        assert_eq!(SignatureField::parse(&GOOD.replace("Example.JP", "文箱.jp")).unwrap().domain, "xn--7dv660c.jp");
        assert_eq!(Claim::read(GOOD).start, "QUJD");
    }

    // spec: RCV-DKIM (RFC 6376, 6.1.1; RFC 8301, 3.1)
    #[test]
    fn what_is_wrong_is_said() {
        let failure = |text: String| SignatureField::parse(&text).unwrap_err();
        assert_eq!(failure(GOOD.replace("From:To", "To")), DkimFailure::FromNotSigned);
        assert!(matches!(failure(GOOD.replace("sha256", "sha1")), DkimFailure::Algorithm(_)));
        assert!(matches!(failure(GOOD.replace("rsa-", "dsa-")), DkimFailure::Algorithm(_)));
        for (from, to) in [
            ("v=1; ", ""),
            ("v=1", "v=2"),
            ("d=Example.JP;", ""),
            ("Example.JP", "a..b"),
            ("s=k1;", ""),
            ("c=relaxed", "c=lax"),
            ("c=relaxed", "c=relaxed/lax"),
            ("bh=QUJD", "bh=!"),
            ("bh=QUJD;", ""),
            ("b=QU\r\n JD", "b="),
            ("From:To", "From::To"),
            ("v=1", "v=1; d=other.jp"),
            ("v=1", "v=1; l=-1"),
            ("v=1", "v=1; l="),
            ("v=1", "v=1; x=5; t=5"),
            ("v=1", "v=1; q=http"),
            ("v=1", "v=1; i=@example.com"),
            ("v=1", "v=1; i=badexample.jp"),
            ("v=1", "v=1; i=a@badexample.jp"),
        ] {
            let changed = GOOD.replace(from, to);
            assert_ne!(changed, GOOD);
            assert!(matches!(failure(changed), DkimFailure::Syntax(_)), "{to}");
        }
        assert!(matches!(failure(GOOD.replace("From:To", &"from:".repeat(300))), DkimFailure::Syntax(_)));
    }

    // spec: RCV-DKIM (RFC 6376, 3.7)
    #[test]
    fn the_signature_is_taken_out_and_nothing_else() {
        assert_eq!(
            without_signature(b"DKIM-Signature: v=1; b = A\r\n B= ; bh=x;\tb\r\n\r\n"),
            b"DKIM-Signature: v=1; b =; bh=x;\tb\r\n\r\n"
        );
        assert_eq!(without_signature(b"DKIM-Signature: bh=b=; b=A\r\n"), b"DKIM-Signature: bh=b=; b=");
    }
}
