//! What went wrong on a mail's way: what becomes of the mail, the codes that its sender is told, the private cause.

use fubako_api::ClientError;
use fubako_base::{Code, codes::Ambiguity};
use fubako_mail::{Plan, plan::Attachment, steps::RewriteError};
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

/// A file, a recipient or a character that a sender is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// By the name that the sender knows.
    Named(String),
    /// A file without a name: which of the attachments, counted from 1, and what kind of file (`PDF`), where that is known.
    /// The name that we made up the sender has never seen.
    Unnamed(u32, Option<String>),
}

/// One thing that a sender is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The stable code.
    pub code: Code,
    /// Which kind, of [`Code::Ambiguous`]: each has a text of its own.
    pub ambiguity: Option<Ambiguity>,
    /// The files or recipients it is about.
    pub about: Vec<About>,
    /// The limit that was passed.
    pub limit: Option<u32>,
    /// Octets that the files have together, and that they may have; with [`Code::FilesTooLarge`].
    pub sizes: Option<(u64, u64)>,
}

impl Reason {
    /// A reason that names nothing yet.
    const fn new(code: Code, ambiguity: Option<Ambiguity>) -> Self {
        Self { code, ambiguity, about: Vec::new(), limit: None, sizes: None }
    }

    /// Whether it is told with the same words.
    fn is_like(&self, other: &Self) -> bool {
        (self.code, self.ambiguity) == (other.code, other.ambiguity)
    }

    /// The name of its texts: `code-NAME` and `code-NAME-next`.
    pub(crate) fn text(&self) -> &'static str {
        self.ambiguity.map_or(self.code.name(), Ambiguity::text)
    }
}

/// Why a stage did not give its value.
#[derive(Debug, thiserror::Error)]
#[error("{fate:?} {reasons:?}: {cause}")]
pub struct Problem {
    /// What becomes of the mail.
    pub fate: Fate,
    /// What the sender is told; at least one, save with [`Fate::LetGo`].
    pub reasons: Vec<Reason>,
    /// For the log only.
    pub cause: String,
    /// Seconds after which what is in the way is gone, where that is known: it is tried again then, if not before.
    pub again_in: Option<u64>,
    /// What would have been written is more than words to somebody, and is not once its texts are veiled ([`Plan::veil_bodies`]).
    pub needs_veil: bool,
}

impl Problem {
    /// A problem with one code.
    #[must_use]
    pub fn new(fate: Fate, code: Code, cause: impl Into<String>) -> Self {
        Self { fate, reasons: vec![Reason::new(code, None)], cause: cause.into(), again_in: None, needs_veil: false }
    }

    /// What a plan found, each code (and kind of ambiguity) once with everything that it is about.
    pub(crate) fn of_plan(fate: Fate, plan: &Plan) -> Self {
        let mut reasons: Vec<Reason> = Vec::new();
        for problem in &plan.problems {
            let found = Reason { limit: problem.limit, ..Reason::new(problem.code, problem.ambiguity) };
            let at = reasons.iter().position(|reason| reason.is_like(&found)).unwrap_or_else(|| {
                reasons.push(found);
                reasons.len() - 1
            });
            let about = problem.about.as_ref().map(|name| about(problem.code, name, &plan.attachments));
            if let Some(about) = about.filter(|about| !reasons[at].about.contains(about)) {
                reasons[at].about.push(about);
            }
        }
        let details: Vec<&str> = plan.problems.iter().map(|problem| problem.detail).collect();
        Self { fate, reasons, cause: details.join("; "), again_in: None, needs_veil: false }
    }

    /// The codes, each once, in the order in which they are told.
    #[must_use]
    pub fn codes(&self) -> Vec<Code> {
        let mut codes = Vec::new();
        for reason in &self.reasons {
            if !codes.contains(&reason.code) {
                codes.push(reason.code);
            }
        }
        codes
    }

    /// This problem and another of the same fate, each code once with everything that it is about.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        for reason in other.reasons {
            match self.reasons.iter_mut().find(|known| known.is_like(&reason)) {
                Some(known) => known.about.extend(reason.about),
                None => self.reasons.push(reason),
            }
        }
        self.cause = format!("{}; {}", self.cause, other.cause);
        self
    }

    /// The same problem, naming what it is about.
    #[must_use]
    pub fn about(mut self, name: &str) -> Self {
        for reason in &mut self.reasons {
            reason.about.push(About::Named(name.to_owned()));
        }
        self
    }
}

/// What a plan's problem is about, as its sender knows it.
fn about(code: Code, name: &str, attachments: &[Attachment]) -> About {
    let unnamed = attachments.iter().find(|file| code == Code::NameMissing && file.name == name);
    unnamed.map_or_else(
        || About::Named(name.to_owned()),
        |file| {
            let kind = name.rsplit_once('.').map(|(_, extension)| extension.to_uppercase());
            About::Unnamed(file.number, kind.filter(|kind| kind != "BIN"))
        },
    )
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LeaseLost => {
                Self { reasons: Vec::new(), ..Self::new(Fate::LetGo, Code::ExchangeError, "the lease was lost") }
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
            ClientError::Unavailable { code, open_in, .. } => {
                Self { again_in: open_in, ..Self::new(Fate::Retry, code, cause) }
            }
            ClientError::Refused { code, .. } => {
                let fate = match code.class() {
                    // A deposit of ours that is refused before its mail has left has no files to go without.
                    fubako_base::codes::Class::Stop | fubako_base::codes::Class::Files => Fate::Stop,
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
        let mut problem = Self::new(Fate::Hold, Code::Ambiguous, error.to_string());
        problem.reasons.iter_mut().for_each(|reason| reason.ambiguity = Some(error.kind));
        problem.needs_veil = error.needs_veil;
        problem
    }
}
