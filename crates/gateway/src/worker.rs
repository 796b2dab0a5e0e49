//! Workers: each leases a mail, handles it, and keeps the lease meanwhile.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use fubako_base::{Code, ids::NodeId};
use fubako_store::mails::Mail;
use futures::FutureExt as _;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::Instant,
};
use tracing::Instrument as _;

use crate::{
    Gateway,
    problem::{Fate, Problem},
};

/// How long a lease lasts: a worker that died is followed by another this much later, and [`POLL`], at most.
pub(crate) const LEASE: Duration = Duration::from_secs(8);
/// Leases of a mail of which nothing came, one after another, before it is held: it may be what ends the process. As many as
/// a machine that is restarted again and again for other reasons will not have within one mail's time.
const MAX_LEASES: u32 = 20;
/// How often a lease is kept.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How long an idle worker waits before it looks again unasked (for due retries and for other nodes' mails).
const POLL: Duration = Duration::from_secs(2);

/// Runs `count` workers until `stop` turns true; each ends the mail it has in hand first.
pub async fn run(gateway: Gateway, count: usize, wake: Arc<Notify>, stop: watch::Receiver<bool>) {
    let node = NodeId::generate();
    let mut workers = JoinSet::new();
    for number in 0..count.max(1) {
        let worker = format!("gateway-{node}-{number}");
        workers.spawn(one(gateway.clone(), worker, wake.clone(), stop.clone()));
    }
    while workers.join_next().await.is_some() {}
}

async fn one(gateway: Gateway, worker: String, wake: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let woken = wake.notified();
        // From before the call: should it take long, the lease is the shorter for it.
        let asked = Instant::now();
        let now = (gateway.clock)();
        let found = match gateway.store.lease_mail(&worker, now, now.plus_seconds(LEASE.as_secs().cast_signed())).await
        {
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
                handle(&gateway, &mail, &worker, asked).await;
            }
            None => tokio::select! {
                () = woken => {}
                () = tokio::time::sleep(POLL) => {}
                _ = stop.changed() => {}
            },
        }
    }
}

async fn handle(gateway: &Gateway, mail: &Mail, worker: &str, leased: Instant) {
    let began = Instant::now();
    if mail.leases > MAX_LEASES {
        return held(gateway, mail, worker, "the work on the mail ended too often without a word").await;
    }
    // What the exchange, the vault and the scanner log on the way says which mail it was about.
    let span = tracing::info_span!("mail", id = %mail.accepted.id);
    let work = AssertUnwindSafe(gateway.handle(mail, worker).instrument(span)).catch_unwind();
    let handled = tokio::select! {
        handled = work => Some(handled),
        () = lease_over(gateway, mail, worker, leased) => None,
    };
    let id = mail.accepted.id;
    match handled {
        Some(Ok(Ok(()))) => tracing::info!(mail = %id, milliseconds = began.elapsed().as_millis(), "handled"),
        Some(Ok(Err(problem))) if problem.fate == Fate::LetGo => tracing::info!(mail = %id, "another worker has it"),
        Some(Ok(Err(problem))) => tracing::error!(mail = %id, cause = %problem.cause, "left until its lease runs out"),
        Some(Err(_)) => held(gateway, mail, worker, "the work on the mail panicked").await,
        None => tracing::warn!(mail = %id, "the lease was lost on the way"),
    }
}

/// A mail that makes us panic, or ends the process, is a defect of ours. It is held, so that it is handled once and not for
/// ever, and the other mails go on.
async fn held(gateway: &Gateway, mail: &Mail, worker: &str, cause: &str) {
    let problem = Problem::new(Fate::Hold, Code::ExchangeError, cause);
    if let Err(problem) = gateway.end_badly(mail, worker, problem).await {
        tracing::error!(mail = %mail.accepted.id, cause = %problem.cause, "left until its lease runs out");
    }
}

/// Keeps the lease beside the work; ends when it cannot be kept. The work is then dropped where it stands: its commits would be
/// refused, and its calls are idempotent.
async fn lease_over(gateway: &Gateway, mail: &Mail, worker: &str, leased: Instant) {
    let mut over = leased + LEASE;
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        let asked = Instant::now();
        let until = (gateway.clock)().plus_seconds(LEASE.as_secs().cast_signed());
        let kept = gateway.store.extend_mail_lease(mail.accepted.id, worker, until);
        match tokio::time::timeout_at(over, kept).await {
            Ok(Ok(())) => over = asked + LEASE,
            Ok(Err(fubako_store::StoreError::LeaseLost)) | Err(_) => return,
            Ok(Err(error)) => tracing::warn!(%error, "the lease could not be kept this time"),
        }
        if Instant::now() >= over {
            return;
        }
    }
}
