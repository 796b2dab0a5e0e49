//! The content of DATA, from its stream to the final dot and the reply to it.

use std::io;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use memchr::memchr2;

use super::{ClientError, Connection, wire::Stopped};
use crate::Reply;

/// Octets gathered before they are written.
const WRITE_SIZE: usize = 64 * 1024;

/// What is wrong with content that its maker should have seen to.
#[derive(Debug, thiserror::Error)]
enum BadContent {
    /// It is not for us to say what a bare CR or LF should have been; to pass it on would be smuggling (spec RCV-ESMTP).
    #[error("a bare CR or LF")]
    BareLineEnd,
    #[error("{given} octets where {promised} were promised")]
    Size { promised: u64, given: u64 },
}

impl From<BadContent> for ClientError {
    fn from(bad: BadContent) -> Self {
        Self::Content(Box::new(bad))
    }
}

impl Connection {
    /// Sends the content after 354, and gives the reply to its final dot.
    pub(super) async fn send_content<S, E>(&mut self, size: u64, mut content: S) -> Result<Reply, ClientError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut stuffer = Stuffer::default();
        loop {
            let next = tokio::select! {
                biased;
                stopped = self.wire.hear() => return Err(self.stopped(stopped).await),
                next = content.next() => next,
            };
            let Some(octets) = next else { break };
            let octets = octets.map_err(|error| ClientError::Content(error.into()))?;
            for piece in octets.chunks(WRITE_SIZE) {
                stuffer.push(piece)?;
                if stuffer.given > size {
                    return Err(BadContent::Size { promised: size, given: stuffer.given }.into());
                }
                if stuffer.ready.len() >= WRITE_SIZE {
                    self.write(&stuffer.ready).await?;
                    stuffer.ready.clear();
                }
            }
        }
        if stuffer.given != size {
            return Err(BadContent::Size { promised: size, given: stuffer.given }.into());
        }
        stuffer.end()?;
        // As long as not all of this has gone, neither has the dot's own CRLF: the server has no mail.
        self.write(&stuffer.ready).await?;
        self.wire.flush(self.timeout).await.map_err(ClientError::Unknown)?;
        match self.wire.reply(self.final_timeout).await {
            Ok(reply) if (200..300).contains(&reply.code) || reply.code >= 400 => Ok(reply),
            Ok(_) | Err(ClientError::Protocol(_)) => Err(ClientError::Unknown(io::ErrorKind::InvalidData.into())),
            Err(ClientError::Connection(error)) => Err(ClientError::Unknown(error)),
            Err(error) => Err(error),
        }
    }

    async fn write(&mut self, mut octets: &[u8]) -> Result<(), ClientError> {
        match self.wire.write_listening(&mut octets, self.timeout).await {
            Ok(()) => Ok(()),
            Err(stopped) => Err(self.stopped(stopped).await),
        }
    }

    /// What stopped the content: a server that refuses it half-way, or a connection that broke.
    async fn stopped(&mut self, stopped: Stopped) -> ClientError {
        match stopped {
            Stopped::Broken(error) => self.wire.last_words(error).await,
            Stopped::Spoken => match self.wire.reply(self.timeout).await {
                Ok(reply) if reply.code >= 400 => ClientError::Refused(reply),
                Ok(_) => ClientError::Protocol("a reply in the midst of the content"),
                Err(error) => error,
            },
        }
    }
}

/// Where in a line the next octet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    #[default]
    LineStart,
    /// After nothing but NUL in a line.
    Nul,
    Cr,
    Within,
}

/// Doubles the dots that begin lines (RFC 5321, 4.5.2), and those that only NUL stands before: a server that throws NUL away
/// must not find a dot alone.
#[derive(Debug, Default)]
struct Stuffer {
    at: At,
    /// Octets of content given so far.
    given: u64,
    /// What can be written.
    ready: Vec<u8>,
}

impl Stuffer {
    fn push(&mut self, piece: &[u8]) -> Result<(), BadContent> {
        self.given += piece.len() as u64;
        let mut from = 0;
        let mut at = 0;
        while at < piece.len() {
            match self.at {
                At::LineStart | At::Nul if piece[at] == b'.' => {
                    self.ready.extend_from_slice(&piece[from..at]);
                    self.ready.push(b'.');
                    from = at;
                    self.at = At::Within;
                }
                At::LineStart | At::Nul if piece[at] == b'\0' => {
                    at += 1;
                    self.at = At::Nul;
                }
                At::LineStart | At::Nul | At::Within => match memchr2(b'\r', b'\n', &piece[at..]) {
                    Some(found) if piece[at + found] == b'\r' => {
                        at += found + 1;
                        self.at = At::Cr;
                    }
                    Some(_) => return Err(BadContent::BareLineEnd),
                    None => {
                        at = piece.len();
                        self.at = At::Within;
                    }
                },
                At::Cr if piece[at] == b'\n' => {
                    at += 1;
                    self.at = At::LineStart;
                }
                At::Cr => return Err(BadContent::BareLineEnd),
            }
        }
        self.ready.extend_from_slice(&piece[from..]);
        Ok(())
    }

    /// Ends the last line, if it has no end, and the content.
    fn end(&mut self) -> Result<(), BadContent> {
        match self.at {
            At::Cr => return Err(BadContent::BareLineEnd),
            At::Nul | At::Within => self.ready.extend_from_slice(b"\r\n"),
            At::LineStart => {}
        }
        self.ready.extend_from_slice(b".\r\n");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Stuffer;

    fn stuff(content: &[u8], piece: usize) -> Option<Vec<u8>> {
        let mut stuffer = Stuffer::default();
        for piece in content.chunks(piece) {
            stuffer.push(piece).ok()?;
        }
        stuffer.end().ok()?;
        Some(stuffer.ready)
    }

    // spec: MAIL-RELAY
    #[test]
    fn dots_that_begin_lines_are_doubled() {
        for (content, wire) in [
            (&b""[..], &b".\r\n"[..]),
            (b"a\r\n", b"a\r\n.\r\n"),
            (b"a", b"a\r\n.\r\n"),
            (b".", b"..\r\n.\r\n"),
            (b".\r\n..\r\n.a.\r\n", b"..\r\n...\r\n..a.\r\n.\r\n"),
            (b"\r\n.\r\nQUIT\r\n", b"\r\n..\r\nQUIT\r\n.\r\n"),
            // spec: RCV-ESMTP: no dot alone for a server that throws NUL away
            (b"\0.\r\n\0\0.\0\r\na\0.\r\n\0\r\n\0", b"\0..\r\n\0\0..\0\r\na\0.\r\n\0\r\n\0\r\n.\r\n"),
        ] {
            for piece in 1..=content.len().max(1) {
                assert_eq!(stuff(content, piece).as_deref(), Some(wire), "{content:?} in pieces of {piece}");
            }
        }
    }

    // spec: RCV-ESMTP: a bare CR or LF never survives into what we send
    #[test]
    fn a_bare_line_end_is_not_sent() {
        for content in [&b"a\n.\r\n"[..], b"\n", b"a\rb\r\n", b"a\r\r\n", b"a\r"] {
            for piece in 1..=content.len() {
                assert_eq!(stuff(content, piece), None, "{content:?} in pieces of {piece}");
            }
        }
    }
}
