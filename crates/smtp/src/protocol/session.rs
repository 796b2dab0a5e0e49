//! One session: the order of commands, its limits, and what is answered.
//!
//! Here: what a driver sees, and the state. [`lines`]: command lines out of octets; [`commands`]: what each does; [`data`]: DATA, BDAT
//! and the content.

mod commands;
mod data;
mod lines;

use bytes::{Bytes, BytesMut};

use super::{
    content::ContentReader,
    envelope::{MailFrom, RcptTo},
};
use crate::Reply;

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
    /// DATA was the last command, and was refused. A line that is no command is then the content of a peer that did not
    /// wait for the reply, and what follows it must not count as commands.
    data_refused: bool,
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
            data_refused: false,
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

    /// Whether the session ended because of too many commands that failed.
    #[must_use]
    pub fn has_given_up(&self) -> bool {
        self.errors > self.settings.max_errors
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
}
