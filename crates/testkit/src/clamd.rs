//! Something that speaks clamd's INSTREAM, and can be taught and held.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use fubako_vault::scanner::{Scanner, probe::Probe};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

/// Octets to look for, and what to answer.
type Finding = (Vec<u8>, String);

/// Finds `Eicar-Test` in whatever holds `EICAR`, and what [`Clamd::learn`] taught it. The probes ([`Probe`]) it answers as a
/// clamd does that is set up as it should be, or, once [`Clamd::lose_sight`] was called, as one with its default settings; they
/// count for no scans.
#[derive(Clone)]
pub struct Clamd {
    place: String,
    known: Arc<Mutex<Vec<Finding>>>,
    scans: Arc<AtomicUsize>,
    /// Whether it tells what it cannot look into.
    tells: Arc<AtomicBool>,
    gate: Arc<Semaphore>,
}

impl Clamd {
    /// On a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clamd = Self {
            place: format!("tcp:{}", listener.local_addr().unwrap()),
            known: Arc::default(),
            scans: Arc::default(),
            tells: Arc::new(AtomicBool::new(true)),
            gate: Arc::new(Semaphore::new(1000)),
        };
        clamd.learn(b"EICAR", "stream: Eicar-Test FOUND");
        let server = clamd.clone();
        tokio::spawn(async move {
            while let Ok((peer, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.answer(peer).await });
            }
        });
        clamd
    }

    /// What asks it.
    #[must_use]
    pub fn scanner(&self) -> Scanner {
        Scanner::parse(&self.place).unwrap()
    }

    /// From now on what holds these octets is answered so.
    pub fn learn(&self, octets: &[u8], answer: &str) {
        self.known.lock().unwrap().push((octets.to_vec(), answer.to_owned()));
    }

    /// Knows nothing any more.
    pub fn forget(&self) {
        self.known.lock().unwrap().clear();
    }

    /// Calls clean, from now on, what it cannot look into (of the probes; what it was taught it still says).
    pub fn lose_sight(&self) {
        self.tells.store(false, Ordering::SeqCst);
    }

    /// Is set up as it should be again.
    pub fn regain_sight(&self) {
        self.tells.store(true, Ordering::SeqCst);
    }

    fn said_of(&self, probe: Probe) -> &'static str {
        match (probe, self.tells.load(Ordering::SeqCst)) {
            (Probe::Eicar | Probe::Beside, _) => "stream: Eicar-Test FOUND",
            (_, false) => "stream: OK",
            (Probe::Encrypted, true) => "stream: Heuristics.Encrypted.Zip FOUND",
            (Probe::Deep, true) => "stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND",
        }
    }

    /// Files that were scanned to their end.
    #[must_use]
    pub fn scans(&self) -> usize {
        self.scans.load(Ordering::SeqCst)
    }

    /// Answers nobody until [`Clamd::go_on`].
    pub async fn hold(&self) {
        self.gate.acquire_many(1000).await.unwrap().forget();
    }

    /// Answers again.
    pub fn go_on(&self) {
        self.gate.add_permits(1000);
    }

    async fn answer(&self, mut peer: TcpStream) -> std::io::Result<()> {
        let mut command = [0u8; 10];
        peer.read_exact(&mut command).await?;
        assert_eq!(&command, b"zINSTREAM\0");
        let mut file = Vec::new();
        loop {
            let length = peer.read_u32().await? as usize;
            if length == 0 {
                break;
            }
            let from = file.len();
            file.resize(from + length, 0);
            peer.read_exact(&mut file[from..]).await?;
        }
        if let Some(probe) = Probe::ALL.into_iter().find(|probe| probe.octets() == file) {
            return peer.write_all(format!("{}\0", self.said_of(probe)).as_bytes()).await;
        }
        self.scans.fetch_add(1, Ordering::SeqCst);
        let _pass = self.gate.acquire().await;
        let known = self.known.lock().unwrap().clone();
        let found = known.iter().find(|(octets, _)| file.windows(octets.len()).any(|some| some == octets));
        let answer = found.map_or("stream: OK", |(_, answer)| answer);
        peer.write_all(format!("{answer}\0").as_bytes()).await
    }
}
