//! The session as a pure machine: whole conversations, octet for octet, and properties over any stream and any split.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;

use bytes::BytesMut;
use fubako_smtp::{
    Reply,
    protocol::{
        Event, Session, Settings,
        envelope::{MailFrom, RcptTo},
    },
};
use proptest::prelude::*;

/// What came out of a session, in order; neighbours of a kind are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Out {
    Replies(String),
    Mail(MailFrom),
    Rcpt(RcptTo),
    Content(Vec<u8>),
    End,
    Dropped,
    StartTls,
    Close,
}

fn settings() -> Settings {
    Settings {
        hostname: "mx.example.jp".into(),
        starttls: true,
        require_tls: false,
        max_mail_size: 1000,
        max_recipients: 2,
        max_errors: 5,
    }
}

struct Driver {
    session: Session,
    input: BytesMut,
    out: Vec<Out>,
    /// Refuses what is in the content.
    unwelcome: Option<u8>,
}

impl Driver {
    fn new(settings: Settings, tls: bool) -> Self {
        let session = Session::new(settings, tls);
        Self { session, input: BytesMut::new(), out: Vec::new(), unwelcome: None }
    }

    fn push(&mut self, out: Out) {
        match (self.out.last_mut(), out) {
            (Some(Out::Replies(all)), Out::Replies(more)) => all.push_str(&more),
            (Some(Out::Content(all)), Out::Content(more)) => all.extend_from_slice(&more),
            (_, out) => self.out.push(out),
        }
    }

    /// Whether the session wants more.
    fn feed(&mut self, octets: &[u8]) -> bool {
        self.input.extend_from_slice(octets);
        loop {
            let event = self.session.step(&mut self.input);
            let replies = String::from_utf8(self.session.take_replies()).unwrap();
            if !replies.is_empty() {
                self.push(Out::Replies(replies));
            }
            match event {
                Event::NeedInput => return true,
                Event::Mail(from) => {
                    let refused = from.address.starts_with("refused");
                    self.push(Out::Mail(from));
                    self.session.answer(if refused { Err(Reply::new(550, (5, 7, 1), "No")) } else { Ok(()) });
                }
                Event::Rcpt(to) => {
                    let refused = to.address.starts_with("refused");
                    self.push(Out::Rcpt(to));
                    self.session.answer(if refused { Err(Reply::new(550, (5, 1, 1), "No")) } else { Ok(()) });
                }
                Event::Content(octets) => {
                    assert!(!octets.is_empty());
                    if self.unwelcome.is_some_and(|octet| octets.contains(&octet)) {
                        self.session.refuse_content(Reply::new(451, (4, 3, 1), "Disk full"));
                    } else {
                        self.push(Out::Content(octets.to_vec()));
                    }
                }
                Event::End => {
                    self.push(Out::End);
                    self.session.finish(&Reply::new(250, (2, 6, 0), "Taken"));
                }
                Event::Dropped => self.push(Out::Dropped),
                Event::StartTls => {
                    self.push(Out::StartTls);
                    return false;
                }
                Event::Close => {
                    self.push(Out::Close);
                    return false;
                }
            }
        }
    }

    fn replies(&self) -> String {
        self.out
            .iter()
            .filter_map(|out| if let Out::Replies(text) = out { Some(text.as_str()) } else { None })
            .collect()
    }

    fn content(&self) -> Vec<u8> {
        self.out
            .iter()
            .filter_map(|out| if let Out::Content(octets) = out { Some(&octets[..]) } else { None })
            .flatten()
            .copied()
            .collect()
    }
}

/// The replies to `input` after the banner, code by code: `250-` lines of EHLO count once.
fn codes(input: &str) -> Vec<String> {
    codes_of(&talk(settings(), input))
}

fn codes_of(driver: &Driver) -> Vec<String> {
    let replies = driver.replies();
    let last_lines = replies.lines().filter(|line| line.as_bytes().get(3) == Some(&b' ')).skip(1);
    let enhanced = |word: &&str| word.split('.').count() == 3 && word.as_bytes()[0].is_ascii_digit();
    let codes = last_lines.map(|line| match line[4..].split(' ').next().filter(enhanced) {
        Some(word) => format!("{} {word}", &line[..3]),
        None => line[..3].to_owned(),
    });
    codes.collect()
}

fn talk(settings: Settings, input: &str) -> Driver {
    let mut driver = Driver::new(settings, false);
    driver.feed(input.as_bytes());
    driver
}

const HELLO: &str = "EHLO c.example\r\n";
const ENVELOPE: &str = "EHLO c.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";

// spec: RCV-ESMTP
#[test]
fn one_mail_octet_for_octet() {
    let driver = talk(
        settings(),
        "EHLO c.example\r\nMAIL FROM:<a@b> SIZE=10\r\nRCPT TO:<c@d>\r\nDATA\r\nHi\r\n..\r\n.\r\nQUIT\r\n",
    );
    assert_eq!(
        driver.out,
        [
            Out::Replies(
                "220 mx.example.jp ESMTP\r\n250-mx.example.jp\r\n250-PIPELINING\r\n250-SIZE 999\r\n250-STARTTLS\r\n250-8BITMIME\r\n\
                 250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250 DSN\r\n"
                    .into()
            ),
            Out::Mail(MailFrom { address: "a@b".into(), size: Some(10), ..MailFrom::default() }),
            Out::Replies("250 2.1.0 Sender OK\r\n".into()),
            Out::Rcpt(RcptTo { address: "c@d".into(), ..RcptTo::default() }),
            Out::Replies("250 2.1.5 Recipient OK\r\n354 Start mail input; end with <CRLF>.<CRLF>\r\n".into()),
            Out::Content(b"Hi\r\n.\r\n".to_vec()),
            Out::End,
            Out::Replies("250 2.6.0 Taken\r\n221 2.0.0 Bye\r\n".into()),
            Out::Close,
        ]
    );
}

// spec: RCV-ESMTP
#[test]
fn commands_have_an_order() {
    assert_eq!(codes("MAIL FROM:<a@b>\r\n"), ["503 5.5.1"]);
    assert_eq!(codes("HELO c\r\nRCPT TO:<c@d>\r\nDATA\r\n"), ["250", "503 5.5.1", "503 5.5.1"]);
    assert_eq!(codes(&format!("{ENVELOPE}MAIL FROM:<a@b>\r\n"))[3..], ["503 5.5.1"]);
    assert_eq!(codes(&format!("{HELLO}MAIL FROM:<a@b>\r\nDATA\r\n"))[2..], ["554 5.5.1"]);
    assert_eq!(
        codes(&format!("{HELLO}MAIL FROM:<a@b>\r\nRCPT TO:<refused@d>\r\nDATA\r\n"))[2..],
        ["550 5.1.1", "554 5.5.1"]
    );
    assert_eq!(codes(&format!("{HELLO}MAIL FROM:<refused@b>\r\nRCPT TO:<c@d>\r\n"))[1..], ["550 5.7.1", "503 5.5.1"]);
    assert_eq!(codes(&format!("{ENVELOPE}RSET\r\nDATA\r\n"))[3..], ["250 2.0.0", "503 5.5.1"]);
    assert_eq!(codes(&format!("{ENVELOPE}EHLO c\r\nDATA\r\n"))[3..], ["250", "503 5.5.1"]);
    assert_eq!(
        codes("NOOP x y\r\nHELP\r\nVRFY a\r\nEXPN a\r\nAUTH PLAIN\r\nFOO\r\nRSET\r\nSTARTTLS x\r\nQUIT\r\n"),
        [
            "250 2.0.0",
            "214 2.0.0",
            "252 2.0.0",
            "502 5.5.1",
            "502 5.5.1",
            "500 5.5.1",
            "250 2.0.0",
            "501 5.5.4",
            "221 2.0.0"
        ]
    );
}

// spec: RCV-ESMTP
#[test]
fn a_transaction_that_is_given_up_is_dropped_once() {
    for end in ["RSET\r\n", "EHLO c\r\n", "HELO c\r\n"] {
        let driver = talk(settings(), &format!("{ENVELOPE}{end}{end}"));
        assert_eq!(driver.out.iter().filter(|out| **out == Out::Dropped).count(), 1, "{end}");
    }
}

// spec: RCV-TLS
#[test]
fn tls_can_be_demanded_before_mail() {
    let settings = Settings { require_tls: true, max_errors: 100, ..settings() };
    let input = "EHLO c\r\nNOOP\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nBDAT 4\r\nQUITSTARTTLS\r\n";
    let driver = talk(settings, input);
    let codes = codes_of(&driver);
    assert_eq!(codes, ["250", "250 2.0.0", "530 5.7.0", "530 5.7.0", "530 5.7.0", "530 5.7.0", "220 2.0.0"]);
    assert_eq!(driver.out.last(), Some(&Out::StartTls));
}

// spec: RCV-TLS: CVE-2011-0411
#[test]
fn what_comes_with_starttls_is_not_heard() {
    let mut driver = Driver::new(settings(), false);
    assert!(!driver.feed(format!("{ENVELOPE}STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@b>\r\n").as_bytes()));
    driver.session.tls_started();
    driver.out.clear();
    assert!(driver.feed(b"NOOP\r\nMAIL FROM:<a@b>\r\nEHLO c\r\nSTARTTLS\r\n"));
    let replies = driver.replies();
    assert!(replies.starts_with("250 2.0.0 OK\r\n503 5.5.1 Say EHLO first\r\n250-mx.example.jp\r\n"), "{replies}");
    assert!(!replies.contains("STARTTLS\r\n") && replies.ends_with("503 5.5.1 TLS is on already\r\n"), "{replies}");
    assert!(driver.input.is_empty());
    assert_eq!(driver.session.protocol(false), "ESMTPS");
    assert_eq!(driver.session.protocol(true), "UTF8SMTPS");
}

// spec: RCV-TLS
#[test]
fn starttls_that_is_not_offered_is_not_taken() {
    let driver = talk(Settings { starttls: false, ..settings() }, "EHLO c\r\nSTARTTLS\r\n");
    assert!(driver.replies().ends_with("502 5.5.1 STARTTLS is not offered here\r\n"));
    assert!(!driver.replies().contains("250-STARTTLS"));
}

// spec: RCV-SIZE
#[test]
fn a_mail_must_be_smaller_than_the_limit() {
    assert_eq!(codes(&format!("{HELLO}MAIL FROM:<a@b> SIZE=1000\r\n"))[1..], ["552 5.3.4"]);
    assert_eq!(codes(&format!("{HELLO}MAIL FROM:<a@b> SIZE=999\r\n"))[1..], ["250 2.1.0"]);
    for (size, expected, ends) in [(999, "250 2.6.0", 1), (1000, "552 5.3.4", 0), (1500, "552 5.3.4", 0)] {
        let body = "x".repeat(size - 2);
        let chunks = format!("BDAT 500\r\n{}BDAT {} LAST\r\n{}\r\n", &body[..500], size - 500, &body[500..]);
        for content in [format!("DATA\r\n{body}\r\n.\r\n"), format!("BDAT {size} LAST\r\n{body}\r\n"), chunks] {
            let driver = talk(settings(), &format!("{ENVELOPE}{content}NOOP\r\n"));
            let codes = codes_of(&driver);
            assert_eq!(codes[codes.len() - 2..], [expected, "250 2.0.0"], "{content}");
            assert_eq!(driver.out.iter().filter(|out| **out == Out::End).count(), ends);
            assert_eq!(driver.out.iter().filter(|out| **out == Out::Dropped).count(), 1 - ends);
        }
    }
    assert!(talk(settings(), &format!("{HELLO}MAIL FROM:<a@b> SIZE=1000\r\n")).replies().contains("Message too long"));
}

// spec: RCV-SIZE: what is refused is not read without end
#[test]
fn a_mail_far_too_long_ends_the_session() {
    let mut driver = talk(settings(), &format!("{ENVELOPE}DATA\r\n"));
    let open = (0..100).take_while(|_| driver.feed(&[b'x'; 100])).count();
    assert_eq!(open, 20);
    assert_eq!(driver.out.last(), Some(&Out::Close));
    assert!(driver.replies().contains("552 5.3.4"));
    let mut driver = talk(settings(), "EHLO c\r\nBDAT 100000\r\n");
    let open = (0..100).take_while(|_| driver.feed(&[b'x'; 100])).count();
    assert_eq!(open, 20);
}

// spec: RCV-ESMTP
#[test]
fn recipients_are_limited() {
    let input = format!("{ENVELOPE}RCPT TO:<refused@d>\r\nRCPT TO:<e@d>\r\nRCPT TO:<f@d>\r\n");
    assert_eq!(codes(&input)[3..], ["550 5.1.1", "250 2.1.5", "452 4.5.3"]);
}

// spec: RCV-ESMTP (SMTPUTF8)
#[test]
fn non_ascii_addresses_need_smtputf8() {
    assert_eq!(codes("EHLO c\r\nMAIL FROM:<田中@例え.jp>\r\n")[1..], ["553 5.6.7"]);
    assert_eq!(codes("EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<田中@d>\r\n")[1..], ["250 2.1.0", "553 5.6.7"]);
    assert_eq!(
        codes("EHLO c\r\nMAIL FROM:<田中@例え.jp> SMTPUTF8\r\nRCPT TO:<田中@d> ORCPT=utf-8;田中@d\r\n")[1..],
        ["250 2.1.0", "250 2.1.5"]
    );
}

// spec: RCV-ESMTP (CHUNKING)
#[test]
fn chunks_make_a_mail() {
    let input = format!("{ENVELOPE}BDAT 6\r\nab\r\n.\rBDAT 0\r\nBDAT 5\r\n\ncd\n.BDAT 0 LAST\r\nNOOP\r\n");
    let driver = talk(settings(), &input);
    assert_eq!(driver.content(), b"ab\r\n.\r\ncd\n.");
    assert_eq!(codes_of(&driver)[3..], ["250 2.0.0", "250 2.0.0", "250 2.0.0", "250 2.6.0", "250 2.0.0"]);
}

// spec: RCV-ESMTP (CHUNKING): an error takes the chunk's octets along
#[test]
fn chunks_that_are_refused_are_no_commands() {
    assert_eq!(codes("EHLO c\r\nBDAT 6\r\nQUIT\r\nNOOP\r\n")[1..], ["503 5.5.1", "250 2.0.0"]);
    let refused = "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<refused@d>\r\nBDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\nMAIL FROM:<a@b>\r\n";
    assert_eq!(codes(refused)[3..], ["554 5.5.1", "554 5.5.1", "250 2.0.0", "250 2.1.0"]);
    let mixed = format!("{ENVELOPE}BDAT 2\r\nabDATA\r\nRCPT TO:<e@d>\r\nMAIL FROM:<a@b>\r\nBDAT 2 LAST\r\ncd");
    let driver = talk(settings(), &mixed);
    assert_eq!(codes_of(&driver)[3..], ["250 2.0.0", "503 5.5.1", "503 5.5.1", "503 5.5.1", "250 2.6.0"]);
    assert_eq!(driver.content(), b"abcd");
    let driver = talk(settings(), &format!("{ENVELOPE}BDAT x\r\nMAIL FROM:<evil@b>\r\n"));
    assert_eq!(driver.out.last(), Some(&Out::Close));
    assert_eq!(codes_of(&driver)[3..], ["501 5.5.4"]);
}

// spec: RCV-ESMTP (CHUNKING): where the chunk ends nobody knows, so nothing behind it is a command
#[test]
fn a_chunk_that_cannot_be_read_ends_the_session() {
    for bdat in ["BDAT 38\t LAST", "\tBDAT 38 LAST", "BDAT 38 LAST\0", &format!("BDAT {} LAST", "0".repeat(5000))] {
        let driver = talk(settings(), &format!("{ENVELOPE}{bdat}\r\nMAIL FROM:<a@b>\r\nRCPT TO:<evil@d>\r\n"));
        assert_eq!(codes_of(&driver)[3..], ["500 5.5.2"], "{bdat:?}");
        assert_eq!(driver.out.last(), Some(&Out::Close));
    }
}

// spec: RCV-ESMTP (PIPELINING): a mail sent without waiting for the reply to DATA is no series of commands
#[test]
fn content_behind_a_refused_data_is_not_obeyed() {
    let evil = "MAIL FROM:<a@b>\r\nRCPT TO:<evil@d>\r\nDATA\r\nforged\r\n.\r\n";
    for (begin, refusal) in [
        (format!("{HELLO}MAIL FROM:<a@b>\r\nRCPT TO:<refused@d>\r\nDATA\r\n"), "554 5.5.1"),
        (format!("{HELLO}DATA\r\n"), "503 5.5.1"),
        (format!("{ENVELOPE}BDAT 0\r\nDATA\r\n"), "503 5.5.1"),
        (format!("{ENVELOPE}DATA now\r\n"), "501 5.5.4"),
    ] {
        for line in ["Received: from x", "", &"x".repeat(5000)] {
            let driver = talk(settings(), &format!("{begin}{line}\r\n{evil}"));
            let codes = codes_of(&driver);
            assert_eq!(codes[codes.len() - 2], refusal, "{begin} {line}");
            assert!(codes[codes.len() - 1].starts_with("500 "), "{codes:?}");
            assert_eq!(driver.out.last(), Some(&Out::Close));
        }
    }
    // A peer that waits goes on.
    assert_eq!(
        codes(&format!("{HELLO}DATA\r\nRSET\r\nFOO\r\nNOOP\r\n"))[1..],
        ["503 5.5.1", "250 2.0.0", "500 5.5.1", "250 2.0.0"]
    );
}

// spec: RCV-ESMTP: the handler's refusal is given at the end, and the session goes on
#[test]
fn content_that_is_refused_is_read_to_its_end() {
    for content in ["DATA\r\nab\r\n!\r\nQUIT\r\n.\r\n", "BDAT 3 LAST\r\na!b", "BDAT 2\r\na!BDAT 4 LAST\r\nQUIT"] {
        let mut driver = Driver::new(settings(), false);
        driver.unwelcome = Some(b'!');
        assert!(driver.feed(format!("{ENVELOPE}{content}NOOP\r\n{}", &ENVELOPE[HELLO.len()..]).as_bytes()));
        assert!(!driver.out.contains(&Out::End));
        let codes = codes_of(&driver);
        assert!(codes[3..].iter().any(|code| code == "451 4.3.1"), "{codes:?}");
        assert_eq!(codes[codes.len() - 3..], ["250 2.0.0", "250 2.1.0", "250 2.1.5"], "{content}");
    }
}

// spec: RCV-ESMTP
#[test]
fn a_line_too_long_is_thrown_away_whole() {
    for length in [4095, 4096, 5000, 100_000] {
        let line = format!("NOOP {}QUIT\r\nNOOP\r\n", "x".repeat(length - 9));
        let codes = codes(&line);
        assert_eq!(codes, ["500 5.5.2", "250 2.0.0"], "{length}");
    }
    assert_eq!(codes(&format!("NOOP {}\r\n", "x".repeat(4096 - 7))), ["250 2.0.0"]);
    let driver = talk(settings(), &"x".repeat(2_000_000));
    assert_eq!(driver.out.last(), Some(&Out::Close));
}

// spec: RCV-ESMTP: RFC 5321 line endings only
#[test]
fn a_bare_line_feed_ends_the_session_not_the_line() {
    for input in ["NOOP\nQUIT\r\n", "\nNOOP\r\n", "NOOP\rx\n"] {
        let driver = talk(settings(), input);
        assert_eq!(codes_of(&driver), ["500 5.5.2"], "{input:?}");
        assert_eq!(driver.out.last(), Some(&Out::Close));
    }
    assert_eq!(codes("NOOP\rQUIT\r\nNOOP\r\n"), ["500 5.5.2", "250 2.0.0"]);
    // Nor does it end one that is thrown away.
    assert_eq!(codes(&format!("{}\nNOOP\r\nNOOP\r\n", "x".repeat(5000))), ["500 5.5.2", "500 5.5.2"]);
}

// spec: RCV-ESMTP
#[test]
fn errors_are_counted() {
    let driver = talk(settings(), &"FOO\r\n".repeat(10));
    assert_eq!(codes_of(&driver), ["500 5.5.1", "500 5.5.1", "500 5.5.1", "500 5.5.1", "500 5.5.1", "421 4.7.0"]);
    assert_eq!(driver.out.last(), Some(&Out::Close));
    // What the handler refuses is no error.
    let refused = format!("{HELLO}MAIL FROM:<a@b>\r\n{}", "RCPT TO:<refused@d>\r\n".repeat(50));
    assert!(codes(&refused).iter().all(|code| code != "421 4.7.0"));
    assert!(codes(&"NOOP\r\n".repeat(1000)).len() < 120);
}

#[test]
fn time_outs_and_421_end_the_session() {
    let mut driver = talk(settings(), HELLO);
    driver.session.close(&Reply::new(421, (4, 4, 2), "Timeout"));
    assert!(!driver.feed(b"NOOP\r\n"));
    assert!(driver.replies().ends_with("421 4.4.2 Timeout\r\n"));
}

/// Streams that go deep: pieces of conversations, of terminators, and rubbish.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&'static [u8]> = vec![
        b"EHLO c\r\n",
        b"HELO c\r\n",
        b"MAIL FROM:<a@b>\r\n",
        b"MAIL FROM:<a@b> SIZE=2000\r\n",
        b"RCPT TO:<c@d>\r\n",
        b"RCPT TO:<refused@d>\r\n",
        b"DATA\r\n",
        b"DATA\r\n",
        b"BDAT 5\r\n",
        b"BDAT 0\r\n",
        b"BDAT 7 LAST\r\n",
        b"BDAT x\r\n",
        b"DATA x\r\n",
        b"RSET\r\n",
        b"QUIT\r\n",
        b"NOOP\r\n",
        b"STARTTLS\r\n",
        b"\r\n.\r\n",
        b"\r\n.\r\n",
        b"\r\n",
        b".",
        b"..",
        b"\r",
        b"\n",
        b"\n.\n",
        b"\r.\r",
        b"\r\n.\n",
        b"\n.\r\n",
        b"\0",
        b"hello",
        b"!",
        &[b'x'; 700],
        &[b'y'; 5000],
    ];
    let word = prop_oneof![
        6 => prop::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    let envelope = prop::sample::select(vec!["", ENVELOPE, "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"]);
    (envelope, prop::collection::vec(word, 0..40))
        .prop_map(|(envelope, words)| [envelope.as_bytes().to_vec(), words.concat()].concat())
}

fn generous() -> Settings {
    Settings { max_errors: 20, ..settings() }
}

/// Runs a stream in pieces. How much of a mail that becomes too long is given out before it is dropped depends on the
/// pieces, so that is left out.
fn run(stream: &[u8], pieces: &[usize]) -> Vec<Out> {
    let mut driver = Driver::new(generous(), false);
    let (mut rest, mut sizes) = (stream, pieces.iter().cycle());
    let mut open = driver.feed(b"");
    while open && !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(rest.len()).clamp(1, rest.len());
        let (piece, tail) = rest.split_at(size);
        rest = tail;
        open = driver.feed(piece);
    }
    let mut out: Vec<Out> = Vec::new();
    for next in driver.out {
        if next == Out::Dropped && matches!(out.last(), Some(Out::Content(_))) {
            out.pop();
        }
        match (out.last_mut(), next) {
            (Some(Out::Replies(all)), Out::Replies(more)) => all.push_str(&more),
            (_, next) => out.push(next),
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    // spec: RCV-ESMTP: how the octets were cut into segments says nothing
    #[test]
    fn any_split_gives_the_same(stream in streams(), pieces in prop::collection::vec(1_usize..60, 1..8)) {
        let whole = run(&stream, &[]);
        // What comes together with STARTTLS is thrown away, so there the split does matter.
        if !whole.contains(&Out::StartTls) {
            prop_assert_eq!(&whole, &run(&stream, &pieces));
            prop_assert_eq!(&whole, &run(&stream, &[1]));
        }
    }

    // spec: RCV-ESMTP: no mail is ended by anything else than CRLF dot CRLF, whatever the content
    #[test]
    fn a_mail_is_what_was_sent(body in prop::collection::vec(prop::sample::select(b"\r\n.a\0".to_vec()), 0..400)) {
        // Dots are stuffed here the slow way: after each true CRLF.
        let mut stuffed = Vec::new();
        for (at, octet) in body.iter().enumerate() {
            if *octet == b'.' && (at == 0 || body[..at].ends_with(b"\r\n")) {
                stuffed.push(b'.');
            }
            stuffed.push(*octet);
        }
        let mut expected = body.clone();
        if !body.is_empty() && !body.ends_with(b"\r\n") {
            stuffed.extend_from_slice(b"\r\n");
            expected.extend_from_slice(b"\r\n");
        }
        let mut driver = talk(settings(), &format!("{ENVELOPE}DATA\r\n"));
        stuffed.extend_from_slice(b".\r\nNOOP\r\n");
        driver.feed(&stuffed);
        prop_assert_eq!(driver.content(), expected);
        prop_assert!(driver.replies().ends_with("250 2.6.0 Taken\r\n250 2.0.0 OK\r\n"));
        prop_assert_eq!(driver.out.iter().filter(|out| **out == Out::End).count(), 1);
    }

    #[test]
    fn no_stream_is_too_strange(stream in prop::collection::vec(any::<u8>(), 0..5000), cut in 1_usize..500) {
        let mut driver = Driver::new(generous(), false);
        for piece in stream.chunks(cut) {
            if !driver.feed(piece) {
                break;
            }
        }
        prop_assert!(driver.input.len() <= 5000);
    }
}

// The protocol stays pure: no runtime, no socket, no clock, no randomness.
#[test]
fn the_protocol_needs_no_runtime_and_no_clock() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/protocol");
    let mut files = vec![format!("{folder}.rs").into()];
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    assert!(files.len() > 8);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in [
            "tokio",
            "futures",
            "async ",
            "Tcp",
            "Udp",
            "Instant",
            "SystemTime",
            "rustls",
            "tracing",
            "std::io",
            "std::fs",
            "std::env",
            "rand",
            "server::",
            "client::",
        ] {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            assert!(!code.clone().any(|line| line.contains(word)), "{} in {}", word, file.display());
        }
    }
}
