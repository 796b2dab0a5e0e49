//! The Authentication-Results field (RFC 8601): ours is written, and others that claim to be ours are found.

use crate::{
    Algorithm,
    dkim::{Dkim, Signature},
    domain,
    spf::{Identity, Spf},
};

/// Our field, with its name and a CRLF at its end. `authserv_id` is our host name. What others wrote into the mail goes in only as
/// domain names and base64.
#[must_use]
pub fn field(authserv_id: &str, spf: &Spf, dkim: &Dkim) -> String {
    let mut results = vec![spf_result(spf)];
    results.extend(dkim.signatures.iter().map(dkim_result));
    if dkim.signatures.is_empty() {
        results.push("dkim=none".to_owned());
    }
    let id: String = authserv_id.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    format!("Authentication-Results: {id};\r\n\t{}\r\n", results.join(";\r\n\t"))
}

fn spf_result(spf: &Spf) -> String {
    let property = match spf.identity {
        Identity::MailFrom => "mailfrom",
        Identity::Helo => "helo",
    };
    let result = format!("spf={}", spf.result.name());
    if spf.domain.is_empty() { result } else { format!("{result} smtp.{property}={}", spf.domain) }
}

fn dkim_result(signature: &Signature) -> String {
    let mut result = format!("dkim={}", signature.outcome.name());
    if let Some(reason) = signature.outcome.reason() {
        // Words of ours: without quotes and backslashes.
        result.push_str(&format!("\r\n\t reason=\"{reason}\""));
    }
    let mut property = |name: &str, value: &str| {
        if !value.is_empty() {
            result.push_str(&format!("\r\n\t header.{name}={value}"));
        }
    };
    property("d", &signature.domain);
    property("s", &signature.selector);
    property(
        "a",
        match signature.algorithm {
            Some(Algorithm::Rsa) => "rsa-sha256",
            Some(Algorithm::Ed25519) => "ed25519-sha256",
            None => "",
        },
    );
    if !signature.start.is_empty() {
        // Base64 has characters that a token may not have.
        property("b", &format!("\"{}\"", signature.start));
    }
    if signature.testing {
        result.push_str("\r\n\t policy.testing=yes");
    }
    result
}

/// Whether a field of a mail that comes in claims to be ours (RFC 8601, 5): such a one is forged and must not be relayed. `value` is
/// what stands after the colon of an Authentication-Results field. One whose author cannot be read claims everything.
#[must_use]
pub fn claims_to_be_ours(value: &[u8], authserv_id: &str) -> bool {
    let Some(claimed) = std::str::from_utf8(value).ok().and_then(author) else { return true };
    let plain = |id: &str| domain::a_label(id).unwrap_or_else(|| id.trim_end_matches('.').to_lowercase());
    plain(&claimed) == plain(authserv_id)
}

/// The authserv-id that a field begins with: a token or a quoted string, behind white space and comments.
fn author(value: &str) -> Option<String> {
    // What a control character means nobody can say.
    if value.contains(|c: char| c.is_control() && !"\t\r\n".contains(c)) {
        return None;
    }
    let value = behind_comments(value)?;
    let Some(quoted) = value.strip_prefix('"') else {
        let end = value.find(|c: char| c.is_ascii_whitespace() || ";(\"/=,".contains(c)).unwrap_or(value.len());
        // Nothing but a version or a comment may follow before the semicolon; whatever does is not read here.
        return (end > 0).then(|| value[..end].to_owned());
    };
    let mut id = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return Some(id.trim().to_owned()),
            '\\' => id.push(characters.next()?),
            '\r' | '\n' => {}
            c => id.push(c),
        }
    }
}

/// What follows white space and comments, which may be nested; none where a comment has no end.
fn behind_comments(value: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if depth > 0 => escaped = true,
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 || c.is_ascii_whitespace() => {}
            _ => return Some(&value[at..]),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{
        dkim::{DkimFailure, DkimOutcome},
        spf::SpfResult,
    };

    fn spf(result: SpfResult, domain: &str) -> Spf {
        let ip = "192.0.2.1".parse().unwrap();
        Spf {
            result,
            identity: Identity::MailFrom,
            domain: domain.into(),
            ip,
            cause: "secret".into(),
            explanation: None,
        }
    }

    // spec: RCV-ALIGN (RFC 8601, 2.2)
    #[test]
    fn the_field_tells_the_verdict() {
        let pass = Signature {
            domain: "example.jp".into(),
            selector: "k1".into(),
            algorithm: Some(Algorithm::Ed25519),
            start: "ab+/cdEF".into(),
            testing: false,
            uncovered: Vec::new(),
            age: None,
            outcome: DkimOutcome::Pass,
        };
        let fail = Signature { outcome: DkimOutcome::Fail(DkimFailure::BodyHash), testing: true, ..pass.clone() };
        let unread = Signature {
            domain: String::new(),
            selector: String::new(),
            algorithm: None,
            start: String::new(),
            testing: false,
            uncovered: Vec::new(),
            age: None,
            outcome: DkimOutcome::Fail(DkimFailure::Syntax("v= is not 1")),
        };
        let dkim = Dkim { signatures: vec![pass, fail, unread], unexamined: 0 };
        assert_eq!(
            field("gw.example.com", &spf(SpfResult::Pass, "example.jp"), &dkim),
            "Authentication-Results: gw.example.com;\r\n\tspf=pass smtp.mailfrom=example.jp;\r\n\
             \tdkim=pass\r\n\t header.d=example.jp\r\n\t header.s=k1\r\n\t header.a=ed25519-sha256\r\n\t header.b=\"ab+/cdEF\";\r\n\
             \tdkim=fail\r\n\t reason=\"the body was changed\"\r\n\t header.d=example.jp\r\n\t header.s=k1\r\n\
             \t header.a=ed25519-sha256\r\n\t header.b=\"ab+/cdEF\"\r\n\t policy.testing=yes;\r\n\
             \tdkim=neutral\r\n\t reason=\"the field cannot be read: v= is not 1\"\r\n"
        );
        let bare = field("gw.example.com\r\nX: y", &spf(SpfResult::None, ""), &Dkim::default());
        assert_eq!(bare, "Authentication-Results: gw.example.comXy;\r\n\tspf=none;\r\n\tdkim=none\r\n");
        assert!(claims_to_be_ours(bare.split_once(':').unwrap().1.as_bytes(), "gw.example.comxy"));
    }

    // spec: RCV-ALIGN (RFC 8601, 5)
    #[test]
    fn forged_fields_are_found_in_every_spelling() {
        for forged in [
            " gw.example.com; spf=pass",
            " GW.Example.COM; spf=pass",
            "gw.example.com",
            "\r\n\tgw.example.com 1; dkim=pass",
            "gw.example.com.; a",
            " (a comment (nested) \\) ) gw.example.com (x); none",
            "\"gw.example.com\"; spf=pass",
            "\"g\\w.example.com\" ;",
            "gw.example.com(c); x",
            "gw.example.com\t; x",
            "\" gw.example.com\"; x",
            "",
            " ",
            "(never closed",
            "\"never closed",
            "; spf=pass",
            "\"gw.\r\n example.com",
            "\"a",
            "gw.example.com/1; x",
            "gw.example.com\0; x",
            "\0gw.example.com; x",
        ] {
            assert!(claims_to_be_ours(forged.as_bytes(), "gw.example.com"), "{forged:?}");
        }
        assert!(claims_to_be_ours(b" \xff; spf=pass", "gw.example.com"));
        assert!(claims_to_be_ours("文箱.jp; spf=pass".as_bytes(), "xn--7dv660c.jp"));
        for other in [
            " mx.google.com; spf=pass",
            "agw.example.com; x",
            "example.com; x",
            "(gw.example.com) mx.example.com; x",
            "\"mx\"; gw.example.com",
        ] {
            assert!(!claims_to_be_ours(other.as_bytes(), "gw.example.com"), "{other:?}");
        }
    }
}
