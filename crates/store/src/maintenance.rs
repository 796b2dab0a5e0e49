//! Maintenance windows (spec X-OPERATOR).

use fubako_base::{Timestamp, ids::MaintenanceId};

use crate::{
    Store, StoreError,
    audit::Entry,
    tx::{Row, args},
};

/// A time in which the exchange is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaintenanceWindow {
    /// Its id.
    pub id: MaintenanceId,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends: the first moment at which the exchange is open again.
    pub ends_at: Timestamp,
    /// The login id of the operator who made it.
    pub made_by: String,
}

impl Store {
    /// The windows that are not over at this time, the first to begin first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn maintenance_windows(&self, now: Timestamp) -> Result<Vec<MaintenanceWindow>, StoreError> {
        self.pool
            .read(now, |tx, now| {
                Box::pin(async move {
                    let sql = "SELECT id, starts_at, ends_at, made_by FROM maintenance
                        WHERE ends_at > $1 ORDER BY starts_at, id";
                    tx.all("maintenance", sql, args![*now]).await?.iter().map(read_window).collect()
                })
            })
            .await
    }

    /// Keeps a window.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_maintenance(
        &self,
        window: &MaintenanceWindow,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((window.clone(), record, now), |tx, (window, record, now)| {
                Box::pin(async move {
                    let sql = "INSERT INTO maintenance (id, starts_at, ends_at, made_by, made_at) VALUES ($1, $2, $3, $4, $5)";
                    let values = args![window.id, window.starts_at, window.ends_at, &window.made_by, *now];
                    tx.run(sql, values).await?;
                    record.write(tx).await
                })
            })
            .await
    }

    /// Ends a window now: one that has not begun is taken back. False where there is none, or it is over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_maintenance(&self, id: MaintenanceId, entry: &Entry, now: Timestamp) -> Result<bool, StoreError> {
        let record = self.recording(std::slice::from_ref(entry))?;
        self.pool
            .write((id, record, now), |tx, (id, record, now)| {
                Box::pin(async move {
                    let sql = "DELETE FROM maintenance WHERE id = $1 AND starts_at > $2";
                    let taken_back = tx.run(sql, args![*id, *now]).await?;
                    let sql = "UPDATE maintenance SET ends_at = $2 WHERE id = $1 AND starts_at <= $2 AND ends_at > $2";
                    let ended = tx.run(sql, args![*id, *now]).await?;
                    record.write_if(taken_back + ended > 0, tx).await
                })
            })
            .await
    }
}

fn read_window(row: &Row) -> Result<MaintenanceWindow, StoreError> {
    Ok(MaintenanceWindow {
        id: row.parse("id")?,
        starts_at: row.time("starts_at")?,
        ends_at: row.time("ends_at")?,
        made_by: row.get("made_by")?,
    })
}
