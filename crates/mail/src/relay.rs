//! A mail without attachments, relayed with its octets as they were (spec MAIL-NONE).

use crate::{compose::structured, outline::Outline, steps::Step};

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

/// The steps that write the mail as it was, with `received` (a `Received:` value) in front, and without Bcc, Resent-Bcc,
/// requests for return receipts, Return-Path, and the field named `secret_header`.
#[must_use]
pub fn unchanged(outline: &Outline, received: &str, secret_header: Option<&str>) -> Vec<Step> {
    let mut front = structured("Received", received).unwrap_or_default().into_bytes();
    if outline.size > 0 && outline.parts.first().is_some_and(|root| root.body.start == 0) {
        // A mail that begins with its body has no blank line that would end our field.
        front.extend_from_slice(b"\r\n");
    }
    let mut steps = vec![Step::Octets(front)];
    let mut from = 0;
    for field in outline.header.iter() {
        let is_secret = secret_header.is_some_and(|name| name.trim().eq_ignore_ascii_case(field.name()));
        if !is_secret && !REMOVED.iter().any(|name| name.eq_ignore_ascii_case(field.name())) {
            continue;
        }
        let range = field.range();
        if from < range.start {
            steps.push(Step::Copy(from..range.start));
        }
        from = from.max(range.end);
    }
    if from < outline.size {
        steps.push(Step::Copy(from..outline.size));
    }
    steps
}
