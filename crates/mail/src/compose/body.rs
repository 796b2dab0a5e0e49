//! The work on one body while it passes.

use std::{fmt, sync::Arc};

use fubako_base::section::NoticePosition;

use super::encode::{Encoder, Transfer};
use crate::{
    charset::TextDecoder,
    html::{Insertion, References, Rewriter},
    newline::CrFixer,
    plan::Body,
    steps::RewriteError,
    transfer::Decoder,
};

/// What all bodies of a mail share.
pub(super) struct Notes {
    pub(super) references: Arc<References>,
    /// The notice as text.
    pub(super) text: String,
    /// The notice as HTML.
    pub(super) html: String,
}

/// The work on one body while it passes: transfer decoding, charset to UTF-8, rewriting of references to removed
/// parts, the notice, transfer encoding. Memory is bounded by [`crate::html`]'s limits, whatever the body's size.
pub struct BodyWork {
    decoder: Decoder,
    charset: TextDecoder,
    rewriting: Rewriting,
    fixer: CrFixer,
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
    /// Whether there was any text yet, and whether it ended in a line end.
    seen: Option<bool>,
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
        let rewriting = if body.media_type == "text/html" {
            let insertion = notice.map(|position| Insertion { position, html: notes.html.clone() });
            Rewriting::Html(Box::new(Rewriter::new(Arc::clone(&notes.references), insertion)))
        } else {
            Rewriting::Text(TextWork {
                before: (notice == Some(NoticePosition::Top)).then(|| notes.text.clone()),
                after: (notice == Some(NoticePosition::End)).then(|| notes.text.clone()),
                seen: None,
            })
        };
        Self {
            decoder: Decoder::new(body.encoding),
            charset: TextDecoder::new(body.charset.as_deref()),
            rewriting,
            fixer: CrFixer::new(),
            encoder: Encoder::new(transfer),
            ends_mail,
            stages: Stages::default(),
        }
    }

    /// Takes the next octets of the body as they stand in the mail; appends what is ready to `out`.
    ///
    /// # Errors
    /// [`RewriteError`] when the body cannot be rewritten within its memory limit.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), RewriteError> {
        self.decoder.push(octets, &mut self.stages.decoded);
        self.pass(false, out)
    }

    /// Ends the body; appends the rest to `out`.
    ///
    /// # Errors
    /// As [`BodyWork::push`].
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), RewriteError> {
        self.decoder.finish(&mut self.stages.decoded);
        self.pass(true, out)?;
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
        self.encoder.push(fixed, out);
        decoded.clear();
        text.clear();
        rewritten.clear();
        fixed.clear();
        Ok(())
    }
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
        self.seen = Some(text.ends_with(['\r', '\n']));
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let Some(notice) = self.before.take().or_else(|| self.after.take()) else { return };
        match self.seen {
            None => {}
            Some(true) => out.extend_from_slice(b"\r\n"),
            Some(false) => out.extend_from_slice(b"\r\n\r\n"),
        }
        out.extend_from_slice(notice.as_bytes());
    }
}
