//! MAIL, RCPT and DATA: one transaction.

use std::{io, time::Duration};

use bytes::Bytes;
use futures::Stream;

use super::{ClientError, Connection, Delivered, Readiness, open::refused};
use crate::{
    Reply,
    protocol::{
        address::is_sendable,
        envelope::{MailFrom, RcptTo, is_envid, is_orcpt},
    },
};

/// Recipients whose commands are sent together: the replies to more could fill the buffers on the way back while we
/// still write, and both sides would wait (RFC 2920, 3.1).
const MAX_GROUP: usize = 100;

/// How long a connection that broke may take to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The envelope's part of a transaction.
struct Envelope {
    /// One a recipient; none for those that were accepted.
    refusals: Vec<Option<Reply>>,
    /// The reply to DATA; none where it was not sent, since nobody was accepted.
    data: Option<Reply>,
}

impl Connection {
    /// One transaction. `content` gives octets with CRLF line ends only; dots are stuffed here. Parameters that the
    /// server did not announce are left out. With PIPELINING, MAIL and RCPTs go in one write.
    ///
    /// A sender that needs SMTPUTF8 where it was not announced is `Refused` with 553 5.6.7 before anything is sent, a
    /// recipient has that as its reply. Where no recipient was accepted, the content is not touched.
    ///
    /// # Errors
    /// See [`ClientError`]. With `Refused` and the recipients' refusals the connection may be used again (unless
    /// [`Connection::is_usable`] says otherwise). Content with a bare CR or LF, or with another size than promised, is
    /// a `Content` error, and is broken off: half a mail is never ended with a dot.
    pub async fn send<S, E>(
        &mut self,
        from: &MailFrom,
        to: &[RcptTo],
        size: u64,
        content: S,
    ) -> Result<Delivered, ClientError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut refusals: Vec<_> = to.iter().map(|to| self.unsendable(&to.address)).collect();
        if let Some(reply) = self.unsendable_sender(from) {
            return Err(ClientError::Refused(reply));
        }
        if let Some(max) = self.max_size().filter(|max| size > *max) {
            return Err(ClientError::TooLarge(max));
        }
        // Until the end is reached, by whatever way, nobody can tell where the conversation stands.
        let before = std::mem::replace(&mut self.state, Readiness::Broken);
        match before {
            Readiness::Ready => {}
            Readiness::NeedsReset => self.reset().await?,
            Readiness::Broken => return Err(ClientError::Connection(io::ErrorKind::NotConnected.into())),
        }
        if refusals.iter().all(Option::is_some) {
            self.state = Readiness::Ready;
            return Ok(self.delivered(refusals, None));
        }
        let commands = self.commands(from, to, &refusals, size);
        let envelope = if self.has_extension("PIPELINING") {
            self.say_envelope_at_once(&commands, &mut refusals).await?
        } else {
            self.say_envelope_in_turn(&commands, &mut refusals).await?
        };
        match envelope.data {
            Some(reply) if reply.code == 354 => {}
            Some(reply) if envelope.refusals.iter().any(Option::is_none) => {
                self.give_up(&reply);
                return Err(refused(reply, "an answer to DATA that is no 354"));
            }
            _ => {
                self.state = Readiness::NeedsReset;
                return Ok(self.delivered(envelope.refusals, None));
            }
        }
        let reply = match self.send_content(size, content).await {
            Ok(reply) => reply,
            Err(error) => {
                // Closed without a dot, the server forgets the mail at once.
                self.wire.close(CLOSE_TIMEOUT).await;
                return Err(error);
            }
        };
        self.state = if reply.code == 421 { Readiness::Broken } else { Readiness::Ready };
        Ok(self.delivered(envelope.refusals, Some(&reply)))
    }

    fn delivered(&self, refusals: Vec<Option<Reply>>, last: Option<&Reply>) -> Delivered {
        let nobody = || Reply::new(554, (5, 5, 1), "No valid recipients");
        let replies = refusals.into_iter().map(|own| own.or_else(|| last.cloned()).unwrap_or_else(nobody)).collect();
        Delivered { replies, tls: self.wire.describe_tls() }
    }

    /// After a refusal: the next transaction begins with RSET, unless the server is leaving.
    fn give_up(&mut self, reply: &Reply) {
        self.state = if reply.code == 421 { Readiness::Broken } else { Readiness::NeedsReset };
    }

    async fn reset(&mut self) -> Result<(), ClientError> {
        let reply = self.wire.ask("RSET", self.timeout).await?;
        if reply.code == 250 { Ok(()) } else { Err(refused(reply, "an answer to RSET that is no 250")) }
    }

    /// Why an address cannot be sent to this server, if it cannot.
    fn unsendable(&self, address: &str) -> Option<Reply> {
        if !is_sendable(address) {
            return Some(Reply::new(553, (5, 1, 3), "Not an address that can be sent"));
        }
        let needs_utf8 = !address.is_ascii() && !self.has_extension("SMTPUTF8");
        needs_utf8.then(|| Reply::new(553, (5, 6, 7), "The next server does not take non-ASCII addresses"))
    }

    fn unsendable_sender(&self, from: &MailFrom) -> Option<Reply> {
        if from.smtputf8 && !self.has_extension("SMTPUTF8") {
            return Some(Reply::new(553, (5, 6, 7), "The next server does not take SMTPUTF8 mail"));
        }
        if from.address.is_empty() { None } else { self.unsendable(&from.address) }
    }

    /// MAIL, and RCPT for whom there is no refusal yet.
    fn commands(&self, from: &MailFrom, to: &[RcptTo], refusals: &[Option<Reply>], size: u64) -> Vec<String> {
        let open = || to.iter().zip(refusals).filter(|(_, refusal)| refusal.is_none()).map(|(to, _)| to);
        let smtputf8 = from.smtputf8 || !from.address.is_ascii() || open().any(|to| !to.address.is_ascii());
        std::iter::once(self.mail_command(from, size, smtputf8))
            .chain(open().map(|to| self.rcpt_command(to, smtputf8)))
            .collect()
    }

    fn mail_command(&self, from: &MailFrom, size: u64, smtputf8: bool) -> String {
        let mut command = format!("MAIL FROM:<{}>", from.address);
        if self.has_extension("SIZE") {
            command.push_str(&format!(" SIZE={size}"));
        }
        if from.eight_bit && self.has_extension("8BITMIME") {
            command.push_str(" BODY=8BITMIME");
        }
        if smtputf8 {
            command.push_str(" SMTPUTF8");
        }
        if self.has_extension("DSN") {
            if let Some(full) = from.ret_full {
                command.push_str(if full { " RET=FULL" } else { " RET=HDRS" });
            }
            if let Some(envid) = from.envid.as_deref().filter(|envid| is_envid(envid)) {
                command.push_str(&format!(" ENVID={envid}"));
            }
        }
        command
    }

    fn rcpt_command(&self, to: &RcptTo, smtputf8: bool) -> String {
        let mut command = format!("RCPT TO:<{}>", to.address);
        if self.has_extension("DSN") {
            if let Some(notify) = to.notify.and_then(|notify| notify.to_parameter()) {
                command.push_str(&format!(" NOTIFY={notify}"));
            }
            if let Some(orcpt) = to.orcpt.as_deref().filter(|orcpt| is_orcpt(orcpt, smtputf8)) {
                command.push_str(&format!(" ORCPT={orcpt}"));
            }
        }
        command
    }

    /// One command, one reply.
    async fn say_envelope_in_turn(
        &mut self,
        commands: &[String],
        refusals: &mut Vec<Option<Reply>>,
    ) -> Result<Envelope, ClientError> {
        let (mail, rcpts) = commands.split_first().ok_or(ClientError::Protocol("no MAIL"))?;
        let reply = self.wire.ask(mail, self.timeout).await?;
        self.check_mail(reply)?;
        let mut rcpts = rcpts.iter();
        for refusal in refusals.iter_mut().filter(|refusal| refusal.is_none()) {
            let Some(rcpt) = rcpts.next() else { break };
            let reply = self.wire.ask(rcpt, self.timeout).await?;
            *refusal = check_rcpt(reply)?;
        }
        let refusals = std::mem::take(refusals);
        let data = match refusals.iter().any(Option::is_none) {
            true => Some(self.wire.ask("DATA", self.timeout).await?),
            false => None,
        };
        Ok(Envelope { refusals, data })
    }

    /// All commands in as few writes as is safe, DATA with the last (RFC 2920). Every reply is read, whatever the first
    /// one says.
    async fn say_envelope_at_once(
        &mut self,
        commands: &[String],
        refusals: &mut Vec<Option<Reply>>,
    ) -> Result<Envelope, ClientError> {
        let mut replies = Vec::with_capacity(commands.len() + 1);
        if let Err(error) = self.exchange_groups(commands, &mut replies).await {
            // A server that refused MAIL and then went away has said what matters.
            return Err(match replies.into_iter().next() {
                Some(mail) if mail.code >= 400 => ClientError::Refused(mail),
                _ => error,
            });
        }
        let data = replies.pop();
        let mut replies = replies.into_iter();
        let mail = replies.next().ok_or(ClientError::Protocol("no reply to MAIL"))?;
        let wants_content = data.as_ref().is_some_and(|data| data.code == 354);
        if mail.code != 250 && wants_content {
            // Whatever it would make of a lone dot, the connection is dropped instead.
            return Err(refused(mail, "MAIL refused and DATA accepted"));
        }
        self.check_mail(mail)?;
        let mut accepted = false;
        for refusal in refusals.iter_mut().filter(|refusal| refusal.is_none()) {
            let Some(reply) = replies.next() else { break };
            *refusal = check_rcpt(reply)?;
            accepted |= refusal.is_none();
        }
        if !accepted && wants_content {
            // It wants content for nobody: it gets none. What it says to that changes nothing (RFC 2920, 3.1).
            let reply = self.wire.ask(".", self.timeout).await?;
            if reply.code == 421 {
                return Err(ClientError::Refused(reply));
            }
        }
        Ok(Envelope { refusals: std::mem::take(refusals), data: data.filter(|_| accepted) })
    }

    /// Sends the commands, and DATA after the last, a group at a time, and reads the replies.
    async fn exchange_groups(&mut self, commands: &[String], replies: &mut Vec<Reply>) -> Result<(), ClientError> {
        let mut groups = commands.chunks(MAX_GROUP).peekable();
        while let Some(group) = groups.next() {
            let mut octets = group.join("\r\n") + "\r\n";
            let last = groups.peek().is_none();
            if last {
                octets.push_str("DATA\r\n");
            }
            self.wire.send(octets.as_bytes(), self.timeout).await?;
            for _ in 0..group.len() + usize::from(last) {
                let reply = self.wire.reply(self.timeout).await?;
                if reply.code == 421 {
                    return Err(ClientError::Refused(reply));
                }
                replies.push(reply);
            }
        }
        Ok(())
    }

    fn check_mail(&mut self, reply: Reply) -> Result<(), ClientError> {
        if reply.code == 250 {
            return Ok(());
        }
        self.give_up(&reply);
        Err(refused(reply, "an answer to MAIL that is no 250"))
    }
}

/// A refusal, or none. 421 concerns the whole connection.
fn check_rcpt(reply: Reply) -> Result<Option<Reply>, ClientError> {
    match reply.code {
        250..=252 => Ok(None),
        421 => Err(ClientError::Refused(reply)),
        400.. => Ok(Some(reply)),
        _ => Err(ClientError::Protocol("an answer to RCPT that is neither yes nor no")),
    }
}
