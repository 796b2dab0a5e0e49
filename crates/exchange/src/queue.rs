//! The mails in hand, as operators work on them (spec X-OPERATOR): on screen, and by `fubako queue`. The rules are [`crate::domain::queue`]'s.

use fubako_base::{Timestamp, audit::Event, ids::SectionId};
pub use fubako_store::queue::{QueuePage, QueueRow, QueueSearch, Stopped};
use fubako_store::{
    StoreError,
    audit::{Entry, Line, Search},
};

use crate::{Exchange, audit::By};

/// Lines of the audit log that a history has at most.
const MOST_LINES: u32 = 50;

/// What became of a mail or a delivery so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// A mail's deliveries, and those of the deposit notices and notices that it caused; of a delivery those beside it.
    pub deliveries: Vec<QueueRow>,
    /// What was done to it by hand, the newest first.
    pub lines: Vec<Line>,
}

impl Exchange {
    /// What is in hand, the oldest first: as many rows as `limit`.
    ///
    /// # Errors
    /// The private cause.
    pub async fn queue(&self, search: &QueueSearch, limit: u32) -> Result<QueuePage, StoreError> {
        self.parts.store.queue_page(search, limit).await
    }

    /// One mail or delivery, in hand or settled.
    ///
    /// # Errors
    /// The private cause.
    pub async fn queue_row(&self, id: &str) -> Result<Option<QueueRow>, StoreError> {
        self.parts.store.queue_row(id).await
    }

    /// The sections that there are.
    ///
    /// # Errors
    /// The private cause.
    pub async fn section_ids(&self) -> Result<Vec<SectionId>, StoreError> {
        Ok(self.parts.store.sections().await?.into_iter().map(|section| section.id).collect())
    }

    /// What became of it so far.
    ///
    /// # Errors
    /// The private cause.
    pub async fn queue_history(&self, row: &QueueRow) -> Result<History, StoreError> {
        let deliveries = match &row.mail {
            Some(mail) => self.parts.store.queue_deliveries(*mail).await?,
            None => Vec::new(),
        };
        // Nothing was done to it before it was there.
        let search = Search { from: Some(row.since), text: Some(row.id.clone()), ..Search::default() };
        let mut lines = self.parts.store.audit_lines(&row.section, &search, None, MOST_LINES).await?;
        lines.retain(|line| line.object == row.id);
        Ok(History { deliveries, lines })
    }

    /// Tries a waiting one now. False where there is none with this id that waits, or it is being worked on, or its sender has sent it again meanwhile.
    ///
    /// # Errors
    /// The private cause.
    pub async fn queue_retry(&self, id: &str, by: &By, now: Timestamp) -> Result<bool, StoreError> {
        let Some(entry) = self.done_to(id, Event::MailRetried, by, now).await? else { return Ok(false) };
        let done = self.parts.store.queue_retry(id, &entry, now).await?;
        if done {
            (self.parts.wake_post)();
            tracing::info!(id, section = %entry.section, by = by.actor.name(), "is tried now, as somebody wanted");
        }
        Ok(done)
    }

    /// Stops a waiting one: it is not delivered. What this exchange has of a stopped mail's deposit is taken back.
    ///
    /// # Errors
    /// The private cause.
    pub async fn queue_stop(&self, id: &str, by: &By, now: Timestamp) -> Result<Stopped, StoreError> {
        let Some(entry) = self.done_to(id, Event::MailStopped, by, now).await? else { return Ok(Stopped::No) };
        let stopped = self.parts.store.queue_stop(id, &entry, now).await?;
        if matches!(stopped, Stopped::Mail(..) | Stopped::Delivery) {
            tracing::info!(id, section = %entry.section, by = by.actor.name(), "was stopped, as somebody wanted");
        }
        if let Stopped::Mail(section, mail) = &stopped
            && let Err(error) = self.abort_by_key(section, &mail.to_string()).await
        {
            // The files are nobody's, and go when abandoned deposits go.
            tracing::warn!(%mail, %error, "what there is of its deposit could not be taken back");
        }
        Ok(stopped)
    }

    /// That somebody did this to a mail or a delivery, for its section's audit log; none where there is no such thing.
    async fn done_to(&self, id: &str, event: Event, by: &By, now: Timestamp) -> Result<Option<Entry>, StoreError> {
        let row = self.parts.store.queue_row(id).await?;
        Ok(row.map(|row| by.did(&row.section, event, &row.id, now)))
    }
}
