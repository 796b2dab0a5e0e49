//! Maintenance windows: making and ending them, and whether one is open (spec X-OPERATOR). The rules are [`crate::domain::maintenance`]'s.

use fubako_base::{Timestamp, ids::MaintenanceId};
use fubako_store::{StoreError, maintenance::MaintenanceWindow};

use crate::{
    Exchange,
    domain::maintenance::{WindowFault, check_window, closed_until},
};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// The window cannot be made.
    #[error("this window cannot be made: {0:?}")]
    Fault(WindowFault),
    /// May pass; the private cause.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

impl Exchange {
    /// Until when the exchange is closed, where it is.
    ///
    /// # Errors
    /// The private cause.
    pub async fn closed_until(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        Ok(closed_until(&self.parts.store.maintenance_windows(now).await?, now))
    }

    /// The windows that are not over, the first to begin first.
    ///
    /// # Errors
    /// [`MaintenanceError::Unavailable`].
    pub async fn maintenance_windows(&self, now: Timestamp) -> Result<Vec<MaintenanceWindow>, MaintenanceError> {
        Ok(self.parts.store.maintenance_windows(now).await?)
    }

    /// Makes a window, for the operator with this login id.
    ///
    /// # Errors
    /// [`MaintenanceError`].
    pub async fn add_maintenance(
        &self,
        starts_at: Timestamp,
        ends_at: Timestamp,
        operator: &str,
        now: Timestamp,
    ) -> Result<(), MaintenanceError> {
        let (starts_at, ends_at) = check_window(starts_at, ends_at, now).map_err(MaintenanceError::Fault)?;
        let made_by = operator.to_owned();
        let window = MaintenanceWindow { id: MaintenanceId::generate(), starts_at, ends_at, made_by };
        self.parts.store.add_maintenance(&window, now).await?;
        let (starts, ends) = (starts_at.jiff(), ends_at.jiff());
        tracing::info!(window = %window.id, operator, %starts, %ends, "a maintenance window was made");
        Ok(())
    }

    /// Ends a window now, or takes it back where it has not begun. One that is over, or never was, is ended already.
    ///
    /// # Errors
    /// [`MaintenanceError::Unavailable`].
    pub async fn end_maintenance(
        &self,
        id: MaintenanceId,
        operator: &str,
        now: Timestamp,
    ) -> Result<(), MaintenanceError> {
        if self.parts.store.end_maintenance(id, now).await? {
            tracing::info!(window = %id, operator, "a maintenance window was ended");
        }
        Ok(())
    }
}
