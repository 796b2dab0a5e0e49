//! Keeps a round's lease while it is worked on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use fubako_base::ids::OutgoingId;
use fubako_store::StoreError;
use tokio::{task::JoinHandle, time::Instant};

use super::Courier;

/// Renewed in the background until it is dropped.
pub(super) struct Lease {
    lost: Arc<AtomicBool>,
    keeper: JoinHandle<()>,
}

impl Lease {
    pub(super) fn keep(courier: &Courier, worker: &str, id: OutgoingId) -> Self {
        let lost = Arc::new(AtomicBool::new(false));
        let keeper = tokio::spawn(renew(courier.clone(), worker.to_owned(), id, Arc::clone(&lost)));
        Self { lost, keeper }
    }

    /// Whether the lease is, or may be, another's by now. Then nothing more may be sent.
    pub(super) fn lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// The flag itself, for a stream that outlives a borrow.
    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.lost)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

async fn renew(courier: Courier, worker: String, id: OutgoingId, lost: Arc<AtomicBool>) {
    let seconds = i64::try_from(courier.lease.as_secs()).unwrap_or(i64::MAX).max(1);
    let mut holds_until = Instant::now() + courier.lease;
    loop {
        tokio::time::sleep(courier.lease / 3).await;
        let asked = Instant::now();
        match courier.store.extend_round(id, &worker, (courier.clock)().plus_seconds(seconds)).await {
            Ok(()) => holds_until = asked + courier.lease,
            Err(StoreError::LeaseLost) => break,
            Err(error) => {
                tracing::warn!(outgoing = %id, %error, "a lease cannot be renewed");
                if Instant::now() >= holds_until {
                    break;
                }
            }
        }
    }
    lost.store(true, Ordering::Release);
}
