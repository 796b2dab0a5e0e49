//! The scanner's protocol against a small server that plays clamd by a script (a real clamd has a suite of its own).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use fubako_vault::scanner::{Patience, ScanError, Scanner, Verdict};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, UnixListener},
    task::JoinHandle,
};

const EICAR: &[u8] = br"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

/// What the server does with a connection.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Script {
    /// Reads the stream and answers as clamd does, EICAR found, at most so many octets.
    Scans { limit: usize },
    /// Reads the stream and says this.
    Says(&'static [u8]),
    /// Accepts and closes at once.
    HangsUp,
    /// Reads all and closes without an answer.
    SaysNothing,
    /// Reads all and never answers.
    Hangs,
    /// Never reads.
    Deaf,
    /// Says that the file is clean when it has seen some of it.
    Hasty,
}

trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Connection for T {}

/// The file that came, or none where it was over the limit.
async fn receive(connection: &mut dyn Connection, limit: usize) -> std::io::Result<Option<Vec<u8>>> {
    let mut command = [0; 10];
    connection.read_exact(&mut command).await?;
    assert_eq!(&command, b"zINSTREAM\0");
    let mut file = Vec::new();
    loop {
        let length = connection.read_u32().await? as usize;
        if length == 0 {
            return Ok(Some(file));
        }
        if file.len() + length > limit {
            return Ok(None);
        }
        let start = file.len();
        file.resize(start + length, 0);
        connection.read_exact(&mut file[start..]).await?;
    }
}

async fn play(mut connection: Box<dyn Connection>, script: Script) -> Option<Vec<u8>> {
    let forever = std::future::pending::<()>();
    let (file, answer): (_, &[u8]) = match script {
        Script::HangsUp => return None,
        Script::Deaf => {
            forever.await;
            return None;
        }
        Script::Scans { limit } => match receive(&mut connection, limit).await.ok()? {
            Some(file) if file.windows(EICAR.len()).any(|window| window == EICAR) => {
                (Some(file), b"stream: Win.Test.EICAR_HDB-1 FOUND\0")
            }
            Some(file) => (Some(file), b"stream: OK\0"),
            // Answers and closes although the rest of the file is on its way.
            None => (None, b"INSTREAM size limit exceeded. ERROR\0"),
        },
        Script::Says(answer) => (receive(&mut connection, usize::MAX).await.ok()?, answer),
        Script::SaysNothing => (receive(&mut connection, usize::MAX).await.ok()?, b""),
        Script::Hasty => {
            let mut some = [0; 300];
            connection.read_exact(&mut some).await.ok()?;
            (None, b"stream: OK\0")
        }
        Script::Hangs => {
            receive(&mut connection, usize::MAX).await.ok()?;
            forever.await;
            return None;
        }
    };
    // In two pieces: an answer need not come whole.
    let (a, b) = answer.split_at(answer.len() / 2);
    connection.write_all(a).await.ok()?;
    connection.flush().await.ok()?;
    tokio::time::sleep(Duration::from_millis(5)).await;
    connection.write_all(b).await.ok()?;
    file
}

/// A server for one connection, over both kinds of sockets, and the scanner that talks to it.
async fn server(script: Script, tcp: bool) -> (Scanner, JoinHandle<Option<Vec<u8>>>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (text, task) = if tcp {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move { play(Box::new(listener.accept().await.unwrap().0), script).await });
        (format!("tcp:127.0.0.1:{port}"), task)
    } else {
        let path = folder.path().join("clamd.ctl");
        let listener = UnixListener::bind(&path).unwrap();
        let task = tokio::spawn(async move { play(Box::new(listener.accept().await.unwrap().0), script).await });
        (format!("unix:{}", path.display()), task)
    };
    let mut scanner = Scanner::parse(&text).unwrap();
    if let Scanner::Clamd(clamd) = &mut scanner {
        // Short only where it is to run out, so that a busy machine fails no other test.
        let short = Duration::from_millis(if matches!(script, Script::Hangs | Script::Deaf) { 300 } else { 30_000 });
        clamd.patience = Patience { connect: Duration::from_secs(30), take: short, answer: short };
    }
    (scanner, task, folder)
}

async fn scan(scanner: &Scanner, file: &[u8], pieces: usize) -> Result<Verdict, ScanError> {
    let mut scan = scanner.begin().await?;
    for piece in file.chunks(pieces) {
        scan.push(piece).await?;
    }
    scan.finish().await
}

// spec: KEEP-VIRUS
#[tokio::test]
async fn a_file_is_scanned_as_it_is_pushed() {
    let big: Vec<u8> = (0..300_001u32).map(|n| (n % 251) as u8).collect();
    let infected = [&big[..], EICAR, b"tail"].concat();
    let found = Verdict::Found { name: "Win.Test.EICAR_HDB-1".to_owned() };
    for tcp in [false, true] {
        for (file, expected) in [
            (&b""[..], Verdict::Clean),
            (b"clean", Verdict::Clean),
            (&big, Verdict::Clean),
            (EICAR, found.clone()),
            (&infected, found.clone()),
        ] {
            for pieces in [7, 65_535, 65_536, 65_537, usize::MAX] {
                let (scanner, task, _folder) = server(Script::Scans { limit: usize::MAX }, tcp).await;
                assert_eq!(scan(&scanner, file, pieces).await.unwrap(), expected, "{} by {pieces}", file.len());
                assert!(task.await.unwrap().unwrap() == file, "{} by {pieces}: not what was sent", file.len());
            }
        }
    }
}

// spec: KEEP-VIRUS
#[tokio::test]
async fn a_file_over_the_scanners_limit_is_no_clean_file() {
    let file = vec![1; 4 << 20];
    for tcp in [false, true] {
        for limit in [10, 100_000, (4 << 20) - 1] {
            for pieces in [10_000, usize::MAX] {
                let (scanner, _task, _folder) = server(Script::Scans { limit }, tcp).await;
                let verdict = scan(&scanner, &file, pieces).await.unwrap();
                assert_eq!(verdict, Verdict::LimitsExceeded, "limit {limit}, by {pieces}, tcp {tcp}");
            }
        }
    }
}

// spec: KEEP-VIRUS
#[tokio::test]
async fn what_could_not_be_looked_into_is_told_apart() {
    for (answer, expected) in [
        (&b"stream: Heuristics.Encrypted.Zip FOUND\0"[..], Verdict::Encrypted),
        (b"stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND\0", Verdict::LimitsExceeded),
    ] {
        let (scanner, _task, _folder) = server(Script::Says(answer), true).await;
        assert_eq!(scan(&scanner, b"x", 1).await.unwrap(), expected);
    }
}

// spec: KEEP-VIRUS (scanner away: wait, never pass)
#[tokio::test]
async fn without_a_verdict_nothing_passes() {
    let long: &[u8] = &[b'x'; 8_000];
    for tcp in [false, true] {
        for script in [
            Script::HangsUp,
            Script::SaysNothing,
            Script::Hangs,
            Script::Deaf,
            Script::Says(b"stream: Can't allocate memory ERROR\0"),
            Script::Says(b"stream: OK"),
            Script::Says(b"UNKNOWN COMMAND\0"),
            Script::Says(b"\0stream: OK\0"),
            Script::Says(long),
        ] {
            for length in [0, 5, 3 << 20] {
                let (scanner, _task, _folder) = server(script, tcp).await;
                let begun = Instant::now();
                let result = scan(&scanner, &vec![0; length], 50_000).await;
                let fits = match script {
                    Script::Hangs | Script::Deaf => matches!(result, Err(ScanError::Slow(..))),
                    Script::HangsUp | Script::SaysNothing => matches!(result, Err(ScanError::Unreachable(..))),
                    Script::Says(answer) if answer.contains(&0) => matches!(result, Err(ScanError::Failed(..))),
                    _ => result.is_err(),
                };
                assert!(fits, "{script:?}, {length}, tcp {tcp}: {result:?}");
                assert!(begun.elapsed() < Duration::from_secs(20), "{script:?}");
            }
        }
    }
}

// spec: KEEP-VIRUS
#[tokio::test]
async fn a_clean_verdict_before_the_end_is_none() {
    for tcp in [false, true] {
        let (scanner, _task, _folder) = server(Script::Hasty, tcp).await;
        let result = scan(&scanner, &vec![0; 8 << 20], 50_000).await;
        assert!(matches!(&result, Err(ScanError::Failed(_, why)) if why.contains("before the end")), "{result:?}");
    }
}

// spec: KEEP-VIRUS
#[tokio::test]
async fn a_scanner_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    for text in [format!("unix:{}/none", folder.path().display()), format!("tcp:127.0.0.1:{port}")] {
        let scanner = Scanner::parse(&text).unwrap();
        let error = scanner.begin().await.err().unwrap();
        assert!(matches!(&error, ScanError::Unreachable(..)) && error.to_string().contains(&text), "{error}");
        assert!(scanner.ping().await.is_err());
    }
}

#[tokio::test]
async fn a_scanner_answers_a_ping() {
    for (answer, well) in [(&b"PONG\0"[..], true), (b"stream: OK\0", false), (b"", false)] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let scanner = Scanner::parse(&format!("tcp:{}", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut command = [0; 6];
            connection.read_exact(&mut command).await.unwrap();
            assert_eq!(&command, b"zPING\0");
            connection.write_all(answer).await.unwrap();
        });
        assert_eq!(scanner.ping().await.is_ok(), well);
    }
}

#[tokio::test]
async fn no_scanner_finds_nothing_and_says_that_it_is_none() {
    let scanner = Scanner::parse("none").unwrap();
    assert!(scanner.is_none());
    assert_eq!(scan(&scanner, EICAR, 10).await.unwrap(), Verdict::Clean);
    scanner.ping().await.unwrap();
    let clamd = Scanner::parse("unix:/run/clamav/clamd.ctl").unwrap();
    assert!(!clamd.is_none());
}
