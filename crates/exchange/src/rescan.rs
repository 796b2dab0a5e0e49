//! The virus check on the way out (spec X-RECEIVE, KEEP-VIRUS): a file is scanned whole before its first octet is given.
//!
//! A verdict is remembered for some minutes, so that ranges and resumed downloads do not scan again, and requests for one
//! object at the same time wait for one scan. Only verdicts are remembered: without one the next request asks again. And none is
//! used any more when the scanner is not what it was: what one without signatures called clean, the mended one is asked about.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::sight::Watch;
use fubako_base::{ids::ObjectId, object::ObjectRef};
use fubako_vault::{
    Vault, VaultError,
    scanner::{ScanError, Scanner, Verdict},
};
use futures::TryStreamExt as _;
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, timeout},
};

/// How long a verdict is good. clamd learns new names every hour or so.
const KEPT: Duration = Duration::from_secs(600);
/// Objects whose verdict is remembered or under way.
const REMEMBERED: usize = 4096;
/// Scans at once: half of what clamd takes by default (`MaxThreads`), so that files coming in have room beside them.
const AT_ONCE: usize = 5;
/// How long a scan may wait for its turn.
const TURN: Duration = Duration::from_secs(60);

/// What came of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The scanner said this of the whole file.
    Verdict(Verdict),
    /// No verdict: the scanner or the storage does not answer. The text is for the log.
    Unavailable(String),
    /// No verdict: the stored file is not what was put in. The text is for the log.
    Damaged(String),
}

impl From<ScanError> for Outcome {
    fn from(error: ScanError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<VaultError> for Outcome {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Storage(_) | VaultError::Key(_) => Self::Unavailable(error.to_string()),
            VaultError::Missing(_) | VaultError::Damaged(..) => Self::Damaged(error.to_string()),
        }
    }
}

/// A scan: when it was asked for; none while it is under way, then what came of it and when.
#[derive(Clone)]
struct Scanning {
    asked: Instant,
    ended: watch::Receiver<Option<(Outcome, Instant)>>,
}

/// What is scanned with what.
pub(crate) struct Scanned<'a> {
    pub(crate) vault: &'a Vault,
    pub(crate) scanner: &'a Scanner,
    pub(crate) sight: &'a Arc<Watch>,
}

/// The scans that are under way and the verdicts that are remembered.
pub(crate) struct Rescans {
    known: Mutex<HashMap<ObjectId, Scanning>>,
    turns: Arc<Semaphore>,
}

impl Rescans {
    pub(crate) fn new() -> Self {
        Self { known: Mutex::new(HashMap::new()), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// What the scanner says of an object, now or within the last ten minutes, and when it was asked: not before `since`. Not for
    /// [`Scanner::None`].
    pub(crate) async fn outcome(
        &self,
        scanned: &Scanned<'_>,
        object: &ObjectRef,
        since: Instant,
    ) -> (Outcome, Instant) {
        let Some(mut scanning) = self.join(scanned, object, since) else {
            return (Outcome::Unavailable("too many files wait to be scanned".to_owned()), since);
        };
        // The borrow ends before anything is awaited; a scan that died says nothing.
        let ended = scanning.ended.wait_for(Option::is_some).await.ok().and_then(|ended| ended.clone());
        let outcome = ended.map_or_else(|| Outcome::Unavailable("a scan died".to_owned()), |(outcome, _)| outcome);
        (outcome, scanning.asked)
    }

    /// The scan of an object that is under way or remembered, else a new one; none where there is no room for one.
    fn join(&self, scanned: &Scanned<'_>, object: &ObjectRef, since: Instant) -> Option<Scanning> {
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scanning) =
            known.get(&object.id).filter(|scanning| scanning.asked >= since && is_good(scanning, now))
        {
            return Some(scanning.clone());
        }
        if known.len() >= REMEMBERED {
            make_room(&mut known, now);
        }
        if known.len() >= REMEMBERED {
            return None;
        }
        let (tell, ended) = watch::channel(None);
        let scanning = Scanning { asked: now, ended };
        known.insert(object.id, scanning.clone());
        let (vault, scanner, sight) = (scanned.vault.clone(), scanned.scanner.clone(), Arc::clone(scanned.sight));
        let (object, turns) = (object.clone(), Arc::clone(&self.turns));
        // On a task of its own: whoever asked may go away, and finds the verdict when they come again.
        tokio::spawn(async move {
            let outcome = match timeout(TURN, turns.acquire()).await {
                Ok(Ok(_turn)) => scan(&vault, &scanner, &object).await.unwrap_or_else(|outcome| outcome),
                Ok(Err(_)) | Err(_) => Outcome::Unavailable("a scan waited too long for its turn".to_owned()),
            };
            // If the scanner was away meanwhile it may be another: that is noticed though nobody waits for the verdict any more.
            if let (Outcome::Verdict(_), Err(error)) = (&outcome, sight.look(&scanner).await) {
                tracing::warn!(%error, "the virus scanner could not be looked at after a scan");
            }
            tell.send_replace(Some((outcome, Instant::now())));
        });
        Some(scanning)
    }
}

/// Whether a request may wait for this scan, or use its verdict.
fn is_good(scanning: &Scanning, now: Instant) -> bool {
    match &*scanning.ended.borrow() {
        None => scanning.ended.has_changed().is_ok(),
        Some((Outcome::Verdict(_), ended)) => now.saturating_duration_since(*ended) < KEPT,
        Some((Outcome::Unavailable(_) | Outcome::Damaged(_), _)) => false,
    }
}

/// Forgets what is good for nothing any more, and where that is nothing, the half of the verdicts that is older.
fn make_room(known: &mut HashMap<ObjectId, Scanning>, now: Instant) {
    known.retain(|_, scanning| is_good(scanning, now));
    if known.len() < REMEMBERED {
        return;
    }
    let ended = |scanning: &Scanning| scanning.ended.borrow().as_ref().map(|(_, ended)| *ended);
    let mut ends: Vec<Instant> = known.values().filter_map(ended).collect();
    ends.sort_unstable();
    if let Some(middle) = ends.get(ends.len() / 2).copied() {
        known.retain(|_, scanning| ended(scanning).is_none_or(|end| end > middle));
    }
}

/// Scans an object whole; some chunks of it are in memory at a time.
async fn scan(vault: &Vault, scanner: &Scanner, object: &ObjectRef) -> Result<Outcome, Outcome> {
    let reader = vault.open(object).await?;
    let mut octets = reader.read(0..object.length);
    let mut scan = scanner.begin().await?;
    while let Some(some) = octets.try_next().await? {
        scan.push(&some).await?;
    }
    Ok(Outcome::Verdict(scan.finish().await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(outcome: Outcome, at: Instant) -> Scanning {
        Scanning { asked: at, ended: watch::channel(Some((outcome, at))).1 }
    }

    // spec: X-RECEIVE, KEEP-VIRUS
    #[tokio::test]
    async fn only_verdicts_are_remembered_and_not_for_long() {
        let now = Instant::now();
        for verdict in [Verdict::Clean, Verdict::Found { name: "x".into() }, Verdict::Encrypted] {
            let scanning = ended(Outcome::Verdict(verdict), now);
            assert!(is_good(&scanning, now) && is_good(&scanning, now + KEPT - Duration::from_millis(1)));
            assert!(!is_good(&scanning, now + KEPT));
        }
        assert!(!is_good(&ended(Outcome::Unavailable("away".into()), now), now));
        assert!(!is_good(&ended(Outcome::Damaged("cut".into()), now), now));
        let (tell, ended) = watch::channel(None);
        let under_way = Scanning { asked: now, ended };
        assert!(is_good(&under_way, now + 2 * KEPT), "a scan under way is shared");
        drop(tell);
        assert!(!is_good(&under_way, now), "a scan that died is begun again");
    }

    // spec: X-RECEIVE
    #[tokio::test]
    async fn what_is_remembered_is_bounded() {
        let begun = Instant::now();
        let clean = |at| ended(Outcome::Verdict(Verdict::Clean), at);
        let mut known = HashMap::new();
        let mut under_way = Vec::new();
        for n in 0..REMEMBERED as u64 {
            let scanning = match n % 4 {
                0 => {
                    let (tell, ended) = watch::channel(None);
                    under_way.push(tell);
                    Scanning { asked: begun, ended }
                }
                _ => clean(begun + Duration::from_millis(n)),
            };
            known.insert(ObjectId::generate(), scanning);
        }
        let newest = begun + Duration::from_millis(REMEMBERED as u64);
        make_room(&mut known, newest);
        let waiting = known.values().filter(|scanning| scanning.ended.borrow().is_none()).count();
        assert_eq!(waiting, under_way.len(), "nobody's scan is forgotten while they wait for it");
        assert!((1500..2000).contains(&(known.len() - waiting)), "{}", known.len());
        make_room(&mut known, begun + 2 * KEPT);
        assert!(known.len() < REMEMBERED);
    }
}
