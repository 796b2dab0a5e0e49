//! What a program may deposit (spec X-API): the section's own rules (3.4) hold for it as they do for mails, and for what people send on pages. Pure.
//!
//! A gateway has applied them to its mails, and told their senders; its deposits are not looked at again.

use fubako_base::{Code, section::Settings};
use fubako_mail::plan::rules;

use super::{Invalid, NewDeposit};

/// A rule of the section's that is broken: its code, and what exactly, which may be told.
pub type Broken = (Code, String);

/// Checks the Message-ID that a program gives: it is written between angle brackets into what its sender is told later. (A mail's own may be odder: it is no
/// reason to refuse the mail.)
///
/// # Errors
/// [`Invalid`].
pub fn check_message_id(request: &NewDeposit) -> Result<(), Invalid> {
    let is_odd = |c: char| !c.is_ascii_graphic() || "<>,".contains(c);
    let is_plain = request.message_id.as_deref().is_none_or(|id| !id.contains(is_odd));
    Invalid::unless(is_plain, || {
        "the Message-ID must be visible ASCII characters without '<', '>' and ',': as it stands between its angle brackets"
            .to_owned()
    })
}

/// Checks what a program asks for, but for its files.
///
/// # Errors
/// The first rule that is broken.
pub fn check_request(settings: &Settings, request: &NewDeposit) -> Result<(), Broken> {
    let at_most = |code, most: u32, found: usize| {
        if found > most as usize { Err((code, format!("more than {most}"))) } else { Ok(()) }
    };
    at_most(Code::TooManyRecipients, settings.max_recipients, request.recipients.len())?;
    at_most(Code::TooManyFiles, settings.max_files, request.file_count as usize)?;
    at_most(Code::SubjectTooLong, settings.max_subject, request.subject.chars().count())?;
    if let Some(c) = request.subject.chars().find(|c| u32::from(*c) > 0xffff || c.is_control()) {
        return Err((Code::SubjectCharacter, format!("U+{:04X}", u32::from(c))));
    }
    let restricted = (1u32..).zip(&request.recipients).find(|(_, address)| !rules::may_go_to(address, settings));
    restricted.map_or(Ok(()), |(place, _)| Err((Code::RecipientRestricted, format!("recipient {place}"))))
}

/// Checks the name of a file beside the names of the deposit's others.
///
/// # Errors
/// The first rule that is broken.
pub fn check_name<'a>(
    settings: &Settings,
    name: &str,
    others: impl IntoIterator<Item = &'a str>,
) -> Result<(), Broken> {
    let broken = |code| Err((code, String::new()));
    if !rules::is_allowed_name(name) {
        return broken(Code::NameCharacter);
    }
    if settings.forbidden_names.iter().any(|glob| rules::is_like(name, glob)) {
        return broken(Code::NameForbidden);
    }
    if others.into_iter().any(|other| is_same_name(other, name)) { broken(Code::NameDuplicate) } else { Ok(()) }
}

/// Whether two files of one deposit cannot be called so.
#[must_use]
pub fn is_same_name(one: &str, other: &str) -> bool {
    rules::compared_name(one) == rules::compared_name(other)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn settings() -> Settings {
        Settings {
            max_recipients: 2,
            max_files: 2,
            max_subject: 5,
            forbidden_names: vec!["*.EXE".into()],
            denied_destinations: vec!["*.rival.example".into()],
            ..Settings::default()
        }
    }

    fn request(recipients: &[&str], subject: &str, file_count: u32) -> NewDeposit {
        NewDeposit {
            section: "acme".parse().unwrap(),
            sender_address: "taro@acme.example".into(),
            sender_name: String::new(),
            subject: subject.into(),
            message: String::new(),
            lang: None,
            recipients: recipients.iter().map(|one| (*one).to_owned()).collect(),
            password: None,
            file_count,
            message_id: None,
        }
    }

    // spec: X-API 3.4
    #[test]
    fn each_rule_of_the_section_holds_for_programs() {
        let found = |recipients: &[&str], subject, files| {
            check_request(&settings(), &request(recipients, subject, files)).map_err(|(code, _)| code)
        };
        assert_eq!(found(&["a@b.example", "c@d.example"], "12345", 2), Ok(()));
        assert_eq!(found(&["a@b.example", "c@d.example", "e@f.example"], "", 1), Err(Code::TooManyRecipients));
        assert_eq!(found(&["a@b.example", "c@x.rival.example"], "", 1), Err(Code::RecipientRestricted));
        assert_eq!(found(&["a@b.example"], "123456", 1), Err(Code::SubjectTooLong));
        assert_eq!(found(&["a@b.example"], "a📎", 1), Err(Code::SubjectCharacter));
        assert_eq!(found(&["a@b.example"], "a\nb", 1), Err(Code::SubjectCharacter));
        assert_eq!(found(&["a@b.example"], "", 3), Err(Code::TooManyFiles));
    }

    // spec: X-API
    #[test]
    fn a_message_id_is_one_and_without_its_brackets() {
        let found =
            |id: &str| check_message_id(&NewDeposit { message_id: Some(id.into()), ..request(&[], "", 1) }).is_ok();
        assert!(found("a.b-1@acme.example") && found("x") && check_message_id(&request(&[], "", 1)).is_ok());
        for odd in ["<a@b>", "a@b>", "<a@b", "a@b,c@d", "a@b c@d", "a@b\t", "a@b\r\nX: y", "あ@b", " a@b"] {
            assert!(!found(odd), "{odd:?}");
        }
    }

    // spec: X-API 3.4
    #[test]
    fn each_rule_for_names_holds_for_programs() {
        let found =
            |name, others: &[&str]| check_name(&settings(), name, others.iter().copied()).map_err(|(code, _)| code);
        assert_eq!(found("見積書.pdf", &["b.pdf"]), Ok(()));
        assert_eq!(found("a.exe", &[]), Err(Code::NameForbidden));
        assert_eq!(found("A.PDF", &["b.pdf", "a.pdf"]), Err(Code::NameDuplicate));
        assert_eq!(found("📎.pdf", &[]), Err(Code::NameCharacter));
    }
}
