//! The client against our server, and against servers that are odder than ours.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{future::Future, io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use common::{Keeper, LONG, Raw, Server, certificates, config};
use fubako_smtp::{
    client::{ClientError, Connection, Delivered, Target, TlsPolicy, unverified_tls_config},
    server::{Config, MailFrom, Notify, RcptTo, Tls},
};
use futures::{StreamExt, stream};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};

fn target(address: SocketAddr, tls: TlsPolicy) -> Target {
    let timeout = Duration::from_secs(10);
    Target { address, server_name: "mx.example.jp".into(), helo: "gw.example.jp".into(), tls, timeout }
}

fn from(address: &str) -> MailFrom {
    MailFrom { address: address.into(), ..MailFrom::default() }
}

fn to(addresses: &[&str]) -> Vec<RcptTo> {
    addresses.iter().map(|address| RcptTo { address: (*address).into(), ..RcptTo::default() }).collect()
}

/// Content in pieces of seven octets; large content in larger ones.
fn content(text: &str) -> impl futures::Stream<Item = io::Result<Bytes>> + Send + Unpin + use<> {
    let pieces: Vec<_> = text
        .as_bytes()
        .chunks(if text.len() < 10_000 { 7 } else { 70_000 })
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    stream::iter(pieces)
}

async fn send(
    connection: &mut Connection,
    sender: &str,
    recipients: &[&str],
    text: &str,
) -> Result<Delivered, ClientError> {
    let (from, to) = (from(sender), to(recipients));
    let sent = connection.send(&from, &to, text.len() as u64, content(text));
    timeout(LONG, sent).await.expect("in time")
}

fn codes(delivered: &Delivered) -> Vec<u16> {
    delivered.replies.iter().map(|reply| reply.code).collect()
}

const MAIL: &str = "Subject: x\r\n\r\n.dot\r\n..\r\nend\r\n";

// spec: MAIL-RELAY
#[tokio::test]
async fn mails_one_after_another_and_an_outcome_a_recipient() {
    let server = Server::start(config(Tls::None)).await;
    let mut connection = Connection::open(&target(server.address, TlsPolicy::Never)).await.unwrap();
    assert!(
        connection.has_extension("pipelining")
            && connection.has_extension("DSN")
            && !connection.has_extension("STARTTLS")
    );
    let delivered = send(&mut connection, "a@b", &["c@d", "refused@d", "busy@d", "e@d"], MAIL).await.unwrap();
    assert_eq!(codes(&delivered), [250, 550, 450, 250]);
    assert_eq!(delivered.replies[1].to_string(), "550 5.1.1 No such user");
    assert_eq!(delivered.replies[0].to_string(), "250 2.6.0 Taken");
    // All refused although DATA was pipelined; then a sender refused; then the connection is as good as new.
    assert_eq!(codes(&send(&mut connection, "a@b", &["refused@d", "busy@d"], MAIL).await.unwrap()), [550, 450]);
    let error = send(&mut connection, "refused@b", &["c@d"], MAIL).await.unwrap_err();
    assert!(matches!(&error, ClientError::Refused(reply) if reply.enhanced == (5, 7, 1)), "{error}");
    assert_eq!(codes(&send(&mut connection, "late@b", &["c@d", "refused@d"], MAIL).await.unwrap()), [451, 550]);
    assert_eq!(codes(&send(&mut connection, "", &["c@d"], "").await.unwrap()), [250]);
    connection.quit().await;
    let mails = server.mails();
    assert_eq!(mails.len(), 3);
    assert_eq!(mails[0].content, MAIL.as_bytes());
    assert_eq!(mails[0].to.iter().map(|to| to.address.as_str()).collect::<Vec<_>>(), ["c@d", "e@d"]);
    assert_eq!((mails[0].peer.helo.as_str(), mails[0].from.size), ("gw.example.jp", Some(MAIL.len() as u64)));
    assert_eq!((mails[2].content.len(), mails[2].from.address.as_str()), (0, ""));
}

// spec: MAIL-RELAY
#[tokio::test]
async fn parameters_go_where_they_are_announced() {
    let server = Server::start(config(Tls::None)).await;
    let mut connection = Connection::open(&target(server.address, TlsPolicy::Never)).await.unwrap();
    let from = MailFrom {
        address: "田中@例え.jp".into(),
        eight_bit: true,
        ret_full: Some(false),
        envid: Some("QQ+2B".into()),
        ..MailFrom::default()
    };
    let notify = Some(Notify { failure: true, delay: true, ..Notify::default() });
    let to = [RcptTo { address: "\"a >b\"@d.example".into(), notify, orcpt: Some("rfc822;a+20b@d".into()) }];
    connection.send(&from, &to, 3, content("x\r\n")).await.unwrap();
    let mail = server.mails().remove(0);
    assert_eq!(mail.from, MailFrom { smtputf8: true, size: Some(3), ..from });
    assert_eq!(mail.to, to);
    assert_eq!(mail.peer.protocol, "UTF8SMTP");
}

// spec: MAIL-RELAY: an address can say nothing but itself
#[tokio::test]
async fn an_address_is_no_command() {
    let server = Server::start(config(Tls::None)).await;
    let mut connection = Connection::open(&target(server.address, TlsPolicy::Never)).await.unwrap();
    for evil in ["a@b>\r\nRCPT TO:<evil@d", "a@b> NOTIFY=NEVER", "a b@d", "a@b\r\n", ""] {
        let delivered = send(&mut connection, "a@b", &[evil, "c@d"], MAIL).await.unwrap();
        assert_eq!(codes(&delivered), [553, 250], "{evil:?}");
    }
    assert!(matches!(send(&mut connection, "a@b>\r\nRSET", &["c@d"], MAIL).await, Err(ClientError::Refused(_))));
    assert!(server.mails().iter().all(|mail| mail.to.len() == 1 && mail.to[0].address == "c@d"));
}

// spec: MAIL-RELAY, RCV-TLS
#[tokio::test]
async fn tls_by_each_policy() {
    let certificates = certificates();
    let mandatory = Tls::Starttls { config: certificates.server.clone(), mandatory: true };
    let starttls = Server::start(config(mandatory)).await;
    let implicit = Server::start(config(Tls::Implicit { config: certificates.server })).await;
    let unverified = unverified_tls_config().unwrap();
    for (address, tls) in [
        (starttls.address, TlsPolicy::Mandatory(certificates.client.clone())),
        (starttls.address, TlsPolicy::Opportunistic(unverified.clone())),
        (implicit.address, TlsPolicy::Implicit(certificates.client.clone())),
    ] {
        let mut connection = Connection::open(&target(address, tls)).await.unwrap();
        let delivered = send(&mut connection, "a@b", &["c@d"], MAIL).await.unwrap();
        assert_eq!(codes(&delivered), [250]);
        assert_eq!(delivered.tls.as_deref(), Some("TLSv1.3 TLS_AES_256_GCM_SHA384"));
        connection.quit().await;
    }
    assert!(starttls.mails().iter().chain(&implicit.mails()).all(|mail| mail.peer.protocol == "ESMTPS"));
    let mut plain = Connection::open(&target(starttls.address, TlsPolicy::Never)).await.unwrap();
    assert!(
        matches!(send(&mut plain, "a@b", &["c@d"], MAIL).await, Err(ClientError::Refused(reply)) if reply.code == 530)
    );
    // The wrong name, an issuer that nobody knows.
    let mut wrong = target(starttls.address, TlsPolicy::Mandatory(certificates.client.clone()));
    wrong.server_name = "other.example.jp".into();
    assert!(matches!(Connection::open(&wrong).await, Err(ClientError::Tls(_))));
    wrong.tls = TlsPolicy::Opportunistic(unverified);
    assert!(Connection::open(&wrong).await.is_ok());
    let stranger = TlsPolicy::Mandatory(self::certificates().client);
    assert!(matches!(Connection::open(&target(starttls.address, stranger)).await, Err(ClientError::Tls(_))));
}

// spec: MAIL-RELAY
#[tokio::test]
async fn tls_that_must_be_is_not_gone_without() {
    let server = Server::start(config(Tls::None)).await;
    let certificates = certificates();
    let error = Connection::open(&target(server.address, TlsPolicy::Mandatory(certificates.client.clone()))).await;
    assert!(matches!(error, Err(ClientError::Tls(_))));
    assert!(Connection::open(&target(server.address, TlsPolicy::Opportunistic(certificates.client))).await.is_ok());
}

// spec: MAIL-RELAY, RCV-SIZE
#[tokio::test]
async fn a_mail_too_large_is_not_tried() {
    let server = Server::start(Config { max_mail_size: 1000, ..config(Tls::None) }).await;
    let mut connection = Connection::open(&target(server.address, TlsPolicy::Never)).await.unwrap();
    let error = send(&mut connection, "a@b", &["c@d"], &"x".repeat(1000)).await.unwrap_err();
    assert!(matches!(error, ClientError::TooLarge(999)), "{error}");
    assert_eq!(codes(&send(&mut connection, "a@b", &["c@d"], MAIL).await.unwrap()), [250]);
}

// spec: MAIL-RELAY: content that fails is never ended with a dot
#[tokio::test]
async fn half_a_mail_is_not_sent() {
    let server = Server::start(config(Tls::None)).await;
    for (size, pieces) in [
        (100, vec![Ok("x\r\n"), Err(io::Error::other("disk"))]),
        (100, vec![Ok("x\r\n")]),
        (2, vec![Ok("x\r\n")]),
        (4, vec![Ok("x\n\r\n")]),
        (3, vec![Ok("x\r"), Ok("y")]),
        (2, vec![Ok("x\r")]),
    ] {
        let mut connection = Connection::open(&target(server.address, TlsPolicy::Never)).await.unwrap();
        let content = stream::iter(pieces).map(|piece| piece.map(Bytes::from));
        let error = connection.send(&from("a@b"), &to(&["c@d"]), size, content).await.unwrap_err();
        assert!(matches!(error, ClientError::Content(_)), "{error}");
        assert!(!connection.is_usable());
        let again = send(&mut connection, "a@b", &["c@d"], MAIL).await.unwrap_err();
        assert!(matches!(again, ClientError::Connection(_)), "{again}");
        connection.quit().await;
    }
    timeout(LONG, async {
        while server.dropped() < 6 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(server.mails().len(), 0);
}

// spec: MAIL-RELAY: many recipients, large content, through both ends
#[tokio::test]
async fn a_large_mail_to_many() {
    let server = Server::start(Config { max_recipients: 250, max_mail_size: 64 << 20, ..config(Tls::None) }).await;
    let mut connection = Connection::open(&target(server.address, TlsPolicy::Never)).await.unwrap();
    let addresses: Vec<String> = (0..251).map(|i| format!("r{i}@d")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let body = format!(".{}\r\n", "x".repeat(74)).repeat(100_000);
    let pieces = stream::iter([Ok::<_, io::Error>(Bytes::from(body.clone()))]);
    let delivered = connection.send(&from("a@b"), &to(&addresses), body.len() as u64, pieces).await.unwrap();
    let codes = codes(&delivered);
    assert_eq!((codes[..250].iter().all(|code| *code == 250), codes[250]), (true, 452));
    assert_eq!(server.mails()[0].content, body.as_bytes());
}

// spec: MAIL-RELAY: what a server takes is told apart from what it may have taken
#[tokio::test]
async fn a_stop_between_mails_is_seen() {
    let mut server = Server::start_with(config(Tls::None), Keeper::default()).await;
    let mut connection = Connection::open(&target(server.address, TlsPolicy::Never)).await.unwrap();
    send(&mut connection, "a@b", &["c@d"], MAIL).await.unwrap();
    server.stop();
    (&mut server.task).await.unwrap();
    let error = send(&mut connection, "a@b", &["c@d"], MAIL).await.unwrap_err();
    assert!(matches!(&error, ClientError::Refused(reply) if reply.code == 421), "{error}");
}

/// A server that follows a script of its own, once.
async fn odd<F: Future<Output = ()> + Send + 'static>(
    script: impl FnOnce(Raw) -> F + Send + 'static,
) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (stream, _): (TcpStream, _) = listener.accept().await.unwrap();
        script(Raw(stream)).await;
    });
    (address, task)
}

/// The odd server's part up to the envelope, with these extensions.
async fn greet(raw: &mut Raw, extensions: &str) {
    raw.say("220 odd\r\n").await;
    raw.expect("EHLO gw.example.jp\r\n").await;
    raw.say(format!("250-odd\r\n{extensions}250 HELP\r\n")).await;
}

/// The same up to 354, commands one by one.
async fn up_to_data(raw: &mut Raw) {
    greet(raw, "").await;
    raw.expect("MAIL FROM:<a@b>\r\n").await;
    raw.say("250 ok\r\n").await;
    raw.expect("RCPT TO:<c@d>\r\n").await;
    raw.say("250 ok\r\n").await;
    raw.expect("DATA\r\n").await;
    raw.say("354 go\r\n").await;
}

async fn try_one(address: SocketAddr) -> Result<Delivered, ClientError> {
    let mut connection = Connection::open(&target(address, TlsPolicy::Never)).await?;
    send(&mut connection, "a@b", &["c@d"], MAIL).await
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_server_that_announces_nothing() {
    let (address, task) = odd(|mut raw| async move {
        raw.say("220-odd\r\n220 esmtp not spoken here\r\n").await;
        raw.expect("EHLO gw.example.jp\r\n").await;
        raw.say("502 what?\r\n").await;
        raw.expect("HELO gw.example.jp\r\n").await;
        raw.say("250 hello\r\n").await;
        raw.expect("MAIL FROM:<a@b>\r\n").await;
        raw.say("250 ok\r\n").await;
        raw.expect("RCPT TO:<c@d>\r\n").await;
        raw.say("250 ok\n").await;
        raw.expect("DATA\r\n").await;
        raw.say("354 go\r\n").await;
        raw.expect("Subject: x\r\n\r\n..dot\r\n...\r\nend\r\n.\r\n").await;
        raw.say("250-2.0.0 taken\r\n250-2.0.0 as\r\n250 2.0.0 17\r\n").await;
        raw.expect("QUIT\r\n").await;
    })
    .await;
    let mut connection = Connection::open(&target(address, TlsPolicy::Never)).await.unwrap();
    let from = MailFrom { eight_bit: true, ret_full: Some(true), envid: Some("x".into()), ..from("a@b") };
    let to = [RcptTo { orcpt: Some("rfc822;c@d".into()), notify: Some(Notify::default()), ..to(&["c@d"]).remove(0) }];
    let delivered = connection.send(&from, &to, MAIL.len() as u64, content(MAIL)).await.unwrap();
    assert_eq!(delivered.replies[0].to_string(), "250 2.0.0 taken as 17");
    // SMTPUTF8 where it is not known: our own refusal, nothing sent.
    let error = send(&mut connection, "田中@b", &["c@d"], MAIL).await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Refused(reply) if reply.is_permanent() && reply.enhanced == (5, 6, 7)),
        "{error}"
    );
    let delivered = send(&mut connection, "a@b", &["田中@d"], MAIL).await.unwrap();
    assert_eq!(delivered.replies[0].enhanced, (5, 6, 7));
    connection.quit().await;
    task.await.unwrap();
}

// spec: MAIL-RELAY: died after the dot: it may have been taken
#[tokio::test]
async fn a_server_that_dies_after_the_dot() {
    for last in ["", "250", "nonsense\r\n", "354 go on\r\n", "250-first\r\n451 second\r\n"] {
        let (address, task) = odd(move |mut raw| async move {
            up_to_data(&mut raw).await;
            raw.read_until("\r\n.\r\n").await;
            raw.say(last).await;
        })
        .await;
        let error = try_one(address).await.unwrap_err();
        assert!(matches!(error, ClientError::Unknown(_)), "{last:?}: {error}");
        task.await.unwrap();
    }
}

// spec: MAIL-RELAY: died before the dot: nothing was taken
#[tokio::test]
async fn a_server_that_dies_before_the_dot() {
    let (address, task) = odd(|mut raw| async move { up_to_data(&mut raw).await }).await;
    let mut connection = Connection::open(&target(address, TlsPolicy::Never)).await.unwrap();
    let body = "x\r\n".repeat(10_000_000);
    let error = send(&mut connection, "a@b", &["c@d"], &body).await.unwrap_err();
    assert!(matches!(error, ClientError::Connection(_)), "{error}");
    task.await.unwrap();
}

// spec: MAIL-RELAY: a refusal in the midst of the data is heard, be the content quick, in one piece, or stuck
#[tokio::test]
async fn a_server_that_refuses_in_the_midst_of_data() {
    let body = Bytes::from("x\r\n".repeat(10_000_000));
    for (reply, closes) in
        [("421 4.3.2 going down\r\n", true), ("552 5.3.4 too long\r\n", true), ("452 4.3.1 full\r\n", false)]
    {
        let pieces = stream::iter((0..10_000).map(|i| body.slice(i * 3000..(i + 1) * 3000)));
        let shapes = [
            pieces.boxed(),
            stream::iter([body.clone()]).boxed(),
            stream::iter([body.slice(..300_000)]).chain(stream::pending()).boxed(),
        ];
        for shape in shapes {
            let (address, task) = odd(move |mut raw| async move {
                up_to_data(&mut raw).await;
                raw.read_until("x\r\n").await;
                raw.say(reply).await;
                if !closes {
                    // It reads on, as it should. What comes is what was under way already, and no dot.
                    let rest = raw.read_to_end().await;
                    assert!(rest.len() < 20_000_000 && !rest.contains("\r\n.\r\n"), "{}", rest.len());
                }
            })
            .await;
            let mut connection = Connection::open(&target(address, TlsPolicy::Never)).await.unwrap();
            let (from, to) = (from("a@b"), to(&["c@d"]));
            let sent = connection.send(&from, &to, body.len() as u64, shape.map(Ok::<_, io::Error>));
            let error = timeout(LONG, sent).await.expect("heard in time").unwrap_err();
            let told = matches!(&error, ClientError::Refused(said) if reply.starts_with(&said.to_string()));
            assert!(told, "{reply}: {error}");
            assert!(!connection.is_usable());
            drop(connection);
            task.await.unwrap();
        }
    }
}

// spec: MAIL-RELAY: 354 although nobody was accepted gets a lone dot
#[tokio::test]
async fn a_server_that_wants_data_for_nobody() {
    let (address, task) = odd(|mut raw| async move {
        greet(&mut raw, "250-PIPELINING\r\n").await;
        raw.expect("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n").await;
        raw.say("250 ok\r\n550 5.1.1 no\r\n354 go\r\n").await;
        raw.expect(".\r\n").await;
        raw.say("554 nobody\r\n").await;
        raw.expect("RSET\r\n").await;
        raw.say("250 ok\r\n").await;
        raw.expect("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n").await;
        raw.say("250 ok\r\n250 ok\r\n451 4.3.0 not now\r\n").await;
        raw.expect("RSET\r\n").await;
        raw.say("250 ok\r\n").await;
        raw.expect("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n").await;
        raw.say("550 no\r\n503 no\r\n354 go\r\n").await;
        assert_eq!(raw.read_to_end().await, "");
    })
    .await;
    let mut connection = Connection::open(&target(address, TlsPolicy::Never)).await.unwrap();
    let delivered = send(&mut connection, "a@b", &["c@d"], MAIL).await.unwrap();
    assert_eq!(delivered.replies[0].to_string(), "550 5.1.1 no");
    let error = send(&mut connection, "a@b", &["c@d"], MAIL).await.unwrap_err();
    assert!(matches!(&error, ClientError::Refused(reply) if reply.code == 451), "{error}");
    assert!(connection.is_usable());
    let error = send(&mut connection, "a@b", &["c@d"], MAIL).await.unwrap_err();
    assert!(matches!(&error, ClientError::Refused(reply) if reply.code == 550), "{error}");
    assert!(!connection.is_usable());
    drop(connection);
    task.await.unwrap();
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_server_that_does_not_want_us() {
    for (script, expected) in [
        ("554 5.7.1 go away\r\n", Some(554)),
        ("421 4.3.2 busy\r\n", Some(421)),
        ("250 what\r\n", None),
        ("HTTP/1.1 400 Bad Request\r\n", None),
        ("220-a\r\n221 b\r\n", None),
    ] {
        let (address, _task) = odd(move |mut raw| async move { raw.say(script).await }).await;
        match (try_one(address).await.unwrap_err(), expected) {
            (ClientError::Refused(reply), Some(code)) => assert_eq!(reply.code, code),
            (ClientError::Protocol(_), None) => {}
            (error, _) => panic!("{script}: {error}"),
        }
    }
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert!(matches!(try_one(unused).await, Err(ClientError::Connection(_))));
}

// spec: MAIL-RELAY: limits on what a server says
#[tokio::test]
async fn a_server_that_talks_without_end() {
    for script in [format!("220 {}", "x".repeat(1_000_000)), "220-x\r\n".repeat(1_000_000)] {
        let (address, _task) = odd(|mut raw| async move {
            use tokio::io::AsyncWriteExt;
            let _ = raw.0.write_all(script.as_bytes()).await;
        })
        .await;
        let error = try_one(address).await.unwrap_err();
        assert!(matches!(error, ClientError::Protocol(_)), "{error}");
    }
}

// spec: MAIL-RELAY: time-outs
#[tokio::test]
async fn a_server_that_is_slow() {
    let (address, task) = odd(|mut raw| async move {
        greet(&mut raw, "").await;
        assert_eq!(raw.read_to_end().await, "MAIL FROM:<a@b>\r\n");
    })
    .await;
    let mut slow = target(address, TlsPolicy::Never);
    slow.timeout = Duration::from_millis(300);
    let mut connection = Connection::open(&slow).await.unwrap();
    let error = send(&mut connection, "a@b", &["c@d"], MAIL).await.unwrap_err();
    assert!(matches!(&error, ClientError::Connection(error) if error.kind() == io::ErrorKind::TimedOut), "{error}");
    drop(connection);
    task.await.unwrap();
    // A server that stops reading in the midst of the data.
    let (given_up, waits) = oneshot::channel::<()>();
    let (address, task) = odd(|mut raw| async move {
        up_to_data(&mut raw).await;
        let _ = waits.await;
    })
    .await;
    slow.address = address;
    let mut connection = Connection::open(&slow).await.unwrap();
    let error = send(&mut connection, "a@b", &["c@d"], &"x\r\n".repeat(20_000_000)).await.unwrap_err();
    assert!(matches!(&error, ClientError::Connection(error) if error.kind() == io::ErrorKind::TimedOut), "{error}");
    drop(given_up);
    task.await.unwrap();
}

// spec: MAIL-RELAY: what is injected behind the reply to STARTTLS is not believed
#[tokio::test]
async fn octets_in_the_clear_after_starttls_are_not_believed() {
    let (address, _task) = odd(|mut raw| async move {
        greet(&mut raw, "250-STARTTLS\r\n").await;
        raw.expect("STARTTLS\r\n").await;
        raw.say("220 go\r\n250 evil\r\n").await;
        raw.read_to_end().await;
    })
    .await;
    let opened = Connection::open(&target(address, TlsPolicy::Opportunistic(unverified_tls_config().unwrap()))).await;
    assert!(matches!(opened, Err(ClientError::Protocol(_))));
}

// spec: MAIL-RELAY: STARTTLS offered and refused
#[tokio::test]
async fn a_server_that_refuses_starttls() {
    for mandatory in [false, true] {
        let (address, _task) = odd(|mut raw| async move {
            greet(&mut raw, "250-STARTTLS\r\n").await;
            raw.expect("STARTTLS\r\n").await;
            raw.say("454 4.7.0 not now\r\n").await;
            raw.read_to_end().await;
        })
        .await;
        let config = unverified_tls_config().unwrap();
        let tls = if mandatory { TlsPolicy::Mandatory(config) } else { TlsPolicy::Opportunistic(config) };
        let opened = Connection::open(&target(address, tls)).await;
        assert_eq!(opened.is_ok(), !mandatory);
        assert!(opened.is_ok() || matches!(opened, Err(ClientError::Tls(_))));
    }
}
