//! One session: the order of commands, its limits, and what is answered.

use bytes::{Buf, Bytes, BytesMut};
use memchr::{memchr, memmem};

use super::{
    command::{Command, parse},
    content::ContentReader,
    envelope::{MailFrom, RcptTo},
};
use crate::Reply;

/// Octets in a command line, its CRLF included: RFC 5321, 4.5.3.1.4 has 512, and extensions add to them (DSN the most).
const MAX_LINE: usize = 4096;
/// Octets of a line too long that are read to find its end.
const MAX_SKIPPED: u64 = 1024 * 1024;
/// Commands between two mails that carry none forward (NOOP, RSET, EHLO …), before they count as errors.
const MAX_IDLE_COMMANDS: usize = 100;
/// How far a mail that is refused is read on, in units of the largest mail, so that its sender hears the reply.
const DRAIN_FACTOR: u64 = 2;

/// What a session needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The host name in the banner and the reply to EHLO.
    pub hostname: String,
    /// Whether STARTTLS is offered.
    pub starttls: bool,
    /// Whether MAIL needs TLS first (530 5.7.0).
    pub require_tls: bool,
    /// Octets that a mail must stay below (spec RCV-SIZE).
    pub max_mail_size: u64,
    /// Recipients in a transaction.
    pub max_recipients: usize,
    /// Commands unknown, malformed or out of order before the session ends. What the handler refuses does not count:
    /// a mail to many dead addresses is no attack.
    pub max_errors: usize,
}

/// What the driver has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Send the replies gathered, then add octets to the input.
    NeedInput,
    /// Decide about a sender, and say so by [`Session::answer`].
    Mail(MailFrom),
    /// Decide about a recipient, and say so by [`Session::answer`].
    Rcpt(RcptTo),
    /// Octets of the mail's content. Should they be unwelcome: [`Session::refuse_content`].
    Content(Bytes),
    /// The content is complete. The final reply goes to [`Session::finish`].
    End,
    /// The transaction is over without a mail.
    Dropped,
    /// Send the replies gathered, do the TLS handshake, then call [`Session::tls_started`]. A transaction under way is over.
    StartTls,
    /// Send the replies gathered and close. A transaction under way is over.
    Close,
}

/// What the session waits for.
#[derive(Debug)]
enum State {
    Command,
    /// The end of a line that is too long; the octets of it skipped so far.
    SkipLine(u64),
    /// The driver's word on MAIL.
    AnswerMail {
        smtputf8: bool,
    },
    /// The driver's word on RCPT.
    AnswerRcpt,
    Data(ContentReader),
    Chunk {
        left: u64,
        last: bool,
    },
    /// The content of DATA or of a chunk has been given out.
    ContentDone {
        last: bool,
    },
    /// The driver's final reply.
    AnswerEnd,
    Tls,
    Closed,
}

/// A mail under way.
#[derive(Debug, Default)]
struct Transaction {
    smtputf8: bool,
    recipients: usize,
    /// A BDAT has been taken.
    chunking: bool,
}

/// What is known of the content being read.
#[derive(Debug, Default)]
struct Content {
    size: u64,
    /// The reply that it will get; from then on it is thrown away.
    refused: Option<Reply>,
}

/// One session. Octets go in by [`Session::step`], replies come out by [`Session::take_replies`].
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    state: State,
    replies: Vec<u8>,
    /// Octets of the input known to hold no LF.
    scanned: usize,
    tls: bool,
    /// The name of EHLO or HELO.
    helo: Option<String>,
    extended: bool,
    transaction: Option<Transaction>,
    content: Content,
    errors: usize,
    idle_commands: usize,
    lines: u64,
}

impl Session {
    /// A session whose banner is ready to be sent; `tls` if TLS is there already.
    #[must_use]
    pub fn new(settings: Settings, tls: bool) -> Self {
        let mut session = Self {
            settings,
            state: State::Command,
            replies: Vec::new(),
            scanned: 0,
            tls,
            helo: None,
            extended: false,
            transaction: None,
            content: Content::default(),
            errors: 0,
            idle_commands: 0,
            lines: 0,
        };
        let banner = format!("{} ESMTP", session.settings.hostname);
        session.reply(&Reply::new(220, (0, 0, 0), banner));
        session
    }

    /// Takes what it can from the front of `input` and says what comes next. Until a question ([`Event::Mail`],
    /// [`Event::Rcpt`], [`Event::End`], [`Event::StartTls`]) is answered, nothing more is taken.
    pub fn step(&mut self, input: &mut BytesMut) -> Event {
        loop {
            if let Some(reply) = self.drained() {
                self.close(&reply);
            }
            let event = match self.state {
                State::Command => self.read_line(input),
                State::SkipLine(skipped) => self.skip_line(input, skipped),
                State::Data(_) | State::Chunk { .. } => self.read_content(input),
                State::ContentDone { last } => self.end_content(last),
                State::AnswerMail { .. } | State::AnswerRcpt | State::AnswerEnd => Some(Event::NeedInput),
                State::Tls => Some(Event::StartTls),
                State::Closed => Some(Event::Close),
            };
            if let Some(event) = event {
                return event;
            }
        }
    }

    /// The replies gathered, to be sent in one piece.
    #[must_use]
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// Octets of replies not yet taken.
    #[must_use]
    pub fn pending_replies(&self) -> usize {
        self.replies.len()
    }

    /// The word on the [`Event::Mail`] or [`Event::Rcpt`] just given.
    pub fn answer(&mut self, answer: Result<(), Reply>) {
        let (State::AnswerMail { .. } | State::AnswerRcpt) = self.state else { return };
        let state = std::mem::replace(&mut self.state, State::Command);
        match (answer, state) {
            (Err(refusal), _) => self.reply(&refusal),
            (Ok(()), State::AnswerMail { smtputf8 }) => {
                self.transaction = Some(Transaction { smtputf8, ..Transaction::default() });
                self.content = Content::default();
                self.reply(&Reply::new(250, (2, 1, 0), "Sender OK"));
            }
            (Ok(()), _) => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.recipients += 1;
                }
                self.reply(&Reply::new(250, (2, 1, 5), "Recipient OK"));
            }
        }
    }

    /// The content is unwelcome: what follows of it is thrown away, no [`Event::End`] comes, and `reply` is given in the
    /// place of the final one.
    pub fn refuse_content(&mut self, reply: Reply) {
        if self.is_reading_content() || matches!(self.state, State::ContentDone { .. }) {
            self.content.refused.get_or_insert(reply);
        }
    }

    /// The final reply, after [`Event::End`].
    pub fn finish(&mut self, reply: &Reply) {
        if !matches!(self.state, State::AnswerEnd) {
            return;
        }
        self.state = State::Command;
        self.transaction = None;
        self.content = Content::default();
        if reply.is_positive() {
            (self.errors, self.idle_commands) = (0, 0);
        }
        self.reply(reply);
    }

    /// TLS is there: what was said before is forgotten (RFC 3207, 4.2).
    pub fn tls_started(&mut self) {
        if matches!(self.state, State::Tls) {
            self.state = State::Command;
            self.tls = true;
            self.helo = None;
            self.extended = false;
        }
    }

    /// Ends the session with a last reply, such as 421 at a time-out.
    pub fn close(&mut self, reply: &Reply) {
        if !matches!(self.state, State::Closed) {
            self.reply(reply);
            self.state = State::Closed;
        }
    }

    /// How many command lines have been read.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether a mail's content has begun and has no final reply yet.
    #[must_use]
    pub fn has_begun_content(&self) -> bool {
        matches!(self.state, State::Data(_) | State::Chunk { .. } | State::ContentDone { .. } | State::AnswerEnd)
            || self.transaction.as_ref().is_some_and(|transaction| transaction.chunking)
    }

    /// Whether the octets that come next are content, not commands.
    #[must_use]
    pub fn is_reading_content(&self) -> bool {
        matches!(self.state, State::Data(_) | State::Chunk { .. })
    }

    /// What the peer called itself; empty before EHLO.
    #[must_use]
    pub fn helo(&self) -> &str {
        self.helo.as_deref().unwrap_or_default()
    }

    /// The protocol, as a trace field says it (RFC 3848; RFC 6531, 3.7.3 with SMTPUTF8).
    #[must_use]
    pub fn protocol(&self, smtputf8: bool) -> &'static str {
        match (smtputf8, self.extended, self.tls) {
            (true, _, true) => "UTF8SMTPS",
            (true, _, false) => "UTF8SMTP",
            (false, true, true) => "ESMTPS",
            (false, true, false) => "ESMTP",
            (false, false, _) => "SMTP",
        }
    }

    /// Gathers a reply; 421 ends the session (RFC 5321, 3.8).
    fn reply(&mut self, reply: &Reply) {
        reply.write_to(&mut self.replies);
        if reply.code == 421 {
            self.state = State::Closed;
        }
    }

    /// Counts an error; once there are too many, the session ends.
    fn fault(&mut self, reply: &Reply) {
        if self.count_fault() {
            self.reply(reply);
        }
    }

    /// Whether the session goes on.
    fn count_fault(&mut self) -> bool {
        self.errors += 1;
        let goes_on = self.errors <= self.settings.max_errors;
        if !goes_on {
            self.reply(&Reply::new(421, (4, 7, 0), "Too many errors"));
        }
        goes_on
    }

    /// Reads a command line, if it is whole, and acts on it.
    fn read_line(&mut self, input: &mut BytesMut) -> Option<Event> {
        let window = &input[..input.len().min(MAX_LINE)];
        let found = memchr(b'\n', &window[self.scanned.min(window.len())..]).map(|at| at + self.scanned);
        match found {
            Some(at) if at > 0 && window[at - 1] == b'\r' => {
                self.scanned = 0;
                self.lines += 1;
                let line = input.split_to(at + 1);
                match parse(&line[..at - 1]) {
                    Ok(command) => self.act(command, input),
                    Err(malformed) => {
                        self.fault(&malformed.reply);
                        if malformed.fatal {
                            self.state = State::Closed;
                        }
                        None
                    }
                }
            }
            // A bare LF ends no line (RFC 5321, 2.3.8). Where lines end is then a matter of opinion, so we stop here.
            Some(_) => {
                self.reply(&Reply::new(500, (5, 5, 2), "Bare LF: lines end with CRLF"));
                self.state = State::Closed;
                None
            }
            None if input.len() >= MAX_LINE => {
                self.scanned = 0;
                self.state = State::SkipLine(0);
                self.fault(&Reply::new(500, (5, 5, 2), "Line too long"));
                None
            }
            None => {
                self.scanned = window.len();
                Some(Event::NeedInput)
            }
        }
    }

    /// Throws the rest of a line away.
    fn skip_line(&mut self, input: &mut BytesMut, skipped: u64) -> Option<Event> {
        if let Some(at) = memmem::find(input, b"\r\n") {
            input.advance(at + 2);
            self.state = State::Command;
            return None;
        }
        // A CR may be the first half of what ends the line.
        let kept = usize::from(input.ends_with(b"\r"));
        let skipped = skipped + (input.len() - kept) as u64;
        input.advance(input.len() - kept);
        self.state = State::SkipLine(skipped);
        if skipped > MAX_SKIPPED {
            self.reply(&Reply::new(421, (4, 7, 0), "Line far too long"));
            return None;
        }
        Some(Event::NeedInput)
    }

    fn act(&mut self, command: Command, input: &mut BytesMut) -> Option<Event> {
        match command {
            Command::Mail(from) => return self.mail(from),
            Command::Rcpt(to) => return self.rcpt(to),
            Command::Data => self.data(),
            Command::Bdat { size, last } => return self.bdat(size, last),
            Command::StartTls => self.starttls(input),
            Command::Quit => {
                self.reply(&Reply::new(221, (2, 0, 0), "Bye"));
                self.state = State::Closed;
            }
            idle => return self.act_idly(idle),
        }
        None
    }

    /// The commands that bring no mail forward.
    fn act_idly(&mut self, command: Command) -> Option<Event> {
        if !self.count_idle() {
            return None;
        }
        match command {
            Command::Ehlo(host) => return self.hello(host, true),
            Command::Helo(host) => return self.hello(host, false),
            Command::Rset => {
                self.reply(&Reply::new(250, (2, 0, 0), "Forgotten"));
                return self.drop_transaction();
            }
            Command::Noop => self.reply(&Reply::new(250, (2, 0, 0), "OK")),
            Command::Help => self.reply(&Reply::new(214, (2, 0, 0), "See RFC 5321")),
            Command::Vrfy => self.reply(&Reply::new(252, (2, 0, 0), "Send mail, and it will be seen")),
            _ => self.fault(&Reply::new(502, (5, 5, 1), "Command not implemented")),
        }
        None
    }

    /// Counts a command that brings no mail forward; whether the session goes on.
    fn count_idle(&mut self) -> bool {
        self.idle_commands += 1;
        self.idle_commands <= MAX_IDLE_COMMANDS || self.count_fault()
    }

    fn drop_transaction(&mut self) -> Option<Event> {
        self.content = Content::default();
        self.transaction.take().map(|_| Event::Dropped)
    }

    fn hello(&mut self, host: String, extended: bool) -> Option<Event> {
        self.helo = Some(host);
        self.extended = extended;
        let mut text = self.settings.hostname.clone();
        if extended {
            let size = self.settings.max_mail_size.saturating_sub(1);
            text.push_str(&format!("\nPIPELINING\nSIZE {size}"));
            if self.settings.starttls && !self.tls {
                text.push_str("\nSTARTTLS");
            }
            text.push_str("\n8BITMIME\nSMTPUTF8\nENHANCEDSTATUSCODES\nCHUNKING\nDSN");
        }
        self.reply(&Reply::new(250, (0, 0, 0), text));
        self.drop_transaction()
    }

    fn starttls(&mut self, input: &mut BytesMut) {
        if self.tls {
            return self.fault(&Reply::new(503, (5, 5, 1), "TLS is on already"));
        }
        if !self.settings.starttls {
            return self.fault(&Reply::new(502, (5, 5, 1), "STARTTLS is not offered here"));
        }
        self.reply(&Reply::new(220, (2, 0, 0), "Ready to start TLS"));
        // What came with it was said in the clear and must not count as said under TLS (CVE-2011-0411).
        input.clear();
        self.transaction = None;
        self.state = State::Tls;
    }

    /// 530 or 503, where the session is not far enough for a mail.
    fn too_early(&self) -> Option<Reply> {
        if self.settings.require_tls && !self.tls {
            return Some(Reply::new(530, (5, 7, 0), "Must issue a STARTTLS command first"));
        }
        self.helo.is_none().then(|| Reply::new(503, (5, 5, 1), "Say EHLO first"))
    }

    fn mail(&mut self, from: MailFrom) -> Option<Event> {
        if let Some(reply) = self.too_early() {
            self.fault(&reply);
        } else if self.transaction.is_some() {
            self.fault(&Reply::new(503, (5, 5, 1), "A mail is under way"));
        } else if from.size.is_some_and(|size| size >= self.settings.max_mail_size) {
            self.reply(&self.too_large());
        } else if !from.smtputf8 && !from.address.is_ascii() {
            self.reply(&Reply::new(553, (5, 6, 7), "A non-ASCII address needs SMTPUTF8"));
        } else {
            self.state = State::AnswerMail { smtputf8: from.smtputf8 };
            return Some(Event::Mail(from));
        }
        None
    }

    fn too_large(&self) -> Reply {
        let max = self.settings.max_mail_size;
        Reply::new(552, (5, 3, 4), format!("Message too long: it must be smaller than {max} octets"))
    }

    fn rcpt(&mut self, to: RcptTo) -> Option<Event> {
        let ascii = to.address.is_ascii() && to.orcpt.as_deref().is_none_or(str::is_ascii);
        match (self.too_early(), &self.transaction) {
            (Some(reply), _) => self.fault(&reply),
            (None, None) => self.fault(&Reply::new(503, (5, 5, 1), "Need MAIL first")),
            (None, Some(mail)) if mail.chunking => {
                self.fault(&Reply::new(503, (5, 5, 1), "The mail's content has begun"));
            }
            (None, Some(mail)) if mail.recipients >= self.settings.max_recipients => {
                self.reply(&Reply::new(452, (4, 5, 3), "Too many recipients"));
            }
            (None, Some(mail)) if !mail.smtputf8 && !ascii => {
                self.reply(&Reply::new(553, (5, 6, 7), "A non-ASCII address needs SMTPUTF8"));
            }
            (None, Some(_)) => {
                self.state = State::AnswerRcpt;
                return Some(Event::Rcpt(to));
            }
        }
        None
    }

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

    fn data(&mut self) {
        if let Some(reply) = self.not_ready() {
            if self.count_not_ready(&reply) {
                self.reply(&reply);
            }
        } else if self.transaction.as_ref().is_some_and(|mail| mail.chunking) {
            self.fault(&Reply::new(503, (5, 5, 1), "DATA after BDAT"));
        } else {
            self.state = State::Data(ContentReader::default());
            self.reply(&Reply::new(354, (0, 0, 0), "Start mail input; end with <CRLF>.<CRLF>"));
        }
    }

    /// A chunk is read to its end whatever the reply will be (RFC 3030, 4.2). The chunks after one that was refused,
    /// sent before its reply was seen, get the same reply.
    fn bdat(&mut self, size: u64, last: bool) -> Option<Event> {
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
    fn read_content(&mut self, input: &mut BytesMut) -> Option<Event> {
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
    fn drained(&self) -> Option<Reply> {
        let too_much = self.content.size > self.settings.max_mail_size.saturating_mul(DRAIN_FACTOR);
        self.content.refused.clone().filter(|_| too_much && !matches!(self.state, State::Closed))
    }

    /// The content, or a chunk of it, has been read.
    fn end_content(&mut self, last: bool) -> Option<Event> {
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
