//! The workers: lease a round, deliver it; tell of what failed; settle what is finished.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use fubako_base::{
    Timestamp,
    ids::{DeliveryId, OutgoingId},
};
use fubako_store::{
    Store, StoreError,
    outbox::{Delivery, DeliveryState, NewOutgoing, OutgoingKind, Round},
};
use fubako_vault::Vault;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::Instant,
};

use crate::{
    ReturnedMail,
    backoff::Schedule,
    bounce::{BounceWriter, Case, News, Problem, object_of},
    deliver::{Clock, Courier, KeptConnections, Transport, end_of_lease},
    keyring::Keyring,
};

/// Finished mails that are settled in one go.
const SETTLE_AT_ONCE: u32 = 50;
/// Pauses while the database is away.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What a post office is made of.
#[derive(Clone)]
pub struct OfficeParts {
    /// The database.
    pub store: Store,
    /// Where content lies.
    pub vault: Vault,
    /// DKIM keys.
    pub keyring: Keyring,
    /// How mails travel.
    pub transport: Transport,
    /// Gives the mail that goes back with a bounce.
    pub returned_mail: ReturnedMail,
    /// `brand.name`.
    pub brand: String,
    /// Where bounces come from (the From field; their envelope sender is empty).
    pub notice_from: String,
    /// Our host name, in Message-IDs and reports.
    pub hostname: String,
    /// The name of this process among all that share the database; no two may have the same.
    pub node: String,
    /// Rung when something was queued (also by [`Office::wake`]).
    pub bell: Arc<Notify>,
    /// The time.
    pub clock: Clock,
    /// Pauses and limits.
    pub timing: Timing,
}

/// The post office's pauses and limits.
#[derive(Debug, Clone)]
pub struct Timing {
    /// When a delivery is tried again.
    pub schedule: Schedule,
    /// After how long a sender is told that a delivery takes long; none: never.
    pub delay_notice: Option<Duration>,
    /// How long a lease holds without being renewed, at least 1 s. A node that dies is taken over after that (spec
    /// RUN-SCALE: within 10 s).
    pub lease: Duration,
    /// How often the database is asked without being woken, at most 5 s.
    pub poll: Duration,
    /// How long a transaction under way may go on after the office was told to stop.
    pub grace: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            schedule: Schedule::default(),
            delay_notice: Some(Duration::from_secs(4 * 60 * 60)),
            lease: Duration::from_secs(8),
            poll: Duration::from_secs(2),
            grace: Duration::from_secs(20),
        }
    }
}

/// The post office; cheap to clone.
#[derive(Clone)]
pub struct Office(Arc<Inner>);

struct Inner {
    courier: Courier,
    bounces: BounceWriter,
    node: String,
    delay_notice: Option<Duration>,
    poll: Duration,
    grace: Duration,
    due: Arc<Notify>,
    finished: Notify,
}

impl Office {
    /// An office that does nothing until it is run.
    #[must_use]
    pub fn new(parts: OfficeParts) -> Self {
        let courier = Courier {
            store: parts.store.clone(),
            vault: parts.vault.clone(),
            transport: parts.transport,
            kept: KeptConnections::default(),
            schedule: parts.timing.schedule,
            lease: parts.timing.lease.max(Duration::from_secs(1)),
            clock: parts.clock,
        };
        let bounces = BounceWriter {
            store: parts.store,
            vault: parts.vault,
            keyring: parts.keyring,
            returned: parts.returned_mail,
            brand: parts.brand,
            notice_from: parts.notice_from,
            hostname: parts.hostname,
        };
        Self(Arc::new(Inner {
            courier,
            bounces,
            node: parts.node,
            delay_notice: parts.timing.delay_notice,
            poll: parts.timing.poll.clamp(Duration::from_millis(10), Duration::from_secs(5)),
            grace: parts.timing.grace,
            due: parts.bell,
            finished: Notify::new(),
        }))
    }

    /// Something was queued: a worker looks at once.
    pub fn wake(&self) {
        self.0.due.notify_one();
    }

    /// Works with `workers` tasks (each carries one mail at a time) and one that settles, until `stop` is done; then ends
    /// after the transactions under way, or after the grace.
    pub async fn run(&self, workers: usize, stop: impl Future<Output = ()> + Send) {
        let (stopping, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let spawn = |tasks: &mut JoinSet<Task>, task: Task| {
            let (inner, stopped) = (Arc::clone(&self.0), stopped.clone());
            tasks.spawn(async move {
                match task {
                    Task::Settle => inner.settle_all(stopped).await,
                    Task::Work(number) => inner.work(number, stopped).await,
                }
                task
            })
        };
        let mut names = HashMap::new();
        for task in std::iter::once(Task::Settle).chain((0..workers.max(1)).map(Task::Work)) {
            names.insert(spawn(&mut tasks, task).id(), task);
        }
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(ended) = tasks.join_next_with_id() => {
                    // Tasks end by themselves only when they are told to: this one panicked. Its round's lease runs out.
                    let (id, cause) = match ended {
                        Ok((id, _)) => (id, "ended".to_owned()),
                        Err(error) => (error.id(), error.to_string()),
                    };
                    let Some(task) = names.remove(&id) else { continue };
                    tracing::error!(?task, cause, "a task of the post office ended and is started again");
                    tokio::time::sleep(FIRST_PAUSE).await;
                    names.insert(spawn(&mut tasks, task).id(), task);
                }
            }
        }
        stopping.send_replace(true);
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.0.grace, all).await.is_err() {
            tracing::warn!("transactions under way are broken off");
            tasks.shutdown().await;
        }
        self.0.courier.kept.close().await;
    }
}

#[derive(Debug, Clone, Copy)]
enum Task {
    Settle,
    Work(usize),
}

impl Inner {
    async fn work(&self, number: usize, mut stop: watch::Receiver<bool>) {
        let worker = format!("{}/{number}", self.node);
        let courier = &self.courier;
        let mut pause = FIRST_PAUSE;
        while !*stop.borrow() {
            // Before the call, in this order: however long it takes, the lease ends here no later than there.
            let holds_until = Instant::now() + courier.lease;
            let now = (courier.clock)();
            let wait = match courier.store.lease_round(&worker, now, end_of_lease(now, courier.lease)).await {
                Ok(Some(round)) => {
                    pause = FIRST_PAUSE;
                    // There may be more: the next worker looks, and so on until one finds nothing.
                    self.due.notify_one();
                    if let Err(error) = courier.deliver(&worker, &round, holds_until, &stop).await {
                        tracing::warn!(outgoing = %round.outgoing.id, %error, "a round ended early");
                    }
                    self.finished.notify_one();
                    continue;
                }
                Ok(None) => {
                    pause = FIRST_PAUSE;
                    self.poll
                }
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read");
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    pause
                }
            };
            rest(wait, &self.due, &mut stop).await;
        }
    }

    /// Tells of what failed and settles what is finished. What cannot be done now is left alone for a while, the rest goes on.
    async fn settle_all(&self, mut stop: watch::Receiver<bool>) {
        let mut later: HashMap<OutgoingId, (Instant, Duration)> = HashMap::new();
        let mut pause = FIRST_PAUSE;
        while !*stop.borrow() {
            let (mut done, mut wait) = (0, self.poll);
            match self.ended(later.len()).await {
                Ok(rounds) => {
                    pause = FIRST_PAUSE;
                    later.retain(|id, _| rounds.iter().any(|round| round.outgoing.id == *id));
                    for round in &rounds {
                        let id = round.outgoing.id;
                        let known = later.get(&id).copied();
                        if *stop.borrow() || known.is_some_and(|(until, _)| until > Instant::now()) {
                            continue;
                        }
                        match self.tell_and_settle(round).await {
                            Ok(()) => {
                                later.remove(&id);
                                done += 1;
                            }
                            Err(error) => {
                                let pause = known.map_or(FIRST_PAUSE, |(_, pause)| (pause * 2).min(LONGEST_PAUSE));
                                later.insert(id, (Instant::now() + pause, pause));
                                tracing::error!(outgoing = %id, %error, "a mail that ended cannot be told of or settled yet");
                            }
                        }
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "finished mails cannot be read");
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    wait = pause;
                }
            }
            if done == 0 {
                rest(wait, &self.finished, &mut stop).await;
            }
        }
    }

    /// Mails that are finished, and mails of which there is something to tell while recipients are still tried: that is told now. The
    /// customers' mails come first, so that of a mail and a deposit notice that failed together the mail is told of. `waiting` of
    /// them may be known and wait.
    async fn ended(&self, waiting: usize) -> Result<Vec<Round>, StoreError> {
        let limit = SETTLE_AT_ONCE.saturating_add(u32::try_from(waiting).unwrap_or(u32::MAX));
        let (store, now) = (&self.courier.store, (self.courier.clock)());
        let mut rounds = store.untold(now, limit).await?;
        rounds.extend(store.unsettled(now, limit).await?);
        if let Some(since) = self.late_since(now) {
            let late = store.late(since, now, limit).await?;
            rounds.extend(
                late.into_iter()
                    .filter(|one| rounds.iter().all(|r| r.outgoing.id != one.outgoing.id))
                    .collect::<Vec<_>>(),
            );
        }
        rounds.sort_by_key(|round| round.outgoing.kind != OutgoingKind::Relay);
        Ok(rounds)
    }

    async fn tell_and_settle(&self, round: &Round) -> Result<(), Problem> {
        let now = (self.courier.clock)();
        self.tell(round, News::Failed, now).await?;
        self.tell(round, News::Relayed, now).await?;
        if self.late_since(now).is_some() {
            self.tell(round, News::Delayed(self.courier.schedule.last_try(queued_at(round, now))), now).await?;
        }
        if round.deliveries.iter().all(|delivery| delivery.state != DeliveryState::Queued)
            && self.courier.store.settle(round.outgoing.id, (self.courier.clock)()).await?
        {
            tracing::debug!(outgoing = %round.outgoing.id, "settled");
        }
        Ok(())
    }

    /// What was queued then and waits still is late.
    fn late_since(&self, now: Timestamp) -> Option<Timestamp> {
        let patience = i64::try_from(self.delay_notice?.as_micros()).unwrap_or(i64::MAX);
        Some(Timestamp(now.0.saturating_sub(patience)))
    }

    /// Tells, in one notification, what is not told yet. What nobody wants to hear, or has heard already, is told to nobody.
    async fn tell(&self, round: &Round, news: News, now: Timestamp) -> Result<(), Problem> {
        let (store, outgoing) = (&self.courier.store, &round.outgoing);
        let untold: Vec<&Delivery> = news.untold(round, self.late_since(now).unwrap_or(now)).collect();
        if untold.is_empty() {
            return Ok(());
        }
        let heard = if news == News::Failed { store.told_by_another(outgoing.id).await? } else { Vec::new() };
        let (named, hushed): (Vec<&Delivery>, Vec<&Delivery>) = untold.into_iter().partition(|delivery| {
            news.concerns(outgoing.kind) && news.is_wanted(delivery) && !heard.contains(&delivery.queued.id)
        });
        if !hushed.is_empty() {
            self.note(outgoing.id, news, &hushed, None, now).await?;
        }
        if named.is_empty() {
            return Ok(());
        }
        let case = Case { round, news, named };
        let notification = self.bounces.notification(&case, now).await?;
        let done = self.note(outgoing.id, news, &case.named, notification.as_ref(), now).await;
        match (&done, &notification) {
            (Ok(true), Some(told)) => {
                tracing::info!(outgoing = %outgoing.id, notification = %told.id, section = %outgoing.section, ?news, "told");
                self.due.notify_one();
            }
            // Another node was faster, or it was not committed: this one's object belongs to no row. (A commit whose
            // answer was lost may own it, so after an error it stays for the sweep.)
            (Ok(false), Some(told)) => {
                if let Some(object) = object_of(told) {
                    self.courier.vault.delete(object.id).await?;
                }
            }
            _ => {}
        }
        done.map(drop).map_err(Problem::from)
    }

    async fn note(
        &self,
        id: OutgoingId,
        news: News,
        told: &[&Delivery],
        notification: Option<&NewOutgoing>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let told: Vec<DeliveryId> = told.iter().map(|delivery| delivery.queued.id).collect();
        match news {
            News::Failed | News::Relayed => self.courier.store.bounce(id, &told, notification, now).await,
            News::Delayed(_) => self.courier.store.tell_delay(id, &told, notification, now).await,
        }
    }
}

/// When the mail was queued.
fn queued_at(round: &Round, now: Timestamp) -> Timestamp {
    round.deliveries.iter().map(|delivery| delivery.queued_at).min().unwrap_or(now)
}

/// Waits until it is time, somebody wakes, or all stops.
async fn rest(wait: Duration, wake: &Notify, stop: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = wake.notified() => {}
        () = tokio::time::sleep(wait) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}
