//! The server over real sockets, spoken to octet by octet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{sync::Arc, time::Duration};

use common::{Keeper, LONG, Raw, Server, certificates, config};
use fubako_smtp::server::{Config, Tls};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

const EHLO: &str = "250-mx.example.jp\r\n250-PIPELINING\r\n250-SIZE 1048575\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
                    250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250 DSN\r\n";
const GO_ON: &str = "354 Start mail input; end with <CRLF>.<CRLF>\r\n";

async fn start_tls(client: &Arc<rustls::ClientConfig>, stream: TcpStream) -> Raw<TlsStream<TcpStream>> {
    let name = ServerName::try_from("mx.example.jp").unwrap();
    Raw(TlsConnector::from(client.clone()).connect(name, stream).await.unwrap())
}

/// Waits until `done`, for what a server does on its own time.
async fn until(done: impl Fn() -> bool) {
    timeout(LONG, async {
        while !done() {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("it happened in time");
}

// spec: RCV-ESMTP
#[tokio::test]
async fn a_pipelined_mail_octet_for_octet() {
    let server = Server::start(config(Tls::None)).await;
    let mut raw = Raw::connect(server.address).await;
    raw.expect("220 mx.example.jp ESMTP\r\n").await;
    raw.say("EHLO c.example\r\n").await;
    raw.expect(EHLO).await;
    raw.say("MAIL FROM:<a@b>\r\nRCPT TO:<refused@d>\r\nRCPT TO:<c@d> NOTIFY=NEVER\r\nDATA\r\n").await;
    raw.expect("250 2.1.0 Sender OK\r\n550 5.1.1 No such user\r\n250 2.1.5 Recipient OK\r\n").await;
    raw.expect(GO_ON).await;
    raw.say("Subject: x\r\n\r\n..a\nb\rc\n.\r\n\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nBDAT 3\r\nab\nBDAT 2 LAST\r\n.\nQUIT\r\n").await;
    raw.expect("250 2.6.0 Taken\r\n250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n250 2.0.0 3 octets received\r\n")
        .await;
    raw.expect("250 2.6.0 Taken\r\n221 2.0.0 Bye\r\n").await;
    assert_eq!(raw.read_to_end().await, "");
    let mails = server.mails();
    assert_eq!(mails[0].content, b"Subject: x\r\n\r\n.a\nb\rc\n.\r\n\r\n");
    assert_eq!((mails[0].from.address.as_str(), mails[0].to.len(), mails[0].to[0].address.as_str()), ("a@b", 1, "c@d"));
    assert!(mails[0].to[0].notify.unwrap().never);
    assert_eq!(
        (mails[0].peer.helo.as_str(), mails[0].peer.protocol, &mails[0].peer.tls),
        ("c.example", "ESMTP", &None)
    );
    assert_eq!((mails[1].content.as_slice(), mails[1].from.address.as_str()), (&b"ab\n.\n"[..], ""));
    assert_eq!(server.dropped(), 0);
}

// spec: RCV-ESMTP: the terminator over segments of its own, octet by octet
#[tokio::test]
async fn a_mail_in_segments_of_one_octet() {
    let server = Server::start(config(Tls::None)).await;
    let mut raw = Raw::greet(server.address).await;
    for octet in b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n\r\n.\n\n.\r\nx\r\n.\r\nQUIT\r\n" {
        raw.say([*octet]).await;
        tokio::task::yield_now().await;
    }
    raw.expect("250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n").await;
    raw.expect(GO_ON).await;
    raw.expect("250 2.6.0 Taken\r\n221 2.0.0 Bye\r\n").await;
    assert_eq!(server.mails()[0].content, b"\r\n\n\n.\r\nx\r\n");
}

// spec: RCV-TLS
#[tokio::test]
async fn starttls_and_what_is_known_after_it() {
    let certificates = certificates();
    let tls = Tls::Starttls { config: certificates.server, mandatory: true };
    let server = Server::start(config(tls)).await;
    let mut raw = Raw::greet(server.address).await;
    raw.say("MAIL FROM:<a@b>\r\n").await;
    raw.expect("530 5.7.0 Must issue a STARTTLS command first\r\n").await;
    // CVE-2011-0411: what is injected behind STARTTLS has no reply, under TLS or before it.
    raw.say("STARTTLS\r\nMAIL FROM:<evil@b>\r\n").await;
    raw.expect("220 2.0.0 Ready to start TLS\r\n").await;
    let mut raw = start_tls(&certificates.client, raw.0).await;
    raw.say("MAIL FROM:<a@b>\r\n").await;
    raw.expect("503 5.5.1 Say EHLO first\r\n").await;
    raw.say("EHLO c2.example\r\n").await;
    raw.expect(EHLO).await;
    raw.say("MAIL FROM:<a@b> SMTPUTF8\r\nRCPT TO:<c@d>\r\nDATA\r\n").await;
    raw.expect("250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n").await;
    raw.expect(GO_ON).await;
    raw.say("x\r\n.\r\nQUIT\r\n").await;
    raw.expect("250 2.6.0 Taken\r\n221 2.0.0 Bye\r\n").await;
    assert_eq!(raw.read_to_end().await, "");
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].peer.helo.as_str(), mails[0].peer.protocol), ("c2.example", "UTF8SMTPS"));
    assert_eq!(mails[0].peer.tls.as_deref(), Some("TLSv1.3 TLS_AES_256_GCM_SHA384"));
}

// spec: RCV-TLS
#[tokio::test]
async fn tls_from_the_first_octet() {
    let certificates = certificates();
    let server = Server::start(config(Tls::Implicit { config: certificates.server })).await;
    let mut client = rustls::ClientConfig::clone(&certificates.client);
    client.enable_sni = true;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let mut raw = start_tls(&Arc::new(client), stream).await;
    raw.expect("220 mx.example.jp ESMTP\r\n").await;
    raw.say("EHLO c.example\r\n").await;
    raw.expect(EHLO).await;
    raw.say("STARTTLS\r\nQUIT\r\n").await;
    raw.expect("503 5.5.1 TLS is on already\r\n221 2.0.0 Bye\r\n").await;
    // In the clear there is nothing to be had.
    let mut raw = Raw::connect(server.address).await;
    raw.say("EHLO c.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n").await;
    assert!(!raw.read_to_end().await.contains("250"));
}

/// A ClientHello that offers `version` at most, with the extensions and suites that TLS 1.2 needs.
fn client_hello(version: u8) -> Vec<u8> {
    let extensions: &[&[u8]] = &[
        &[0, 10, 0, 6, 0, 4, 0, 29, 0, 23],     // supported_groups: x25519, secp256r1
        &[0, 11, 0, 2, 1, 0],                   // ec_point_formats: uncompressed
        &[0, 13, 0, 8, 0, 6, 4, 3, 8, 4, 4, 1], // signature_algorithms: ECDSA, PSS, PKCS #1 with SHA-256
        &[0, 23, 0, 0],                         // extended_master_secret
    ];
    let extensions = extensions.concat();
    let suites: &[u8] = &[0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x09, 0xc0, 0x13, 0x00, 0x2f];
    let mut body = vec![3, version];
    body.extend_from_slice(&[7; 32]);
    body.extend_from_slice(&[0, 0, u8::try_from(suites.len()).unwrap()]);
    body.extend_from_slice(suites);
    body.extend_from_slice(&[1, 0, 0, u8::try_from(extensions.len()).unwrap()]);
    body.extend_from_slice(&extensions);
    let length = u8::try_from(body.len()).unwrap();
    let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend_from_slice(&body);
    record
}

// spec: RCV-TLS: TLS 1.3 and 1.2 only
#[tokio::test]
async fn tls_1_1_and_older_are_refused() {
    let server = Server::start(config(Tls::Implicit { config: certificates().server })).await;
    for (version, first) in [(0, 21_u8), (1, 21), (2, 21), (3, 22)] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&client_hello(version)).await.unwrap();
        let mut answer = [0; 7];
        timeout(LONG, stream.read_exact(&mut answer)).await.unwrap().unwrap();
        // An alert for the old ones, a ServerHello (of a handshake record) for the same hello with 1.2 in it.
        assert_eq!(answer[0], first, "{answer:?} to 3.{version}");
        if first == 21 {
            assert_eq!(answer[5..], [2, 70], "fatal, protocol_version");
        }
    }
}

// spec: RCV-TLS: a peer that says nothing does not keep its place
#[tokio::test]
async fn a_handshake_has_its_time() {
    let short = Config { command_timeout: Duration::from_millis(200), ..config(Tls::None) };
    let implicit = Config { tls: Tls::Implicit { config: certificates().server }, ..short.clone() };
    let server = Server::start(implicit).await;
    assert_eq!(Raw::connect(server.address).await.read_to_end().await, "");
    let starttls = Config { tls: Tls::Starttls { config: certificates().server, mandatory: false }, ..short };
    let server = Server::start(starttls).await;
    let mut raw = Raw::greet(server.address).await;
    raw.say("STARTTLS\r\n").await;
    assert_eq!(raw.read_to_end().await, "220 2.0.0 Ready to start TLS\r\n");
}

// spec: RCV-SIZE
#[tokio::test]
async fn a_mail_too_long_is_refused_and_the_next_is_taken() {
    let server = Server::start(config(Tls::None)).await;
    let mut raw = Raw::greet(server.address).await;
    raw.say("MAIL FROM:<a@b> SIZE=1048576\r\n").await;
    raw.expect("552 5.3.4 Message too long: it must be smaller than 1048576 octets\r\n").await;
    let line = format!("{}\r\n", "x".repeat(1022));
    for (lines, expected) in [
        (1024, "552 5.3.4 Message too long: it must be smaller than 1048576 octets\r\n"),
        (1023, "250 2.6.0 Taken\r\n"),
    ] {
        raw.say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n").await;
        raw.expect("250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n").await;
        raw.expect(GO_ON).await;
        raw.say(format!("{}.\r\n", line.repeat(lines))).await;
        raw.expect(expected).await;
    }
    assert_eq!(server.mails().len(), 1);
    assert_eq!(server.mails()[0].content.len(), 1023 * 1024);
    assert_eq!(server.dropped(), 1);
    assert!(*server.keeper.octets.lock().unwrap() < (1024 + 1023) * 1024, "nothing is handed on past the limit");
}

// spec: RCV-SIZE: memory does not grow, and a mail without end has one
#[tokio::test]
async fn a_mail_without_end_is_cut_off_and_told() {
    let server = Server::start(config(Tls::None)).await;
    let mut raw = Raw::greet(server.address).await;
    raw.say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n").await;
    raw.read_until(GO_ON).await;
    let piece = vec![b'x'; 64 * 1024];
    let mut sent = 0;
    while sent < 40 * 1024 * 1024 && raw.0.write_all(&piece).await.is_ok() {
        sent += piece.len();
    }
    assert!(raw.read_to_end().await.starts_with("552 5.3.4 "));
    until(|| server.dropped() == 1).await;
}

// spec: RCV-ESMTP
#[tokio::test]
async fn a_handler_that_fails_in_the_data_is_heard_at_its_end() {
    let server = Server::start_with(config(Tls::None), Keeper { refuse_content: true, ..Keeper::default() }).await;
    let mut raw = Raw::greet(server.address).await;
    raw.say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n").await;
    raw.read_until(GO_ON).await;
    raw.say("one\r\n").await;
    until(|| server.dropped() == 1).await;
    raw.expect_silence().await;
    raw.say("NOOP\r\nQUIT\r\n.\r\nNOOP\r\n").await;
    raw.expect("451 4.3.1 Disk full\r\n250 2.0.0 OK\r\n").await;
    assert_eq!((server.mails().len(), *server.keeper.octets.lock().unwrap()), (0, 5));
}

// spec: RCV-SIZE: a slow handler stops the reading
#[tokio::test]
async fn a_slow_handler_slows_the_peer() {
    let keeper = Keeper { gate: Some(Semaphore::new(0)), ..Keeper::default() };
    let large = Config { max_mail_size: 256 * 1024 * 1024, ..config(Tls::None) };
    let server = Server::start_with(large, keeper).await;
    let mut raw = Raw::greet(server.address).await;
    raw.say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n").await;
    raw.read_until(GO_ON).await;
    let line = format!("{}\r\n", "x".repeat(62)).repeat(1024 * 512);
    assert!(
        timeout(Duration::from_millis(500), raw.0.write_all(line.as_bytes())).await.is_err(),
        "32 MiB went nowhere"
    );
    assert_eq!(*server.keeper.octets.lock().unwrap(), 0);
    server.keeper.gate.as_ref().unwrap().add_permits(Semaphore::MAX_PERMITS / 2);
    until(|| *server.keeper.octets.lock().unwrap() > 0).await;
}

// spec: RCV-ESMTP
#[tokio::test]
async fn time_runs_out_for_commands_and_data() {
    let millis = Duration::from_millis;
    let short = Config { command_timeout: millis(300), data_timeout: millis(300), ..config(Tls::None) };
    let server = Server::start(short).await;
    let mut raw = Raw::greet(server.address).await;
    assert_eq!(raw.read_to_end().await, "421 4.4.2 Timeout\r\n");
    let mut raw = Raw::greet(server.address).await;
    raw.say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx").await;
    raw.read_until(GO_ON).await;
    assert_eq!(raw.read_to_end().await, "421 4.4.2 Timeout\r\n");
    // A command that drips in is no quicker than none.
    let mut raw = Raw::greet(server.address).await;
    for octet in "NOOP xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".bytes() {
        if raw.0.write_all(&[octet]).await.is_err() {
            break;
        }
        sleep(millis(20)).await;
    }
    assert!(raw.read_to_end().await.starts_with("421 4.4.2"));
    assert_eq!(server.dropped(), 1);
}

// spec: RCV-RATE (connections at once)
#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let server = Server::start(Config { max_connections: 2, ..config(Tls::None) }).await;
    let first = Raw::greet(server.address).await;
    let _second = Raw::greet(server.address).await;
    let mut third = Raw::connect(server.address).await;
    assert_eq!(third.read_to_end().await, "421 4.3.2 Too many connections, try again later\r\n");
    drop(first);
    for _ in 0..100 {
        if Raw::connect(server.address).await.read_until("\r\n").await.starts_with("220") {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("the place was not given back");
}

// spec: RCV-ESMTP
#[tokio::test]
async fn too_many_errors_end_the_connection() {
    let server = Server::start(config(Tls::None)).await;
    let mut raw = Raw::greet(server.address).await;
    raw.say("FOO\r\n".repeat(100)).await;
    let replies = raw.read_to_end().await;
    assert_eq!(replies.matches("500 5.5.1").count(), 5);
    assert!(replies.ends_with("421 4.7.0 Too many errors\r\n"), "{replies}");
}

// spec: RCV-DURABLE: half a mail never was
#[tokio::test]
async fn a_peer_that_goes_away_leaves_nothing() {
    let server = Server::start(config(Tls::None)).await;
    for half in
        ["DATA\r\nhalf a mail\r\n.", "DATA\r\nhalf a mail\r\n.\r", "BDAT 100 LAST\r\nhalf", "BDAT 4\r\nhalf", ""]
    {
        let before = server.dropped();
        let mut raw = Raw::greet(server.address).await;
        raw.say(format!("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n{half}")).await;
        raw.read_until("250 2.1.5 Recipient OK\r\n").await;
        drop(raw);
        until(|| server.dropped() == before + 1).await;
    }
    assert_eq!(server.mails().len(), 0);
}

// spec: RCV-DURABLE: a stop lets mails end and nothing begin
#[tokio::test]
async fn a_stop_lets_data_end() {
    let keeper = Keeper { finish_gate: Some(Semaphore::new(0)), ..Keeper::default() };
    let mut server = Server::start_with(config(Tls::None), keeper).await;
    let mut idle = Raw::greet(server.address).await;
    let mut begun = Raw::greet(server.address).await;
    begun.say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nfirst\r\n").await;
    begun.read_until(GO_ON).await;
    let mut chunked = Raw::greet(server.address).await;
    chunked.say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 3\r\none").await;
    chunked.read_until("3 octets received\r\n").await;
    server.stop();
    assert_eq!(idle.read_to_end().await, "421 4.3.2 Service is shutting down\r\n");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
    begun.say("second\r\n.\r\nNOOP\r\n").await;
    chunked.say("BDAT 3 LAST\r\ntwo").await;
    begun.expect_silence().await;
    server.keeper.finish_gate.as_ref().unwrap().add_permits(2);
    // What had been said already is answered, then it is over.
    assert_eq!(begun.read_to_end().await, "250 2.6.0 Taken\r\n250 2.0.0 OK\r\n421 4.3.2 Service is shutting down\r\n");
    assert_eq!(chunked.read_to_end().await, "250 2.6.0 Taken\r\n421 4.3.2 Service is shutting down\r\n");
    timeout(LONG, &mut server.task).await.unwrap().unwrap();
    assert_eq!(server.mails().len(), 2);
}

// spec: RCV-DURABLE
#[tokio::test]
async fn a_stop_waits_no_longer_than_it_may() {
    let mut server = Server::start(Config { data_timeout: Duration::from_millis(500), ..config(Tls::None) }).await;
    let mut raw = Raw::greet(server.address).await;
    raw.say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nfirst\r\n").await;
    raw.read_until(GO_ON).await;
    server.stop();
    // A peer that always says a little more would never end.
    let dripping = async {
        while raw.0.write_all(b"more\r\n").await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let (_, ended) = tokio::join!(timeout(LONG, dripping), timeout(LONG, &mut server.task));
    ended.unwrap().unwrap();
    assert_eq!((server.mails().len(), server.dropped()), (0, 1));
}

// spec: RCV-ESMTP: replies to a group go together, in whole lines
#[tokio::test]
async fn many_pipelined_commands_are_all_answered() {
    let server = Server::start(Config { max_recipients: 5000, ..config(Tls::None) }).await;
    let raw = Raw::greet(server.address).await;
    let (mut reader, mut writer) = raw.0.into_split();
    let commands = format!("MAIL FROM:<a@b>\r\n{}QUIT\r\n", "RCPT TO:<c@d>\r\n".repeat(3000));
    let write = tokio::spawn(async move { writer.write_all(commands.as_bytes()).await.map(|()| writer) });
    let mut replies = String::new();
    timeout(LONG, reader.read_to_string(&mut replies)).await.unwrap().unwrap();
    write.await.unwrap().unwrap();
    assert_eq!(replies.matches("250 2.1.5 Recipient OK\r\n").count(), 3000);
    assert!(replies.ends_with("221 2.0.0 Bye\r\n"));
}
