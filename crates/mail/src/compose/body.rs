//! The work on one body while it passes.

use std::{fmt, sync::Arc};

use fubako_base::{codes::Ambiguity, section::NoticePosition};

use super::{
    encode::{Encoder, Transfer},
    indent::Indenter,
};
use crate::{
    charset::TextDecoder,
    html::{Insertion, References, Rewriter},
    newline::CrFixer,
    outline::Flow,
    plan::Body,
    scan::WrittenScan,
    steps::RewriteError,
    transfer::Decoder,
};

/// What all bodies of a mail share.
pub(super) struct Notes {
    pub(super) references: Arc<References>,
    /// From where this body's relative references are meant.
    pub(super) base: Option<String>,
    /// The notice as text.
    pub(super) text: Arc<str>,
    /// The notice as HTML.
    pub(super) html: Arc<str>,
}

impl Notes {
    /// The same for a body with this base.
    pub(super) fn with_base(&self, base: Option<String>) -> Self {
        Self {
            references: Arc::clone(&self.references),
            base,
            text: Arc::clone(&self.text),
            html: Arc::clone(&self.html),
        }
    }
}

/// The work on one body while it passes: transfer decoding, charset to UTF-8, rewriting of references to removed
/// parts, the notice, transfer encoding. Memory is bounded by [`crate::html`]'s limits, whatever the body's size.
pub struct BodyWork {
    /// A text that is at hand.
    given: Option<Arc<str>>,
    decoder: Decoder,
    charset: TextDecoder,
    rewriting: Rewriting,
    fixer: CrFixer,
    /// Where somebody could take the text for a mail.
    indenter: Option<Indenter>,
    written: WrittenScan,
    encoder: Encoder,
    ends_mail: bool,
    stages: Stages,
}

enum Rewriting {
    Text(TextWork),
    Html(Box<Rewriter>),
}

/// A plain text, and the notice before or after it.
#[derive(Default)]
struct TextWork {
    before: Option<String>,
    after: Option<String>,
    /// The last characters that were there.
    seen: Vec<char>,
    /// A line that ends in a space goes on in the next.
    flowed: bool,
}

/// What passes from one stage to the next; kept so that it is not allocated anew for every piece.
#[derive(Default)]
struct Stages {
    decoded: Vec<u8>,
    text: String,
    rewritten: Vec<u8>,
    fixed: Vec<u8>,
}

impl fmt::Debug for BodyWork {
    /// Without the notice and the text: they may hold the file password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyWork").field("charset", &self.charset).finish_non_exhaustive()
    }
}

impl BodyWork {
    pub(super) fn new(
        body: &Body,
        transfer: Transfer,
        notice: Option<NoticePosition>,
        notes: &Notes,
        ends_mail: bool,
    ) -> Self {
        let is_html = body.media_type == "text/html";
        let rewriting = if is_html {
            let insertion = notice.map(|position| Insertion { position, html: notes.html.to_string() });
            let references = Arc::clone(&notes.references);
            Rewriting::Html(Box::new(Rewriter::with_base(references, notes.base.as_deref(), insertion)))
        } else {
            // A flowed text stays one (RFC 3676): its lines are as they were, so that their meaning has to be too.
            let flowed = body.flow != Flow::Fixed;
            let text = || if flowed { stuffed(&notes.text) } else { notes.text.to_string() };
            Rewriting::Text(TextWork {
                before: (notice == Some(NoticePosition::Top)).then(text),
                after: (notice == Some(NoticePosition::End)).then(text),
                seen: Vec::new(),
                flowed,
            })
        };
        Self {
            given: body.given.clone(),
            decoder: Decoder::new(body.encoding),
            charset: TextDecoder::of_body(is_html, body.charset.as_deref()),
            rewriting,
            fixer: CrFixer::new(),
            indenter: body.veil.then(|| Indenter::new(is_html, body.flow)),
            written: if body.veil && is_html { WrittenScan::of_html() } else { WrittenScan::default() },
            encoder: Encoder::new(transfer),
            ends_mail,
            stages: Stages::default(),
        }
    }

    /// Takes the next octets of the body as they stand in the mail; appends what is ready to `out`.
    ///
    /// # Errors
    /// [`RewriteError`] when the body cannot be rewritten within its memory limit, or would be more than a text.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), RewriteError> {
        self.decoder.push(octets, &mut self.stages.decoded);
        self.pass(false, out)
    }

    /// Ends the body; appends the rest to `out`.
    ///
    /// # Errors
    /// As [`BodyWork::push`].
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), RewriteError> {
        if let Some(given) = self.given.take() {
            self.stages.text.push_str(&given);
        }
        self.decoder.finish(&mut self.stages.decoded);
        self.pass(true, out)?;
        let found = self.written.finish();
        // Where it was known before that somebody could take the text for a mail, its lines were looked after.
        let is_bare = self.indenter.is_none();
        if found.file_as_text || found.pgp || found.veil && is_bare {
            // However the text was decoded and rewritten, it is no way for a file to come about that nobody saw.
            let reason = "a file would be written in a text";
            return Err(RewriteError { reason, kind: Ambiguity::FileInText, needs_veil: is_bare });
        }
        if found.data_url || found.unreadable {
            return Err(RewriteError { needs_veil: false, ..RewriteError::html("HTML would say something else") });
        }
        if self.indenter.as_ref().is_some_and(Indenter::is_open) {
            return Err(RewriteError {
                reason: "a header, or a file, could begin where some cut a line that nothing ends",
                kind: Ambiguity::LongLine,
                needs_veil: false,
            });
        }
        self.encoder.finish(out, self.ends_mail);
        Ok(())
    }

    /// Moves what is decoded through the stages that follow.
    fn pass(&mut self, last: bool, out: &mut Vec<u8>) -> Result<(), RewriteError> {
        let Stages { decoded, text, rewritten, fixed } = &mut self.stages;
        self.charset.push(decoded, text);
        if last {
            self.charset.finish(text);
        }
        match &mut self.rewriting {
            Rewriting::Text(work) => {
                work.push(text, rewritten);
                if last {
                    work.finish(rewritten);
                }
            }
            Rewriting::Html(rewriter) => {
                rewriter.push(text, rewritten)?;
                if last {
                    rewriter.finish(rewritten)?;
                }
            }
        }
        self.fixer.push(rewritten, fixed);
        if last {
            self.fixer.finish(fixed);
        }
        if let Some(indenter) = &mut self.indenter {
            rewritten.clear();
            indenter.push(fixed, rewritten);
            if last {
                indenter.finish(rewritten);
            }
            std::mem::swap(fixed, rewritten);
        }
        self.written.push(fixed);
        self.encoder.push(fixed, out);
        decoded.clear();
        text.clear();
        rewritten.clear();
        fixed.clear();
        Ok(())
    }
}

/// The notice as it stands in a flowed text (RFC 3676, 4.4): no line goes on in the next, none is a quotation.
fn stuffed(notice: &str) -> String {
    let line = |line: &str| {
        let stuffing = if line.starts_with([' ', '>']) || line.starts_with("From ") { " " } else { "" };
        format!("{stuffing}{}\r\n", line.trim_end_matches(' '))
    };
    notice.lines().map(line).collect()
}

impl TextWork {
    fn push(&mut self, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        if let Some(notice) = self.before.take() {
            out.extend_from_slice(notice.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(text.as_bytes());
        self.seen.extend(text.chars().rev().take(3).collect::<Vec<_>>().into_iter().rev());
        self.seen.drain(..self.seen.len().saturating_sub(3));
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let Some(notice) = self.before.take().or_else(|| self.after.take()) else { return };
        let seen: String = self.seen.iter().collect();
        let line = seen.trim_end_matches(['\r', '\n']);
        if !seen.is_empty() {
            out.extend_from_slice(if line.len() < seen.len() { b"\r\n" } else { b"\r\n\r\n" });
            if self.flowed && line.ends_with(' ') {
                // The line that goes on takes the blank one.
                out.extend_from_slice(b"\r\n");
            }
        }
        out.extend_from_slice(notice.as_bytes());
    }
}
