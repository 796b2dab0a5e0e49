//! What an operator is told of the installation's health (spec X-OPERATOR): database, scanner and queue are asked, all at once and none for long. The rules are
//! [`crate::domain::health`]'s.

use std::time::Duration;

use fubako_base::Timestamp;
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout},
};

use crate::{
    Exchange,
    domain::health::{Certificate, Disk, Facts, QueueFacts, Scanning},
};

/// For each of them to answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// What the process knows of itself, and the exchange does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// The program's version.
    pub version: String,
    /// When the process started.
    pub started_at: Timestamp,
    /// The certificate of the listeners.
    pub certificate: Option<Certificate>,
}

impl Exchange {
    /// Looks at everything, on this machine. It takes some seconds at most, whatever does not answer; `disk` looks at the one that `data_dir` lies on,
    /// and may block.
    pub async fn look_over(&self, machine: &Machine, disk: impl FnOnce() -> Option<Disk> + Send + 'static) -> Facts {
        // One in a network may not answer at all.
        let disk = async { timeout(PATIENCE, spawn_blocking(disk)).await.ok()?.ok()? };
        let (database, queue, (scanner, signatures), disk) =
            tokio::join!(self.database(), self.queue_facts(), self.scanning(), disk);
        Facts { database, scanner, signatures, queue, disk, certificate: machine.certificate }
    }

    async fn database(&self) -> Option<Duration> {
        let asked = Instant::now();
        let answer = timeout(PATIENCE, self.parts.store.ping()).await;
        let cause = match answer {
            Ok(Ok(())) => return Some(asked.elapsed()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not answer in time".to_owned(),
        };
        tracing::warn!(cause, "the database is not well");
        None
    }

    async fn queue_facts(&self) -> Option<QueueFacts> {
        let facts = timeout(PATIENCE, self.parts.store.queue_facts()).await.ok()?;
        facts.inspect_err(|error| tracing::warn!(%error, "nobody knows what waits")).ok()
    }

    /// How the scanner is, and of when its signatures are.
    async fn scanning(&self) -> (Scanning, Option<Timestamp>) {
        if self.parts.scanner.is_none() {
            return (Scanning::None, None);
        }
        let version = match timeout(PATIENCE, self.parts.scanner.version()).await {
            Ok(Ok(version)) => version,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the virus scanner does not answer");
                return (Scanning::Away, None);
            }
            Err(_) => return (Scanning::Away, None),
        };
        // What was seen some minutes ago is told at once; a look of its own may take longer than a page can wait.
        let scanning = match timeout(PATIENCE, self.scanner_has_faults()).await {
            Ok(Ok(false)) => Scanning::Good,
            Ok(Ok(true)) => Scanning::Faulty,
            Ok(Err(_)) | Err(_) => Scanning::Away,
        };
        (scanning, signatures_made(&version))
    }
}

/// When the signatures were made that clamd names (`ClamAV 1.4.1/27450/Mon Nov 11 09:40:12 2024`); none where it names none.
fn signatures_made(version: &str) -> Option<Timestamp> {
    Timestamp::from_asctime(version.splitn(3, '/').nth(2)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: X-OPERATOR
    #[test]
    fn clamd_says_of_when_its_signatures_are() {
        let made = |version| signatures_made(version).map(Timestamp::unix_seconds);
        assert_eq!(made("ClamAV 1.4.1/27450/Mon Nov 11 09:40:12 2024"), Some(1_731_318_012));
        assert_eq!(made("ClamAV 1.4.1/27450/Fri Nov  1 09:40:12 2024\n"), Some(1_730_454_012));
        for version in ["", "ClamAV 1.4.1", "ClamAV 1.4.1/27450", "ClamAV 1.4.1/27450/yesterday", "UNKNOWN COMMAND"] {
            assert_eq!(made(version), None, "{version}");
        }
    }
}
