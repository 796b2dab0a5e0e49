//! Whether a mail is a section's own (spec RCV-TENANT, RCV-SPF, RCV-DKIM, RCV-ALIGN): a pure decision on what was found.
//!
//! # Alignment
//! A proven domain P speaks for the author's domain A where P is A, where A lies below P, or where both lie at or below one
//! domain that the section registered. That is relaxed alignment (RFC 7489, 3.1) with the section's registered domains in
//! the place of a public suffix list: whoever holds a domain can always speak for what lies below it, and that the section
//! holds its domains was looked at when they were registered. A list would be a table of 10,000 suffixes that is wrong the day after
//! it is built in, and would let through nothing more than two names below a domain that the section could have registered.

use std::net::IpAddr;

use aws_lc_rs::{
    constant_time,
    digest::{SHA256, digest},
};

pub use fubako_base::section::Proof;

use crate::{
    dkim::{Dkim, DkimOutcome, Signature},
    domain::is_at_or_below,
    spf::{Identity, Spf, SpfResult},
};

/// Days for which a signature is a proof. An upstream gives up a mail after five (RFC 5321, 4.5.4.1).
pub const FRESH_DAYS: i64 = 7;

/// The section, as far as the decision goes. Domains are A-labels in lower case.
#[derive(Clone, Copy)]
pub struct Tenant<'a> {
    /// What proves its mail.
    pub proof: Proof,
    /// The domains it registered.
    pub domains: &'a [String],
    /// Domains that other sections registered and that lie below its own: they do not speak for it. May be empty where
    /// there are none.
    pub foreign: &'a [String],
    /// For [`Proof::SecretHeader`].
    pub secret: Option<Secret<'a>>,
}

/// The secret header's secret, and what the mail has in its place. No `Debug`: it is a secret.
#[derive(Clone, Copy)]
pub struct Secret<'a> {
    /// What it should be: any of these, so that one can be changed for another without a gap. An empty one matches nothing.
    pub expected: &'a [&'a [u8]],
    /// The values of the mail's fields of that name; white space around them does not count.
    pub found: &'a [&'a [u8]],
}

/// The author, by the mail's From field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author<'a> {
    /// One From field with one address, of this domain (an A-label in lower case).
    One(&'a str),
    /// No From field.
    Missing,
    /// More than one From field, or more than one address in it.
    Several,
    /// A From field that cannot be read.
    Unreadable,
    /// One in whose display name, decoded, stands an address of none of the section's domains: some programs take that one for the author.
    AddressInName,
}

/// What to do with the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is the section's.
    Accept {
        /// What proved it.
        proved_by: Proof,
        /// The author's domain.
        domain: String,
    },
    /// It is not, and coming again changes nothing: a reply of 5xx.
    Refuse(Refusal),
    /// DNS gave no answer: a reply of 4xx.
    TryLater(Refusal),
}

/// What is said instead of 250.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, for the log and for counting.
    pub code: RefusalCode,
    /// The reply's code: 550 or 451.
    pub reply: u16,
    /// The enhanced status code (RFC 3463, 7372).
    pub status: (u8, u16, u16),
    /// What the peer is told: one line of visible ASCII, at most 450 octets.
    pub sentence: String,
    /// The private cause, for the log.
    pub cause: String,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    /// The From field (RCV-ALIGN).
    Author,
    /// The author's domain is not one of the section's (RCV-TENANT).
    Domain,
    /// SPF (RCV-SPF).
    Spf,
    /// DKIM (RCV-DKIM).
    Dkim,
    /// Nothing that is proven speaks for the author (RCV-ALIGN).
    Alignment,
    /// The proof that the section wants is not there (RCV-TENANT).
    Proof,
}

impl RefusalCode {
    /// A name that stays.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Domain => "domain",
            Self::Spf => "spf",
            Self::Dkim => "dkim",
            Self::Alignment => "alignment",
            Self::Proof => "proof",
        }
    }
}

/// Decides, in this order: the author, the author's domain, SPF, DKIM, alignment, the section's proof.
#[must_use]
pub fn decide(tenant: &Tenant<'_>, author: Author<'_>, spf: &Spf, dkim: &Dkim) -> Decision {
    let steps = author_domain(tenant.domains, author).and_then(|author| {
        spf_passes(spf)?;
        dkim_passes(tenant, author, dkim)?;
        is_aligned(tenant, author, spf, dkim)?;
        is_proven(tenant, author, spf, dkim)?;
        Ok(author.to_owned())
    });
    match steps {
        Ok(domain) => Decision::Accept { proved_by: tenant.proof, domain },
        Err(refusal) if refusal.reply < 500 => Decision::TryLater(refusal),
        Err(refusal) => Decision::Refuse(refusal),
    }
}

/// Whether the SPF outcome alone refuses the mail: it can be asked at MAIL, before the mail comes (spec RCV-SPF).
///
/// # Errors
/// The [`Refusal`] to answer with; its `reply` says whether to come again.
pub fn spf_passes(spf: &Spf) -> Result<(), Refusal> {
    let refuse =
        |status, reply, sentence: String| Err(Refusal::new(RefusalCode::Spf, reply, status, sentence, &spf.cause));
    let (ip, domain) = (spf.ip, spf.domain.as_str());
    let what = match spf.identity {
        Identity::MailFrom => "the envelope sender's domain",
        Identity::Helo => "the HELO name (the envelope sender is empty)",
    };
    match spf.result {
        SpfResult::Pass => Ok(()),
        SpfResult::TempError => {
            let sentence = format!("SPF of {domain} could not be looked up, please try again later");
            refuse((4, 7, 24), 451, sentence)
        }
        SpfResult::None if domain.is_empty() => {
            refuse((5, 7, 23), 550, format!("SPF cannot be checked: {what} is no domain name"))
        }
        SpfResult::None => {
            refuse((5, 7, 23), 550, format!("{domain} has no SPF record; publish one that permits {}", shown(ip)))
        }
        SpfResult::PermError => {
            refuse((5, 7, 23), 550, format!("the SPF record of {domain} is wrong (permerror); correct it"))
        }
        SpfResult::Fail | SpfResult::SoftFail | SpfResult::Neutral => {
            let says = spf.explanation.as_ref().map(|text| format!("; {domain} explains: {text}"));
            let result = spf.result.name();
            let sentence = format!(
                "SPF of {domain} does not permit {} ({result}); add it to the record if it may send{}",
                shown(ip),
                says.unwrap_or_default()
            );
            refuse((5, 7, 23), 550, sentence)
        }
    }
}

/// The author's domain, where it is one of the section's: it can be asked when the header has passed.
///
/// # Errors
/// The [`Refusal`] to answer with.
pub fn author_domain<'a>(domains: &[String], author: Author<'a>) -> Result<&'a str, Refusal> {
    let refuse = |sentence: &str| {
        let sentence = sentence.to_owned();
        Err(Refusal::new(RefusalCode::Author, 550, (5, 6, 0), sentence, "the From field"))
    };
    match author {
        Author::Missing => refuse("a mail must have a From field"),
        Author::Several => refuse("a mail must have one From field with one address"),
        Author::Unreadable => refuse("the From field cannot be read"),
        Author::AddressInName => {
            refuse("the name in From contains another mail address; take it out of the display name")
        }
        Author::One(domain) if domains.iter().any(|known| known == domain) => Ok(domain),
        Author::One(domain) => {
            let sentence = "the From address is not of a domain registered with the sender's".to_owned();
            Err(Refusal::new(RefusalCode::Domain, 550, (5, 7, 1), sentence, &format!("From is of {domain}")))
        }
    }
}

/// Whether the proven domain speaks for the author's.
fn speaks_for(tenant: &Tenant<'_>, proven: &str, author: &str) -> bool {
    let is_foreign = |top: &String| is_at_or_below(proven, top) && !is_at_or_below(author, top);
    if !proven.contains('.') || tenant.foreign.iter().any(is_foreign) {
        return false;
    }
    let both_below = |top: &String| is_at_or_below(proven, top) && is_at_or_below(author, top);
    is_at_or_below(author, proven) || tenant.domains.iter().any(both_below)
}

/// Signatures that pass, but for those that are only tried out.
fn passing(dkim: &Dkim) -> impl Iterator<Item = &Signature> {
    dkim.signatures.iter().filter(|signature| !signature.testing && signature.outcome == DkimOutcome::Pass)
}

/// If the mail carries signatures, one of the author's domain must verify, or where it has none of that, one at all.
fn dkim_passes(tenant: &Tenant<'_>, author: &str, dkim: &Dkim) -> Result<(), Refusal> {
    let counted = || dkim.signatures.iter().filter(|signature| !signature.testing);
    if counted().next().is_none() && dkim.unexamined == 0 {
        return Ok(());
    }
    let has_own = counted().any(|signature| speaks_for(tenant, &signature.domain, author));
    let wanted = |signature: &&Signature| !has_own || speaks_for(tenant, &signature.domain, author);
    let of_author = |signature: &Signature| speaks_for(tenant, &signature.domain, author);
    // Among those that were not looked at, one of the author's domain may be that does not verify.
    let any_will_do = dkim.unexamined == 0;
    if passing(dkim).filter(wanted).any(|signature| any_will_do || of_author(signature)) {
        return Ok(());
    }
    let cause = causes(counted().filter(wanted), dkim.unexamined);
    let temporary = |signature: &Signature| matches!(signature.outcome, DkimOutcome::Temporary(_));
    if counted().filter(wanted).any(temporary) {
        let sentence = "a DKIM key could not be looked up, please try again later".to_owned();
        return Err(Refusal::new(RefusalCode::Dkim, 451, (4, 4, 3), sentence, &cause));
    }
    let first = counted().filter(wanted).find_map(|signature| signature.outcome.reason());
    let why = first.unwrap_or_else(|| "there are too many signatures".to_owned());
    // RFC 7372, 3.1
    let (status, sentence) = if has_own {
        ((5, 7, 22), format!("no DKIM signature of {author} verifies: {why}"))
    } else {
        ((5, 7, 20), format!("no DKIM signature of the mail verifies: {why}"))
    };
    Err(Refusal::new(RefusalCode::Dkim, 550, status, sentence, &cause))
}

/// What came of signatures, for the log.
fn causes<'a>(signatures: impl Iterator<Item = &'a Signature>, unexamined: usize) -> String {
    let each = signatures.map(|signature| {
        let why = match &signature.outcome {
            DkimOutcome::Temporary(cause) => cause.clone(),
            outcome => outcome.reason().unwrap_or_else(|| "pass".to_owned()),
        };
        format!("{}._domainkey.{}: {why}", signature.selector, signature.domain)
    });
    let mut all: Vec<String> = each.collect();
    if unexamined > 0 {
        all.push(format!("{unexamined} more not looked at"));
    }
    all.join("; ")
}

fn spf_speaks(tenant: &Tenant<'_>, author: &str, spf: &Spf) -> bool {
    spf.result == SpfResult::Pass && speaks_for(tenant, &spf.domain, author)
}

fn dkim_speaks(tenant: &Tenant<'_>, author: &str, dkim: &Dkim) -> bool {
    passing(dkim).any(|signature| speaks_for(tenant, &signature.domain, author))
}

fn is_aligned(tenant: &Tenant<'_>, author: &str, spf: &Spf, dkim: &Dkim) -> Result<(), Refusal> {
    if spf_speaks(tenant, author, spf) || dkim_speaks(tenant, author, dkim) {
        return Ok(());
    }
    let sentence = format!("neither SPF (of {}) nor a DKIM signature speaks for the From domain {author}", spf.domain);
    Err(Refusal::new(RefusalCode::Alignment, 550, (5, 7, 1), sentence, "nothing is aligned"))
}

fn is_proven(tenant: &Tenant<'_>, author: &str, spf: &Spf, dkim: &Dkim) -> Result<(), Refusal> {
    let (is_there, wanted) = match tenant.proof {
        Proof::Spf => (spf_speaks(tenant, author, spf), format!("SPF that speaks for {author}")),
        // Had one of the author's domain no answer from DNS, that was said before.
        Proof::Dkim => {
            let lacks = signature_lacks(tenant, author, spf, dkim);
            (lacks.is_none(), lacks.unwrap_or_default())
        }
        // Which header it is stays between the section and us.
        Proof::SecretHeader => {
            (tenant.secret.is_some_and(|secret| secret.matches()), "the agreed header field".to_owned())
        }
    };
    if is_there {
        return Ok(());
    }
    let sentence = format!("this mail does not prove that it comes from the holder of {author}: it lacks {wanted}");
    let cause = format!("the section's proof is {}", tenant.proof.name());
    Err(Refusal::new(RefusalCode::Proof, 550, (5, 7, 1), sentence, &cause))
}

/// What a signature lacks to be the section's proof: whoever got a signed mail could send it again, from elsewhere, with other fields, or
/// much later. So the host must be the section's by SPF (a mail with an empty envelope sender is no exception), what our own signature will
/// vouch for must be signed, and lately.
fn signature_lacks(tenant: &Tenant<'_>, author: &str, spf: &Spf, dkim: &Dkim) -> Option<String> {
    let is_own_host =
        spf.result == SpfResult::Pass && tenant.domains.iter().any(|own| speaks_for(tenant, &spf.domain, own));
    if !is_own_host {
        let name = if spf.identity == Identity::Helo { "HELO name" } else { "envelope sender" };
        return Some(format!("SPF by the sender's own domain (the {name} is of {})", spf.domain));
    }
    let of_author = || passing(dkim).filter(|signature| speaks_for(tenant, &signature.domain, author));
    let is_fresh =
        |signature: &&Signature| signature.age.is_some_and(|age| age.saturating_abs() <= FRESH_DAYS * 86_400);
    if of_author().filter(is_fresh).any(|signature| signature.uncovered.is_empty()) {
        return None;
    }
    let best = of_author().filter(is_fresh).min_by_key(|signature| signature.uncovered.len());
    Some(match best {
        Some(signature) => format!(
            "a DKIM signature of {author} over all of the header (the one it has does not cover {})",
            signature.uncovered.join(", ")
        ),
        None if of_author().next().is_some() => {
            format!(
                "a DKIM signature of {author} that is not older than {FRESH_DAYS} days (by its t=, or the mail's Date)"
            )
        }
        None => format!("a DKIM signature of {author}"),
    })
}

impl Secret<'_> {
    /// Whether the one field there is has a secret. Hashes are compared, each of them, so that the time taken tells nothing: not even
    /// a length, nor which it was.
    fn matches(&self) -> bool {
        let [found] = self.found else { return false };
        let found = digest(&SHA256, found.trim_ascii());
        self.expected.iter().map(|secret| secret.trim_ascii()).fold(false, |any, secret| {
            let same = constant_time::verify_slices_are_equal(found.as_ref(), digest(&SHA256, secret).as_ref()).is_ok();
            any | (same & !secret.is_empty())
        })
    }
}

impl Refusal {
    fn new(code: RefusalCode, reply: u16, status: (u8, u16, u16), mut sentence: String, cause: &str) -> Self {
        sentence.retain(|c| c == ' ' || c.is_ascii_graphic());
        sentence.truncate(450);
        Self { code, reply, status, sentence, cause: cause.to_owned() }
    }
}

/// An address as RFC 5321 has it in brackets.
fn shown(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("[{ip}]"),
        IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
    }
}
