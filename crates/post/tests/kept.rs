//! Connections that are kept for the next mail: what a receiver sees of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that goes wrong shall say where")]

mod common;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use common::{House, run, until};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// What the server does with the second mail of its first connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Second {
    Takes,
    /// It hangs up once the first mail is taken.
    HungUp,
    /// It says 421 once the first mail is taken, and hangs up.
    SaidGoodbye,
    /// It closes when it is spoken to again.
    HangsUpOnMail,
    /// It refuses it, since it takes one mail a conversation.
    Refuses,
    /// It hangs up after the final dot.
    HangsUpOnDot,
}

/// A server that notes, as `connection COMMAND`, what it hears.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(second: Second) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), heard: Arc::default() };
        let one = server.clone();
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(one.clone().converse(socket, number, second));
                number += 1;
            }
        });
        server
    }

    async fn converse(self, socket: TcpStream, number: usize, second: Second) {
        let (reader, mut writer) = socket.into_split();
        let mut lines = BufReader::new(reader).lines();
        writer.write_all(b"220 mx.example.com\r\n").await.unwrap();
        let (mut is_content, mut taken) = (false, 0);
        while let Ok(Some(line)) = lines.next_line().await {
            if is_content && line != "." {
                continue;
            }
            let verb = line.get(..4).unwrap_or(&line).trim().to_owned();
            self.heard.lock().unwrap().push(format!("{number} {verb}"));
            let is_second = number == 0 && taken == 1;
            let reply: &[u8] = match verb.as_str() {
                "QUIT" => return,
                "MAIL" if is_second && second == Second::HangsUpOnMail => return,
                "MAIL" if is_second && second == Second::Refuses => b"550 5.7.1 one mail a conversation\r\n",
                "." if is_second && second == Second::HangsUpOnDot => return,
                "DATA" => b"354 go on\r\n",
                _ => b"250 2.0.0 ok\r\n",
            };
            is_content = verb == "DATA";
            taken += usize::from(verb == ".");
            writer.write_all(reply).await.unwrap();
            if number == 0 && verb == "." && second == Second::HungUp {
                return;
            }
            if number == 0 && verb == "." && second == Second::SaidGoodbye {
                writer.write_all(b"421 4.4.2 bye\r\n").await.unwrap();
                return;
            }
        }
        self.heard.lock().unwrap().push(format!("{number} closed"));
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn count(&self, verb: &str) -> usize {
        self.heard().iter().filter(|line| line.ends_with(&format!(" {verb}"))).count()
    }
}

/// Two mails, the second once what came of the first is kept.
async fn two_mails(house: &House) {
    house.queue(&["a@x.example"]).await;
    until("the first is delivered", || async { house.waiting().await.is_empty() }).await;
    house.queue(&["b@x.example"]).await;
}

// spec: MAIL-RELAY
#[tokio::test]
async fn mails_that_follow_one_another_share_a_connection() {
    let (house, server) = (House::new().await, Server::start(Second::Takes).await);
    let office = run(house.parts_by_smarthost(server.address), 1);
    two_mails(&house).await;
    until("both are delivered", || async { server.count(".") == 2 && house.waiting().await.is_empty() }).await;
    let conversation =
        ["EHLO", "MAIL", "RCPT", "DATA", ".", "MAIL", "RCPT", "DATA", "."].map(|verb| format!("0 {verb}"));
    assert_eq!(server.heard(), conversation);
    // Nobody's place is taken for long.
    until("a goodbye", || async { server.count("QUIT") == 1 }).await;
    house.queue(&["c@x.example"]).await;
    until("a new connection", || async { server.heard().last().is_some_and(|last| last == "1 .") }).await;
    office.stop().await;
    assert_eq!(server.count("QUIT"), 2, "one that is kept when the office closes is told goodbye");
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_kept_connection_that_does_not_serve_costs_the_next_mail_nothing() {
    for second in [Second::HungUp, Second::SaidGoodbye, Second::HangsUpOnMail, Second::Refuses] {
        let (house, server) = (House::new().await, Server::start(second).await);
        let office = run(house.parts_by_smarthost(server.address), 1);
        two_mails(&house).await;
        until("both are delivered", || async { server.count(".") == 2 && house.waiting().await.is_empty() }).await;
        assert!(server.heard().ends_with(&["1 .".to_owned()]), "{second:?}: {:?}", server.heard());
        office.stop().await;
    }
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_kept_connection_that_dies_after_the_final_dot_is_an_unknown_end_as_on_any_other() {
    let (house, server) = (House::new().await, Server::start(Second::HangsUpOnDot).await);
    let office = run(house.parts_by_smarthost(server.address), 1);
    two_mails(&house).await;
    let waits = || async { house.waiting().await.iter().any(|row| row.1 == 1 && row.2.contains("4.4.2")) };
    until("the second waits", waits).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    // It may have been taken: nothing was sent again at once.
    assert_eq!(server.count("."), 2);
    office.stop().await;
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_connection_without_what_the_recipients_domain_wants_of_tls_is_not_used_for_it() {
    let (house, server) = (House::new().await, Server::start(Second::Takes).await);
    let mut parts = house.parts_by_smarthost(server.address);
    parts.transport.tls.mandatory = vec!["bank.example".to_owned()];
    let office = run(parts, 1);
    house.queue(&["a@x.example"]).await;
    until("the first is delivered", || async { house.waiting().await.is_empty() }).await;
    house.queue(&["b@bank.example"]).await;
    let waits = || async { house.waiting().await.iter().any(|row| row.2.contains("STARTTLS is not offered")) };
    until("the second waits for TLS", waits).await;
    assert_eq!(server.count("."), 1);
    office.stop().await;
}

// spec: MAIL-RELAY
#[tokio::test]
async fn a_conversation_ends_after_a_hundred_mails() {
    let (house, server) = (House::new().await, Server::start(Second::Takes).await);
    let office = run(house.parts_by_smarthost(server.address), 1);
    for _ in 0..101 {
        house.queue(&["a@x.example"]).await;
    }
    until("all are delivered", || async { server.count(".") == 101 }).await;
    let first = server.heard().iter().filter(|line| *line == "0 .").count();
    assert_eq!(first, 100);
    office.stop().await;
}
