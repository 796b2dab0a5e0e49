//! Announcements, and whom they were mailed to (spec X-OPERATOR).

use fubako_base::{
    Timestamp,
    ids::{AnnouncementId, SectionId},
};

use crate::{
    Store, StoreError,
    audit::Entry,
    outbox::NewOutgoing,
    rounds::insert_outgoing,
    tx::{Row, args},
};

/// What is announced, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// One line.
    pub subject: String,
    /// Plain text, its lines divided by LF.
    pub text: String,
}

/// What is announced, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// In Japanese.
    pub ja: Words,
    /// In English.
    pub en: Words,
    /// When it begins to be shown.
    pub starts_at: Timestamp,
    /// The first moment at which it is not shown any more.
    pub ends_at: Timestamp,
    /// Whether it is mailed to the contacts while it is shown.
    pub mailed: bool,
}

/// An announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Its id.
    pub id: AnnouncementId,
    /// 1, and one more with each change.
    pub version: u32,
    /// What it says.
    pub content: Content,
    /// The login id of the operator who made it.
    pub made_by: String,
    /// To how many addresses it was mailed.
    pub mails: u64,
}

/// Somebody whom an announcement is to be mailed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Whose.
    pub section: SectionId,
    /// Their mail address.
    pub address: String,
    /// The same in lower case: by it two are told apart.
    pub compared: String,
}

macro_rules! announcements {
    ($rest:literal) => {
        concat!(
            "SELECT id, version, ja_subject, ja_text, en_subject, en_text, starts_at, ends_at, mailed, made_by,
                (SELECT COUNT(*) FROM announcement_mails m WHERE m.announcement = announcements.id) AS mails
            FROM announcements ",
            $rest
        )
    };
}

impl Store {
    /// What is shown at this time, what began last first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn announcements_shown(&self, now: Timestamp) -> Result<Vec<Announcement>, StoreError> {
        const SQL: &str = announcements!("WHERE starts_at <= $1 AND ends_at > $1 ORDER BY starts_at DESC, id DESC");
        self.pool
            .read(now, |tx, now| {
                Box::pin(async move { tx.all("announcements", SQL, args![*now]).await?.iter().map(read).collect() })
            })
            .await
    }

    /// Those that end after `since`, what begins last first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn announcements(&self, since: Timestamp, limit: u32) -> Result<Vec<Announcement>, StoreError> {
        const SQL: &str = announcements!("WHERE ends_at > $1 ORDER BY starts_at DESC, id DESC LIMIT $2");
        self.pool
            .read((since, limit), |tx, (since, limit)| {
                Box::pin(async move {
                    tx.all("announcements", SQL, args![*since, *limit]).await?.iter().map(read).collect()
                })
            })
            .await
    }

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn announcement(&self, id: AnnouncementId) -> Result<Option<Announcement>, StoreError> {
        const SQL: &str = announcements!("WHERE id = $1");
        self.pool
            .read(id, |tx, id| {
                Box::pin(async move { tx.one("announcements", SQL, args![*id]).await?.as_ref().map(read).transpose() })
            })
            .await
    }

    /// Keeps a new one, as its first version.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_announcement(
        &self,
        id: AnnouncementId,
        content: &Content,
        made_by: &str,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((id, content.clone(), made_by.to_owned(), record, now), |tx, (id, content, made_by, record, now)| {
                Box::pin(async move {
                    let Content { ja, en, starts_at, ends_at, mailed } = content;
                    let sql =
                        "INSERT INTO announcements (id, version, ja_subject, ja_text, en_subject, en_text, starts_at,
                            ends_at, mailed, made_by, made_at)
                        VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
                    let [a, b, c, d] = [&ja.subject, &ja.text, &en.subject, &en.text];
                    let values = args![*id, a, b, c, d, *starts_at, *ends_at, *mailed, &*made_by, *now];
                    tx.run(sql, values).await?;
                    record.write(tx).await
                })
            })
            .await
    }

    /// Changes one that is not over and is still at this version. False where it is not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn change_announcement(
        &self,
        id: AnnouncementId,
        version: u32,
        content: &Content,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((id, version, content.clone(), record, now), |tx, (id, version, content, record, now)| {
                Box::pin(async move {
                    let Content { ja, en, starts_at, ends_at, mailed } = content;
                    let sql = "UPDATE announcements SET version = version + 1, ja_subject = $4, ja_text = $5,
                            en_subject = $6, en_text = $7, starts_at = $8, ends_at = $9, mailed = $10
                        WHERE id = $1 AND version = $2 AND ends_at > $3";
                    let [a, b, c, d] = [&ja.subject, &ja.text, &en.subject, &en.text];
                    let values = args![*id, *version, *now, a, b, c, d, *starts_at, *ends_at, *mailed];
                    let changed = tx.run(sql, values).await?;
                    record.write_if(changed > 0, tx).await
                })
            })
            .await
    }

    /// Withdraws one that is not over and is still at this version: it ends now, and one that has not begun never was. False where it is not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn withdraw_announcement(
        &self,
        id: AnnouncementId,
        version: u32,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((id, version, record, now), |tx, (id, version, record, now)| {
                Box::pin(async move {
                    let sql = "DELETE FROM announcements WHERE id = $1 AND version = $2 AND starts_at > $3";
                    let taken_back = tx.run(sql, args![*id, *version, *now]).await?;
                    let sql = "UPDATE announcements SET version = version + 1, ends_at = $3
                        WHERE id = $1 AND version = $2 AND starts_at <= $3 AND ends_at > $3";
                    let ended = tx.run(sql, args![*id, *version, *now]).await?;
                    record.write_if(taken_back + ended > 0, tx).await
                })
            })
            .await
    }

    /// Those whom an announcement was not mailed to yet: the administrators of sections that are switched on, by their address as it is compared, behind
    /// `after`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn contacts_untold(
        &self,
        id: AnnouncementId,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Contact>, StoreError> {
        self.pool
            .read((id, after.to_owned(), limit), |tx, (id, after, limit)| {
                Box::pin(async move {
                    let sql = "SELECT u.section, u.address, u.address_folded FROM users u
                        JOIN sections s ON s.id = u.section
                        WHERE u.administrator AND s.enabled AND u.address_folded > $2 AND NOT EXISTS (
                            SELECT 1 FROM announcement_mails m WHERE m.announcement = $1 AND m.address = u.address_folded)
                        ORDER BY u.address_folded, u.section LIMIT $3";
                    tx.all("users", sql, args![*id, &*after, *limit]).await?.iter().map(read_contact).collect()
                })
            })
            .await
    }

    /// Queues an announcement's mail to a contact, once. False where that address has it, or the announcement is not to be mailed (any more), or is
    /// another version than the mail's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn mail_announcement(
        &self,
        id: AnnouncementId,
        version: u32,
        contact: &Contact,
        mail: &NewOutgoing,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.pool
            .write((id, version, contact.clone(), mail.clone(), now), |tx, (id, version, contact, mail, now)| {
                Box::pin(async move {
                    // Whoever changes or withdraws it comes before or after.
                    let sql = "SELECT id FROM announcements
                        WHERE id = $1 AND version = $2 AND mailed AND starts_at <= $3 AND ends_at > $3 FOR UPDATE";
                    if tx.one("announcements", sql, args![*id, *version, *now]).await?.is_none() {
                        return Ok(false);
                    }
                    let sql = "INSERT INTO announcement_mails (announcement, address, section, outgoing, queued_at)
                        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
                    let values = args![*id, &contact.compared, &contact.section, mail.id, *now];
                    if tx.run(sql, values).await? == 0 {
                        return Ok(false);
                    }
                    insert_outgoing(tx, mail, *now).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// Forgets what was over before `before`, and whom it was mailed to. Gives how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_announcements(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.pool
            .write(before, |tx, before| {
                Box::pin(async move { tx.run("DELETE FROM announcements WHERE ends_at <= $1", args![*before]).await })
            })
            .await
    }
}

fn read(row: &Row) -> Result<Announcement, StoreError> {
    let words =
        |subject, text| -> Result<Words, StoreError> { Ok(Words { subject: row.get(subject)?, text: row.get(text)? }) };
    Ok(Announcement {
        id: row.parse("id")?,
        version: row.int("version")?,
        content: Content {
            ja: words("ja_subject", "ja_text")?,
            en: words("en_subject", "en_text")?,
            starts_at: row.time("starts_at")?,
            ends_at: row.time("ends_at")?,
            mailed: row.get("mailed")?,
        },
        made_by: row.get("made_by")?,
        mails: row.int("mails")?,
    })
}

fn read_contact(row: &Row) -> Result<Contact, StoreError> {
    Ok(Contact { section: row.parse("section")?, address: row.get("address")?, compared: row.get("address_folded")? })
}
