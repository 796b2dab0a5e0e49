//! DATA, BDAT (RFC 3030), and the content until its final reply.

use bytes::BytesMut;

use super::{Content, Event, Session, State};
use crate::{Reply, protocol::content::ContentReader};

/// How far a mail that is refused is read on, in units of the largest mail, so that its sender hears the reply.
const DRAIN_FACTOR: u64 = 2;

impl Session {
    /// The reply to DATA or BDAT where the transaction is not ready for it.
    fn not_ready(&self) -> Option<Reply> {
        match &self.transaction {
            _ if self.too_early().is_some() => self.too_early(),
            None => Some(Reply::new(503, (5, 5, 1), "Need MAIL and RCPT first")),
            Some(mail) if mail.recipients == 0 => Some(Reply::new(554, (5, 5, 1), "No valid recipients")),
            Some(_) => None,
        }
    }

    /// Whether the session goes on after a reply of [`Session::not_ready`]. That all recipients were refused is no error
    /// of the peer's: with PIPELINING it could not know.
    fn count_not_ready(&mut self, reply: &Reply) -> bool {
        reply.code == 554 || self.count_fault()
    }

    pub(super) fn data(&mut self) {
        if let Some(reply) = self.not_ready() {
            self.data_refused = true;
            if self.count_not_ready(&reply) {
                self.reply(&reply);
            }
        } else if self.transaction.as_ref().is_some_and(|mail| mail.chunking) {
            self.data_refused = true;
            self.fault(&Reply::new(503, (5, 5, 1), "DATA after BDAT"));
        } else {
            self.state = State::Data(ContentReader::default());
            self.reply(&Reply::new(354, (0, 0, 0), "Start mail input; end with <CRLF>.<CRLF>"));
        }
    }

    /// A chunk is read to its end whatever the reply will be (RFC 3030, 4.2). The chunks after one that was refused,
    /// sent before its reply was seen, get the same reply.
    pub(super) fn bdat(&mut self, size: u64, last: bool) -> Option<Event> {
        let mut event = None;
        match self.not_ready() {
            Some(_) if self.transaction.is_none() && self.content.refused.is_some() => {
                if !self.count_idle() {
                    return None;
                }
            }
            Some(reply) => {
                if !self.count_not_ready(&reply) {
                    return None;
                }
                event = self.drop_transaction();
                self.content.refused = Some(reply);
            }
            None => self.transaction.iter_mut().for_each(|mail| mail.chunking = true),
        }
        self.state = if size == 0 { State::ContentDone { last } } else { State::Chunk { left: size, last } };
        event
    }

    /// Reads content, and gives it out unless it is refused already.
    pub(super) fn read_content(&mut self, input: &mut BytesMut) -> Option<Event> {
        let (mut piece, done) = match &mut self.state {
            State::Data(reader) => {
                let read = reader.read(input);
                let mut piece = input.split_to(read.used);
                piece.truncate(read.content);
                (piece, read.ended.then_some(true))
            }
            State::Chunk { left, last } => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= here as u64;
                (input.split_to(here), (*left == 0).then_some(*last))
            }
            _ => return None,
        };
        if let Some(last) = done {
            self.state = State::ContentDone { last };
        }
        self.content.size = self.content.size.saturating_add(piece.len() as u64);
        if self.content.size >= self.settings.max_mail_size && self.content.refused.is_none() {
            self.content.refused = Some(self.too_large());
            return Some(Event::Dropped);
        }
        if self.content.refused.is_some() {
            piece.clear();
        }
        match (piece.is_empty(), done) {
            (false, _) => Some(Event::Content(piece.freeze())),
            (true, Some(_)) => None,
            (true, None) => self.drained().is_none().then_some(Event::NeedInput),
        }
    }

    /// The refusal of a mail that goes on and on, if it has gone on long enough.
    pub(super) fn drained(&self) -> Option<Reply> {
        let too_much = self.content.size > self.settings.max_mail_size.saturating_mul(DRAIN_FACTOR);
        self.content.refused.clone().filter(|_| too_much && !matches!(self.state, State::Closed))
    }

    /// The content, or a chunk of it, has been read.
    pub(super) fn end_content(&mut self, last: bool) -> Option<Event> {
        if let Some(reply) = self.content.refused.clone() {
            self.transaction = None;
            self.state = State::Command;
            if last {
                self.content = Content::default();
            }
            self.reply(&reply);
            return None;
        }
        if last {
            self.state = State::AnswerEnd;
            return Some(Event::End);
        }
        self.state = State::Command;
        self.reply(&Reply::new(250, (2, 0, 0), format!("{} octets received", self.content.size)));
        None
    }
}
