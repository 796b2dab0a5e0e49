//! Octets to and from a server: commands out, replies in, and an ear for replies that come before their time.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, BytesMut};
use memchr::memchr;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::timeout,
};

use super::ClientError;
use crate::{Reply, stream::Stream};

/// Octets in a line of a reply; RFC 5321, 4.5.3.1.5 has 512, and some servers say more.
const MAX_LINE: usize = 2048;
/// Lines in a reply.
const MAX_LINES: usize = 100;
/// Octets of a reply's text that are kept.
const MAX_TEXT: usize = 2000;
/// How long a reply that may have come before the connection broke is looked for.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why a write of content stopped before its end.
pub(super) enum Stopped {
    /// The server spoke although it was not its turn: what it said is there to be read.
    Spoken,
    /// The connection broke, or no octet went for too long.
    Broken(io::Error),
}

/// A stream, and what was read from it.
pub(super) struct Wire {
    stream: Stream,
    input: BytesMut,
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, input: BytesMut::new() }
    }

    /// The stream, for a TLS handshake. What came before it in the clear is not part of what TLS protects: if there is
    /// anything, somebody put it there, and none is given.
    pub(super) fn into_stream(self) -> Option<Stream> {
        self.input.is_empty().then_some(self.stream)
    }

    pub(super) fn describe_tls(&self) -> Option<String> {
        self.stream.describe_tls()
    }

    /// Whether the server said something that nobody has read.
    pub(super) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// Sends commands, whole.
    pub(super) async fn send(&mut self, octets: &[u8], limit: Duration) -> Result<(), ClientError> {
        let write = async {
            self.stream.write_all(octets).await?;
            self.stream.flush().await
        };
        match timeout(limit, write).await.unwrap_or_else(|elapsed| Err(elapsed.into())) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.last_words(error).await),
        }
    }

    /// Sends one command and reads its reply.
    pub(super) async fn ask(&mut self, command: &str, limit: Duration) -> Result<Reply, ClientError> {
        self.send(format!("{command}\r\n").as_bytes(), limit).await?;
        self.reply(limit).await
    }

    /// Reads a reply.
    pub(super) async fn reply(&mut self, limit: Duration) -> Result<Reply, ClientError> {
        Ok(self.reply_lines(limit).await?.0)
    }

    /// Reads a reply, and each line's text.
    pub(super) async fn reply_lines(&mut self, limit: Duration) -> Result<(Reply, Vec<String>), ClientError> {
        timeout(limit, self.read_reply()).await.unwrap_or_else(|elapsed| Err(ClientError::Connection(elapsed.into())))
    }

    async fn read_reply(&mut self) -> Result<(Reply, Vec<String>), ClientError> {
        let mut lines = Vec::new();
        let mut first: Option<(u16, (u8, u16, u16))> = None;
        loop {
            let line = parse_line(&self.line().await?)?;
            if first.is_some_and(|(code, _)| code != line.code) {
                return Err(ClientError::Protocol("a reply whose lines differ in their codes"));
            }
            let (code, enhanced) = *first.get_or_insert((line.code, line.enhanced));
            lines.push(line.text);
            if line.last {
                let mut text = lines.join(" ");
                text.truncate(MAX_TEXT);
                return Ok((Reply { code, enhanced, text }, lines));
            }
            if lines.len() >= MAX_LINES {
                return Err(ClientError::Protocol("a reply of too many lines"));
            }
        }
    }

    /// A line without its end, which for a reply may be a bare LF: no content can follow it.
    async fn line(&mut self) -> Result<BytesMut, ClientError> {
        let mut scanned = 0;
        loop {
            if let Some(at) = memchr(b'\n', &self.input[scanned..]) {
                let mut line = self.input.split_to(scanned + at);
                self.input.advance(1);
                if line.ends_with(b"\r") {
                    line.truncate(line.len() - 1);
                }
                return Ok(line);
            }
            scanned = self.input.len();
            if scanned > MAX_LINE {
                return Err(ClientError::Protocol("a reply with too long a line"));
            }
            self.input.reserve(MAX_LINE);
            if self.stream.read_buf(&mut self.input).await.map_err(ClientError::Connection)? == 0 {
                return Err(ClientError::Connection(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Writes content, and stops as soon as the server says anything. Octets gone from `octets` were taken by the
    /// system (or by TLS, whose last record is complete only with its last octet).
    pub(super) async fn write_listening(&mut self, octets: &mut &[u8], limit: Duration) -> Result<(), Stopped> {
        while !octets.is_empty() {
            let write = poll_fn(|cx| {
                if let Poll::Ready(heard) = self.poll_hear(cx) {
                    return Poll::Ready(Err(heard));
                }
                Pin::new(&mut self.stream).poll_write(cx, octets).map_err(Stopped::Broken)
            });
            match timeout(limit, write).await {
                Ok(Ok(0)) => return Err(Stopped::Broken(io::ErrorKind::WriteZero.into())),
                Ok(Ok(count)) => *octets = octets.get(count..).unwrap_or_default(),
                Ok(Err(stopped)) => return Err(stopped),
                Err(elapsed) => return Err(Stopped::Broken(elapsed.into())),
            }
        }
        Ok(())
    }

    /// Waits until the server says something.
    pub(super) async fn hear(&mut self) -> Stopped {
        poll_fn(|cx| self.poll_hear(cx)).await
    }

    fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<Stopped> {
        if self.has_input() {
            return Poll::Ready(Stopped::Spoken);
        }
        let mut space = [0; 512];
        let mut buffer = ReadBuf::new(&mut space);
        Pin::new(&mut self.stream).poll_read(cx, &mut buffer).map(|read| match read {
            Ok(()) if buffer.filled().is_empty() => Stopped::Broken(io::ErrorKind::UnexpectedEof.into()),
            Ok(()) => {
                self.input.extend_from_slice(buffer.filled());
                Stopped::Spoken
            }
            Err(error) => Stopped::Broken(error),
        })
    }

    pub(super) async fn flush(&mut self, limit: Duration) -> io::Result<()> {
        timeout(limit, self.stream.flush()).await?
    }

    /// The reply that the server gave before the connection broke, if there is one; else how it broke.
    pub(super) async fn last_words(&mut self, error: io::Error) -> ClientError {
        match self.reply(LAST_WORDS).await {
            Ok(reply) if reply.code >= 400 => ClientError::Refused(reply),
            _ => ClientError::Connection(error),
        }
    }

    /// Closes; what still comes is not waited for.
    pub(super) async fn close(&mut self, limit: Duration) {
        // The peer may be gone: nothing is lost by that now.
        let _ = timeout(limit, self.stream.shutdown()).await;
    }
}

struct Line {
    code: u16,
    enhanced: (u8, u16, u16),
    text: String,
    last: bool,
}

fn parse_line(line: &[u8]) -> Result<Line, ClientError> {
    const BAD: ClientError = ClientError::Protocol("a reply without a code");
    let Some((&[a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9'], rest)) = line.split_first_chunk::<3>() else {
        return Err(BAD);
    };
    let code = [a, b, c].into_iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let (last, text) = match rest {
        [] => (true, rest),
        [b' ', text @ ..] => (true, text),
        [b'-', text @ ..] => (false, text),
        _ => return Err(BAD),
    };
    // Replies go into logs and notices, so what is not printable ASCII does not get through.
    let printable = |octet: &u8| if *octet == b' ' || octet.is_ascii_graphic() { char::from(*octet) } else { '?' };
    let text: String = text.iter().map(printable).collect();
    Ok(match enhanced_code(&text, a - b'0') {
        Some((enhanced, rest)) => Line { code, enhanced, text: rest.to_owned(), last },
        None => Line { code, enhanced: (0, 0, 0), text, last },
    })
}

/// An enhanced status code at the front of a text (RFC 2034, 4), of the reply's class.
fn enhanced_code(text: &str, class: u8) -> Option<((u8, u16, u16), &str)> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut numbers = word.split('.').map(|number| {
        let digits = (1..=3).contains(&number.len()) && number.bytes().all(|octet| octet.is_ascii_digit());
        number.parse::<u16>().ok().filter(|_| digits)
    });
    let (first, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let good = numbers.next().is_none() && first == u16::from(class) && class != 3;
    good.then_some(((class, subject, detail), rest))
}

#[cfg(test)]
mod tests {
    use super::parse_line;

    type Parts = (u16, (u8, u16, u16), String, bool);

    fn line(line: &[u8]) -> Option<Parts> {
        parse_line(line).ok().map(|line| (line.code, line.enhanced, line.text, line.last))
    }

    // spec: MAIL-RELAY
    #[test]
    fn reply_lines_are_read() {
        assert_eq!(line(b"250"), Some((250, (0, 0, 0), String::new(), true)));
        assert_eq!(line(b"250-SIZE 10"), Some((250, (0, 0, 0), "SIZE 10".into(), false)));
        assert_eq!(line(b"550 5.1.1 no such user"), Some((550, (5, 1, 1), "no such user".into(), true)));
        assert_eq!(line(b"451-4.7.500 busy"), Some((451, (4, 7, 500), "busy".into(), false)));
        assert_eq!(line(b"250 2.0.0"), Some((250, (2, 0, 0), String::new(), true)));
        // Not of the reply's class, or no code at all: text.
        assert_eq!(line(b"550 4.1.1 x"), Some((550, (0, 0, 0), "4.1.1 x".into(), true)));
        assert_eq!(line(b"550 5.1 x"), Some((550, (0, 0, 0), "5.1 x".into(), true)));
        assert_eq!(line(b"550 5.1.1.1 x"), Some((550, (0, 0, 0), "5.1.1.1 x".into(), true)));
        assert_eq!(line(b"550 \xe5\x1b[0m"), Some((550, (0, 0, 0), "??[0m".into(), true)));
        for bad in [&b""[..], b"25", b"250x", b"150 a", b"650 a", b"a50 x", b"2\x30 x"] {
            assert_eq!(line(bad), None, "{bad:?}");
        }
    }
}
