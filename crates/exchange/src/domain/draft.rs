//! What a person enters who sends files on a page (spec X-SEND), against what their section allows (spec 3.4). Pure.
//!
//! Every fault is found at once and stands beside the field that it is about.

use std::collections::HashSet;

use fubako_base::{Lang, address::a_label, section::Settings};
use fubako_mail::{header::compared, plan::rules};
use fubako_store::{deposits::Deposit, uploads::Upload};

use super::is_address;

/// Characters of a message.
pub const LONGEST_MESSAGE: usize = 5_000;
/// Octets of the recipients as they are entered: the most that any section allows, with room between them.
pub const LONGEST_RECIPIENTS: usize = 300 * 1_024;

/// What was entered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Recipients, with commas, semicolons or white space between them.
    pub recipients: String,
    /// The subject.
    pub subject: String,
    /// What the notice tells the recipients; may be empty.
    pub message: String,
}

/// What is wrong with what was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No recipient.
    NoRecipient,
    /// More recipients than this.
    TooManyRecipients(u32),
    /// This is not a mail address.
    RecipientMalformed(String),
    /// This address stands there twice.
    RecipientTwice(String),
    /// The section does not allow that files go to this address.
    RecipientRestricted(String),
    /// No subject.
    NoSubject,
    /// The subject has more characters than this.
    SubjectTooLong(u32),
    /// The subject has this character, which not every mail program shows.
    SubjectCharacter(char),
    /// The message has more than [`LONGEST_MESSAGE`] characters.
    MessageTooLong,
    /// No file.
    NoFile,
    /// More files than this.
    TooManyFiles(u32),
    /// This file has not been uploaded to its end.
    FileNotWhole(String),
    /// This name cannot be a file's.
    FileName(String),
    /// Two files have this name.
    FileTwice(String),
    /// The section forbids files of this name.
    FileForbidden(String),
    /// The files have more octets together than this.
    FilesTooLarge(u64),
    /// The virus check found something in this file: what, as the scanner calls it.
    FileInfected(String, String),
    /// The virus check could not look into this file, and the section lets no such file pass.
    FileUnchecked(String),
    /// Somebody must approve it, and nobody could.
    NoApprover,
}

/// The field that a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Recipients.
    Recipients,
    /// Subject.
    Subject,
    /// Message.
    Message,
    /// Files.
    Files,
    /// None of them.
    Whole,
}

impl Fault {
    /// The field that it is about.
    #[must_use]
    pub const fn field(&self) -> Field {
        match self {
            Self::NoRecipient
            | Self::TooManyRecipients(_)
            | Self::RecipientMalformed(_)
            | Self::RecipientTwice(_)
            | Self::RecipientRestricted(_) => Field::Recipients,
            Self::NoSubject | Self::SubjectTooLong(_) | Self::SubjectCharacter(_) => Field::Subject,
            Self::MessageTooLong => Field::Message,
            Self::NoApprover => Field::Whole,
            Self::NoFile
            | Self::TooManyFiles(_)
            | Self::FileNotWhole(_)
            | Self::FileName(_)
            | Self::FileTwice(_)
            | Self::FileForbidden(_)
            | Self::FilesTooLarge(_)
            | Self::FileInfected(..)
            | Self::FileUnchecked(_) => Field::Files,
        }
    }
}

/// The recipients that were entered: addresses as they are written, of `鈴木 <a@b.example>`, as mail programs copy it, the address.
#[must_use]
pub fn recipients(entered: &str) -> Vec<String> {
    let (mut all, mut rest) = (Vec::new(), entered);
    while let Some((before, (inside, behind))) =
        rest.split_once('<').and_then(|(before, after)| Some((before, after.split_once('>')?)))
    {
        // What stands before a bracket on its line is a name, but for what is an address of another.
        let (earlier, name) = before.rfind([';', '；', '\n']).map_or(("", before), |at| before.split_at(at));
        all.extend(words(earlier));
        let of_others = |word: &String| word.contains('@') && word.trim_matches(['"', '\'', '“', '”']) != inside.trim();
        all.extend(words(name).filter(of_others));
        all.push(inside.trim().to_owned());
        rest = behind;
    }
    all.extend(words(rest));
    all
}

/// What stands between commas, semicolons and white space.
fn words(text: &str) -> impl Iterator<Item = String> {
    let between = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '、' | '，' | '；');
    text.split(between).filter(|one| !one.is_empty()).map(str::to_owned)
}

/// Whether somebody can be written to with it: an address whose domain is a name in the DNS. On a page nobody needs another.
fn is_recipient(address: &str) -> bool {
    let domain = a_label(address.rsplit_once('@').map_or("", |(_, domain)| domain));
    let labels: Vec<&str> = domain.split('.').collect();
    let is_label =
        |label: &&str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    is_address(address)
        && labels.len() > 1
        && labels.iter().all(is_label)
        && !labels[labels.len() - 1].bytes().all(|b| b.is_ascii_digit())
}

/// Whether this is what a deposit was sent with, but for its files: said again, because nobody saw the answer, and not another one.
#[must_use]
pub fn is_said_again(deposit: &Deposit, entered: &Draft, lang: Option<Lang>) -> bool {
    let set = |all: &[String]| all.iter().map(|one| compared(one)).collect::<HashSet<_>>();
    deposit.subject == entered.subject.trim()
        && deposit.message == entered.message.trim()
        && deposit.lang == lang
        && set(&deposit.recipients) == set(&recipients(&entered.recipients))
}

/// Everything that is wrong with a draft and its files.
#[must_use]
pub fn faults(settings: &Settings, draft: &Draft, files: &[Upload]) -> Vec<Fault> {
    let mut faults = Vec::new();
    check_recipients(settings, &draft.recipients, &mut faults);
    check_words(settings, draft, &mut faults);
    check_files(settings, files, &mut faults);
    faults
}

fn check_recipients(settings: &Settings, entered: &str, faults: &mut Vec<Fault>) {
    let all = recipients(entered);
    if all.is_empty() {
        faults.push(Fault::NoRecipient);
    }
    if all.len() > settings.max_recipients as usize {
        faults.push(Fault::TooManyRecipients(settings.max_recipients));
    }
    let (mut seen, mut twice) = (HashSet::new(), HashSet::new());
    for recipient in all {
        if !is_recipient(&recipient) {
            faults.push(Fault::RecipientMalformed(recipient));
        } else if !seen.insert(compared(&recipient)) {
            if twice.insert(compared(&recipient)) {
                faults.push(Fault::RecipientTwice(recipient));
            }
        } else if !rules::may_go_to(&recipient, settings) {
            faults.push(Fault::RecipientRestricted(recipient));
        }
    }
}

fn check_words(settings: &Settings, draft: &Draft, faults: &mut Vec<Fault>) {
    let subject = draft.subject.trim();
    if subject.is_empty() {
        faults.push(Fault::NoSubject);
    }
    if subject.chars().count() > settings.max_subject as usize {
        faults.push(Fault::SubjectTooLong(settings.max_subject));
    }
    if let Some(c) = subject.chars().find(|c| u32::from(*c) > 0xffff || c.is_control()) {
        faults.push(Fault::SubjectCharacter(c));
    }
    if draft.message.chars().count() > LONGEST_MESSAGE {
        faults.push(Fault::MessageTooLong);
    }
}

fn check_files(settings: &Settings, files: &[Upload], faults: &mut Vec<Fault>) {
    if files.is_empty() {
        faults.push(Fault::NoFile);
    }
    if files.len() > settings.max_files as usize {
        faults.push(Fault::TooManyFiles(settings.max_files));
    }
    let (mut seen, mut twice) = (HashSet::new(), HashSet::new());
    for file in files {
        let name = &file.name;
        if !file.is_whole() {
            faults.push(Fault::FileNotWhole(name.clone()));
        }
        if !rules::is_allowed_name(name) || name.is_empty() {
            faults.push(Fault::FileName(name.clone()));
        }
        if !seen.insert(rules::compared_name(name)) && twice.insert(rules::compared_name(name)) {
            faults.push(Fault::FileTwice(name.clone()));
        }
        if settings.forbidden_names.iter().any(|glob| rules::is_like(name, glob)) {
            faults.push(Fault::FileForbidden(name.clone()));
        }
    }
    let octets = files.iter().fold(0u64, |sum, file| sum.saturating_add(file.length.unwrap_or(file.received)));
    if octets > settings.max_deposit_size {
        faults.push(Fault::FilesTooLarge(settings.max_deposit_size));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fubako_base::{
        Timestamp,
        ids::{AccountId, UploadId},
    };
    use fubako_store::uploads::UploadFor;

    use super::*;

    fn upload(name: &str, length: u64, received: u64) -> Upload {
        Upload {
            id: UploadId::generate(),
            section: "acme".parse().unwrap(),
            wanted: UploadFor::Draft { account: AccountId::generate(), draft: "d".into() },
            name: name.into(),
            media_type: "a/b".into(),
            length: Some(length),
            received,
            touched_at: Timestamp(0),
        }
    }

    fn draft(recipients: &str, subject: &str) -> Draft {
        Draft { recipients: recipients.into(), subject: subject.into(), message: String::new() }
    }

    fn found(settings: &Settings, recipients: &str, subject: &str, files: &[Upload]) -> Vec<Fault> {
        faults(settings, &draft(recipients, subject), files)
    }

    // spec: X-SEND
    #[test]
    fn recipients_stand_one_behind_the_other_in_any_way() {
        let all = recipients(" a@b.example,c@d.example;\r\ne@f.example、g@h.example　i@j.example\n\n");
        assert_eq!(all, ["a@b.example", "c@d.example", "e@f.example", "g@h.example", "i@j.example"]);
        assert!(recipients(" , ;\n").is_empty());
    }

    // spec: X-SEND 3.4
    #[test]
    fn each_rule_for_what_a_person_enters_is_applied() {
        let settings = Settings {
            max_recipients: 2,
            max_files: 2,
            max_subject: 5,
            max_deposit_size: 100,
            forbidden_names: vec!["*.EXE".into()],
            denied_destinations: vec!["*.rival.example".into()],
            ..Settings::default()
        };
        let file = [upload("a.pdf", 10, 10)];
        let one = "a@b.example";
        assert_eq!(found(&settings, one, "s", &file), []);
        let cases: [(&str, &str, Vec<Upload>, Vec<Fault>); 14] = [
            ("", "s", file.to_vec(), vec![Fault::NoRecipient]),
            ("a@b.example c@d.example e@f.example", "s", file.to_vec(), vec![Fault::TooManyRecipients(2)]),
            ("no-address", "s", file.to_vec(), vec![Fault::RecipientMalformed("no-address".into())]),
            ("a@b.example A@B.example", "s", file.to_vec(), vec![Fault::RecipientTwice("A@B.example".into())]),
            ("a@x.rival.example", "s", file.to_vec(), vec![Fault::RecipientRestricted("a@x.rival.example".into())]),
            (one, " ", file.to_vec(), vec![Fault::NoSubject]),
            (one, "123456", file.to_vec(), vec![Fault::SubjectTooLong(5)]),
            (one, "a📎", file.to_vec(), vec![Fault::SubjectCharacter('📎')]),
            (one, "s", vec![], vec![Fault::NoFile]),
            (one, "s", vec![upload("a", 10, 9)], vec![Fault::FileNotWhole("a".into())]),
            (one, "s", vec![upload("a/b", 1, 1)], vec![Fault::FileName("a/b".into())]),
            (one, "s", vec![upload("a", 1, 1), upload("A", 1, 1)], vec![Fault::FileTwice("A".into())]),
            (one, "s", vec![upload("x.exe", 1, 1)], vec![Fault::FileForbidden("x.exe".into())]),
            (one, "s", vec![upload("a", 60, 60), upload("b", 41, 41)], vec![Fault::FilesTooLarge(100)]),
        ];
        for (recipients, subject, files, wanted) in cases {
            assert_eq!(found(&settings, recipients, subject, &files), wanted, "{recipients} {subject}");
        }
        let three = [upload("a", 1, 1), upload("b", 1, 1), upload("c", 1, 1)];
        assert_eq!(found(&settings, one, "s", &three), [Fault::TooManyFiles(2)]);
        let long = Draft { message: "あ".repeat(LONGEST_MESSAGE + 1), ..draft(one, "s") };
        assert_eq!(faults(&settings, &long, &file), [Fault::MessageTooLong]);
    }

    // spec: X-SEND
    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let all = found(&Settings::default(), "x", "", &[]);
        assert_eq!(all, [Fault::RecipientMalformed("x".into()), Fault::NoSubject, Fault::NoFile]);
        let fields: Vec<Field> = all.iter().map(Fault::field).collect();
        assert_eq!(fields, [Field::Recipients, Field::Subject, Field::Files]);
    }

    // spec: X-SEND
    #[test]
    fn recipients_are_taken_as_mail_programs_copy_them() {
        for (entered, wanted) in [
            (
                "a@b.example, c@d.example;e@f.example\ng@h.example",
                &["a@b.example", "c@d.example", "e@f.example", "g@h.example"][..],
            ),
            ("鈴木 <a@b.example>", &["a@b.example"]),
            ("鈴木 一郎 <a@b.example>; \"Sato, Jiro\" <c@d.example>", &["a@b.example", "c@d.example"]),
            ("Suzuki, Taro <a@b.example>\n佐藤<c@d.example>", &["a@b.example", "c@d.example"]),
            ("'a@b.example' <a@b.example>", &["a@b.example"]),
            ("x@y.example, 鈴木 <a@b.example>, z@y.example", &["x@y.example", "a@b.example", "z@y.example"]),
            ("nonsense; 鈴木 <a@b.example>", &["nonsense", "a@b.example"]),
            ("a@b.example <", &["a@b.example", "<"]),
            ("<>", &[""]),
        ] {
            assert_eq!(recipients(entered), wanted, "{entered}");
        }
    }

    // spec: X-SEND 3.4 (recipient-malformed)
    #[test]
    fn a_recipient_on_a_page_has_a_domain() {
        for good in ["a@b.example", "\"a b\"@b.example", "山田@会社.jp", "a@xn--6oq404h.jp", "a..b@docomo.example"]
        {
            assert!(is_recipient(good), "{good}");
        }
        for bad in [
            "a@b.example.",
            "a@localhost",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
            "a@127.0.0.1",
            "a@b..example",
            "a@.example",
            "",
            "a",
            "a@",
        ] {
            assert!(!is_recipient(bad), "{bad}");
        }
    }
}
