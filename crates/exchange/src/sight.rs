//! Whether the scanner's "clean" may be believed (spec KEEP-VIRUS). A clamd that does not tell what it could not look into calls
//! it clean; a section that stops such files cannot be served by it, and its files wait as they do where the scanner is away.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use fubako_base::{
    section::Settings,
    unchecked::{Unchecked, UncheckedRule},
};
use fubako_vault::scanner::{
    Scanner,
    probe::{Fault, Sight, probe},
};
use tokio::time::{Instant, timeout};

use crate::Exchange;

/// How long a look at the scanner is good: as long as a verdict on a file is.
const KEPT: Duration = Duration::from_secs(600);
/// The same where something was wrong, so that what waits goes on soon after it was mended.
const KEPT_FAULTY: Duration = Duration::from_secs(5);
/// How long a look may take: four small files.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a look at the scanner showed.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    faults: Vec<Fault>,
    /// Since when it looks the same: the end of the first look that showed these faults. What it said of a file before is the word
    /// of another scanner.
    pub(crate) since: Instant,
}

/// The last look, and when it ended.
type Seen = (Instant, Result<Look, String>);

/// What is known of the scanner.
#[derive(Default)]
pub(crate) struct Watch {
    seen: Mutex<Option<Seen>>,
    /// The last look that showed something, forgotten or not.
    before: Mutex<Option<Look>>,
    /// What the log was told last, and when.
    said: Mutex<Option<(Instant, Vec<Fault>)>>,
    /// One look at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Watch {
    /// What is wrong with the scanner, as it was seen now or some minutes ago. Not for [`Scanner::None`].
    ///
    /// # Errors
    /// Why nothing is known; for the log.
    pub(crate) async fn look(&self, scanner: &Scanner) -> Result<Look, String> {
        let wanted = Instant::now();
        if let Some((_, Ok(look))) = self.known(|ended, look| wanted.saturating_duration_since(ended) < kept(look)) {
            return Ok(look);
        }
        let _turn = self.turn.lock().await;
        // Whoever waited takes what the others saw meanwhile, a failure too: a scanner that hangs is not asked by each in turn.
        if let Some((_, seen)) = self.known(|ended, _| ended >= wanted) {
            return seen;
        }
        let looked = match timeout(PATIENCE, probe(scanner)).await {
            Ok(looked) => looked.map_err(|error| error.to_string()),
            Err(_) => Err("the scanner did not answer the test files in time".to_owned()),
        };
        if let Ok(sight) = &looked {
            self.say(scanner, &sight.faults);
        }
        self.note(looked, Instant::now())
    }

    fn note(&self, looked: Result<Sight, String>, ended: Instant) -> Result<Look, String> {
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let same_since =
            |faults: &Vec<Fault>| before.as_ref().filter(|look| look.faults == *faults).map(|look| look.since);
        let seen = looked.map(|Sight { faults, .. }| Look { since: same_since(&faults).unwrap_or(ended), faults });
        *before = seen.as_ref().ok().cloned();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((ended, seen.clone()));
        seen
    }

    fn known(&self, good: impl Fn(Instant, &Result<Look, String>) -> bool) -> Option<Seen> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().filter(|(ended, seen)| good(*ended, seen)).cloned()
    }

    /// The scanner was away: when it is back it may be set otherwise.
    pub(crate) fn forget(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Says in the log what is wrong, when it changes and every ten minutes while it lasts.
    fn say(&self, scanner: &Scanner, faults: &[Fault]) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let (same, lately) = match &*said {
            Some((at, before)) => (before == faults, at.elapsed() < KEPT),
            None => (false, false),
        };
        if same && (lately || faults.is_empty()) {
            return;
        }
        *said = Some((Instant::now(), faults.to_vec()));
        if faults.is_empty() {
            tracing::info!(%scanner, "the virus scanner finds the test file, and tells what it cannot look into");
        }
        for fault in faults {
            tracing::error!(%scanner, ?fault, remedy = fault.remedy(), "the virus scanner lets pass what it did not look into: \
                files wait wherever their section stops such files");
        }
    }
}

const fn kept(seen: &Result<Look, String>) -> Duration {
    match seen {
        Ok(look) if look.faults.is_empty() => KEPT,
        Ok(_) | Err(_) => KEPT_FAULTY,
    }
}

/// Which fault, if any, forbids to let a file pass that the scanner called clean, or of which it said why it could not look into it.
fn forbids(faults: &[Fault], unchecked: Option<Unchecked>, settings: &Settings) -> Option<Fault> {
    let stops = |reason| unchecked.is_none() && settings.rule_for(reason) == UncheckedRule::Stop;
    faults.iter().copied().find(|fault| match fault {
        Fault::FindsNothing => true,
        Fault::PassesEncrypted => stops(Unchecked::Encrypted),
        Fault::PassesLimits => stops(Unchecked::ScanLimit),
        Fault::StopsEarly => unchecked.is_some(),
    })
}

impl Look {
    /// Whether a file may pass that the scanner, as it was seen here, lets pass.
    ///
    /// # Errors
    /// The private cause, for the log.
    pub(crate) fn believed(&self, unchecked: Option<Unchecked>, settings: &Settings) -> Result<(), String> {
        match forbids(&self.faults, unchecked, settings) {
            None => Ok(()),
            Some(fault) => Err(format!("the virus scanner's word is not enough for this section: {}", fault.remedy())),
        }
    }
}

impl Exchange {
    /// Looks at the scanner, if it was not looked at lately, and says in the log what is wrong with it. For the clock: files wait
    /// by themselves.
    ///
    /// # Errors
    /// The private cause, for the log.
    pub async fn look_at_scanner(&self) -> Result<(), String> {
        if self.parts.scanner.is_none() {
            return Ok(());
        }
        self.watch.look(&self.parts.scanner).await.map(|_| ())
    }

    /// Whether something is wrong with the scanner, as it was seen now or some minutes ago.
    ///
    /// # Errors
    /// The private cause, for the log.
    pub(crate) async fn scanner_has_faults(&self) -> Result<bool, String> {
        self.watch.look(&self.parts.scanner).await.map(|look| !look.faults.is_empty())
    }

    /// Whether a file may pass that the scanner lets pass.
    ///
    /// # Errors
    /// The private cause, for the log: the file waits.
    pub(crate) async fn believed(&self, unchecked: Option<Unchecked>, settings: &Settings) -> Result<(), String> {
        if self.parts.scanner.is_none() {
            return Ok(());
        }
        self.watch.look(&self.parts.scanner).await?.believed(unchecked, settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: KEEP-VIRUS
    #[test]
    fn a_fault_forbids_what_it_makes_doubtful_and_no_more() {
        use UncheckedRule::{Pass, Stop};
        let set = |encrypted_files, files_past_scan_limits| Settings {
            encrypted_files,
            files_past_scan_limits,
            ..Settings::default()
        };
        let (closed, deep) = (Some(Unchecked::Encrypted), Some(Unchecked::ScanLimit));
        for (fault, unchecked, settings, forbidden) in [
            (Fault::FindsNothing, None, set(Pass, Pass), true),
            (Fault::FindsNothing, closed, set(Pass, Pass), true),
            (Fault::PassesEncrypted, None, set(Stop, Pass), true),
            (Fault::PassesEncrypted, None, set(Pass, Stop), false),
            (Fault::PassesEncrypted, deep, set(Stop, Pass), false),
            (Fault::PassesLimits, None, set(Pass, Stop), true),
            (Fault::PassesLimits, None, set(Stop, Pass), false),
            (Fault::PassesLimits, closed, set(Pass, Stop), false),
            (Fault::StopsEarly, None, set(Stop, Stop), false),
            (Fault::StopsEarly, closed, set(Pass, Pass), true),
        ] {
            let found = forbids(&[fault], unchecked, &settings);
            assert_eq!(found, forbidden.then_some(fault), "{fault:?} {unchecked:?}");
        }
        assert_eq!(forbids(&[], None, &set(Stop, Stop)), None);
    }
}
