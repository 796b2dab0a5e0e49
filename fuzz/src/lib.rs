//! What the fuzz targets check, a module a target. Each takes any octets and panics where something does not hold; the
//! targets in `targets/` only hand over what libFuzzer makes up.
//!
//! How an input is cut, and which options it is tried with, is drawn from its own octets ([`Dice`]): so a seed is nothing but
//! a mail, a header, a stream, and a finding can be repeated.

#[cfg(feature = "trust")]
pub mod dkim;
#[cfg(feature = "trust")]
pub mod dns;
pub mod html;
pub mod mail;
pub mod names;
pub mod reader;
pub mod rewrite;
pub mod smtp;
pub mod smtp_command;
pub mod smtp_data;
#[cfg(feature = "trust")]
pub mod spf;
pub mod tnef;

/// Random numbers out of the input itself (xorshift from its FNV-1a).
pub struct Dice(u64);

impl Dice {
    /// Dice for an input. Another `salt` gives others.
    pub fn of(data: &[u8], salt: u64) -> Self {
        let hash = data.iter().fold(0xcbf2_9ce4_8422_2325 ^ salt, |hash, octet| {
            (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or_default() % end.max(1)
    }

    /// One of these.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// `data` in pieces: single octets, short ones, or any.
    pub fn pieces<'a>(&mut self, data: &'a [u8]) -> Vec<&'a [u8]> {
        let longest = *self.one(&[1, 2, 5, 80, data.len().max(1)]);
        let (mut pieces, mut rest) = (Vec::new(), data);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((1 + self.below(longest)).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces
    }
}

/// CRLF and nothing else ends a line, and every line ends; none is longer than `longest`; there is no NUL.
pub fn assert_lines(octets: &[u8], longest: usize) {
    let mut line = 0;
    let mut before = 0;
    for &octet in octets {
        assert!(octet != 0, "a NUL");
        assert!(octet != b'\n' || before == b'\r', "a bare LF");
        assert!(before != b'\r' || octet == b'\n', "a bare CR");
        if octet == b'\n' {
            assert!(line <= longest + 1, "a line of {line} octets");
            line = 0;
        } else {
            line += 1;
        }
        before = octet;
    }
    assert!(octets.is_empty() || before == b'\n', "the last line has no end");
}

/// Waits for what only waits for our own answers.
#[cfg(feature = "trust")]
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    thread_local!(static RUNTIME: tokio::runtime::Runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"));
    RUNTIME.with(|runtime| runtime.block_on(future))
}
