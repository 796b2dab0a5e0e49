//! Command lines out of octets (RFC 5321, 2.3.8 and 4.5.3.1.4).

use bytes::{Buf as _, BytesMut};
use memchr::memchr;

use super::{Event, Session, State};
use crate::{
    Reply,
    protocol::command::{is_like, parse},
};

/// Octets in a command line, its CRLF included: RFC 5321, 4.5.3.1.4 has 512, and extensions add to them (DSN the most).
const MAX_LINE: usize = 4096;
/// Octets of a line too long that are read to find its end.
const MAX_SKIPPED: u64 = 1024 * 1024;

impl Session {
    /// Reads a command line, if it is whole, and acts on it.
    pub(super) fn read_line(&mut self, input: &mut BytesMut) -> Option<Event> {
        let window = &input[..input.len().min(MAX_LINE)];
        let found = memchr(b'\n', &window[self.scanned.min(window.len())..]).map(|at| at + self.scanned);
        match found {
            Some(at) if at > 0 && window[at - 1] == b'\r' => {
                self.scanned = 0;
                self.lines += 1;
                let line = input.split_to(at + 1);
                let data_refused = std::mem::take(&mut self.data_refused);
                match parse(&line[..at - 1]) {
                    Ok(command) => self.act(command, input),
                    Err(malformed) => {
                        self.fault(&malformed.reply);
                        self.data_refused = is_like(&line, b"DATA");
                        if malformed.fatal || data_refused {
                            self.state = State::Closed;
                        }
                        None
                    }
                }
            }
            Some(_) => self.bare_line_feed(),
            None if input.len() >= MAX_LINE => {
                self.scanned = 0;
                // The chunk behind a BDAT, or the rest of a mail, would be taken for commands.
                let fatal = self.data_refused || is_like(window, b"BDAT");
                self.data_refused = is_like(window, b"DATA");
                self.state = State::SkipLine(0);
                self.fault(&Reply::new(500, (5, 5, 2), "Line too long"));
                if fatal {
                    self.state = State::Closed;
                }
                None
            }
            None => {
                self.scanned = window.len();
                Some(Event::NeedInput)
            }
        }
    }

    /// Throws the rest of a line away.
    pub(super) fn skip_line(&mut self, input: &mut BytesMut, skipped: u64) -> Option<Event> {
        match memchr(b'\n', input) {
            Some(at) if at > 0 && input[at - 1] == b'\r' => {
                input.advance(at + 1);
                self.state = State::Command;
                return None;
            }
            Some(_) => return self.bare_line_feed(),
            None => {}
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

    /// A bare LF ends no line (RFC 5321, 2.3.8). Where lines end is then a matter of opinion, so we stop here.
    fn bare_line_feed(&mut self) -> Option<Event> {
        self.reply(&Reply::new(500, (5, 5, 2), "Bare LF: lines end with CRLF"));
        self.state = State::Closed;
        None
    }
}
