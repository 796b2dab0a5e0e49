//! MAIL and RCPT with their parameters (RFC 5321, 4.1.1.2 and 4.1.1.3; RFC 1870, 3461, 6152, 6531).

/// MAIL (RFC 5321, 4.1.1.2) with its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailFrom {
    /// The reverse-path; empty for `<>`.
    pub address: String,
    /// SIZE.
    pub size: Option<u64>,
    /// BODY=8BITMIME.
    pub eight_bit: bool,
    /// SMTPUTF8.
    pub smtputf8: bool,
    /// RET (RFC 3461): `Some(true)` for FULL, `Some(false)` for HDRS.
    pub ret_full: Option<bool>,
    /// ENVID (RFC 3461), xtext as given.
    pub envid: Option<String>,
}

/// RCPT (RFC 5321, 4.1.1.3) with its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RcptTo {
    /// The forward-path.
    pub address: String,
    /// NOTIFY (RFC 3461); none where not given.
    pub notify: Option<Notify>,
    /// ORCPT (RFC 3461), as given (`rfc822;…` in xtext).
    pub orcpt: Option<String>,
}

/// NOTIFY (RFC 3461, 4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notify {
    /// NEVER: no notification whatever happens.
    pub never: bool,
    /// SUCCESS.
    pub success: bool,
    /// FAILURE.
    pub failure: bool,
    /// DELAY.
    pub delay: bool,
}

impl Notify {
    /// The value of NOTIFY; none where nothing is asked for.
    #[must_use]
    pub fn to_parameter(self) -> Option<String> {
        if self.never {
            return Some("NEVER".to_owned());
        }
        let words = [(self.success, "SUCCESS"), (self.failure, "FAILURE"), (self.delay, "DELAY")];
        let words: Vec<&str> = words.into_iter().filter_map(|(on, word)| on.then_some(word)).collect();
        (!words.is_empty()).then(|| words.join(","))
    }

    /// Reads the value of NOTIFY: `NEVER`, or any of the others once.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut notify = Self::default();
        if value.eq_ignore_ascii_case("NEVER") {
            notify.never = true;
            return Some(notify);
        }
        for word in value.split(',') {
            let flag = match word.to_ascii_uppercase().as_str() {
                "SUCCESS" => &mut notify.success,
                "FAILURE" => &mut notify.failure,
                "DELAY" => &mut notify.delay,
                _ => return None,
            };
            if std::mem::replace(flag, true) {
                return None;
            }
        }
        Some(notify)
    }
}

/// Whether `value` is xtext (RFC 3461, 4), which may also hold the non-ASCII letters of RFC 6533 if `utf8`.
#[must_use]
pub fn is_xtext(value: &str, utf8: bool) -> bool {
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        let good = match c {
            '+' => (0..2).all(|_| chars.next().is_some_and(|h| h.is_ascii_digit() || ('A'..='F').contains(&h))),
            '=' => false,
            c if c.is_ascii() => c.is_ascii_graphic(),
            c => utf8 && !c.is_control() && !c.is_whitespace(),
        };
        if !good {
            return false;
        }
    }
    true
}

/// Whether `value` is an original recipient: an address type, `;`, and xtext (RFC 3461, 4.2); at most 500 octets.
#[must_use]
pub fn is_orcpt(value: &str, utf8: bool) -> bool {
    let Some((kind, address)) = value.split_once(';') else { return false };
    value.len() <= 500
        && !kind.is_empty()
        && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !address.is_empty()
        && is_xtext(address, utf8)
}

/// Whether `value` can be an ENVID: xtext of at most 100 octets (RFC 3461, 4.4).
#[must_use]
pub fn is_envid(value: &str) -> bool {
    !value.is_empty() && value.len() <= 100 && is_xtext(value, false)
}

#[cfg(test)]
mod tests {
    use super::{Notify, is_envid, is_orcpt, is_xtext};

    // spec: RCV-ESMTP (DSN)
    #[test]
    fn xtext_is_printable_and_its_escapes_are_hexadecimal() {
        for good in ["", "abc", "rfc822", "a+2Bb", "a@b", "\\x{3042}"] {
            assert!(is_xtext(good, false), "{good}");
        }
        for bad in ["a b", "a=b", "+", "a+2", "a+2b", "a+GG", "あ", "a\tb"] {
            assert!(!is_xtext(bad, false), "{bad}");
        }
        assert!(is_xtext("あ", true));
        assert!(!is_xtext("\u{3000}", true));
    }

    // spec: RCV-ESMTP (DSN)
    #[test]
    fn an_original_recipient_has_a_type() {
        assert!(is_orcpt("rfc822;a+2Bb@example.jp", false));
        assert!(is_orcpt("utf-8;あ@example.jp", true));
        for bad in ["a@example.jp", ";a@b", "rfc822;", "rfc 822;a", "rfc822;a b", "utf-8;あ@example.jp"] {
            assert!(!is_orcpt(bad, false), "{bad}");
        }
        assert!(!is_orcpt(&format!("rfc822;{}", "a".repeat(500)), false));
        assert!(is_envid("QQ314159") && !is_envid("") && !is_envid(&"a".repeat(101)));
    }

    // spec: RCV-ESMTP (DSN)
    #[test]
    fn notify_is_never_or_a_list() {
        for (value, back) in [("NEVER", "NEVER"), ("delay,SUCCESS", "SUCCESS,DELAY"), ("failure", "FAILURE")] {
            assert_eq!(Notify::parse(value).and_then(Notify::to_parameter).as_deref(), Some(back));
        }
        for bad in ["", "NEVER,DELAY", "DELAY,DELAY", "SOMETIMES", "DELAY,"] {
            assert_eq!(Notify::parse(bad), None, "{bad}");
        }
        assert_eq!(Notify::default().to_parameter(), None);
    }
}
