//! Taking back what was not sent yet.

use fubako_base::{
    Timestamp,
    audit::Event,
    ids::{DepositId, SectionId},
};
use fubako_store::deposits::DepositState;

use super::DepositError;
use crate::{Exchange, audit::By};

impl Exchange {
    /// Takes back a deposit that was not sent: its files go. Of one that is over there is nothing to take back.
    ///
    /// # Errors
    /// [`DepositError::Conflict`] once it is sent.
    pub async fn abort(&self, id: DepositId) -> Result<(), DepositError> {
        self.abort_by(id, None).await
    }

    /// As [`Exchange::abort`], recorded as done by a program, where it is one's (spec X-AUDIT).
    pub(crate) async fn abort_by(&self, id: DepositId, program: Option<(&By, Timestamp)>) -> Result<(), DepositError> {
        let deposit = self.existing(id).await?;
        let entry = program.map(|(by, now)| by.did(&deposit.section, Event::DepositGivenUp, id, now));
        if self.parts.store.abort_deposit(id, entry.as_ref()).await? {
            return Ok(());
        }
        match self.parts.store.deposit(id).await?.map(|deposit| deposit.state) {
            None | Some(DepositState::Expired) => Ok(()),
            Some(
                DepositState::Open
                | DepositState::Waiting
                | DepositState::Sent
                | DepositState::Rejected
                | DepositState::Cancelled,
            ) => Err(DepositError::Conflict("the deposit was sent")),
        }
    }

    /// As [`Exchange::abort`], for the deposit that a section began with this key: a caller that does not know what became of
    /// its `begin`. That there is none is no error.
    ///
    /// # Errors
    /// As [`Exchange::abort`].
    pub async fn abort_by_key(&self, section: &SectionId, key: &str) -> Result<(), DepositError> {
        match self.parts.store.deposit_by_key(section, key).await? {
            Some(deposit) => self.abort(deposit.id).await,
            None => Ok(()),
        }
    }
}
