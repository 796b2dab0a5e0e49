//! Maintenance windows: making and ending them, and whether one is open (spec X-OPERATOR). The rules are [`crate::domain::maintenance`]'s.

use fubako_base::{
    Timestamp,
    audit::Event,
    ids::{MaintenanceId, SectionId},
};
use fubako_store::{StoreError, maintenance::MaintenanceWindow};

use crate::{
    Exchange,
    audit::By,
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

    /// Makes a window, for an operator.
    ///
    /// # Errors
    /// [`MaintenanceError`].
    pub async fn add_maintenance(
        &self,
        starts_at: Timestamp,
        ends_at: Timestamp,
        operator: &By,
        now: Timestamp,
    ) -> Result<(), MaintenanceError> {
        let (starts_at, ends_at) = check_window(starts_at, ends_at, now).map_err(MaintenanceError::Fault)?;
        let made_by = operator.actor.name().to_owned();
        let window = MaintenanceWindow { id: MaintenanceId::generate(), starts_at, ends_at, made_by };
        let (starts, ends) = (starts_at.jiff(), ends_at.jiff());
        let entry = operator.did(&SectionId::installation(), Event::MaintenanceMade, window.id, now);
        self.parts.store.add_maintenance(&window, &entry.with("starts", starts).with("ends", ends), now).await?;
        tracing::info!(window = %window.id, operator = window.made_by, %starts, %ends, "a maintenance window was made");
        Ok(())
    }

    /// Ends a window now, or takes it back where it has not begun. One that is over, or never was, is ended already.
    ///
    /// # Errors
    /// [`MaintenanceError::Unavailable`].
    pub async fn end_maintenance(
        &self,
        id: MaintenanceId,
        operator: &By,
        now: Timestamp,
    ) -> Result<(), MaintenanceError> {
        let entry = operator.did(&SectionId::installation(), Event::MaintenanceEnded, id, now);
        if self.parts.store.end_maintenance(id, &entry, now).await? {
            tracing::info!(window = %id, operator = operator.actor.name(), "a maintenance window was ended");
        }
        Ok(())
    }
}
