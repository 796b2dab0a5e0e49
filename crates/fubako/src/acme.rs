//! A certificate of our own, ordered and renewed by ACME (RFC 8555). That the names are ours is shown on the HTTPS listener itself
//! (TLS-ALPN-01, RFC 8737), so that neither another port nor a change of DNS is needed.

mod challenge;
mod order;
mod settings;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::sync::watch;

pub use self::{
    challenge::{Challenges, PROTOCOL},
    settings::Settings,
};
use crate::tls::{Identity, Shown, TlsError};

/// How often it is looked whether a certificate is due: a clock may be put forward.
const LOOK: Duration = Duration::from_secs(6 * 3600);
/// An order that has not ended by then is given up. (Directories may ask for minutes of patience.)
const PATIENCE: Duration = Duration::from_secs(600);
/// After a failure it is tried again this much later, then twice as late each time, and in the end at [`LATEST_RETRY`]: directories count failures.
const FIRST_RETRY: Duration = Duration::from_secs(60);
const LATEST_RETRY: Duration = Duration::from_secs(6 * 3600);

/// Why there is no new certificate.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// What the directory said, or that it said nothing.
    #[error("{0}")]
    Directory(String),
    /// The directory did not find what shows that a name is ours.
    #[error("{0} was not proven to be ours: {1}")]
    NotProven(String, String),
    /// The order ended without a certificate, and the directory does not say why.
    #[error("the order is {0:?}")]
    Ended(instant_acme::OrderStatus),
    /// The directory has no way for us to show that a name is ours.
    #[error("the directory cannot prove {0} by TLS-ALPN-01, the one way we have")]
    NoWay(String),
    /// The order took too long.
    #[error("the order did not end within {} minutes", PATIENCE.as_secs() / 60)]
    TooSlow,
    /// What came is no certificate for its key, or not for our names.
    #[error(transparent)]
    Unusable(#[from] TlsError),
    /// A certificate for the proof could not be made.
    #[error("a certificate for the proof could not be made: {0}")]
    Proof(#[from] rcgen::Error),
    /// A file of ours could not be read or written.
    #[error("{0}: {1}")]
    File(String, String),
}

impl From<instant_acme::Error> for AcmeError {
    fn from(error: instant_acme::Error) -> Self {
        // What a client says first is that it could not connect; why stands behind it.
        let mut said = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            said.push_str(&format!(": {inner}"));
            cause = inner.source();
        }
        Self::Directory(said)
    }
}

/// Keeps the certificate good until `stop` turns true: orders one where there is none for our names, and the next when two thirds
/// of its time are over. What is shown meanwhile stays, whatever fails.
pub async fn keep(settings: Settings, challenges: Arc<Challenges>, shown: Arc<Shown>, mut stop: watch::Receiver<bool>) {
    let mut failures = 0;
    loop {
        let wait = match due(&settings, SystemTime::now()) {
            Some(wait) => wait.min(LOOK),
            None => match renew(&settings, &challenges, &shown).await {
                Ok(()) => {
                    failures = 0;
                    tracing::info!(names = ?settings.names, "a new certificate has come and is shown");
                    continue;
                }
                Err(error) => {
                    failures += 1;
                    let again = retry(failures);
                    tracing::warn!(%error, names = ?settings.names, again_in_seconds = again.as_secs(), "no new certificate (ACME)");
                    again
                }
            },
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.wait_for(|stopped| *stopped) => return,
        }
    }
}

async fn renew(settings: &Settings, challenges: &Challenges, shown: &Shown) -> Result<(), AcmeError> {
    let order = tokio::time::timeout(PATIENCE, order::place(settings, challenges));
    let issued = order.await.unwrap_or(Err(AcmeError::TooSlow));
    challenges.forget();
    let identity = settings.keep(&issued?)?;
    shown.replace(&identity)?;
    Ok(())
}

/// When the certificate that is kept is to be renewed; none is now, since there is none, it is not for all our names, or it is time.
fn due(settings: &Settings, now: SystemTime) -> Option<Duration> {
    let kept = Identity::read_pair(&settings.certificate()).ok()?;
    let times = kept.times().ok()?;
    let good = settings.names.iter().all(|name| kept.is_for(name));
    if good { until_due(times, now) } else { None }
}

/// How long it is until two thirds of a certificate's time are over; none where they are.
fn until_due((from, to): (SystemTime, SystemTime), now: SystemTime) -> Option<Duration> {
    let life = to.duration_since(from).ok()?;
    (from + life / 3 * 2).duration_since(now).ok().filter(|wait| !wait.is_zero())
}

fn retry(failures: u32) -> Duration {
    FIRST_RETRY.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(LATEST_RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: RCV-TLS RUN-SETUP
    #[test]
    fn a_certificate_is_renewed_when_two_thirds_of_its_time_are_over() {
        let day = Duration::from_secs(86_400);
        let from = SystemTime::UNIX_EPOCH + day * 1000;
        let until = |days: u32| until_due((from, from + day * 90), from + day * days);
        assert_eq!(until(0), Some(day * 60));
        assert_eq!(until(59), Some(day));
        assert_eq!([until(60), until(61), until(90), until(100)], [None; 4]);
        assert_eq!(until_due((from, from - day), from), None, "a certificate without any time is none");
    }

    #[test]
    fn failures_are_tried_again_less_and_less_often() {
        let minutes = |failures| retry(failures).as_secs() / 60;
        assert_eq!([1, 2, 3, 8, 9, 10, 1000].map(minutes), [1, 2, 4, 128, 256, 360, 360]);
    }
}
