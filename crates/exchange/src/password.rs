//! Passwords, hashed with argon2id (RFC 9106) off the async threads, a bounded number at once.
//!
//! Work for us (a deposit's password, one that somebody chose) comes before that for strangers, who may ask as often as they like whether a password
//! is right. Of theirs one is done at a time and few wait ([`Seat`]): however many ask, mail and its deposits go on.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    thread,
};

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::phc::{Output, ParamsString, Salt},
};
use fubako_base::secret;
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use zeroize::Zeroizing;

/// 19 MiB, 2 passes, 1 lane: the least that OWASP recommends for argon2id. A file password of ours has about 88 bits, so the
/// hash need not be dearer.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Hashes at once, so that what hashing takes is 38 MiB however many mails are in hand.
const AT_ONCE: usize = 2;
/// Of these, for strangers.
const STRANGERS_AT_ONCE: usize = 1;
/// Strangers who wait or are served: some seconds' work.
const SEATS: usize = 64;

/// Threads that do nothing but hash, one set for the whole process, each with memory that it keeps. Taken anew for each hash, 19 MiB
/// of aligned memory are hardly ever used again by the system's allocator: the process would grow by as much with each mail.
static HASHERS: LazyLock<Arc<Hashers>> = LazyLock::new(|| {
    let hashers = Arc::new(Hashers::default());
    for number in 0..AT_ONCE {
        let own = Arc::clone(&hashers);
        let begun = thread::Builder::new().name(format!("argon2-{number}")).spawn(move || own.work());
        if let Err(error) = begun {
            tracing::error!(%error, "a thread for password hashing could not be begun");
        }
    }
    hashers
});
static STRANGERS: Semaphore = Semaphore::const_new(SEATS);

/// What a hashing thread is to do, with the memory that it keeps for it.
type Job = Box<dyn FnOnce(&mut [Block]) + Send>;

/// Whom a job is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Us,
    Strangers,
}

#[derive(Default)]
struct Hashers {
    queue: Mutex<Queue>,
    more: Condvar,
}

/// What waits.
#[derive(Default)]
struct Queue {
    us: VecDeque<Job>,
    strangers: VecDeque<Job>,
    /// Threads that are at work for strangers.
    busy_with_strangers: usize,
}

impl Queue {
    fn put(&mut self, whom: For, job: Job) {
        match whom {
            For::Us => self.us.push_back(job),
            For::Strangers => self.strangers.push_back(job),
        }
    }

    /// The next to be done: ours, or a stranger's where not too many threads are at work for them.
    fn next(&mut self) -> Option<(For, Job)> {
        if let Some(job) = self.us.pop_front() {
            return Some((For::Us, job));
        }
        let job = if self.busy_with_strangers < STRANGERS_AT_ONCE { self.strangers.pop_front() } else { None }?;
        self.busy_with_strangers += 1;
        Some((For::Strangers, job))
    }

    const fn done(&mut self, whom: For) {
        if matches!(whom, For::Strangers) {
            self.busy_with_strangers = self.busy_with_strangers.saturating_sub(1);
        }
    }
}

impl Hashers {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, whom: For, job: Job) {
        self.queue().put(whom, job);
        self.more.notify_all();
    }

    fn work(&self) {
        let mut memory = vec![Block::new(); MEMORY_KIB as usize];
        let mut queue = self.queue();
        loop {
            match queue.next() {
                None => queue = self.more.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some((whom, job)) => {
                    drop(queue);
                    // A panic costs one answer, and not the thread.
                    drop(catch_unwind(AssertUnwindSafe(|| job(&mut memory))));
                    queue = self.queue();
                    queue.done(whom);
                }
            }
        }
    }
}

/// A stranger's place in the queue. It is taken before a try is counted, so that nobody pays for a try that is not looked at.
pub(crate) struct Seat(SemaphorePermit<'static>);

impl Seat {
    /// Takes one.
    ///
    /// # Errors
    /// Where none is free; it may be in a moment.
    pub(crate) fn take() -> Result<Self, HashError> {
        let seat =
            STRANGERS.try_acquire().map_err(|_| HashError("too many passwords wait to be compared".to_owned()))?;
        Ok(Self(seat))
    }

    /// Whether the password that a stranger gives is the one that was hashed. A hash that cannot be read is an error, never a match.
    pub(crate) async fn verify(self, password: &str, hash: &str) -> Result<bool, HashError> {
        let same = compare(For::Strangers, password, hash).await;
        drop(self.0);
        same
    }
}

/// A hash could not be made or compared: the private cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("password hashing: {0}")]
pub(crate) struct HashError(String);

/// The PHC string of a password, with a salt of its own.
pub(crate) async fn hash(password: &str) -> Result<String, HashError> {
    let password = Zeroizing::new(password.to_owned());
    run(For::Us, move |memory| {
        let mut salt = [0u8; 16];
        secret::fill(&mut salt).map_err(wrong)?;
        let parameters = parameters()?;
        let output = digest(&parameters, password.as_bytes(), &salt, memory)?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&parameters).map_err(wrong)?,
            salt: Some(Salt::new(&salt).map_err(wrong)?),
            hash: Some(output),
        };
        Ok(hash.to_string())
    })
    .await
}

/// Whether the password is the one that was hashed, asked by us. A hash that cannot be read is an error, never a match.
pub(crate) async fn verify(password: &str, hash: &str) -> Result<bool, HashError> {
    compare(For::Us, password, hash).await
}

async fn compare(whom: For, password: &str, hash: &str) -> Result<bool, HashError> {
    let (password, hash) = (Zeroizing::new(password.to_owned()), hash.to_owned());
    run(whom, move |memory| {
        let kept = PasswordHash::new(&hash).map_err(wrong)?;
        let (Some(salt), Some(output)) = (&kept.salt, &kept.hash) else {
            return Err(HashError("the kept hash has no salt or no output".to_owned()));
        };
        if kept.algorithm != Algorithm::Argon2id.ident() || kept.version != Some(Version::V0x13.into()) {
            return Err(HashError("the kept hash is not argon2id version 19".to_owned()));
        }
        let parameters = Params::try_from(&kept).map_err(wrong)?;
        // `Output` compares in constant time.
        Ok(digest(&parameters, password.as_bytes(), salt, memory)? == *output)
    })
    .await
}

/// The digest, computed in `memory` where that is large enough.
fn digest(parameters: &Params, password: &[u8], salt: &[u8], memory: &mut [Block]) -> Result<Output, HashError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters.clone());
    let mut output = [0u8; Output::MAX_LENGTH];
    let length = parameters.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let output = output.get_mut(..length).ok_or_else(|| HashError("the kept hash is too long".to_owned()))?;
    let blocks = parameters.block_count();
    if blocks <= memory.len() {
        argon2.hash_password_into_with_memory(password, salt, output, memory)
    } else {
        argon2.hash_password_into(password, salt, output)
    }
    .map_err(wrong)?;
    Output::new(output).map_err(wrong)
}

#[allow(clippy::needless_pass_by_value, reason = "made for map_err")]
fn wrong(error: impl std::fmt::Display) -> HashError {
    HashError(error.to_string())
}

async fn run<T: Send + 'static>(
    whom: For,
    work: impl FnOnce(&mut [Block]) -> Result<T, HashError> + Send + 'static,
) -> Result<T, HashError> {
    let (answer, answered) = oneshot::channel();
    let job: Job = Box::new(move |memory| {
        // Whoever has gone away by now needs no answer.
        if !answer.is_closed() {
            let _ = answer.send(work(memory));
        }
    });
    HASHERS.put(whom, job);
    answered.await.map_err(|e| HashError(e.to_string()))?
}

fn parameters() -> Result<Params, HashError> {
    Params::new(MEMORY_KIB, PASSES, 1, None).map_err(wrong)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // spec: ACCESS
    #[tokio::test]
    async fn a_password_is_kept_as_a_salted_argon2id_hash() {
        let one = hash("correct horse").await.unwrap();
        let other = hash("correct horse").await.unwrap();
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, other, "no salt");
        assert!(verify("correct horse", &one).await.unwrap());
        assert!(!verify("correct horsf", &one).await.unwrap());
    }

    // spec: X-ACCOUNTS
    #[tokio::test]
    async fn comparing_with_nobody_s_hash_is_as_dear_as_with_anybody_s() {
        use crate::domain::account::NOBODY;
        let anybody = hash("x").await.unwrap();
        let cost = |hash: &str| hash.split('$').nth(3).map(str::to_owned);
        assert_eq!((cost(NOBODY), NOBODY.len()), (cost(&anybody), anybody.len()));
        assert_eq!(verify("", NOBODY).await, Ok(false));
    }

    // spec: MAIL-SPEED X-ACCOUNTS
    #[test]
    fn ours_comes_first_and_strangers_never_have_all_threads() {
        let mut queue = Queue::default();
        let job = || -> Job { Box::new(|_| ()) };
        let next = |queue: &mut Queue| queue.next().map(|(whom, _)| whom);
        for whom in [For::Strangers, For::Strangers, For::Us] {
            queue.put(whom, job());
        }
        assert_eq!(next(&mut queue), Some(For::Us));
        assert_eq!(next(&mut queue), Some(For::Strangers));
        assert_eq!(next(&mut queue), None, "the other thread is kept for us");
        queue.put(For::Us, job());
        assert_eq!(next(&mut queue), Some(For::Us));
        queue.done(For::Strangers);
        assert_eq!(next(&mut queue), Some(For::Strangers));
    }

    // spec: MAIL-SPEED X-ACCOUNTS
    #[tokio::test]
    async fn a_crowd_of_strangers_is_sent_away_and_a_deposit_s_password_is_hashed() {
        let kept = hash("x").await.unwrap();
        let seats: Vec<Seat> = std::iter::from_fn(|| Seat::take().ok()).collect();
        assert!(seats.len() <= SEATS && Seat::take().is_err());
        let wrong = seats.into_iter().map(|seat| seat.verify("y", &kept));
        let wrong = futures::future::join_all(wrong);
        let (all, own) = futures::join!(wrong, hash("ours"));
        assert!(own.is_ok() && all.into_iter().all(|same| same == Ok(false)));
        assert_eq!(Seat::take().unwrap().verify("x", &kept).await, Ok(true), "they may come again");
    }

    #[tokio::test]
    async fn a_damaged_hash_matches_nothing() {
        for kept in ["", "$argon2id$", "plain", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ"] {
            assert_ne!(verify("", kept).await, Ok(true), "{kept}");
        }
    }
}
