//! The mails in hand as an operator looks at them (spec X-OPERATOR): what they are, and why they wait. Pure.

use fubako_base::Code;
use fubako_store::queue::QueueRow;

/// What a list of the queue may be narrowed to: a mail that is yet to be handled, one that is held, and the kinds of deliveries.
pub const STAGES: [&str; 6] = ["received", "held", "relay", "deposit-notice", "notice", "bounce"];

/// Whether a row waits: it can be tried now, or stopped.
#[must_use]
pub fn waits(row: &QueueRow) -> bool {
    matches!((row.kind, row.state.as_str()), ("mail", "received" | "held") | ("delivery", "queued"))
}

/// Why something waits, or waited last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was not tried yet.
    Turn,
    /// A problem of ours or of the mail, with its code.
    Problem(Code),
    /// The next hop cannot be connected to.
    Connection,
    /// The connection to the next hop broke off.
    Cut,
    /// The next hop's encryption is not as it must be.
    Encryption,
    /// The domain's policy names another host (MTA-STS).
    Policy,
    /// DNS gives no answer.
    Dns,
    /// Something of our own: a row or an object that cannot be read.
    Own,
    /// The recipient's mailbox is full.
    Full,
    /// The next hop said: later.
    Later,
    /// The next hop refused it.
    Refused,
    /// What is noted says no more.
    Other,
}

impl Why {
    /// Every one, of the codes those with which a mail waits.
    pub const ALL: [Self; 15] = [
        Self::Turn,
        Self::Problem(Code::Ambiguous),
        Self::Problem(Code::Maintenance),
        Self::Problem(Code::ExchangeUnavailable),
        Self::Problem(Code::UploadFailed),
        Self::Connection,
        Self::Cut,
        Self::Encryption,
        Self::Policy,
        Self::Dns,
        Self::Own,
        Self::Full,
        Self::Later,
        Self::Refused,
        Self::Other,
    ];
}

/// Why a row waits, by what is noted of it: a mail's code, or the last reply to a delivery.
#[must_use]
pub fn why(row: &QueueRow) -> Why {
    match (row.kind, row.reason.as_deref().map(str::trim)) {
        (_, None | Some("")) => Why::Turn,
        ("mail", Some(reason)) => {
            let code = reason.split(':').next().unwrap_or_default();
            Code::from_name(code).map_or(Why::Other, Why::Problem)
        }
        (_, Some(reply)) => why_of_reply(reply),
    }
}

/// What a reply's numbers say (RFC 5321, 4.2; RFC 3463).
fn why_of_reply(reply: &str) -> Why {
    let mut words = reply.split([' ', '-']);
    let (basic, enhanced) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match (basic.as_bytes(), enhanced) {
        ([b'4', ..], "4.4.1") => Why::Connection,
        ([b'4', ..], "4.4.2") => Why::Cut,
        ([b'4', ..], "4.4.3" | "4.4.4") => Why::Dns,
        ([b'4', ..], "4.7.5") => Why::Encryption,
        ([b'4', ..], "4.7.10") => Why::Policy,
        ([b'4', ..], "4.2.2") => Why::Full,
        (b"451", "4.3.0") => Why::Own,
        ([b'4', _, _], _) => Why::Later,
        ([b'5', _, _], _) => Why::Refused,
        _ => Why::Other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fubako_base::Timestamp;

    use super::*;

    fn row(kind: &'static str, state: &str, reason: Option<&str>) -> QueueRow {
        QueueRow {
            id: String::new(),
            kind,
            section: "acme".parse().unwrap(),
            stage: String::new(),
            state: state.to_owned(),
            from: String::new(),
            to: Vec::new(),
            size: 0,
            since: Timestamp(0),
            attempts: 0,
            next_at: None,
            ended_at: None,
            reason: reason.map(str::to_owned),
            mail: None,
            outgoing: None,
            delivery: None,
        }
    }

    // spec: X-OPERATOR
    #[test]
    fn what_waits_can_be_tried_or_stopped_and_nothing_else() {
        for (kind, state, wanted) in [
            ("mail", "received", true),
            ("mail", "held", true),
            ("mail", "relaying", false),
            ("mail", "settled", false),
            ("mail", "stopped", false),
            ("mail", "queued", false),
            ("delivery", "queued", true),
            ("delivery", "delivered", false),
            ("delivery", "failed", false),
            ("delivery", "stopped", false),
        ] {
            assert_eq!(waits(&row(kind, state, None)), wanted, "{kind} {state}");
        }
    }

    // spec: X-OPERATOR
    #[test]
    fn why_it_waits_is_read_from_what_is_noted() {
        for (kind, reason, wanted) in [
            ("mail", None, Why::Turn),
            ("mail", Some("exchange-unavailable: 503"), Why::Problem(Code::ExchangeUnavailable)),
            ("mail", Some("maintenance"), Why::Problem(Code::Maintenance)),
            ("mail", Some("ambiguous: a field: twice"), Why::Problem(Code::Ambiguous)),
            ("mail", Some("451 4.4.1 x"), Why::Other),
            ("delivery", None, Why::Turn),
            ("delivery", Some(""), Why::Turn),
            ("delivery", Some("451 4.4.1 connection failed: Connection refused"), Why::Connection),
            ("delivery", Some("451 4.4.2 the peer went away"), Why::Cut),
            ("delivery", Some("451 4.4.3 DNS gave no answer"), Why::Dns),
            ("delivery", Some("451 4.7.5 certificate"), Why::Encryption),
            ("delivery", Some("451 4.7.10 not named"), Why::Policy),
            ("delivery", Some("451 4.3.0 the mail cannot be read from our own storage"), Why::Own),
            ("delivery", Some("452 4.2.2 mailbox full"), Why::Full),
            ("delivery", Some("450 4.2.0 greylisted"), Why::Later),
            ("delivery", Some("421 try again"), Why::Later),
            ("delivery", Some("450-4.7.1 one of several lines"), Why::Later),
            ("delivery", Some("550 5.1.1 no such user"), Why::Refused),
            ("delivery", Some("550"), Why::Refused),
            ("delivery", Some("nonsense"), Why::Other),
            ("delivery", Some("4"), Why::Other),
        ] {
            assert_eq!(why(&row(kind, "", reason)), wanted, "{kind} {reason:?}");
        }
    }
}
