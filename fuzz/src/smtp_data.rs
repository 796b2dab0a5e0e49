//! The content of DATA and BDAT: read as a reference of a few lines reads it, however it is cut; whatever a sender quotes
//! rightly is one mail and never two (RFC 5321, 4.5.2; RFC 3030).

use fubako_mail::newline::{CrFixer, Normalizer};
use fubako_smtp::protocol::content::ContentReader;

use crate::{
    Dice, assert_lines,
    smtp::{Mail, Options, codes, run},
};

const BEGUN: &[u8] = b"EHLO a.example\r\nMAIL FROM:<b@c.example>\r\nRCPT TO:<d@e.example>\r\n";

pub fn check(data: &[u8]) {
    let mut dice = Dice::of(data, 2);
    let expected = reference(data);
    assert_eq!(read(data, &[data]), expected);
    assert_eq!(read(data, &dice.pieces(data)), expected, "how it is cut makes a difference");
    line_ends(data, &mut dice);
    as_data(data, &mut dice);
    as_chunks(data, &mut dice);
    as_it_is(data, expected, &mut dice);
}

/// The content, and what stands behind its end: octet for octet, after the RFC.
fn reference(data: &[u8]) -> (Vec<u8>, Option<&[u8]>) {
    let (mut content, mut at) = (Vec::new(), 0);
    while at < data.len() {
        let line_starts = at == 0 || data[..at].ends_with(b"\r\n");
        if line_starts && data[at] == b'.' {
            match &data[at + 1..] {
                [b'\r', b'\n', rest @ ..] => return (content, Some(rest)),
                // It may still be the end.
                [] | [b'\r'] => return (content, None),
                _ => {}
            }
        } else {
            content.push(data[at]);
        }
        at += 1;
    }
    (content, None)
}

/// What our reader makes of it, in these pieces of `data`.
fn read<'a>(data: &'a [u8], pieces: &[&[u8]]) -> (Vec<u8>, Option<&'a [u8]>) {
    let (mut reader, mut buffer, mut content) = (ContentReader::default(), Vec::new(), Vec::new());
    let mut used = 0;
    for piece in pieces {
        buffer.extend_from_slice(piece);
        let read = reader.read(&mut buffer);
        assert!(read.content <= read.used && read.used <= buffer.len());
        content.extend_from_slice(&buffer[..read.content]);
        buffer.drain(..read.used);
        used += read.used;
        if read.ended {
            return (content, Some(&data[used..]));
        }
        assert!(buffer.len() <= 2, "no more than a dot and a CR wait");
    }
    (content, None)
}

/// The filters that content goes through.
fn line_ends(data: &[u8], dice: &mut Dice) {
    let normalise = |pieces: &[&[u8]]| {
        let (mut filter, mut out) = (Normalizer::new(), Vec::new());
        pieces.iter().for_each(|piece| filter.push(piece, &mut out));
        out
    };
    let fix = |pieces: &[&[u8]]| {
        let (mut filter, mut out) = (CrFixer::new(), Vec::new());
        pieces.iter().for_each(|piece| filter.push(piece, &mut out));
        filter.finish(&mut out);
        out
    };
    let normalised = normalise(&[data]);
    assert_eq!(normalise(&dice.pieces(data)), normalised);
    assert_eq!(normalise(&[&normalised]), normalised, "once is enough");
    assert!((0..normalised.len()).all(|at| normalised[at] != b'\n' || (at > 0 && normalised[at - 1] == b'\r')));
    let without_ends = |octets: &[u8]| octets.iter().copied().filter(|o| !b"\r\n".contains(o)).collect::<Vec<_>>();
    let fixed = fix(&[data]);
    assert_eq!(fix(&dice.pieces(data)), fixed);
    assert_eq!(fix(&[&normalised]), fixed, "normalised first or not");
    let mut whole = fixed.iter().map(|octet| octet.max(&1)).copied().collect::<Vec<u8>>();
    whole.extend_from_slice(b"\r\n");
    assert_lines(&whole, usize::MAX - 1);
    assert_eq!(without_ends(&fixed), without_ends(data), "nothing but line ends changes");
}

/// `data` as a sender quotes it in DATA: one mail, and the command behind it is one.
fn as_data(data: &[u8], dice: &mut Dice) {
    let mut content = data.to_vec();
    if !data.is_empty() && !data.ends_with(b"\r\n") {
        content.extend_from_slice(b"\r\n");
    }
    let mut wire = [BEGUN, b"DATA\r\n"].concat();
    for (at, octet) in content.iter().enumerate() {
        if *octet == b'.' && (at == 0 || content[..at].ends_with(b"\r\n")) {
            wire.push(b'.');
        }
        wire.push(*octet);
    }
    wire.extend_from_slice(b".\r\nNOOP\r\n");
    let outcome = run(&Options::new(false, 1 << 30), dice.pieces(&wire));
    assert_eq!(codes(&outcome.replies), ["220", "250", "250", "250", "354", "250", "250"].map(str::as_bytes));
    assert_eq!(outcome.mails, [mail(content)]);
}

/// `data` in chunks of any size: the same.
fn as_chunks(data: &[u8], dice: &mut Dice) {
    let mut wire = BEGUN.to_vec();
    let mut rest = data;
    let mut chunks = 1;
    while !rest.is_empty() && chunks < 20 && dice.below(4) > 0 {
        let (chunk, after) = rest.split_at(dice.below(rest.len() + 1));
        wire.extend_from_slice(format!("BDAT {}\r\n", chunk.len()).as_bytes());
        wire.extend_from_slice(chunk);
        rest = after;
        chunks += 1;
    }
    wire.extend_from_slice(format!("BDAT {} LAST\r\n", rest.len()).as_bytes());
    wire.extend_from_slice(rest);
    wire.extend_from_slice(b"NOOP\r\n");
    let outcome = run(&Options::new(false, 1 << 30), dice.pieces(&wire));
    let codes = codes(&outcome.replies);
    assert_eq!(codes.len(), 4 + chunks + 1);
    assert!(codes[1..].iter().all(|code| *code == b"250"));
    assert_eq!(outcome.mails, [mail(data.to_vec())]);
}

/// `data` behind DATA as it is: the first mail is what the reference says, and there is a second only out of what stands
/// behind a true end.
fn as_it_is(data: &[u8], expected: (Vec<u8>, Option<&[u8]>), dice: &mut Dice) {
    let wire = [BEGUN, b"DATA\r\n", data].concat();
    let options = Options::new(false, *dice.one(&[30, 1 << 30]));
    let outcome = run(&options, [&wire[..]]);
    assert_eq!(run(&options, dice.pieces(&wire)), outcome, "how it is cut makes a difference");
    let (content, rest) = expected;
    let fits = (content.len() as u64) < options.settings.max_mail_size;
    match rest {
        Some(rest) if fits => {
            assert_eq!(outcome.mails.first(), Some(&mail(content)));
            let again = [&b"EHLO a.example\r\n"[..], rest].concat();
            let alone = run(&options, [&again[..]]);
            assert_eq!(outcome.mails[1..], alone.mails, "what stands behind the end is read as commands");
        }
        None => assert!(outcome.mails.is_empty()),
        Some(_) => {}
    }
}

fn mail(content: Vec<u8>) -> Mail {
    Mail { sender: "b@c.example".to_owned(), recipients: vec!["d@e.example".to_owned()], content }
}
