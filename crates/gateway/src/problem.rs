//! What went wrong on a mail's way: what becomes of the mail, the codes that its sender is told, the private cause.

use fubako_api::ClientError;
use fubako_base::Code;
use fubako_mail::steps::RewriteError;
use fubako_store::StoreError;
use fubako_vault::VaultError;

/// What becomes of the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Tried again later; after the limit, as [`Fate::Stop`].
    Retry,
    /// Not delivered; the sender is told.
    Stop,
    /// Not delivered and kept for a look; the sender is told.
    Hold,
    /// Another worker has the mail by now: nothing more is done here.
    LetGo,
}

/// Why a stage did not give its value.
#[derive(Debug, thiserror::Error)]
#[error("{fate:?} {codes:?}: {cause}")]
pub struct Problem {
    /// What becomes of the mail.
    pub fate: Fate,
    /// The stable codes; at least one, save with [`Fate::LetGo`].
    pub codes: Vec<Code>,
    /// The names of what the codes are about (a file, say), for the notice.
    pub about: Vec<String>,
    /// For the log only.
    pub cause: String,
}

impl Problem {
    /// A problem with one code.
    #[must_use]
    pub fn new(fate: Fate, code: Code, cause: impl Into<String>) -> Self {
        Self { fate, codes: vec![code], about: Vec::new(), cause: cause.into() }
    }

    /// The same problem, naming what it is about.
    #[must_use]
    pub fn about(mut self, name: &str) -> Self {
        self.about.push(name.to_owned());
        self
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LeaseLost => {
                Self { codes: Vec::new(), ..Self::new(Fate::LetGo, Code::ExchangeError, "the lease was lost") }
            }
            // The mail is safe in the spool: whatever the database has, it waits.
            other => Self::new(Fate::Retry, Code::ExchangeUnavailable, other.to_string()),
        }
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        let fate = match error {
            // What is stored does not read as it was written: waiting will not mend it, a person must look.
            VaultError::Damaged(..) | VaultError::Missing(_) => Fate::Hold,
            VaultError::Storage(_) | VaultError::Key(_) => Fate::Retry,
        };
        let code = if fate == Fate::Hold { Code::ExchangeError } else { Code::ExchangeUnavailable };
        Self::new(fate, code, error.to_string())
    }
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        let cause = error.to_string();
        match error {
            ClientError::Unavailable { code, .. } => Self::new(Fate::Retry, code, cause),
            ClientError::Refused { code, .. } => {
                let fate = match code.class() {
                    fubako_base::codes::Class::Stop => Fate::Stop,
                    fubako_base::codes::Class::Hold => Fate::Hold,
                    fubako_base::codes::Class::Retry => Fate::Retry,
                };
                Self::new(fate, code, cause)
            }
            // Taken back under our hands, by a worker that had the mail before: it is begun again.
            ClientError::NotFound => Self::new(Fate::Retry, Code::ExchangeUnavailable, cause),
            // Nobody can say what became of it: the mail is kept until a person has looked.
            ClientError::Unexpected(_) => Self::new(Fate::Hold, Code::ExchangeError, cause),
            // Our own spool did not give its octets: the mail stays where it is and is tried again.
            ClientError::Source(_) => Self::new(Fate::Retry, Code::UploadFailed, cause),
        }
    }
}

impl From<RewriteError> for Problem {
    fn from(error: RewriteError) -> Self {
        Self::new(Fate::Hold, Code::Ambiguous, error.to_string())
    }
}
