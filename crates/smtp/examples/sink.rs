//! A small SMTP server that accepts everything and counts: a next hop for tests and benchmarks, never for real mail.
//!
//! ```text
//! cargo run -p fubako-smtp --example sink -- --listen 127.0.0.1:0 --dir /tmp/mails --refuse bad@example.jp=550
//! ```
//!
//! The first line on standard output is `listening ADDRESS`; at Ctrl-C or SIGTERM the last is
//! `mails N recipients N octets N`. With `--dir`, each mail is `N.eml`, its octets as they came, and beside it `N.envelope`:
//! the protocol, the sender, and a line a recipient. The names appear when the files are whole.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{
    io,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use fubako_smtp::{
    Reply,
    server::{Config, Handler, MailFrom, Peer, RcptTo, Tls, Transaction, serve, tls_config},
};
use tokio::{
    fs::{self, File},
    io::AsyncWriteExt,
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

const USAGE: &str =
    "sink [--listen ADDRESS] [--dir DIR] [--max-size OCTETS] [--max-recipients N] [--delay MILLISECONDS]
     [--refuse TEXT=CODE]… [--tls CERTIFICATE.pem KEY.pem] [--implicit]

  --refuse    recipients whose address contains TEXT get CODE (450, say, or 550)
  --delay     waits before each final reply
  --tls       offers STARTTLS; with --implicit, TLS from the first octet";

/// What the command line says.
struct Options {
    listen: String,
    dir: Option<PathBuf>,
    max_size: u64,
    max_recipients: usize,
    delay: Duration,
    refuse: Vec<(String, u16)>,
    tls: Option<(PathBuf, PathBuf)>,
    implicit: bool,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self {
            listen: "127.0.0.1:2602".to_owned(),
            dir: None,
            max_size: 1 << 30,
            max_recipients: 1000,
            delay: Duration::ZERO,
            refuse: Vec::new(),
            tls: None,
            implicit: false,
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--listen" => options.listen = words.next()?,
                "--dir" => options.dir = Some(words.next()?.into()),
                "--max-size" => options.max_size = words.next()?.parse().ok()?,
                "--max-recipients" => options.max_recipients = words.next()?.parse().ok()?,
                "--delay" => options.delay = Duration::from_millis(words.next()?.parse().ok()?),
                "--refuse" => {
                    let word = words.next()?;
                    let (text, code) = word.rsplit_once('=')?;
                    let code = code.parse().ok().filter(|code| (400..600).contains(code))?;
                    options.refuse.push((text.to_owned(), code));
                }
                "--tls" => options.tls = Some((words.next()?.into(), words.next()?.into())),
                "--implicit" => options.implicit = true,
                _ => return None,
            }
        }
        (options.tls.is_some() || !options.implicit).then_some(options)
    }

    async fn tls(&self) -> Result<Tls, Box<dyn std::error::Error>> {
        let Some((certificate, key)) = &self.tls else { return Ok(Tls::None) };
        let config = tls_config(&fs::read(certificate).await?, &fs::read(key).await?)?;
        Ok(if self.implicit { Tls::Implicit { config } } else { Tls::Starttls { config, mandatory: false } })
    }
}

struct Sink {
    options: Options,
    begun: AtomicU64,
    mails: AtomicU64,
    recipients: AtomicU64,
    octets: AtomicU64,
}

struct SinkHandler(Arc<Sink>);

struct Incoming {
    sink: Arc<Sink>,
    /// Protocol, sender and recipients, a line each.
    envelope: String,
    recipients: u64,
    octets: u64,
    file: Option<(u64, File)>,
}

impl Handler for SinkHandler {
    type Transaction = Incoming;

    async fn mail(&self, peer: &Peer, from: &MailFrom) -> Result<Incoming, Reply> {
        let sink = self.0.clone();
        let envelope = format!("{}\n{}\n", peer.protocol, from.address);
        let file = match &sink.options.dir {
            Some(dir) => {
                let number = sink.begun.fetch_add(1, Relaxed);
                Some((number, File::create(dir.join(format!(".{number}.part"))).await.map_err(|error| broken(&error))?))
            }
            None => None,
        };
        Ok(Incoming { sink, envelope, recipients: 0, octets: 0, file })
    }
}

impl Transaction for Incoming {
    async fn rcpt(&mut self, to: &RcptTo) -> Result<(), Reply> {
        if let Some((_, code)) = self.sink.options.refuse.iter().find(|(text, _)| to.address.contains(text)) {
            let class = if *code < 500 { 4 } else { 5 };
            return Err(Reply::new(*code, (class, 1, 1), "Refused as I was told to"));
        }
        self.recipients += 1;
        self.envelope.push_str(&to.address);
        self.envelope.push('\n');
        Ok(())
    }

    async fn chunk(&mut self, octets: Bytes) -> Result<(), Reply> {
        self.octets += octets.len() as u64;
        match &mut self.file {
            Some((_, file)) => file.write_all(&octets).await.map_err(|error| broken(&error)),
            None => Ok(()),
        }
    }

    async fn finish(mut self) -> Reply {
        tokio::time::sleep(self.sink.options.delay).await;
        if let Err(error) = self.keep().await {
            return broken(&error);
        }
        self.sink.mails.fetch_add(1, Relaxed);
        self.sink.recipients.fetch_add(self.recipients, Relaxed);
        self.sink.octets.fetch_add(self.octets, Relaxed);
        Reply::new(250, (2, 6, 0), "Gone down the sink")
    }
}

impl Incoming {
    async fn keep(&mut self) -> io::Result<()> {
        let (Some((number, file)), Some(dir)) = (&mut self.file, &self.sink.options.dir) else { return Ok(()) };
        file.flush().await?;
        fs::write(dir.join(format!("{number}.envelope")), &self.envelope).await?;
        fs::rename(dir.join(format!(".{number}.part")), dir.join(format!("{number}.eml"))).await
    }
}

fn broken(error: &io::Error) -> Reply {
    eprintln!("{error}");
    Reply::new(451, (4, 3, 0), "The sink is stopped up")
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(options) = Options::read(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(dir) = &options.dir {
        fs::create_dir_all(dir).await?;
    }
    let config = Config {
        hostname: "sink.example".to_owned(),
        tls: options.tls().await?,
        max_mail_size: options.max_size,
        max_recipients: options.max_recipients,
        max_connections: 1000,
        max_errors: 20,
        command_timeout: Duration::from_secs(300),
        data_timeout: Duration::from_secs(300),
    };
    let listener = TcpListener::bind(&options.listen).await?;
    let mut terminated = signal(SignalKind::terminate())?;
    println!("listening {}", listener.local_addr()?);
    let [begun, mails, recipients, octets] = std::array::from_fn(|_| AtomicU64::new(0));
    let sink = Arc::new(Sink { options, begun, mails, recipients, octets });
    let stop = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
    };
    serve(listener, config, Arc::new(SinkHandler(sink.clone())), stop).await;
    let [mails, recipients, octets] = [&sink.mails, &sink.recipients, &sink.octets].map(|count| count.load(Relaxed));
    println!("mails {mails} recipients {recipients} octets {octets}");
    Ok(())
}
