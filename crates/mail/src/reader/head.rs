//! A header that is being read.

use super::Limits;
use crate::header::Collector;

/// A header while it is read.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) collector: Collector,
    /// Where it begins.
    pub(super) start: u64,
    /// Where the line at hand begins, and what there is of it.
    pub(super) line_start: u64,
    pub(super) line: Vec<u8>,
    pub(super) cut: bool,
    /// No line was taken yet.
    pub(super) fresh: bool,
    pub(super) parent: Option<usize>,
}

impl Head {
    pub(super) fn new(limits: &Limits, start: u64, parent: Option<usize>) -> Self {
        Self {
            collector: Collector::new(limits.header, limits.field, limits.fields),
            start,
            line_start: start,
            line: Vec::new(),
            cut: false,
            fresh: true,
            parent,
        }
    }

    /// Keeps the beginning of a line that is not at hand whole.
    pub(super) fn hold(&mut self, octets: &[u8], max_field: usize) {
        let room = (max_field + MAX_NAME).saturating_sub(self.line.len());
        self.cut |= octets.len() > room;
        self.line.extend_from_slice(&octets[..octets.len().min(room)]);
    }
}

/// Room for a field's name beside its value.
const MAX_NAME: usize = 1024;
