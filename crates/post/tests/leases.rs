//! A lease that runs out while the database hangs: nothing is sent from then on, and nothing twice.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use common::{House, run, until};
use fubako_base::Timestamp;
use fubako_post::deliver::{Courier, KeptConnections};
use fubako_store::StoreError;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    sync::watch,
    time::Instant,
};

const LEASE: Duration = Duration::from_secs(1);

/// The one writer that SQLite has: as long as this lives, the store's calls hang.
struct Locked(SqliteConnection);

impl Locked {
    async fn take(house: &House) -> Self {
        let mut conn =
            SqliteConnectOptions::new().filename(house.folder.path().join("test.db")).connect().await.unwrap();
        conn.execute("BEGIN IMMEDIATE").await.unwrap();
        Self(conn)
    }

    async fn release(mut self) {
        self.0.execute("ROLLBACK").await.unwrap();
        self.0.close().await.unwrap();
    }
}

/// A next hop that waits before it answers some commands, and notes what it hears.
#[derive(Clone, Default)]
struct Slow {
    /// Waits for the first connection only.
    data: Duration,
    banner: Duration,
    heard: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl Slow {
    async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slow = self.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let slow = slow.clone();
                tokio::spawn(async move { slow.serve(socket).await });
            }
        });
        address
    }

    async fn serve(self, socket: tokio::net::TcpStream) {
        let number = self.connections.fetch_add(1, Ordering::SeqCst);
        let wait = |pause| tokio::time::sleep(if number == 0 { pause } else { Duration::ZERO });
        let (reader, mut writer) = socket.into_split();
        let mut lines = BufReader::new(reader).lines();
        wait(self.banner).await;
        let mut said = writer.write_all(b"220 mx\r\n").await;
        while let (Ok(()), Ok(Some(line))) = (said, lines.next_line().await) {
            let word = line.get(..4).unwrap_or(&line).to_owned();
            let reply: &[u8] = match word.as_str() {
                "DATA" => {
                    wait(self.data).await;
                    b"354 go\r\n"
                }
                "EHLO" | "MAIL" | "RCPT" | "QUIT" | "." => b"250 ok\r\n",
                _ => b"",
            };
            if !reply.is_empty() {
                self.heard.lock().unwrap().push(format!("{number} {word}"));
            }
            said = writer.write_all(reply).await;
        }
    }

    fn heard(&self, what: &str) -> bool {
        self.heard.lock().unwrap().iter().any(|heard| heard == what)
    }

    fn dots(&self) -> usize {
        self.heard.lock().unwrap().iter().filter(|heard| heard.ends_with(" .")).count()
    }
}

async fn queue(house: &House) {
    let mut mail = house.outgoing(&["a@x.example"]).await;
    mail.due = Timestamp::now();
    house.store.queue_outgoing(&[mail], Timestamp::now()).await.unwrap();
}

fn office(house: &House, address: SocketAddr) -> common::Running {
    let mut parts = house.parts_by_smarthost(address);
    parts.timing.lease = LEASE;
    parts.timing.schedule.steps = vec![Duration::from_millis(50)];
    parts.clock = Arc::new(Timestamp::now);
    run(parts, 1)
}

/// The renewal hangs while the next hop takes its time over DATA: by the time it is ready, another node may have the round.
// spec: MAIL-RELAY
#[tokio::test]
async fn no_final_dot_is_sent_once_the_lease_is_over() {
    let house = House::new().await;
    let slow = Slow { data: LEASE * 2, ..Slow::default() };
    let address = slow.listen().await;
    queue(&house).await;
    let office = office(&house, address);
    until("a transaction", || async { slow.heard("0 MAIL") }).await;
    let locked = Locked::take(&house).await;
    until("the hop is ready", || async { slow.heard("0 DATA") }).await;
    tokio::time::sleep(LEASE / 2).await;
    assert!(!slow.heard("0 ."), "{:?}", slow.heard.lock().unwrap());
    locked.release().await;
    until("delivered", || async { slow.dots() == 1 }).await;
    until("settled", || async { house.store.erasures(9).await.unwrap().len() == 1 }).await;
    office.stop().await;
    assert!(!slow.heard("0 .") && slow.dots() == 1, "{:?}", slow.heard.lock().unwrap());
}

/// The lease runs out while the next hop takes its time to greet: MAIL is not even said.
// spec: MAIL-RELAY
#[tokio::test]
async fn no_transaction_is_begun_once_the_lease_is_over() {
    let house = House::new().await;
    let slow = Slow { banner: LEASE * 2, ..Slow::default() };
    let address = slow.listen().await;
    queue(&house).await;
    let office = office(&house, address);
    until("a connection", || async { slow.connections.load(Ordering::SeqCst) == 1 }).await;
    let locked = Locked::take(&house).await;
    until("the greeting", || async { slow.heard("0 QUIT") || slow.heard("0 MAIL") }).await;
    locked.release().await;
    until("delivered", || async { slow.dots() == 1 }).await;
    office.stop().await;
    assert!(!slow.heard("0 MAIL"), "{:?}", slow.heard.lock().unwrap());
}

/// The call that took the lease was so slow that the lease ended with it.
// spec: MAIL-RELAY
#[tokio::test]
async fn a_lease_that_is_over_at_birth_sends_nothing() {
    let house = House::new().await;
    let slow = Slow::default();
    let parts = house.parts_by_smarthost(slow.listen().await);
    queue(&house).await;
    let courier = Courier {
        store: parts.store,
        vault: parts.vault,
        transport: parts.transport,
        kept: KeptConnections::default(),
        schedule: parts.timing.schedule,
        lease: LEASE,
        clock: Arc::new(Timestamp::now),
    };
    let now = Timestamp::now();
    let round = courier.store.lease_round("w", now, now.plus_seconds(1)).await.unwrap().unwrap();
    let (_going, stop) = watch::channel(false);
    let lost = courier.deliver("w", &round, Instant::now(), &stop).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost)), "{lost:?}");
    assert_eq!(slow.connections.load(Ordering::SeqCst), 0);
    let done = courier.deliver("w", &round, Instant::now() + LEASE, &stop).await;
    assert!(done.is_ok() && slow.dots() == 1, "{done:?}");
}

/// It was taken while another had the lease: that is kept, and the other has nothing left to send.
// spec: MAIL-RELAY
#[tokio::test]
async fn what_was_taken_is_kept_though_the_lease_was_lost_meanwhile() {
    let house = House::new().await;
    let slow = Slow { data: LEASE / 2, ..Slow::default() };
    let address = slow.listen().await;
    queue(&house).await;
    let mut parts = house.parts_by_smarthost(address);
    parts.clock = Arc::new(Timestamp::now);
    let office = run(parts, 1);
    until("a transaction", || async { slow.heard("0 MAIL") }).await;
    // Another node, whose clock is far ahead, takes the round.
    let later = Timestamp::now().plus_seconds(1000);
    let round = house.store.lease_round("other", later, later.plus_seconds(60)).await.unwrap().unwrap();
    until("taken and kept", || async { house.waiting().await.is_empty() }).await;
    until("settled", || async { house.store.erasures(9).await.unwrap().len() == 1 }).await;
    office.stop().await;
    assert_eq!(slow.dots(), 1);
    let mine = house.store.extend_round(round.outgoing.id, "other", later.plus_seconds(90)).await;
    assert!(matches!(mine, Err(StoreError::LeaseLost)), "{mine:?}");
}
