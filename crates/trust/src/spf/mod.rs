//! SPF (RFC 7208): may this host send mail for that domain?

mod evaluation;
mod macros;
mod record;

use std::{net::IpAddr, time::Duration};

use fubako_base::Timestamp;

use crate::{Dns, domain};
use evaluation::{Evaluation, Found, Stop};

/// Whom the question is about.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// The address that the mail comes from.
    pub ip: IpAddr,
    /// What it said in HELO or EHLO.
    pub helo: &'a str,
    /// The address in MAIL FROM without its angle brackets; empty for the null sender, and then it is the HELO name that is
    /// checked (RFC 7208, 2.4).
    pub mail_from: &'a str,
    /// Our host name (for the macro `%{r}` in explanations).
    pub receiver: &'a str,
    /// The present (for `%{t}` there).
    pub now: Timestamp,
}

/// Results of RFC 7208, 2.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpfResult {
    /// The domain publishes no record, or there is no domain to ask.
    None,
    /// The domain says nothing about this host.
    Neutral,
    /// The host may send.
    Pass,
    /// The host may not send.
    Fail,
    /// The host probably may not send.
    SoftFail,
    /// DNS gave no answer; may pass.
    TempError,
    /// The record, or one that it refers to, is wrong.
    PermError,
}

impl SpfResult {
    /// The word of RFC 8601, 2.7.2.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// What was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The domain of MAIL FROM.
    MailFrom,
    /// The HELO name, of a mail with the null sender.
    Helo,
}

/// The outcome of an SPF check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spf {
    /// The result.
    pub result: SpfResult,
    /// What was checked.
    pub identity: Identity,
    /// Its domain as A-labels in lower case; empty where it has none that DNS could know.
    pub domain: String,
    /// The address that the mail came from; IPv4 in IPv6 (`::ffff:192.0.2.1`) as IPv4.
    pub ip: IpAddr,
    /// Why it is so: the mechanism that matched, what is wrong. For the log.
    pub cause: String,
    /// What the domain has to say to a host that may not send (`exp=`): visible ASCII, at most 200 octets. Somebody else's words.
    pub explanation: Option<String>,
}

/// Checks the envelope's sender (spec RCV-SPF): at most 10 terms that ask DNS, 2 of them in vain, 10 hosts for each `mx` and `ptr`
/// (RFC 7208, 4.6.4). What takes longer than `patience` ([`crate::PATIENCE`]) is [`SpfResult::TempError`].
///
/// Needs a tokio runtime with its clock on.
pub async fn check(dns: &dyn Dns, client: &Client<'_>, patience: Duration) -> Spf {
    let (identity, local, sender) = match client.mail_from.rsplit_once('@') {
        Some((local, domain)) => (Identity::MailFrom, local, domain),
        None if client.mail_from.is_empty() => (Identity::Helo, "", client.helo),
        None => (Identity::MailFrom, client.mail_from, ""),
    };
    let mut spf = Spf {
        result: SpfResult::None,
        identity,
        domain: domain::a_label(sender).unwrap_or_default(),
        ip: client.ip.to_canonical(),
        cause: "the sender has no domain that DNS could know".to_owned(),
        explanation: None,
    };
    // No domain, or one label alone: RFC 7208, 4.3.
    if !spf.domain.contains('.') {
        return spf;
    }
    let domain = spf.domain.clone();
    let mut evaluation = Evaluation::new(dns, client, spf.ip, local, &domain);
    let outcome = tokio::time::timeout(patience, Box::pin(evaluation.run(&domain))).await;
    let outcome = outcome.unwrap_or_else(|_| Err(Stop::Temporary(format!("no answer within {patience:?}"))));
    (spf.result, spf.cause) = match outcome {
        Ok((Found::NoRecord, _)) => (SpfResult::None, format!("{domain} has no SPF record")),
        Ok((Found::Result(result, cause), explanation)) => {
            spf.explanation = explanation;
            (result, cause)
        }
        Err(Stop::Temporary(cause)) => (SpfResult::TempError, cause),
        Err(Stop::Permanent(cause)) => (SpfResult::PermError, cause),
    };
    spf
}
