//! The notice as a section's recipients will see it, before it is so (spec X-ADMIN, MAIL-NOTICE). Pure: it is the mail room's own notice, of a mail
//! that nobody sent.

use fubako_base::{
    Lang, Timestamp,
    lang::text,
    secret::FilePassword,
    section::{ApprovalRule, NoticeLanguage, NoticePosition, Settings, Way},
    shown,
};
use fubako_mail::notice::Notice;

/// A password that looks like one and opens nothing.
const SAMPLE: &str = "Abc4-Efg7=hJk9+";

/// What recipients of one kind of mail see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The language of the mail's own words.
    pub mail: Lang,
    /// Whether mails in every language have this notice.
    pub all: bool,
    /// Where the notice stands.
    pub position: NoticePosition,
    /// The notice in a mail of plain text; lines end in CRLF.
    pub text: String,
    /// The notice in a mail of HTML.
    pub html: String,
}

/// The notice of a mail in each language; one alone where all mails have the same.
#[must_use]
pub fn previews(settings: &Settings, brand: &str, now: Timestamp) -> Vec<Preview> {
    let by_mail = settings.language == NoticeLanguage::Auto;
    let mails = Lang::ALL.into_iter().filter(|mail| by_mail || settings.language.langs(*mail).first() == Some(mail));
    mails.map(|mail| preview(settings, brand, mail, !by_mail, now)).collect()
}

fn preview(settings: &Settings, brand: &str, mail: Lang, all: bool, now: Timestamp) -> Preview {
    let langs = settings.language.langs(mail);
    let say = |id: &str| text(mail, id, &[]);
    let has_password = settings.access.allows(Way::PasswordInMail);
    let notice = Notice {
        time: langs.iter().map(|lang| shown::moment(now, &settings.time_zone, *lang).words).collect(),
        langs,
        position: settings.notice_position,
        service: brand.to_owned(),
        sender: say("policy-sample-sender"),
        notice_subject: shown::notice_subject(brand, &say("policy-sample-subject")),
        approval: settings.approval == ApprovalRule::One,
        files: vec![say("policy-sample-file"), say("policy-sample-other-file")],
        password: has_password.then(|| FilePassword::from_kept(SAMPLE.to_owned())),
        wording: settings.notice_wording.clone(),
    };
    Preview { mail, all, position: settings.notice_position, text: notice.text(), html: notice.html() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

    // spec: X-ADMIN MAIL-NOTICE X-LANG
    #[test]
    fn each_kind_of_mail_is_previewed_with_the_notice_that_it_will_have() {
        for (language, kinds) in [
            (NoticeLanguage::Auto, &[(Lang::Ja, false), (Lang::En, false)][..]),
            (NoticeLanguage::Ja, &[(Lang::Ja, true)]),
            (NoticeLanguage::En, &[(Lang::En, true)]),
            (NoticeLanguage::Both, &[(Lang::Ja, true)]),
        ] {
            let settings =
                Settings {
                    language, notice_wording: Some("お問い合わせ: <総務部>".to_owned()), ..Settings::default()
                };
            let previews = previews(&settings, "Fubako", NOW);
            assert_eq!(previews.iter().map(|one| (one.mail, one.all)).collect::<Vec<_>>(), kinds, "{language:?}");
            for one in previews {
                assert!(one.text.contains("お問い合わせ: <総務部>"), "{}", one.text);
                assert!(one.html.contains("お問い合わせ: &lt;総務部&gt;"), "{}", one.html);
                assert!(one.text.contains(SAMPLE) && one.text.contains("[Fubako]"), "{}", one.text);
                let has = |lang| one.text.contains(&text(lang, "mail-notice-title", &[]));
                let langs = language.langs(one.mail);
                assert_eq!(Lang::ALL.map(has), Lang::ALL.map(|lang| langs.contains(&lang)), "{language:?}");
            }
        }
    }
}
