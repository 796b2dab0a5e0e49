//! Keeps a round's lease while it is worked on, and knows until when it surely holds.

use std::time::Duration;

use fubako_base::{Timestamp, ids::OutgoingId};
use fubako_store::StoreError;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout_at},
};

use super::Courier;

/// The end of a lease as this process sees it: counted from before the database was asked, so that it never lies after
/// the end that the others see.
#[derive(Clone)]
pub(super) struct Deadline {
    until: watch::Receiver<Instant>,
    /// Clocks differ a little, and the last octets take a moment on their way.
    margin: Duration,
}

impl Deadline {
    /// Whether the lease is, or may soon be, another's. Then nothing more may be sent.
    pub(super) fn is_over(&self) -> bool {
        Instant::now() + self.margin >= *self.until.borrow()
    }
}

/// Renewed in the background until it is dropped.
pub(super) struct Lease {
    deadline: Deadline,
    keeper: JoinHandle<()>,
}

impl Lease {
    /// Keeps a lease that holds until `until`.
    pub(super) fn keep(courier: &Courier, worker: &str, id: OutgoingId, until: Instant) -> Self {
        let (moved, seen) = watch::channel(until);
        let keeper = tokio::spawn(renew(courier.clone(), worker.to_owned(), id, moved));
        Self { deadline: Deadline { until: seen, margin: courier.lease / 8 }, keeper }
    }

    /// Whether the lease is, or may soon be, another's. Then nothing more may be sent.
    pub(super) fn lost(&self) -> bool {
        self.deadline.is_over()
    }

    /// The deadline itself, for a stream that outlives a borrow.
    pub(super) fn deadline(&self) -> Deadline {
        self.deadline.clone()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// When a lease that is taken now for `length` ends, as the database is told.
pub(crate) fn end_of_lease(now: Timestamp, length: Duration) -> Timestamp {
    Timestamp(now.0.saturating_add(i64::try_from(length.as_micros()).unwrap_or(i64::MAX)))
}

/// Moves the deadline on as long as the database agrees. A call that hangs moves nothing: the deadline passes.
async fn renew(courier: Courier, worker: String, id: OutgoingId, deadline: watch::Sender<Instant>) {
    let pause = courier.lease / 3;
    loop {
        sleep(pause).await;
        let asked = Instant::now();
        let until = end_of_lease((courier.clock)(), courier.lease);
        let ends = *deadline.borrow();
        match timeout_at(ends, courier.store.extend_round(id, &worker, until)).await {
            Ok(Ok(())) => _ = deadline.send_replace(asked + courier.lease),
            Ok(Err(StoreError::LeaseLost)) => {
                deadline.send_replace(asked);
                return;
            }
            Ok(Err(error)) => tracing::warn!(outgoing = %id, %error, "a lease cannot be renewed"),
            Err(_) => {
                tracing::warn!(outgoing = %id, "a lease ran out while the database was asked to renew it");
                return;
            }
        }
    }
}
