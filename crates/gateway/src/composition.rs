//! What the outgoing mail is written of (spec MAIL-NONE, MAIL-REBUILD, MAIL-NOTICE). Pure: the same every time it is asked for,
//! so that the mail that goes back with a bounce, and the one that `inspect` shows, are the mail that went out.

use fubako_base::{Timestamp, ids::MailId, secret::FilePassword, section::Settings, shown};
use fubako_mail::{
    Outline, Plan, Step,
    compose::Rebuild,
    header::Field,
    notice::Notice,
    relay::{self, Front},
};
use fubako_trust::results;

use crate::letter::Letter;

/// A mail, and everything else that stands in the outgoing one.
pub struct Composition<'a> {
    /// What was read.
    pub outline: &'a Outline,
    /// What becomes of each part.
    pub plan: &'a Plan,
    /// The mail as a person sees it.
    pub letter: &'a Letter,
    /// The section's settings.
    pub settings: &'a Settings,
    /// `brand.name`.
    pub brand: &'a str,
    /// Our host name.
    pub hostname: &'a str,
    /// The mail's id.
    pub id: MailId,
    /// When it came.
    pub received_at: Timestamp,
    /// The trace field's value.
    pub received_field: &'a str,
    /// Our Authentication-Results field, whole; may be empty.
    pub results_field: &'a str,
}

impl Composition<'_> {
    /// The mail without files: with its octets as they were, or afresh ([`Plan::leaves_as_it_came`]).
    #[must_use]
    pub fn unchanged(&self) -> Vec<Step> {
        if !self.plan.leaves_as_it_came(self.outline) {
            return self.afresh(None);
        }
        relay::unchanged(self.outline, self.front(), &|field| self.may_pass(field))
    }

    const fn front(&self) -> Front<'_> {
        Front { results: self.results_field, received: self.received_field }
    }

    /// Not the section's secret, and no verdict that says it is ours and is not (RFC 8601, 5).
    fn may_pass(&self, field: &Field) -> bool {
        let is = |name: &str| name.trim().eq_ignore_ascii_case(field.name());
        let is_secret = self.settings.secret_header.as_deref().is_some_and(is);
        let is_forged = || is("Authentication-Results") && results::claims_to_be_ours(field.value(), self.hostname);
        !is_secret && !is_forged()
    }

    /// The mail afresh, with its notice; `password`: which has the file password, where that opens the files (spec ACCESS 1); `approval`: which says that
    /// the files must be approved first (X-APPROVAL).
    #[must_use]
    pub fn rebuilt(&self, notice_subject: &str, password: Option<&FilePassword>, approval: bool) -> Vec<Step> {
        self.afresh(Some(&self.notice(notice_subject, password, approval)))
    }

    fn afresh(&self, notice: Option<&Notice>) -> Vec<Step> {
        let with = Rebuild {
            notice,
            front: self.front(),
            fallback_message_id: &format!("{}@{}", self.id, self.hostname),
            fallback_date: &self.received_at.rfc5322(&self.settings.time_zone),
            secret_header: self.settings.secret_header.as_deref(),
        };
        fubako_mail::compose::rebuild(self.outline, self.plan, &with)
    }

    /// The deposit notice's subject, as the exchange writes it.
    #[must_use]
    pub fn notice_subject(&self) -> String {
        shown::notice_subject(self.brand, &self.letter.subject)
    }

    fn notice(&self, notice_subject: &str, password: Option<&FilePassword>, approval: bool) -> Notice {
        let Self { settings, letter, .. } = self;
        let time = |lang: &_| shown::moment(self.received_at, &settings.time_zone, *lang).words;
        Notice {
            time: letter.notice_langs.iter().map(time).collect(),
            langs: letter.notice_langs.clone(),
            position: settings.notice_position,
            service: self.brand.to_owned(),
            sender: letter.sender(),
            notice_subject: notice_subject.to_owned(),
            approval,
            files: self.plan.attachments.iter().map(|file| file.name.clone()).collect(),
            password: password.cloned(),
            wording: settings.notice_wording.clone(),
        }
    }
}
