//! Stage **read**: the spooled mail goes past the reader once; its outline is what is kept.

use std::ops::Range;

use fubako_mail::{Outline, Plan, charset::TextDecoder, header::Header, plan::Body, reader::Reader, transfer::Decoder};
use fubako_vault::SealedReader;
use futures::StreamExt as _;

use crate::{Gateway, problem::Problem};

/// Octets of a body that are looked at to tell its language.
const SAMPLE: u64 = 16 * 1024;
/// Characters of a body that is at hand.
const GIVEN_SAMPLE: usize = 8 * 1024;

impl Gateway {
    pub(crate) async fn read(&self, spool: &SealedReader) -> Result<Outline, Problem> {
        let mut reader = Reader::new(self.limits);
        let mut octets = spool.read(0..spool.length());
        while let Some(piece) = octets.next().await {
            reader.push(&piece?);
        }
        Ok(reader.finish())
    }

    /// The beginning of the mail's bodies as text.
    pub(crate) async fn body_sample(&self, plan: &Plan, spool: &SealedReader) -> Result<String, Problem> {
        let mut sample = String::new();
        for body in plan.bodies.iter().take(4) {
            let mut octets = Vec::new();
            let mut pieces = spool.read(sample_range(body));
            while let Some(piece) = pieces.next().await {
                octets.extend_from_slice(&piece?);
            }
            add_sample(body, &octets, &mut sample);
        }
        Ok(sample)
    }
}

/// The octets of a body that are looked at to tell its language.
pub(crate) fn sample_range(body: &Body) -> Range<u64> {
    body.body.start..body.body.end.min(body.body.start.saturating_add(SAMPLE))
}

/// Adds a body's beginning, given as it stands in the mail, to the sample.
pub(crate) fn add_sample(body: &Body, octets: &[u8], sample: &mut String) {
    if let Some(given) = &body.given {
        sample.extend(given.chars().take(GIVEN_SAMPLE));
    }
    let mut decoded = Vec::new();
    let mut decoder = Decoder::new(body.encoding);
    decoder.push(octets, &mut decoded);
    decoder.finish(&mut decoded);
    let mut text = TextDecoder::of_body(body.media_type == "text/html", body.charset.as_deref());
    text.push(&decoded, sample);
    text.finish(sample);
}

/// The From field's first (display name, address).
pub(crate) fn from_of(header: &Header) -> Option<(String, String)> {
    header
        .first("from")
        .and_then(|field| field.addresses().into_iter().next())
        .map(|a| (a.name.unwrap_or_default(), a.address))
}

/// The Subject, decoded; empty where there is none.
pub(crate) fn subject_of(header: &Header) -> String {
    header.first("subject").map(|field| field.unstructured()).unwrap_or_default()
}
