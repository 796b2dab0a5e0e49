//! The page where files are sent (spec X-SEND).

use askama::Template;
use fubako_base::{
    Lang,
    lang::{Value, text},
    section::{Access, Way},
    shown::{self, visible},
};
use fubako_exchange::{
    domain::draft::{Draft, Fault, Field, LONGEST_MESSAGE},
    uploads::{PART, Upload},
};

use super::{Frame, render};

/// The form, as it was filled in.
#[derive(Debug, Clone, Copy)]
pub struct NewForm<'a> {
    /// What it carries.
    pub form_key: &'a str,
    /// The draft's id.
    pub draft: &'a str,
    /// What was entered.
    pub entered: &'a Draft,
    /// The language of the notices; none for both.
    pub lang: Option<Lang>,
    /// The files that are there, whole or not.
    pub uploads: &'a [Upload],
    /// Octets that a file may have.
    pub largest: u64,
    /// Files that may be sent together.
    pub most_files: u32,
    /// How the recipients may prove who they are.
    pub access: Access,
    /// What is wrong with it.
    pub faults: &'a [Fault],
    /// It could not be sent just now: nothing is wrong with it.
    pub busy: bool,
}

struct UploadRow {
    id: String,
    name: String,
    size: String,
    whole: bool,
    length: u64,
    received: u64,
}

/// What is wrong with each field, in words.
struct Wrong {
    recipients: Vec<String>,
    subject: Vec<String>,
    message: Vec<String>,
    files: Vec<String>,
    whole: Vec<String>,
}

#[derive(Template)]
#[template(path = "sent_new.html")]
struct NewPage<'a> {
    f: &'a Frame,
    form: &'a NewForm<'a>,
    rows: Vec<UploadRow>,
    wrong: Wrong,
    limits: String,
    part: u64,
    /// How recipients will prove who they are, a sentence a way.
    proofs: Vec<String>,
}

/// The page.
#[must_use]
pub fn new(frame: &Frame, form: &NewForm<'_>) -> String {
    let of = |field: Field| {
        let about = form.faults.iter().filter(|fault| fault.field() == field);
        about.map(|fault| words(frame, fault)).collect::<Vec<_>>()
    };
    let rows = form.uploads.iter().map(|upload| UploadRow {
        id: upload.id.to_string(),
        name: visible(&upload.name),
        size: shown::size(upload.length.unwrap_or(upload.received)),
        whole: upload.is_whole(),
        length: upload.length.unwrap_or(upload.received),
        received: upload.received,
    });
    let limits = [("count", Value::from(u64::from(form.most_files))), ("size", Value::from(shown::size(form.largest)))];
    render(&NewPage {
        f: frame,
        form,
        rows: rows.collect(),
        wrong: Wrong {
            recipients: of(Field::Recipients),
            subject: of(Field::Subject),
            message: of(Field::Message),
            files: of(Field::Files),
            whole: of(Field::Whole),
        },
        limits: text(frame.lang, "web-new-files-hint", &limits),
        part: PART,
        proofs: form.access.ways().map(|way| frame.t(proof(way))).collect(),
    })
}

const fn proof(way: Way) -> &'static str {
    match way {
        Way::PasswordInMail => "web-new-pass",
        Way::OneTimeCode => "web-new-code",
        Way::Account => "web-new-account",
    }
}

fn words(frame: &Frame, fault: &Fault) -> String {
    let name = |id: &str, name: &str| frame.with(id, "name", &visible(name));
    let count = |id: &str, count: u64| frame.count(id, &count);
    match fault {
        Fault::NoRecipient => frame.t("web-fault-no-recipient"),
        Fault::TooManyRecipients(most) => count("web-fault-many-recipients", u64::from(*most)),
        Fault::RecipientMalformed(address) => name("web-fault-recipient-malformed", address),
        Fault::RecipientTwice(address) => name("web-fault-recipient-twice", address),
        Fault::RecipientRestricted(address) => name("web-fault-recipient-restricted", address),
        Fault::NoSubject => frame.t("web-fault-no-subject"),
        Fault::SubjectTooLong(most) => count("web-fault-subject-long", u64::from(*most)),
        Fault::SubjectCharacter(c) => name("web-fault-subject-character", &c.to_string()),
        Fault::MessageTooLong => count("web-fault-message-long", u64::try_from(LONGEST_MESSAGE).unwrap_or(u64::MAX)),
        Fault::NoFile => frame.t("web-fault-no-file"),
        Fault::TooManyFiles(most) => count("web-fault-many-files", u64::from(*most)),
        Fault::FileNotWhole(file) => name("web-fault-file-part", file),
        Fault::FileName(file) => name("web-fault-file-name", file),
        Fault::FileTwice(file) => name("web-fault-file-twice", file),
        Fault::FileForbidden(file) => name("web-fault-file-forbidden", file),
        Fault::FilesTooLarge(most) => frame.with("web-fault-files-large", "size", &shown::size(*most)),
        Fault::FileInfected(file, finding) => {
            let (file, finding) = (visible(file), visible(finding));
            text(
                frame.lang,
                "web-fault-file-infected",
                &[("name", Value::from(file)), ("finding", Value::from(finding))],
            )
        }
        Fault::FileUnchecked(file) => name("web-fault-file-unchecked", file),
        Fault::NoApprover => frame.t("web-fault-no-approver"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fubako_base::{
        Timestamp,
        ids::{AccountId, UploadId},
    };
    use fubako_exchange::uploads::UploadFor;

    use super::*;

    fn upload(received: u64) -> Upload {
        Upload {
            id: UploadId::generate(),
            section: "acme".parse().unwrap(),
            wanted: UploadFor::Draft { account: AccountId::generate(), draft: "d".into() },
            name: "<b>.pdf".into(),
            media_type: "a/b".into(),
            length: Some(10),
            received,
            touched_at: Timestamp(0),
        }
    }

    // spec: X-SEND X-LANG
    #[test]
    fn the_page_has_all_its_words_in_both_languages_and_loses_nothing_that_was_typed() {
        let evil = || "<i>\"".to_owned();
        let entered = Draft { recipients: "<b>a@b.example".into(), subject: evil(), message: "</textarea><u>".into() };
        let faults = [
            Fault::NoRecipient,
            Fault::TooManyRecipients(9),
            Fault::RecipientMalformed(evil()),
            Fault::RecipientTwice(evil()),
            Fault::RecipientRestricted(evil()),
            Fault::NoSubject,
            Fault::SubjectTooLong(9),
            Fault::SubjectCharacter('<'),
            Fault::MessageTooLong,
            Fault::NoFile,
            Fault::TooManyFiles(9),
            Fault::FileNotWhole(evil()),
            Fault::FileName(evil()),
            Fault::FileTwice(evil()),
            Fault::FileForbidden(evil()),
            Fault::FilesTooLarge(9),
            Fault::FileInfected(evil(), evil()),
            Fault::FileUnchecked(evil()),
            Fault::NoApprover,
        ];
        for lang in Lang::ALL {
            for busy in [false, true] {
                let frame =
                    Frame { lang, brand: "Brand".to_owned(), unscanned: false, chosen: true, announced: Vec::new() };
                let form = NewForm {
                    form_key: "the-key",
                    draft: "the-draft",
                    entered: &entered,
                    lang: Some(Lang::En),
                    uploads: &[upload(10), upload(3)],
                    largest: 100,
                    most_files: 9,
                    access: Access::of(&Way::ALL).unwrap_or_default(),
                    faults: &faults,
                    busy,
                };
                let page = new(&frame, &form);
                assert!(!page.contains("web-") && !page.contains("{$") && !page.contains("{ $"), "{page}");
                assert_eq!((page.matches("<h1").count(), page.matches("<script").count()), (1, 1), "{page}");
                for markup in ["<b>", "<i>", "<u>"] {
                    assert!(!page.contains(markup), "{markup}: {page}");
                }
                for kept in [
                    "&#60;b&#62;a@b.example",
                    "value=\"&#60;i&#62;&#34;\"",
                    "&#60;/textarea&#62;&#60;u&#62;",
                    "value=\"the-draft\"",
                ] {
                    assert!(page.contains(kept), "{kept}: {page}");
                }
                assert_eq!(page.matches("name=\"remove\"").count(), 2);
                assert_eq!(
                    page.matches("aria-invalid=\"true\"").count(),
                    4,
                    "each field says that it is wrong: {page}"
                );
                // What is checked before files are taken stands before them in the form.
                assert!(page.find("name=\"form\"").unwrap() < page.find("name=\"file\"").unwrap());
                assert!(page.find("name=\"draft\"").unwrap() < page.find("name=\"file\"").unwrap());
            }
        }
    }
}
