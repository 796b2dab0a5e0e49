//! The pass over a mail, and the keys asked for after it.

use std::{collections::HashMap, time::Duration};

use aws_lc_rs::digest::{Context, Digest, SHA256};
use fubako_base::Timestamp;
use futures::future::join_all;

use super::{
    Dkim, DkimFailure, DkimOutcome, Signature,
    canonical::{BodyHash, Form},
    field::{Claim, SignatureField, without_signature},
    record::KeyRecord,
};
use crate::{Dns, DnsFailure, TrustError, fields};

/// Signatures of a mail that are looked at.
pub const MAX_SIGNATURES: usize = 10;

/// Octets that a header section may have; all of it is held until its end.
const MAX_HEADER: usize = 1 << 20;

/// Fields of which a mail may have one (RFC 5322, 3.6; RFC 2045), and of which readers show one.
const SINGLE: [&str; 12] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
];

/// Takes a mail as it streams past. Its memory is bounded by the header section, at most 1 MiB, and that is given up when the
/// header is over.
pub struct Verifier(State);

enum State {
    Header(Vec<u8>),
    Body(Box<Body>),
    TooLong,
}

/// What is known when the header is over.
struct Body {
    signatures: Vec<Pending>,
    unexamined: usize,
    /// The mail's Date.
    date: Option<Timestamp>,
    /// In simple and in relaxed form, where a signature needs it.
    simple: Option<BodyHash>,
    relaxed: Option<BodyHash>,
}

/// A signature whose key has not been asked for.
struct Pending {
    claim: Claim,
    field: Result<SignatureField, DkimFailure>,
    /// What it does not cover and ours would.
    uncovered: Vec<&'static str>,
    header: Digest,
}

/// A mail that has passed: its signatures with what they are over.
pub struct Hashed {
    signatures: Vec<Pending>,
    unexamined: usize,
    date: Option<Timestamp>,
    simple: Option<([u8; 32], u64)>,
    relaxed: Option<([u8; 32], u64)>,
}

impl Default for Verifier {
    fn default() -> Self {
        Self(State::Header(Vec::new()))
    }
}

impl Verifier {
    /// Ready for a mail.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next octets of the mail as they came, header first, with CRLF line ends; cut anywhere.
    pub fn write(&mut self, octets: &[u8]) {
        match &mut self.0 {
            State::Header(header) => {
                // The end of the header can lie across the border; a few octets are looked at again.
                let from = header.len().saturating_sub(3);
                let (taken, rest) = octets.split_at(octets.len().min(MAX_HEADER - header.len()));
                header.extend_from_slice(taken);
                if let Some((end, start)) = fields::header_end(header, from) {
                    let mut body = Body::new(&header[..end]);
                    body.write(&header[start..]);
                    body.write(rest);
                    self.0 = State::Body(Box::new(body));
                } else if !rest.is_empty() {
                    self.0 = State::TooLong;
                }
            }
            State::Body(body) => body.write(octets),
            State::TooLong => {}
        }
    }

    /// Ends the mail.
    ///
    /// # Errors
    /// [`TrustError`] where the header section is longer than 1 MiB: nobody can say what is signed.
    pub fn finish(self) -> Result<Hashed, TrustError> {
        let body = match self.0 {
            State::Body(body) => *body,
            State::Header(header) => Body::new(&header),
            State::TooLong => return Err(TrustError(format!("the header is longer than {MAX_HEADER} octets"))),
        };
        Ok(Hashed {
            signatures: body.signatures,
            unexamined: body.unexamined,
            date: body.date,
            simple: body.simple.map(BodyHash::finish),
            relaxed: body.relaxed.map(BodyHash::finish),
        })
    }
}

impl Body {
    fn new(header: &[u8]) -> Self {
        let all: Vec<&[u8]> = fields::split(header).collect();
        let own = |field: &&&[u8]| fields::name(field).is_some_and(|name| name.eq_ignore_ascii_case(b"dkim-signature"));
        // Readers take the rest of such a header for body text, and so for something that nobody signed.
        let is_sound = all.iter().all(|field| fields::is_field(field));
        let mut signatures: Vec<Pending> = Vec::new();
        let mut unexamined = 0;
        let standing = fields::signable(all.iter().copied());
        for field in all.iter().filter(own) {
            if signatures.len() < MAX_SIGNATURES {
                let mut pending = Pending::read(field, &all, &standing);
                if !is_sound {
                    pending.field = Err(DkimFailure::Syntax("the header has a line that is no field"));
                }
                signatures.push(pending);
            } else {
                unexamined += 1;
            }
        }
        let wanted = |form| {
            let wants = |pending: &Pending| pending.field.as_ref().is_ok_and(|field| field.body_form == form);
            signatures.iter().any(wants).then(|| BodyHash::new(form))
        };
        let (simple, relaxed) = (wanted(Form::Simple), wanted(Form::Relaxed));
        Self { signatures, unexamined, date: date(&all), simple, relaxed }
    }

    fn write(&mut self, octets: &[u8]) {
        for hash in [&mut self.simple, &mut self.relaxed].into_iter().flatten() {
            hash.write(octets);
        }
    }
}

impl Pending {
    /// Reads a `DKIM-Signature` field and hashes what it signs of the header.
    fn read(own: &[u8], all: &[&[u8]], standing: &[(&'static str, usize)]) -> Self {
        let mut hash = Context::new(&SHA256);
        let value = own.iter().position(|&octet| octet == b':').map_or(own, |at| &own[at + 1..]);
        let Ok(text) = std::str::from_utf8(value) else {
            let failure = DkimFailure::Syntax("it is not in UTF-8");
            return Self { claim: Claim::default(), field: Err(failure), uncovered: Vec::new(), header: hash.finish() };
        };
        let field = SignatureField::parse(text).and_then(|field| match has_doubled(&field.signed, all) {
            true => Err(DkimFailure::Doubled),
            false => Ok(field),
        });
        if let Ok(read) = &field {
            for field in signed(&read.signed, own, all) {
                read.header_form.field(field, &mut hash);
            }
            read.header_form.own_field(&without_signature(own), &mut hash);
        }
        let uncovered = field.as_ref().map(|field| uncovered(&field.signed, standing)).unwrap_or_default();
        Self { claim: Claim::read(text), field, uncovered, header: hash.finish() }
    }
}

/// The fields that `h=` means, in its order: a name's last field first, then the one before it; nothing where there is none
/// left (RFC 6376, 5.4.2). The signature's own field is not among them.
fn signed<'a>(names: &[String], own: &[u8], all: &[&'a [u8]]) -> Vec<&'a [u8]> {
    // The fields of each name in question, the last last.
    let mut found: HashMap<&str, Vec<&[u8]>> = names.iter().map(|name| (name.as_str(), Vec::new())).collect();
    let mut lower = Vec::new();
    for field in all.iter().copied().filter(|field| !std::ptr::eq(*field, own)) {
        lower.clear();
        lower.extend_from_slice(fields::name(field).unwrap_or_default());
        lower.make_ascii_lowercase();
        if let Some(list) = std::str::from_utf8(&lower).ok().and_then(|name| found.get_mut(name)) {
            list.push(field);
        }
    }
    names.iter().filter_map(|name| found.get_mut(name.as_str())?.pop()).collect()
}

/// What stands there more often than it is signed.
fn uncovered(names: &[String], standing: &[(&'static str, usize)]) -> Vec<&'static str> {
    let signed = |known: &str| names.iter().filter(|name| name.eq_ignore_ascii_case(known)).count();
    standing.iter().filter(|(known, count)| signed(known) < *count).map(|(known, _)| *known).collect()
}

/// The mail's one Date, where it can be read.
fn date(all: &[&[u8]]) -> Option<Timestamp> {
    let is_date = |field: &&&[u8]| fields::name(field).is_some_and(|name| name.eq_ignore_ascii_case(b"date"));
    let mut dates = all.iter().filter(is_date);
    let (Some(field), None) = (dates.next(), dates.next()) else { return None };
    let value = field.iter().position(|&octet| octet == b':').map(|at| &field[at + 1..])?;
    Timestamp::from_rfc5322(std::str::from_utf8(value).ok()?)
}

/// Whether a field that should stand once is signed, and stands more often than it is signed.
fn has_doubled(names: &[String], all: &[&[u8]]) -> bool {
    let stand = |single: &str| {
        let is_one =
            |field: &&&[u8]| fields::name(field).is_some_and(|name| name.eq_ignore_ascii_case(single.as_bytes()));
        all.iter().filter(is_one).count()
    };
    SINGLE.iter().any(|single| {
        let signed = names.iter().filter(|name| name == single).count();
        signed > 0 && stand(single) > signed.max(1)
    })
}

impl Hashed {
    /// Asks for the keys, all at the same time and none for longer than `patience` ([`crate::PATIENCE`]), and verifies.
    ///
    /// Needs a tokio runtime with its clock on.
    pub async fn verify(self, dns: &dyn Dns, now: Timestamp, patience: Duration) -> Dkim {
        let looked_up = join_all(self.signatures.iter().map(async |pending| match &pending.field {
            Ok(field) => Some(key(dns, field, patience).await),
            Err(_) => None,
        }))
        .await;
        let signatures = self.signatures.iter().zip(looked_up);
        Dkim {
            signatures: signatures.map(|(pending, key)| self.judge(pending, key, now)).collect(),
            unexamined: self.unexamined,
        }
    }

    fn judge(&self, pending: &Pending, key: Option<Key>, now: Timestamp) -> Signature {
        let testing = matches!(&key, Some(Ok(Ok(key))) if key.testing);
        let outcome = match (&pending.field, key) {
            (Err(failure), _) => DkimOutcome::Fail(failure.clone()),
            (Ok(field), key) => match (self.content(field, now), key) {
                (Err(failure), _) => DkimOutcome::Fail(failure),
                (Ok(()), Some(Ok(Ok(key)))) => {
                    key.verify(field, &pending.header).map_or_else(DkimOutcome::Fail, |()| DkimOutcome::Pass)
                }
                (Ok(()), Some(Ok(Err(failure)))) => DkimOutcome::Fail(failure),
                (Ok(()), Some(Err(cause))) => DkimOutcome::Temporary(cause),
                (Ok(()), None) => DkimOutcome::Fail(DkimFailure::NoKey),
            },
        };
        let made = pending.field.as_ref().ok().and_then(|field| match field.made {
            Some(made) => i64::try_from(made).ok(),
            None => self.date.filter(|_| !pending.uncovered.contains(&"Date")).map(Timestamp::unix_seconds),
        });
        Signature {
            domain: pending.claim.domain.clone(),
            selector: pending.claim.selector.clone(),
            algorithm: pending.field.as_ref().ok().map(|field| field.algorithm),
            start: pending.claim.start.clone(),
            testing,
            uncovered: pending.uncovered.clone(),
            age: made.map(|made| now.unix_seconds().saturating_sub(made)),
            outcome,
        }
    }

    /// What can be said without the key.
    fn content(&self, field: &SignatureField, now: Timestamp) -> Result<(), DkimFailure> {
        let now = u64::try_from(now.unix_seconds()).unwrap_or(0);
        if field.expires.is_some_and(|expires| expires < now) {
            return Err(DkimFailure::Expired);
        }
        let body = match field.body_form {
            Form::Simple => self.simple.as_ref(),
            Form::Relaxed => self.relaxed.as_ref(),
        };
        let (hash, length) = body.ok_or(DkimFailure::BodyHash)?;
        // More than there is (RFC 6376, 3.5) is as wrong as less.
        if field.length.is_some_and(|covered| covered != *length) {
            return Err(DkimFailure::NotCovered);
        }
        if field.body_hash == hash { Ok(()) } else { Err(DkimFailure::BodyHash) }
    }
}

/// A key, why there is none for good, or why nobody knows.
type Key = Result<Result<KeyRecord, DkimFailure>, String>;

async fn key(dns: &dyn Dns, field: &SignatureField, patience: Duration) -> Key {
    let name = format!("{}._domainkey.{}", field.selector, field.domain);
    if !crate::domain::is_dns_name(&name) {
        return Ok(Err(DkimFailure::NoKey));
    }
    match tokio::time::timeout(patience, dns.txt(&name)).await {
        Ok(Ok(texts)) => Ok(KeyRecord::find(&texts)),
        Ok(Err(DnsFailure::NoSuchName)) => Ok(Err(DkimFailure::NoKey)),
        Ok(Err(DnsFailure::Temporary(cause))) => Err(format!("TXT of {name}: {cause}")),
        Err(_) => Err(format!("TXT of {name}: no answer within {patience:?}")),
    }
}
