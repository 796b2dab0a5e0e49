//! File passwords, hashed with argon2id (RFC 9106) off the async threads, a bounded number at once.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, LazyLock, Mutex, PoisonError, mpsc},
    thread,
};

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::phc::{Output, ParamsString, Salt},
};
use fubako_base::secret;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// 19 MiB, 2 passes, 1 lane: the least that OWASP recommends for argon2id. A file password of ours has about 88 bits, so the
/// hash need not be dearer.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Hashes at once, so that what hashing takes is 38 MiB however many mails are in hand.
const AT_ONCE: usize = 2;

/// Threads that do nothing but hash, one set for the whole process, each with memory that it keeps. Taken anew for each hash, 19 MiB
/// of aligned memory are hardly ever used again by the system's allocator: the process would grow by as much with each mail.
static HASHERS: LazyLock<mpsc::Sender<Job>> = LazyLock::new(|| {
    let (sender, receiver) = mpsc::channel::<Job>();
    let receiver = Arc::new(Mutex::new(receiver));
    for number in 0..AT_ONCE {
        let receiver = Arc::clone(&receiver);
        let begun = thread::Builder::new().name(format!("argon2-{number}")).spawn(move || hasher(&receiver));
        if let Err(error) = begun {
            tracing::error!(%error, "a thread for password hashing could not be begun");
        }
    }
    sender
});

/// What a hashing thread is to do, with the memory that it keeps for it.
type Job = Box<dyn FnOnce(&mut [Block]) + Send>;

fn hasher(jobs: &Mutex<mpsc::Receiver<Job>>) {
    let mut memory = vec![Block::new(); MEMORY_KIB as usize];
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            // A panic costs one answer, and not the thread.
            Ok(job) => drop(catch_unwind(AssertUnwindSafe(|| job(&mut memory)))),
            Err(mpsc::RecvError) => return,
        }
    }
}

/// A hash could not be made or compared: the private cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("password hashing: {0}")]
pub(crate) struct HashError(String);

/// The PHC string of a password, with a salt of its own.
pub(crate) async fn hash(password: &str) -> Result<String, HashError> {
    let password = Zeroizing::new(password.to_owned());
    run(move |memory| {
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

/// Whether the password is the one that was hashed. A hash that cannot be read is an error, never a match.
pub(crate) async fn verify(password: &str, hash: &str) -> Result<bool, HashError> {
    let (password, hash) = (Zeroizing::new(password.to_owned()), hash.to_owned());
    run(move |memory| {
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
    work: impl FnOnce(&mut [Block]) -> Result<T, HashError> + Send + 'static,
) -> Result<T, HashError> {
    let (answer, answered) = oneshot::channel();
    let job: Job = Box::new(move |memory| {
        // Whoever has gone away by now needs no answer.
        if !answer.is_closed() {
            let _ = answer.send(work(memory));
        }
    });
    HASHERS.send(job).map_err(|_| HashError("no thread hashes passwords".to_owned()))?;
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

    #[tokio::test]
    async fn a_damaged_hash_matches_nothing() {
        for kept in ["", "$argon2id$", "plain", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ"] {
            assert_ne!(verify("", kept).await, Ok(true), "{kept}");
        }
    }
}
