//! Workers: each leases a mail, handles it, and keeps the lease meanwhile.

use std::{future::Future, sync::Arc, time::Duration};

use fubako_store::mails::Mail;
use tokio::sync::{Notify, watch};

use crate::{Gateway, problem::Fate};

/// Seconds that a lease lasts: a worker that died is followed by another this much later at most.
const LEASE: i64 = 9;
/// How often a lease is kept.
const HEARTBEAT: Duration = Duration::from_secs(3);
/// How long an idle worker waits before it looks again unasked (for due retries and for other nodes' mails).
const POLL: Duration = Duration::from_secs(2);

/// Runs `count` workers until `stop` turns true; each ends the mail it has in hand first.
pub async fn run(gateway: Gateway, count: usize, wake: Arc<Notify>, stop: watch::Receiver<bool>) {
    let node = fubako_base::ids::MailId::generate();
    let workers = (0..count.max(1)).map(|number| {
        let worker = format!("gateway-{node}-{number}");
        one(gateway.clone(), worker, wake.clone(), stop.clone())
    });
    futures::future::join_all(workers).await;
}

async fn one(gateway: Gateway, worker: String, wake: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let woken = wake.notified();
        let now = (gateway.clock)();
        let found = match gateway.store.lease_mail(&worker, now, now.plus_seconds(LEASE)).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "the database does not give the next mail");
                None
            }
        };
        match found {
            Some(mail) => {
                // Where there was one there may be more: the next worker looks too.
                wake.notify_one();
                handle(&gateway, &mail, &worker).await;
            }
            None => tokio::select! {
                () = woken => {}
                () = tokio::time::sleep(POLL) => {}
                _ = stop.changed() => {}
            },
        }
    }
}

async fn handle(gateway: &Gateway, mail: &Mail, worker: &str) {
    let began = std::time::Instant::now();
    let handled = with_heartbeat(gateway, mail, worker, gateway.handle(mail, worker)).await;
    let id = mail.accepted.id;
    match handled {
        Some(Ok(())) => tracing::info!(mail = %id, milliseconds = began.elapsed().as_millis(), "handled"),
        Some(Err(problem)) if problem.fate == Fate::LetGo => tracing::info!(mail = %id, "another worker has it"),
        Some(Err(problem)) => tracing::error!(mail = %id, cause = %problem.cause, "left until its lease runs out"),
        None => tracing::warn!(mail = %id, "the lease was lost on the way"),
    }
}

/// Runs `work` and keeps the lease; when the lease is lost, `work` is dropped where it stands and nothing comes back.
async fn with_heartbeat<T>(gateway: &Gateway, mail: &Mail, worker: &str, work: impl Future<Output = T>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return Some(done),
            () = tokio::time::sleep(HEARTBEAT) => {
                let until = (gateway.clock)().plus_seconds(LEASE);
                match gateway.store.extend_mail_lease(mail.accepted.id, worker, until).await {
                    Err(fubako_store::StoreError::LeaseLost) => return None,
                    Err(error) => tracing::warn!(%error, "the lease could not be kept this time"),
                    Ok(()) => {}
                }
            }
        }
    }
}
