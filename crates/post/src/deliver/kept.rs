//! Connections that are kept a moment for the next mail to the same host: a greeting and a TLS handshake cost more than a small
//! mail, on both sides.
//!
//! One comes back only once what came of its last transaction is committed: a receiver that hears another command on it, be it
//! QUIT, can tell from that alone that its reply was heard and is kept (spec MAIL-RELAY).

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fubako_smtp::client::Connection;
use futures::future::join_all;
use tokio::time::{Instant, sleep, timeout};

use crate::tls::Demand;

/// How long one may lie idle: no longer than other mail servers keep theirs, since it takes a place at the receiver's.
const MAX_IDLE: Duration = Duration::from_secs(2);
/// How old one may grow: a certificate that was taken back, or a host that left the DNS, is not spoken to for ever.
const MAX_AGE: Duration = Duration::from_secs(300);
/// Transactions on one: some servers end the conversation after a hundred.
const MAX_TRANSACTIONS: u32 = 100;
/// How many may lie idle at once.
const MAX_KEPT: usize = 64;
/// How long goodbyes may take when all are closed.
const LAST_GOODBYE: Duration = Duration::from_secs(1);

/// To whom a connection goes, and what was asked of it: only where all of that is wanted again may it be used again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) host: String,
    pub(super) demand: Demand,
    /// The recipients' domain, where its name may stand in the certificate (DANE's trust anchors).
    pub(super) domain: Option<String>,
}

/// A connection with its past.
pub(super) struct Line {
    /// Boxed: it is moved a good deal.
    pub(super) connection: Box<Connection>,
    peer: Peer,
    opened: Instant,
    transactions: u32,
}

impl Line {
    pub(super) fn new(connection: Connection, peer: Peer) -> Self {
        Self { connection: Box::new(connection), peer, opened: Instant::now(), transactions: 0 }
    }

    /// One more transaction is begun on it.
    pub(super) fn count(&mut self) {
        self.transactions = self.transactions.saturating_add(1);
    }

    fn is_worth_keeping(&self) -> bool {
        self.connection.is_usable() && self.transactions < MAX_TRANSACTIONS && self.opened.elapsed() < MAX_AGE
    }

    /// Says goodbye, while nobody waits for that.
    pub(super) fn leave(self) {
        tokio::spawn(self.connection.quit());
    }
}

/// The connections that are kept; cheap to clone, and the clones share them.
#[derive(Clone, Default)]
pub struct KeptConnections(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// The newest last.
    idle: Vec<(Line, Instant)>,
    /// Whether a task looks after those that have lain too long.
    is_watched: bool,
}

impl KeptConnections {
    /// One to this peer on which nobody has spoken since; the one last used, so that the others may go.
    pub(super) fn take(&self, peer: &Peer) -> Option<Line> {
        loop {
            let mut line = {
                let mut kept = self.lock();
                let at = kept.idle.iter().rposition(|(line, _)| line.peer == *peer)?;
                kept.idle.remove(at).0
            };
            // A server that spoke unasked says that it goes.
            if line.is_worth_keeping() && line.connection.is_quiet() {
                return Some(line);
            }
            line.leave();
        }
    }

    /// Keeps one whose last transaction's outcome is committed.
    pub(super) fn give_back(&self, line: Line) {
        let mut kept = self.lock();
        if !line.is_worth_keeping() || kept.idle.len() >= MAX_KEPT {
            drop(kept);
            return line.leave();
        }
        kept.idle.push((line, Instant::now()));
        if !std::mem::replace(&mut kept.is_watched, true) {
            tokio::spawn(self.clone().watch());
        }
    }

    /// Says goodbye to all, and gives them a second for it.
    pub async fn close(&self) {
        let idle = std::mem::take(&mut self.lock().idle);
        let goodbyes = join_all(idle.into_iter().map(|(line, _)| line.connection.quit()));
        // Whoever does not answer in that time finds the connection closed.
        let _ = timeout(LAST_GOODBYE, goodbyes).await;
    }

    /// Says goodbye to those that have lain too long, until there are none.
    async fn watch(self) {
        loop {
            sleep(MAX_IDLE / 2).await;
            let mut kept = self.lock();
            let fresh = kept.idle.iter().position(|(_, since)| since.elapsed() < MAX_IDLE);
            let old = fresh.unwrap_or(kept.idle.len());
            kept.idle.drain(..old).for_each(|(line, _)| line.leave());
            if kept.idle.is_empty() {
                kept.is_watched = false;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Each change is whole by itself: a task that panicked leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
