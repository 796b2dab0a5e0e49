//! One command line, read.

use super::{
    address::{mailbox_of_path, split_path},
    envelope::{MailFrom, Notify, RcptTo, is_envid, is_orcpt},
};
use crate::Reply;

/// Octets of a host name in EHLO (RFC 5321, 4.5.3.1.2).
const MAX_HOST: usize = 255;

/// A command that can be acted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Ehlo(String),
    Helo(String),
    Mail(MailFrom),
    Rcpt(RcptTo),
    Data,
    Bdat { size: u64, last: bool },
    Rset,
    Noop,
    Help,
    Vrfy,
    Expn,
    Auth,
    StartTls,
    Quit,
}

/// A command that cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed {
    /// What the peer is told.
    pub(super) reply: Reply,
    /// What follows on the wire cannot be told apart from commands: the connection must end.
    pub(super) fatal: bool,
}

fn syntax(text: &str) -> Reply {
    Reply::new(501, (5, 5, 4), format!("Syntax: {text}"))
}

/// Reads a line, its CRLF taken off. A BDAT that cannot be read is fatal: nobody knows where its chunk ends, and to go on
/// would take content for commands.
pub(super) fn parse(line: &[u8]) -> Result<Command, Malformed> {
    command(line).map_err(|reply| Malformed { reply, fatal: is_like(line, b"BDAT") })
}

/// Whether a line, or the beginning of one, was meant for this command, however badly it is written.
pub(super) fn is_like(line: &[u8], verb: &[u8]) -> bool {
    let start = line.iter().position(|octet| *octet > b' ').unwrap_or_default();
    line[start..].get(..verb.len()).is_some_and(|word| word.eq_ignore_ascii_case(verb))
}

fn command(line: &[u8]) -> Result<Command, Reply> {
    let line = match std::str::from_utf8(line) {
        Ok(line) if !line.bytes().any(|octet| octet.is_ascii_control()) => line.trim_end_matches(' '),
        _ => return Err(Reply::new(500, (5, 5, 2), "Commands are printable ASCII or UTF-8")),
    };
    let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
    let argument = argument.trim_start_matches(' ');
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" => Ok(Command::Ehlo(host(argument)?)),
        "HELO" => Ok(Command::Helo(host(argument)?)),
        "MAIL" => Ok(Command::Mail(mail(argument)?)),
        "RCPT" => Ok(Command::Rcpt(rcpt(argument)?)),
        "BDAT" => bdat(argument),
        "DATA" => alone(Command::Data, "DATA", argument),
        "RSET" => alone(Command::Rset, "RSET", argument),
        "QUIT" => alone(Command::Quit, "QUIT", argument),
        "STARTTLS" => alone(Command::StartTls, "STARTTLS", argument),
        "NOOP" => Ok(Command::Noop),
        "HELP" => Ok(Command::Help),
        "VRFY" if argument.is_empty() => Err(syntax("VRFY string")),
        "VRFY" => Ok(Command::Vrfy),
        "EXPN" => Ok(Command::Expn),
        "AUTH" => Ok(Command::Auth),
        _ => Err(Reply::new(500, (5, 5, 1), "Command not recognised")),
    }
}

fn alone(command: Command, verb: &str, argument: &str) -> Result<Command, Reply> {
    if argument.is_empty() { Ok(command) } else { Err(syntax(&format!("{verb} takes no parameter"))) }
}

/// The name of EHLO. It goes into trace fields, so it may not hold what would end a comment or a field there.
fn host(argument: &str) -> Result<String, Reply> {
    let host = argument.split(' ').next().unwrap_or_default();
    let good = |c: char| c.is_ascii_graphic() && !"()<>@,;\"\\".contains(c);
    if host.is_empty() || host.len() > MAX_HOST || !host.chars().all(good) {
        return Err(syntax("EHLO domain or address literal"));
    }
    Ok(host.to_owned())
}

/// Takes off `FROM:` or `TO:`, and splits what follows into path and parameters.
fn path<'a>(argument: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (word, rest) = argument.split_once(':')?;
    if !word.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let (path, rest) = split_path(rest.trim_start_matches(' '))?;
    (rest.is_empty() || rest.starts_with(' ')).then_some((path, rest))
}

/// The parameters, their keywords in upper case.
fn parameters(text: &str) -> impl Iterator<Item = (String, Option<&str>)> {
    text.split(' ').filter(|word| !word.is_empty()).map(|word| match word.split_once('=') {
        Some((keyword, value)) => (keyword.to_ascii_uppercase(), Some(value)),
        None => (word.to_ascii_uppercase(), None),
    })
}

/// Puts a value in its place, once.
fn set<T>(place: &mut Option<T>, value: Option<T>, keyword: &str) -> Result<(), Reply> {
    match value {
        Some(value) if place.is_none() => {
            *place = Some(value);
            Ok(())
        }
        _ => Err(Reply::new(501, (5, 5, 4), format!("Bad or repeated parameter {keyword}"))),
    }
}

fn unknown(keyword: &str) -> Reply {
    let keyword: String = keyword.chars().take(40).collect();
    Reply::new(555, (5, 5, 4), format!("Parameter {keyword} is not supported"))
}

fn mail(argument: &str) -> Result<MailFrom, Reply> {
    let (path, rest) = path(argument, "FROM").ok_or_else(|| syntax("MAIL FROM:<address> [parameters]"))?;
    let address = match path {
        "" => "",
        path => mailbox_of_path(path).ok_or_else(|| Reply::new(501, (5, 1, 7), "Bad sender address syntax"))?,
    };
    let mut from = MailFrom { address: address.to_owned(), ..MailFrom::default() };
    let (mut eight_bit, mut smtputf8) = (None, None);
    for (keyword, value) in parameters(rest) {
        match (keyword.as_str(), value) {
            ("SIZE", Some(value)) => set(&mut from.size, size(value), "SIZE")?,
            ("BODY", Some(value)) => set(&mut eight_bit, body(value), "BODY")?,
            ("SMTPUTF8", None) => set(&mut smtputf8, Some(()), "SMTPUTF8")?,
            ("RET", Some(value)) => set(&mut from.ret_full, ret(value), "RET")?,
            ("ENVID", Some(value)) => {
                set(&mut from.envid, is_envid(value).then(|| value.to_owned()), "ENVID")?;
            }
            ("SIZE" | "BODY" | "SMTPUTF8" | "RET" | "ENVID", _) => set::<()>(&mut None, None, &keyword)?,
            _ => return Err(unknown(&keyword)),
        }
    }
    from.eight_bit = eight_bit.unwrap_or_default();
    from.smtputf8 = smtputf8.is_some();
    Ok(from)
}

/// Decimal digits, at most 20 (RFC 1870, 3).
fn size(value: &str) -> Option<u64> {
    let digits = !value.is_empty() && value.len() <= 20 && value.bytes().all(|octet| octet.is_ascii_digit());
    // Twenty digits may be more than 64 bits hold: such a mail is too large in any case.
    digits.then(|| value.parse().unwrap_or(u64::MAX))
}

/// Whether the body is 8-bit. BINARYMIME is not announced, so it is no value.
fn body(value: &str) -> Option<bool> {
    match value.to_ascii_uppercase().as_str() {
        "8BITMIME" => Some(true),
        "7BIT" => Some(false),
        _ => None,
    }
}

fn ret(value: &str) -> Option<bool> {
    match value.to_ascii_uppercase().as_str() {
        "FULL" => Some(true),
        "HDRS" => Some(false),
        _ => None,
    }
}

fn rcpt(argument: &str) -> Result<RcptTo, Reply> {
    let (path, rest) = path(argument, "TO").ok_or_else(|| syntax("RCPT TO:<address> [parameters]"))?;
    let address = match path {
        // The one address without a domain (RFC 5321, 4.1.1.3).
        path if path.eq_ignore_ascii_case("postmaster") => path,
        path => mailbox_of_path(path).ok_or_else(|| Reply::new(501, (5, 1, 3), "Bad recipient address syntax"))?,
    };
    let mut to = RcptTo { address: address.to_owned(), ..RcptTo::default() };
    for (keyword, value) in parameters(rest) {
        match (keyword.as_str(), value) {
            ("NOTIFY", Some(value)) => set(&mut to.notify, Notify::parse(value), "NOTIFY")?,
            ("ORCPT", Some(value)) => {
                set(&mut to.orcpt, is_orcpt(value, true).then(|| value.to_owned()), "ORCPT")?;
            }
            ("NOTIFY" | "ORCPT", None) => set::<()>(&mut None, None, &keyword)?,
            _ => return Err(unknown(&keyword)),
        }
    }
    Ok(to)
}

/// BDAT (RFC 3030, 2).
fn bdat(argument: &str) -> Result<Command, Reply> {
    let mut words = argument.split(' ').filter(|word| !word.is_empty());
    let size = words.next().and_then(size).filter(|size| *size < u64::MAX);
    let last = match words.next() {
        None => Some(false),
        Some(word) if word.eq_ignore_ascii_case("LAST") => Some(true),
        Some(_) => None,
    };
    match (size, last, words.next()) {
        (Some(size), Some(last), None) => Ok(Command::Bdat { size, last }),
        _ => Err(syntax("BDAT size [LAST]")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, parse};
    use crate::protocol::envelope::{MailFrom, Notify, RcptTo};

    fn code(line: &str) -> u16 {
        parse(line.as_bytes()).map_or_else(|bad| bad.reply.code, |_| 0)
    }

    // spec: RCV-ESMTP
    #[test]
    fn mail_with_all_parameters() {
        let line = "mail from: <a@example.jp>  SIZE=1000 body=8bitmime SMTPUTF8 RET=HDRS ENVID=QQ+2B1 ";
        let expected = MailFrom {
            address: "a@example.jp".into(),
            size: Some(1000),
            eight_bit: true,
            smtputf8: true,
            ret_full: Some(false),
            envid: Some("QQ+2B1".into()),
        };
        assert_eq!(parse(line.as_bytes()), Ok(Command::Mail(expected)));
        assert_eq!(parse(b"MAIL FROM:<>"), Ok(Command::Mail(MailFrom::default())));
    }

    // spec: RCV-ESMTP
    #[test]
    fn rcpt_with_all_parameters() {
        let expected = RcptTo {
            address: "\"a >b\"@example.jp".into(),
            notify: Some(Notify { success: true, delay: true, ..Notify::default() }),
            orcpt: Some("rfc822;a+20b@example.jp".into()),
        };
        let line = "RCPT TO:<@x.example:\"a >b\"@example.jp> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+20b@example.jp";
        assert_eq!(parse(line.as_bytes()), Ok(Command::Rcpt(expected)));
        let postmaster = RcptTo { address: "PostMaster".into(), ..RcptTo::default() };
        assert_eq!(parse(b"RCPT TO:<PostMaster>"), Ok(Command::Rcpt(postmaster)));
    }

    #[test]
    fn what_is_malformed_is_told_apart() {
        for (line, expected) in [
            ("", 500),
            ("FOO", 500),
            ("MAILFROM:<a@b>", 500),
            (" NOOP", 500),
            ("NO\tOP", 500),
            ("NOOP \0", 500),
            ("MAIL", 501),
            ("MAIL FROM", 501),
            ("MAIL FROM:", 501),
            ("MAIL FROM:a@b", 501),
            ("MAIL TO:<a@b>", 501),
            ("MAIL FROM:<a@b>SIZE=1", 501),
            ("MAIL FROM:<a@b> SIZE=", 501),
            ("MAIL FROM:<a@b> SIZE=-1", 501),
            ("MAIL FROM:<a@b> SIZE", 501),
            ("MAIL FROM:<a@b> SIZE=1 SIZE=1", 501),
            ("MAIL FROM:<a@b> BODY=BINARYMIME", 501),
            ("MAIL FROM:<a@b> SMTPUTF8=1", 501),
            ("MAIL FROM:<a@b> RET=ALL", 501),
            ("MAIL FROM:<a@b> ENVID=a=b", 501),
            ("MAIL FROM:<a@b> AUTH=<>", 555),
            ("MAIL FROM:<a@b> X", 555),
            ("MAIL FROM:<postmaster>", 501),
            ("RCPT TO:<>", 501),
            ("RCPT TO:<a>", 501),
            ("RCPT TO:<a@b> NOTIFY=MAYBE", 501),
            ("RCPT TO:<a@b> ORCPT=a@b", 501),
            ("RCPT TO:<a@b> SIZE=1", 555),
            ("DATA now", 501),
            ("STARTTLS now", 501),
            ("EHLO", 501),
            ("EHLO a(b", 501),
            ("EHLO 会社", 501),
            ("VRFY", 501),
        ] {
            assert_eq!(code(line), expected, "{line}");
        }
        assert_eq!(parse(b"NOOP \xff").map_err(|bad| bad.reply.code), Err(500));
    }

    // spec: RCV-SIZE
    #[test]
    fn a_size_beyond_64_bits_is_as_large_as_can_be() {
        let expected = MailFrom { size: Some(u64::MAX), ..MailFrom::default() };
        assert_eq!(parse(b"MAIL FROM:<> SIZE=99999999999999999999"), Ok(Command::Mail(expected)));
    }

    // spec: RCV-ESMTP (CHUNKING)
    #[test]
    fn a_chunk_of_unknown_size_is_fatal() {
        assert_eq!(parse(b"BDAT 10"), Ok(Command::Bdat { size: 10, last: false }));
        assert_eq!(parse(b"bdat 0  last"), Ok(Command::Bdat { size: 0, last: true }));
        for bad in ["BDAT", "BDAT x", "BDAT -1", "BDAT 1 FIRST", "BDAT 1 LAST x", "BDAT 99999999999999999999"] {
            assert!(parse(bad.as_bytes()).is_err_and(|bad| bad.fatal), "{bad}");
        }
        for bad in [
            &b"BDAT\t10 LAST"[..],
            b"BDAT 10\0",
            b" BDAT 10",
            b"\tbdat 10",
            b"BDAT\xc2\xa010",
            b"BDAT 10\xff",
            b"BDAT10",
        ] {
            assert!(parse(bad).is_err_and(|bad| bad.fatal), "{bad:?}");
        }
        assert!(["BDA", "XBDAT 1", "", "  "].iter().all(|bad| parse(bad.as_bytes()).is_err_and(|bad| !bad.fatal)));
    }
}
