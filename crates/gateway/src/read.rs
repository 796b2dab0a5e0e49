//! Stage **read**: the spooled mail goes past the reader once; its outline is what is kept.

use fubako_base::{Lang, Timestamp};
use fubako_mail::{Outline, Plan, charset::TextDecoder, header::Header, plan::Body, reader::Reader, transfer::Decoder};
use fubako_vault::SealedReader;
use futures::StreamExt as _;

use crate::{Gateway, problem::Problem};

/// Octets of a body that are looked at to tell its language.
const SAMPLE: u64 = 16 * 1024;

impl Gateway {
    pub(crate) async fn read(&self, spool: &SealedReader) -> Result<Outline, Problem> {
        let mut reader = Reader::new(self.limits.clone());
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
            sample_of(body, spool, &mut sample).await?;
        }
        Ok(sample)
    }
}

async fn sample_of(body: &Body, spool: &SealedReader, sample: &mut String) -> Result<(), Problem> {
    let end = body.body.end.min(body.body.start.saturating_add(SAMPLE));
    let mut octets = spool.read(body.body.start..end);
    let mut decoder = Decoder::new(body.encoding);
    let mut text = TextDecoder::new(body.charset.as_deref());
    let mut out = Vec::new();
    while let Some(piece) = octets.next().await {
        decoder.push(&piece?, &mut out);
    }
    decoder.finish(&mut out);
    text.push(&out, sample);
    text.finish(sample);
    Ok(())
}

/// The From field's first (display name, address).
pub(crate) fn from_of(header: &Header) -> Option<(String, String)> {
    header.first("from").and_then(|field| field.addresses().into_iter().next()).map(|a| (a.name.unwrap_or_default(), a.address))
}

/// The Subject, decoded; empty where there is none.
pub(crate) fn subject_of(header: &Header) -> String {
    header.first("subject").map(|field| field.unstructured()).unwrap_or_default()
}

/// A time as a person reads it in a notice.
pub(crate) fn shown_time(time: Timestamp, zone: &str, lang: Lang) -> String {
    let zoned = time.in_zone(zone);
    match lang {
        Lang::Ja => zoned.strftime("%Y年%-m月%-d日 %H:%M").to_string(),
        Lang::En => zoned.strftime("%-d %B %Y, %H:%M %Z").to_string(),
    }
}
