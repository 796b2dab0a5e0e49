//! How a domain's policy is found, kept and renewed (RFC 8461, 3 and 5.1).
//!
//! A policy protects only as long as it is remembered: who can forge DNS or block HTTPS can make a domain look as if it had none. So
//! it lies in the database, where a restart does not lose it and every node sees it, and in memory before that. It costs
//! one small row a domain that has a policy, and for each destination one read of the database every ten minutes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use fubako_base::Timestamp;
use fubako_store::{Store, StoreError, sts::StsPolicyRow};

use super::{Mode, Policy, fetch::Fetch, policy_id};
use crate::{deliver::Clock, resolver::Dns};

/// Seconds for which what the database said is not asked again: another node may have a newer policy.
const FRESH: i64 = 600;
/// Seconds between two tries to get a policy that does not come.
const PAUSE: i64 = 300;
/// Seconds after which a policy is got afresh although its id is the same, so that it does not run out unseen (RFC 8461, 10.2).
const RENEW: i64 = 86_400;
/// Domains that are remembered in memory.
const MAX_KNOWN: usize = 4096;

/// The policies of recipients' domains.
pub struct Policies {
    store: Store,
    dns: Arc<dyn Dns>,
    fetch: Arc<dyn Fetch>,
    clock: Clock,
    known: Mutex<HashMap<String, Known>>,
}

/// What is known of a domain.
#[derive(Clone)]
struct Known {
    kept: Option<Kept>,
    /// When the database was asked.
    read_at: Timestamp,
    /// When the policy did not come.
    failed_at: Option<Timestamp>,
}

#[derive(Clone)]
struct Kept {
    id: String,
    policy: Arc<Policy>,
    fetched_at: Timestamp,
}

impl Kept {
    fn expires_at(&self) -> Timestamp {
        self.fetched_at.plus_seconds(i64::try_from(self.policy.max_age).unwrap_or(i64::MAX / 2_000_000))
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let half = i64::try_from(self.policy.max_age / 2).unwrap_or(RENEW);
        now >= self.fetched_at.plus_seconds(half.min(RENEW))
    }
}

impl Policies {
    /// Policies that are kept in `store`.
    #[must_use]
    pub fn new(store: Store, dns: Arc<dyn Dns>, fetch: Arc<dyn Fetch>, clock: Clock) -> Self {
        Self { store, dns, fetch, clock, known: Mutex::default() }
    }

    /// The policy that holds for a domain (an A-label name) now; none where it has none that we know of.
    ///
    /// That DNS or the policy host say nothing takes no policy away: only time does, or a newer policy.
    ///
    /// # Errors
    /// [`StoreError`]: what is not known is not the same as what is not there.
    pub async fn of(&self, domain: &str) -> Result<Option<Arc<Policy>>, StoreError> {
        let mut known = self.known(domain).await?;
        let announced = match self.dns.txt(&format!("_mta-sts.{domain}")).await {
            Ok(records) => policy_id(&records),
            Err(error) => {
                tracing::debug!(domain, %error, "no answer about an MTA-STS policy");
                None
            }
        };
        if let Some(id) = announced
            && known.wants(&id, (self.clock)())
        {
            match self.get(domain, id).await {
                Ok(kept) => {
                    known = Known { kept: Some(kept), failed_at: None, ..known };
                }
                Err(why) => {
                    tracing::warn!(domain, why, kept = known.kept.is_some(), "an MTA-STS policy cannot be had");
                    known.failed_at = Some((self.clock)());
                }
            }
            self.remember(domain, known.clone());
        }
        Ok(known.kept.map(|kept| kept.policy).filter(|policy| policy.mode != Mode::None))
    }

    /// What memory, or the database, knows.
    async fn known(&self, domain: &str) -> Result<Known, StoreError> {
        let now = (self.clock)();
        let there = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(domain).cloned();
        let mut known = match there {
            Some(known) if now < known.read_at.plus_seconds(FRESH) => known,
            other => {
                let row = self.store.sts_policy(domain, now).await?;
                let kept = row.and_then(|row| {
                    // Nothing is kept that could not be read; a later version may read more strictly.
                    let policy = Arc::new(Policy::parse(&row.policy).ok()?);
                    Some(Kept { id: row.id, policy, fetched_at: row.fetched_at })
                });
                let known = Known { kept, read_at: now, failed_at: other.and_then(|other| other.failed_at) };
                self.remember(domain, known.clone());
                known
            }
        };
        known.kept = known.kept.filter(|kept| now < kept.expires_at());
        Ok(known)
    }

    fn remember(&self, domain: &str, known: Known) {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_KNOWN && !all.contains_key(domain) {
            // All of it is in the database.
            all.clear();
        }
        all.insert(domain.to_owned(), known);
    }

    async fn get(&self, domain: &str, id: String) -> Result<Kept, String> {
        let text = self.fetch.fetch(domain).await.map_err(|failure| failure.to_string())?;
        let policy = Arc::new(Policy::parse(&text).map_err(|invalid| invalid.to_string())?);
        let kept = Kept { id, policy, fetched_at: (self.clock)() };
        let row = StsPolicyRow {
            domain: domain.to_owned(),
            id: kept.id.clone(),
            policy: text,
            fetched_at: kept.fetched_at,
            expires_at: kept.expires_at(),
        };
        if let Err(error) = self.store.keep_sts_policy(&row).await {
            tracing::error!(domain, %error, "an MTA-STS policy is remembered only until the next start");
        }
        tracing::info!(domain, id = kept.id, mode = ?kept.policy.mode, hosts = ?kept.policy.hosts, "MTA-STS policy");
        Ok(kept)
    }
}

impl Known {
    /// Whether the policy that is announced by `id` is to be got.
    fn wants(&self, id: &str, now: Timestamp) -> bool {
        let new = self.kept.as_ref().is_none_or(|kept| kept.id != id || kept.is_due(now));
        new && self.failed_at.is_none_or(|failed| now >= failed.plus_seconds(PAUSE))
    }
}
