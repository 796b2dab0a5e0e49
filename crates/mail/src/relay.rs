//! A mail without attachments, relayed with its octets as they were (spec MAIL-NONE).

use crate::{compose::structured, header::Field, outline::Outline, steps::Step};

/// Fields that are never relayed: blind copies, return receipts asked for, and what the receiving server writes itself.
const REMOVED: [&str; 9] = [
    "Bcc",
    "Resent-Bcc",
    "Return-Receipt-To",
    "Return-Receipt-Requested",
    "Disposition-Notification-To",
    "Disposition-Notification-Options",
    "Read-Receipt-To",
    "X-Confirm-Reading-To",
    "Return-Path",
];

/// What stands before the mail's own header.
#[derive(Debug, Clone, Copy)]
pub struct Front<'a> {
    /// Our Authentication-Results field, whole and with its line end; may be empty.
    pub results: &'a str,
    /// Our trace field's value (`Received:`), without the name and the line end, folded by the composer.
    pub received: &'a str,
}

impl Front<'_> {
    /// The fields, the newest first.
    pub(crate) fn fields(&self) -> String {
        self.results.to_owned() + &structured("Received", self.received).unwrap_or_default()
    }
}

/// The steps that write the mail as it was from its header on, with `front` before it, and without Bcc, Resent-Bcc, requests
/// for return receipts, Return-Path, and fields that `may_pass` says no of. A header that ends at a line which is none of a
/// header's gets the blank line that it lacks: other servers would put it there, and break our signature.
#[must_use]
pub fn unchanged(outline: &Outline, front: Front<'_>, may_pass: &dyn Fn(&Field) -> bool) -> Vec<Step> {
    let mut before = front.fields().into_bytes();
    // What stands before the header, an mbox line or a byte order mark, would end it behind our field.
    let start = outline.header_range.start;
    if outline.size > 0 && outline.parts.first().is_some_and(|root| root.body.start == start) {
        // A mail that begins with its body has no blank line that would end our field.
        before.extend_from_slice(b"\r\n");
    }
    let mut steps = vec![Step::Octets(before)];
    let mut from = start;
    for field in outline.header.iter() {
        if may_pass(field) && !REMOVED.iter().any(|name| name.eq_ignore_ascii_case(field.name())) {
            continue;
        }
        let range = field.range();
        if from < range.start {
            steps.push(Step::Copy(from..range.start));
        }
        from = from.max(range.end);
    }
    let end = outline.header_range.end;
    if start < end && outline.parts.first().is_some_and(|root| root.body.start == end) && end < outline.size {
        steps.extend([Step::Copy(from..end.max(from)), Step::Octets(b"\r\n".to_vec())]);
        from = from.max(end);
    }
    if from < outline.size {
        steps.push(Step::Copy(from..outline.size));
    }
    steps
}
