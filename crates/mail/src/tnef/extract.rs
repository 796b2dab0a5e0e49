//! One file out of a stream that passes.

use std::{collections::VecDeque, ops::Range};

use super::Piece;

/// Octets of a base64 line of 76.
const LINE: usize = 57;

/// Takes a file out of the decoded stream ([`super::File::extractor`]).
#[derive(Debug)]
pub struct Extractor {
    pieces: VecDeque<Piece>,
    /// Octets of the stream that were pushed.
    offset: u64,
    /// Octets that wait for a whole line of base64.
    line: Vec<u8>,
}

impl Piece {
    /// Octets that it becomes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Copy(range) => range.end.saturating_sub(range.start),
            Self::Octets(octets) => octets.len() as u64,
            Self::Base64(range) => {
                let length = range.end.saturating_sub(range.start);
                let lines = length.div_ceil(LINE as u64);
                length.div_ceil(3) * 4 + lines * 2
            }
        }
    }
}

impl Extractor {
    pub(super) fn new(pieces: Vec<Piece>) -> Self {
        Self { pieces: pieces.into(), offset: 0, line: Vec::with_capacity(LINE) }
    }

    /// Takes the next octets of the stream; appends what of the file is ready to `out`.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let from = self.offset;
        self.offset += octets.len() as u64;
        while let Some(piece) = self.pieces.front() {
            let end = match piece {
                Piece::Octets(fixed) => {
                    out.extend_from_slice(fixed);
                    0
                }
                Piece::Copy(range) => {
                    out.extend_from_slice(within(octets, from, range));
                    range.end
                }
                Piece::Base64(range) => {
                    base64(&mut self.line, within(octets, from, range), out);
                    range.end
                }
            };
            if end > self.offset {
                return;
            }
            if matches!(piece, Piece::Base64(_)) {
                end_line(&mut self.line, out);
            }
            self.pieces.pop_front();
        }
    }

    /// Whether the file is complete, so that the rest of the stream need not be pushed. A file can be complete with the
    /// first push, but not before.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Ends the stream; whether the file is complete. It is not where the stream was another one, or was cut.
    #[must_use]
    pub fn finish(mut self, out: &mut Vec<u8>) -> bool {
        self.push(&[], out);
        self.is_complete()
    }
}

/// The octets, which begin at `from`, that are in the range.
fn within<'a>(octets: &'a [u8], from: u64, range: &Range<u64>) -> &'a [u8] {
    let place = |at: u64| usize::try_from(at.saturating_sub(from)).unwrap_or(usize::MAX).min(octets.len());
    let (start, end) = (place(range.start), place(range.end));
    &octets[start.min(end)..end]
}

fn base64(line: &mut Vec<u8>, octets: &[u8], out: &mut Vec<u8>) {
    let mut rest = octets;
    if !line.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(LINE - line.len()));
        line.extend_from_slice(piece);
        rest = after;
        if line.len() < LINE {
            return;
        }
        end_line(line, out);
    }
    let mut lines = rest.chunks_exact(LINE);
    for whole in &mut lines {
        encodify::base64::STANDARD.encode_append(whole, out);
        out.extend_from_slice(b"\r\n");
    }
    line.extend_from_slice(lines.remainder());
}

fn end_line(line: &mut Vec<u8>, out: &mut Vec<u8>) {
    if !line.is_empty() {
        encodify::base64::STANDARD.encode_append(&*line, out);
        out.extend_from_slice(b"\r\n");
        line.clear();
    }
}

/// Octets in base64, in lines that each end in CRLF.
pub(super) fn base64_lines(octets: &[u8]) -> Vec<u8> {
    let (mut line, mut out) =
        (Vec::with_capacity(LINE), Vec::with_capacity(octets.len() / 3 * 4 + octets.len() / 28 + 8));
    base64(&mut line, octets, &mut out);
    end_line(&mut line, &mut out);
    out
}
