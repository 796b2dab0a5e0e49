//! Signing a mail as it streams past.
//!
//! mail-auth canonicalizes and hashes in one pass, whatever the number of keys: the pass runs under a key that signs
//! nothing and hands out what is to be signed ([`Tap`]). Each real key then signs that with its own `DKIM-Signature` field.

use std::sync::{Arc, LazyLock};

use fubako_base::Timestamp;
use mail_auth::{
    crypto::{self, Sha256},
    dkim::{Canonicalization, DkimSigner, DkimSigningStream, Signature},
    headers::{HeaderWriter as _, Writable},
    signer::Ready,
};

use crate::{Algorithm, SigningKey, TrustError, fields};

/// Octets that a header section may have to be signed; all of it is held until its end.
const MAX_HEADER: usize = 1 << 20;

/// A key that gives the data to be signed in the place of a signature.
struct Tap;

impl crypto::SigningKey for Tap {
    type Hasher = Sha256;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        let mut data = Vec::new();
        input.write(&mut data);
        Ok(data)
    }

    fn algorithm(&self) -> crypto::Algorithm {
        crypto::Algorithm::RsaSha256
    }
}

/// relaxed/relaxed and no `l=` are the library's defaults; the tests look at the field.
static PASS: LazyLock<DkimSigner<Tap, Ready>> = LazyLock::new(|| {
    let names = fields::OVERSIGNED.iter().chain(&fields::SIGNED_WHERE_PRESENT);
    DkimSigner::from_key(Tap).domain("").selector("").headers(names.copied())
});

enum State {
    /// The header section so far.
    Header(Vec<u8>),
    /// The names of the signed fields in the mail's order, and the pass over their values and the body.
    Body(Vec<&'static str>, Box<DkimSigningStream<'static, Tap>>),
    /// The header section is longer than [`MAX_HEADER`].
    TooLong,
    /// No keys: nothing is kept.
    Idle,
}

/// Signs a mail as it streams past with every key given: rsa-sha256 and ed25519 side by side, relaxed/relaxed,
/// From, To, Subject, Date, Content-Type oversigned, no `l=` (spec MAIL-SIGN). Its memory is bounded by the header
/// section, at most 1 MiB.
pub struct Signer {
    keys: Vec<Arc<SigningKey>>,
    state: State,
}

impl Signer {
    /// A signer with these keys (none: no fields come out).
    #[must_use]
    pub fn new(keys: &[Arc<SigningKey>]) -> Self {
        let state = if keys.is_empty() { State::Idle } else { State::Header(Vec::new()) };
        Self { keys: keys.to_vec(), state }
    }

    /// The next octets of the mail, header first, with CRLF line ends; cut anywhere.
    pub fn write(&mut self, octets: &[u8]) {
        match &mut self.state {
            State::Header(header) => {
                // The end of the header can lie across the border; a few octets are looked at again.
                let from = header.len().saturating_sub(3);
                let room = MAX_HEADER.saturating_sub(header.len());
                header.extend_from_slice(&octets[..octets.len().min(room)]);
                let taken = octets.len().min(room);
                if let Some((end, body)) = fields::header_end(header, from) {
                    let (names, mut stream) = begin(&header[..end]);
                    stream.write(&header[body..]);
                    stream.write(&octets[taken..]);
                    self.state = State::Body(names, Box::new(stream));
                } else if taken < octets.len() {
                    self.state = State::TooLong;
                }
            }
            State::Body(_, stream) => stream.write(octets),
            State::TooLong | State::Idle => {}
        }
    }

    /// Ends the mail: the `DKIM-Signature` fields to put in front, CRLF at the end of each; `t=` is the system's time.
    ///
    /// # Errors
    /// As [`Signer::finish_at`].
    pub fn finish(self) -> Result<Vec<u8>, TrustError> {
        self.finish_at(Timestamp::now())
    }

    /// Ends the mail: the `DKIM-Signature` fields to put in front, in the order of the keys. None come out where there is
    /// no From field: a signature without it is not valid (RFC 6376, 5.4).
    ///
    /// # Errors
    /// [`TrustError`] where the header section is longer than 1 MiB, or a key cannot sign.
    pub fn finish_at(self, now: Timestamp) -> Result<Vec<u8>, TrustError> {
        let (names, stream) = match self.state {
            State::Body(names, stream) => (names, *stream),
            State::Header(header) => begin(&header),
            State::TooLong => return Err(TrustError(format!("the header is longer than {MAX_HEADER} octets"))),
            State::Idle => return Ok(Vec::new()),
        };
        if !names.contains(&"From") {
            return Ok(Vec::new());
        }
        let pass = stream.finish().map_err(|error| TrustError(format!("hashing failed: {error}")))?;
        // What was tapped ends with the pass's own DKIM-Signature field, which has no line end in canonical form.
        let signed = pass.b.windows(2).rposition(|pair| pair == b"\r\n").map_or(0, |at| at + 2);
        let canonical = &pass.b[..signed];
        let covered: Vec<String> =
            names.iter().rev().chain(&fields::OVERSIGNED).map(|name| (*name).to_owned()).collect();

        let mut out = Vec::new();
        for key in &self.keys {
            let mut signature = Signature {
                v: 1,
                a: match key.algorithm() {
                    Algorithm::Rsa => crypto::Algorithm::RsaSha256,
                    Algorithm::Ed25519 => crypto::Algorithm::Ed25519Sha256,
                },
                d: key.domain().to_owned(),
                s: key.selector().to_owned(),
                bh: pass.bh.clone(),
                h: covered.clone(),
                t: u64::try_from(now.unix_seconds()).unwrap_or(0),
                ch: Canonicalization::Relaxed,
                cb: Canonicalization::Relaxed,
                ..Signature::default()
            };
            let mut data = canonical.to_vec();
            signature.write(&mut data, false);
            signature.b = key.sign(&data)?;
            signature.write_header(&mut out);
        }
        Ok(out)
    }
}

/// Starts the pass over a header section.
fn begin(header: &[u8]) -> (Vec<&'static str>, DkimSigningStream<'static, Tap>) {
    let (signed, names) = fields::select(header);
    let mut stream = PASS.sign_streaming();
    stream.write(&signed);
    stream.write(b"\r\n");
    if signed.is_empty() {
        // The library looks for an empty line after a line.
        stream.write(b"\r\n");
    }
    (names, stream)
}
