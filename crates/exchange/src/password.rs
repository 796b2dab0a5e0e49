//! File passwords, hashed with argon2id (RFC 9106) off the async threads, a bounded number at once.

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use fubako_base::secret;
use tokio::sync::Semaphore;

/// 19 MiB, 2 passes, 1 lane: the least that OWASP recommends for argon2id. A file password of ours has about 88 bits, so the
/// hash need not be dearer.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Hashes at once, so that what hashing takes is 38 MiB however many mails are in hand.
const AT_ONCE: usize = 2;

/// One bound for the whole process: several exchanges in it share its memory.
static PERMITS: Semaphore = Semaphore::const_new(AT_ONCE);

/// A hash could not be made or compared: the private cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("password hashing: {0}")]
pub(crate) struct HashError(String);

/// The PHC string of a password, with a salt of its own.
pub(crate) async fn hash(password: &str) -> Result<String, HashError> {
    let password = password.to_owned();
    run(move || {
        let mut salt = [0u8; 16];
        secret::fill(&mut salt).map_err(|e| HashError(e.to_string()))?;
        let hash = argon2id()?.hash_password_with_salt(password.as_bytes(), &salt);
        hash.map(|hash| hash.to_string()).map_err(|e| HashError(e.to_string()))
    })
    .await
}

/// Whether the password is the one that was hashed. A hash that cannot be read is an error, never a match.
pub(crate) async fn verify(password: &str, hash: &str) -> Result<bool, HashError> {
    let (password, hash) = (password.to_owned(), hash.to_owned());
    run(move || match argon2id()?.verify_password(password.as_bytes(), hash.as_str()) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(HashError(error.to_string())),
    })
    .await
}

async fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T, HashError> + Send + 'static) -> Result<T, HashError> {
    let permit = PERMITS.acquire().await.map_err(|e| HashError(e.to_string()))?;
    // The permit goes along: a caller that is dropped meanwhile does not let a third hash begin.
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(permit);
        done
    });
    done.await.map_err(|e| HashError(e.to_string()))?
}

fn argon2id() -> Result<Argon2<'static>, HashError> {
    let parameters = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|e| HashError(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
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

    #[tokio::test]
    async fn a_damaged_hash_matches_nothing() {
        for kept in ["", "$argon2id$", "plain", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ"] {
            assert_ne!(verify("", kept).await, Ok(true), "{kept}");
        }
    }
}
