//! A driver of the session without socket, and what holds of every session.

use bytes::BytesMut;
use fubako_smtp::{
    Reply,
    protocol::{Event, Session, Settings, address::is_mailbox},
};

/// A command line's longest.
const MAX_LINE: usize = 4096;

/// What came of a session.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The mails taken.
    pub mails: Vec<Mail>,
    /// Everything that was replied.
    pub replies: Vec<u8>,
    /// TLS was begun, after which nothing more is read here.
    pub tls: bool,
    /// The session was closed.
    pub closed: bool,
}

/// A mail taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    pub sender: String,
    pub recipients: Vec<String>,
    pub content: Vec<u8>,
}

/// What a session is run with.
pub struct Options {
    pub settings: Settings,
    /// Whether every third sender and recipient is refused.
    pub refuses: bool,
}

impl Options {
    pub fn new(starttls: bool, max_mail_size: u64) -> Self {
        let settings = Settings {
            hostname: "gw.example.jp".to_owned(),
            starttls,
            require_tls: false,
            max_mail_size,
            max_recipients: 3,
            max_errors: 20,
        };
        Self { settings, refuses: false }
    }
}

/// Runs a session over what a peer sends, in these pieces.
pub fn run<'a>(options: &Options, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut session = Session::new(options.settings.clone(), false);
    let mut outcome = Outcome::default();
    let mut input = BytesMut::new();
    let mut mail: Option<Mail> = None;
    for piece in [&b""[..]].into_iter().chain(pieces) {
        input.extend_from_slice(piece);
        loop {
            let event = session.step(&mut input);
            match event {
                Event::NeedInput => break,
                Event::Mail(from) => {
                    assert!(mail.is_none(), "MAIL within a mail");
                    assert!(from.address.is_empty() || is_mailbox(&from.address), "{:?}", from.address);
                    assert!(from.smtputf8 || from.address.is_ascii(), "{:?}", from.address);
                    let answer = answer(options, &from.address);
                    if answer.is_ok() {
                        mail = Some(Mail { sender: from.address, ..Mail::default() });
                    }
                    session.answer(answer);
                }
                Event::Rcpt(to) => {
                    let mail = mail.as_mut().expect("RCPT without MAIL");
                    assert!(mail.content.is_empty(), "RCPT within the content");
                    let postmaster = to.address.eq_ignore_ascii_case("postmaster");
                    assert!(postmaster || is_mailbox(&to.address), "{:?}", to.address);
                    let answer = answer(options, &to.address);
                    if answer.is_ok() {
                        mail.recipients.push(to.address);
                    }
                    assert!(mail.recipients.len() <= options.settings.max_recipients);
                    session.answer(answer);
                }
                Event::Content(octets) => {
                    let mail = mail.as_mut().expect("content without a mail");
                    assert!(!octets.is_empty() && !mail.recipients.is_empty());
                    mail.content.extend_from_slice(&octets);
                    assert!((mail.content.len() as u64) < options.settings.max_mail_size);
                }
                Event::End => {
                    let mail = mail.take().expect("an end without a mail");
                    assert!(!mail.recipients.is_empty());
                    outcome.mails.push(mail);
                    session.finish(&Reply::new(250, (2, 0, 0), "taken"));
                }
                Event::Dropped => assert!(mail.take().is_some(), "no mail to drop"),
                Event::StartTls | Event::Close => {
                    outcome.tls = event == Event::StartTls;
                    outcome.closed = event == Event::Close;
                    outcome.replies.extend(session.take_replies());
                    assert_eq!(session.step(&mut input), event, "and nothing else comes");
                    assert!(!outcome.tls || input.is_empty(), "what came with STARTTLS is kept");
                    assert_replies(&outcome.replies);
                    return outcome;
                }
            }
        }
        assert!(input.len() < MAX_LINE, "{} octets wait", input.len());
        outcome.replies.extend(session.take_replies());
    }
    assert_helo(session.helo());
    assert_replies(&outcome.replies);
    outcome
}

fn answer(options: &Options, address: &str) -> Result<(), Reply> {
    let refused = options.refuses && address.len().is_multiple_of(3);
    if refused { Err(Reply::new(550, (5, 1, 1), format!("Not here: {address}"))) } else { Ok(()) }
}

/// The name goes into a comment of our trace field.
fn assert_helo(helo: &str) {
    assert!(
        helo.len() <= 255 && helo.bytes().all(|octet| octet.is_ascii_graphic() && !b"()<>@,;\"\\".contains(&octet))
    );
}

/// RFC 5321, 4.2: whole lines of at most 512 octets, each with a code, printable, and the lines of one reply with one code.
fn assert_replies(replies: &[u8]) {
    crate::assert_lines(replies, 510);
    let mut goes_on: Option<&[u8]> = None;
    for line in replies.split_inclusive(|octet| *octet == b'\n') {
        let text = &line[..line.len() - 2];
        assert!(text.iter().all(|octet| *octet == b' ' || octet.is_ascii_graphic()));
        assert!(text.len() >= 4 && text[..3].iter().all(u8::is_ascii_digit) && matches!(text[3], b' ' | b'-'));
        assert!(goes_on.is_none_or(|code| code == &text[..3]));
        goes_on = (text[3] == b'-').then_some(&text[..3]);
    }
    assert!(goes_on.is_none(), "a reply that does not end");
}

/// The codes of the replies, one each.
pub fn codes(replies: &[u8]) -> Vec<&[u8]> {
    let lines = replies.split_inclusive(|octet| *octet == b'\n');
    lines.filter(|line| line[3] == b' ').map(|line| &line[..3]).collect()
}
