//! What each command does, DATA and BDAT apart.

use bytes::BytesMut;

use super::{Content, Event, Session, State};
use crate::{
    Reply,
    protocol::{
        command::Command,
        envelope::{MailFrom, RcptTo},
    },
};

/// Commands between two mails that carry none forward (NOOP, RSET, EHLO …), before they count as errors.
const MAX_IDLE_COMMANDS: usize = 100;

impl Session {
    pub(super) fn act(&mut self, command: Command, input: &mut BytesMut) -> Option<Event> {
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
    pub(super) fn count_idle(&mut self) -> bool {
        self.idle_commands += 1;
        self.idle_commands <= MAX_IDLE_COMMANDS || self.count_fault()
    }

    pub(super) fn drop_transaction(&mut self) -> Option<Event> {
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
    pub(super) fn too_early(&self) -> Option<Reply> {
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

    pub(super) fn too_large(&self) -> Reply {
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
}
