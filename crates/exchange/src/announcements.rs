//! Announcements (spec X-OPERATOR): made, changed and withdrawn by operators; shown to everybody; mailed to the contacts. The rules are
//! [`crate::domain::announcement`]'s.
//!
//! The contacts are the administrators of the sections that are switched on. An announcement's mails are made by the clock while it is shown: the mail to an
//! address and the note that it has it are one transaction, so that none comes twice, whatever is tried again.

use fubako_base::{
    Timestamp,
    audit::Event,
    ids::{AnnouncementId, OutgoingId, SectionId},
    section::Section,
};
pub use fubako_store::announcements::{Announcement, Content, Words};
use fubako_store::{StoreError, announcements::Contact, audit::Entry, outbox::OutgoingKind};

use crate::{
    Exchange,
    audit::By,
    deposit::DepositError,
    domain::announcement::{AnnouncementFault, Entered, KEPT_DAYS, Standing, check_announcement, standing},
    notice::{Posting, announcement::AnnouncementMail},
};

/// Those that a list has at most.
const MOST: u32 = 100;
/// Mails that are made at a time.
const BATCH: u32 = 100;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum AnnouncementError {
    /// What was entered is not as it must be.
    #[error("this cannot be announced: {0:?}")]
    Faults(Vec<AnnouncementFault>),
    /// There is none with this id, or it is over.
    #[error("there is no such announcement, or it is over")]
    NotFound,
    /// Somebody else changed or withdrew it since the page was opened.
    #[error("the announcement was changed meanwhile")]
    Changed,
    /// May pass; the private cause.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

impl Exchange {
    /// What is shown at this time, what began last first.
    ///
    /// # Errors
    /// The private cause.
    pub async fn announcements_shown(&self, now: Timestamp) -> Result<Vec<Announcement>, StoreError> {
        self.parts.store.announcements_shown(now).await
    }

    /// Those that are kept, what begins last first.
    ///
    /// # Errors
    /// [`AnnouncementError::Unavailable`].
    pub async fn announcements(&self, now: Timestamp) -> Result<Vec<Announcement>, AnnouncementError> {
        Ok(self.parts.store.announcements(now.plus_seconds(-KEPT_DAYS * 86_400), MOST).await?)
    }

    /// One that is not over.
    ///
    /// # Errors
    /// [`AnnouncementError::NotFound`], [`AnnouncementError::Unavailable`].
    pub async fn announcement(&self, id: AnnouncementId, now: Timestamp) -> Result<Announcement, AnnouncementError> {
        let found = self.parts.store.announcement(id).await?;
        found.filter(|found| standing(&found.content, now) != Standing::Over).ok_or(AnnouncementError::NotFound)
    }

    /// Makes an announcement, for an operator.
    ///
    /// # Errors
    /// [`AnnouncementError::Faults`], [`AnnouncementError::Unavailable`].
    pub async fn announce(&self, entered: &Entered, operator: &By, now: Timestamp) -> Result<(), AnnouncementError> {
        let content = check_announcement(entered, None, now).map_err(AnnouncementError::Faults)?;
        let id = AnnouncementId::generate();
        let entry = did(operator, Event::AnnouncementMade, id, &content, now);
        self.parts.store.add_announcement(id, &content, operator.actor.name(), &entry, now).await?;
        tracing::info!(announcement = %id, operator = operator.actor.name(), starts = %content.starts_at.jiff(),
            ends = %content.ends_at.jiff(), mailed = content.mailed, "an announcement was made");
        Ok(())
    }

    /// Changes one that is not over, as somebody entered it who saw this version of it.
    ///
    /// # Errors
    /// [`AnnouncementError`].
    pub async fn change_announcement(
        &self,
        id: AnnouncementId,
        seen: u32,
        entered: &Entered,
        operator: &By,
        now: Timestamp,
    ) -> Result<(), AnnouncementError> {
        let before = self.announcement(id, now).await?;
        if before.version != seen {
            return Err(AnnouncementError::Changed);
        }
        let content = check_announcement(entered, Some(&before), now).map_err(AnnouncementError::Faults)?;
        let entry = did(operator, Event::AnnouncementChanged, id, &content, now);
        if !self.parts.store.change_announcement(id, seen, &content, &entry, now).await? {
            return Err(AnnouncementError::Changed);
        }
        tracing::info!(announcement = %id, operator = operator.actor.name(), "an announcement was changed");
        Ok(())
    }

    /// Withdraws one that is not over, for somebody who saw this version of it.
    ///
    /// # Errors
    /// [`AnnouncementError`].
    pub async fn withdraw_announcement(
        &self,
        id: AnnouncementId,
        seen: u32,
        operator: &By,
        now: Timestamp,
    ) -> Result<(), AnnouncementError> {
        let before = self.announcement(id, now).await?;
        let entry = did(operator, Event::AnnouncementWithdrawn, id, &before.content, now);
        if before.version != seen || !self.parts.store.withdraw_announcement(id, seen, &entry, now).await? {
            return Err(AnnouncementError::Changed);
        }
        tracing::info!(announcement = %id, operator = operator.actor.name(), "an announcement was withdrawn");
        Ok(())
    }

    /// Mails what is shown and to be mailed to the contacts who do not have it, and forgets what has long been over. Gives how many mails were made. A contact
    /// whose mail cannot be made stands in nobody's way, and is tried again the next time.
    ///
    /// # Errors
    /// The private cause.
    pub async fn mail_announcements(&self, now: Timestamp) -> Result<u32, StoreError> {
        self.parts.store.forget_announcements(now.plus_seconds(-KEPT_DAYS * 86_400)).await?;
        let mut made = 0u32;
        let shown = self.parts.store.announcements_shown(now).await?;
        for announcement in shown.iter().filter(|announcement| announcement.content.mailed) {
            let mut after = String::new();
            loop {
                let contacts = self.parts.store.contacts_untold(announcement.id, &after, BATCH).await?;
                made = made.saturating_add(self.mail_to_all(announcement, &contacts, now).await?);
                match contacts.last() {
                    Some(last) if contacts.len() == BATCH as usize => after.clone_from(&last.compared),
                    _ => break,
                }
            }
        }
        if made > 0 {
            (self.parts.wake_post)();
            tracing::info!(mails = made, "announcements were mailed");
        }
        Ok(made)
    }

    async fn mail_to_all(
        &self,
        announcement: &Announcement,
        contacts: &[Contact],
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let mut made = 0u32;
        for contact in contacts {
            let Some(section) = self.parts.store.section(&contact.section).await? else { continue };
            match self.mail_to(announcement, &section, contact, now).await {
                Ok(true) => made = made.saturating_add(1),
                Ok(false) => {}
                Err(error) => tracing::warn!(announcement = %announcement.id, section = %section.id, %error,
                    "an announcement could not be mailed to a contact"),
            }
        }
        Ok(made)
    }

    async fn mail_to(
        &self,
        announcement: &Announcement,
        section: &Section,
        contact: &Contact,
        now: Timestamp,
    ) -> Result<bool, DepositError> {
        let id = OutgoingId::generate();
        let mail = AnnouncementMail {
            brand: &self.parts.brand,
            from: &self.parts.notice_from,
            hostname: &self.parts.hostname,
            section,
            to: &contact.address,
            content: &announcement.content,
            at: now,
        };
        let posting = Posting {
            id,
            section: &section.id,
            kind: OutgoingKind::Notice,
            envelope_from: &self.parts.notice_from,
            told_to: None,
            due: now,
        };
        let mail = self.signed_and_sealed(&mail.mail(id), posting).await?;
        Ok(self.parts.store.mail_announcement(announcement.id, announcement.version, contact, &mail, now).await?)
    }
}

fn did(by: &By, event: Event, id: AnnouncementId, content: &Content, now: Timestamp) -> Entry {
    by.did(&SectionId::installation(), event, id, now)
        .with("subject", &content.ja.subject)
        .with("starts", content.starts_at.jiff())
        .with("ends", content.ends_at.jiff())
        .with("mailed", content.mailed)
}
