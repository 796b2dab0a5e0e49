//! The virus scanner (spec KEEP-VIRUS): clamd, or none, which is said aloud.
//!
//! clamd's INSTREAM command: `zINSTREAM\0`, then chunks, each behind its length in four octets (big-endian), then a
//! length of nought; clamd answers one line that ends with NUL. It is spoken here and not by a library, since octets are
//! pushed as they come, and since clamd answers and hangs up in the middle of a stream that is too long for it:
//! that answer has to be heard although writing fails.

use std::{fmt, io, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf},
    net::{TcpStream, UnixStream},
    time::timeout,
};

pub mod probe;

/// Octets gathered before they go to clamd.
const CHUNK: usize = 64 << 10;
/// Octets of an answer that are read at most.
const MAX_ANSWER: usize = 4096;

/// Where files are scanned.
#[derive(Debug, Clone)]
pub enum Scanner {
    /// No scanner: only by configuration, and said at start and on every screen.
    None,
    /// A clamd.
    Clamd(Clamd),
}

/// How a clamd is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clamd {
    /// Where it listens.
    pub address: Address,
    /// How long it may take; over that the scan fails (and is tried again by whoever wanted it).
    pub patience: Patience,
}

/// Where clamd listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A socket in the file system.
    Unix(PathBuf),
    /// Host and port.
    Tcp(String),
}

impl fmt::Display for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Clamd(clamd) => clamd.address.fmt(f),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(place) => write!(f, "tcp:{place}"),
        }
    }
}

/// How long clamd may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// To accept a connection.
    pub connect: Duration,
    /// To take a chunk.
    pub take: Duration,
    /// To answer, from the end of the file. clamd itself gives up after two minutes (`MaxScanTime`).
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), take: Duration::from_secs(60), answer: Duration::from_secs(180) }
    }
}

/// What the scanner said of a file. Only [`Verdict::Clean`] is clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was found (or nothing scans: [`Scanner::is_none`]).
    Clean,
    /// Something was found.
    Found {
        /// What, as the scanner calls it: at most 200 printable ASCII characters.
        name: String,
    },
    /// An encrypted archive or document: nobody could look into it. The section decides.
    Encrypted,
    /// Larger or deeper than the scanner's limits: not, or not wholly, looked into. The section decides.
    LimitsExceeded,
}

/// There is no verdict: the file must wait, never pass. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The scanner cannot be reached, or the connection broke.
    #[error("the scanner at {0} cannot be reached: {1}")]
    Unreachable(Address, #[source] io::Error),
    /// The scanner took too long.
    #[error("the scanner at {0} did not {1} in time")]
    Slow(Address, &'static str),
    /// The scanner answered that it failed, or something that is no verdict.
    #[error("the scanner at {0} answered: {1}")]
    Failed(Address, String),
}

/// The configured scanner is none that is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a scanner (unix:/PATH, tcp:HOST:PORT or none): {0}")]
pub struct InvalidScanner(String);

impl Scanner {
    /// Reads `unix:/PATH`, `tcp:HOST:PORT` or `none`.
    ///
    /// # Errors
    /// [`InvalidScanner`].
    pub fn parse(text: &str) -> Result<Self, InvalidScanner> {
        let invalid = || InvalidScanner(text.to_owned());
        let address = if text == "none" {
            return Ok(Self::None);
        } else if let Some(path) = text.strip_prefix("unix:") {
            if !path.starts_with('/') {
                return Err(invalid());
            }
            Address::Unix(path.into())
        } else {
            let place = text.strip_prefix("tcp:").ok_or_else(invalid)?;
            let (host, port) = place.rsplit_once(':').ok_or_else(invalid)?;
            if host.is_empty() || port.parse::<u16>().map_or(true, |port| port == 0) {
                return Err(invalid());
            }
            Address::Tcp(place.to_owned())
        };
        Ok(Self::Clamd(Clamd { address, patience: Patience::default() }))
    }

    /// Whether nothing scans: every file is then said to be clean, and every screen says so aloud.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Begins to scan a file.
    ///
    /// # Errors
    /// [`ScanError`]: the file must wait.
    pub async fn begin(&self) -> Result<Scan, ScanError> {
        let talk = match self {
            Self::None => None,
            Self::Clamd(clamd) => Some(clamd.connect("zINSTREAM").await?),
        };
        Ok(Scan { talk })
    }

    /// What the scanner says of its version and its signatures; of none it is empty. It is one line, and bounded.
    ///
    /// # Errors
    /// [`ScanError`].
    pub async fn version(&self) -> Result<String, ScanError> {
        let Self::Clamd(clamd) = self else { return Ok(String::new()) };
        let mut talk = clamd.connect("zVERSION").await?;
        talk.send_gathered().await?;
        talk.answer().await
    }

    /// Asks the scanner whether it is there; none always is.
    ///
    /// # Errors
    /// [`ScanError`].
    pub async fn ping(&self) -> Result<(), ScanError> {
        let Self::Clamd(clamd) = self else { return Ok(()) };
        let mut talk = clamd.connect("zPING").await?;
        talk.send_gathered().await?;
        match talk.answer().await?.as_str() {
            "PONG" => Ok(()),
            other => Err(ScanError::Failed(clamd.address.clone(), other.to_owned())),
        }
    }
}

impl Clamd {
    async fn connect(&self, command: &str) -> Result<Talk, ScanError> {
        let connecting = async {
            let stream: Box<dyn Stream> = match &self.address {
                Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
                Address::Tcp(place) => Box::new(TcpStream::connect(place).await?),
            };
            Ok(stream)
        };
        let stream = timeout(self.patience.connect, connecting)
            .await
            .map_err(|_| ScanError::Slow(self.address.clone(), "accept the connection"))?
            .map_err(|error| ScanError::Unreachable(self.address.clone(), error))?;
        Ok(self.talk(stream, command))
    }

    fn talk(&self, stream: Box<dyn Stream>, command: &str) -> Talk {
        let (reader, writer) = tokio::io::split(stream);
        let mut gathered = Vec::with_capacity(CHUNK + 64);
        gathered.extend_from_slice(command.as_bytes());
        gathered.push(0);
        Talk { clamd: self.clone(), reader, writer, gathered, heard: Vec::new(), answered: false }
    }
}

/// A file being scanned. Dropped, the scan is broken off.
pub struct Scan {
    /// None where nothing scans.
    talk: Option<Talk>,
}

impl Scan {
    /// The next octets of the file.
    ///
    /// # Errors
    /// [`ScanError`]: the file must wait.
    pub async fn push(&mut self, mut octets: &[u8]) -> Result<(), ScanError> {
        let Some(talk) = &mut self.talk else { return Ok(()) };
        while !octets.is_empty() && !talk.answered {
            let (now, rest) = octets.split_at(octets.len().min(CHUNK));
            talk.gather(now).await?;
            octets = rest;
        }
        Ok(())
    }

    /// The end of the file.
    ///
    /// # Errors
    /// [`ScanError`]: the file must wait.
    pub async fn finish(self) -> Result<Verdict, ScanError> {
        let Some(mut talk) = self.talk else { return Ok(Verdict::Clean) };
        if !talk.answered {
            talk.gathered.extend_from_slice(&[0; 4]);
            talk.send_gathered().await?;
        }
        let early = talk.answered;
        let answer = talk.answer().await?;
        match verdict(&answer) {
            // Nobody can call a file clean before its end was seen, whatever answers in clamd's place.
            Some(Verdict::Clean) if early => Err(ScanError::Failed(talk.clamd.address, "OK before the end".to_owned())),
            Some(verdict) => Ok(verdict),
            None => Err(ScanError::Failed(talk.clamd.address, answer)),
        }
    }
}

/// What an answer to INSTREAM says; none where it is no verdict.
fn verdict(answer: &str) -> Option<Verdict> {
    if answer == "stream: OK" {
        return Some(Verdict::Clean);
    }
    if answer == "INSTREAM size limit exceeded. ERROR" {
        return Some(Verdict::LimitsExceeded);
    }
    let name = answer.strip_prefix("stream: ")?.strip_suffix(" FOUND")?;
    Some(if name.starts_with("Heuristics.Encrypted.") {
        Verdict::Encrypted
    } else if name.starts_with("Heuristics.Limits.Exceeded") {
        Verdict::LimitsExceeded
    } else {
        let shown = name.chars().take(200).map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' });
        Verdict::Found { name: shown.collect() }
    })
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection to clamd with one command on it.
struct Talk {
    clamd: Clamd,
    reader: ReadHalf<Box<dyn Stream>>,
    writer: WriteHalf<Box<dyn Stream>>,
    /// To be sent.
    gathered: Vec<u8>,
    /// The answer so far.
    heard: Vec<u8>,
    /// Whether clamd answered or hung up before the end: it wants no more octets.
    answered: bool,
}

impl Talk {
    /// Takes at most [`CHUNK`] octets of the file.
    async fn gather(&mut self, octets: &[u8]) -> Result<(), ScanError> {
        // At most CHUNK: four octets hold it.
        let length = u32::try_from(octets.len()).unwrap_or(0);
        self.gathered.extend_from_slice(&length.to_be_bytes());
        self.gathered.extend_from_slice(octets);
        if self.gathered.len() < CHUNK { Ok(()) } else { self.send_gathered().await }
    }

    /// Sends what was gathered, listening meanwhile: an answer before the end is the verdict.
    async fn send_gathered(&mut self) -> Result<(), ScanError> {
        let take = self.clamd.patience.take;
        let Self { reader, writer, gathered, heard, .. } = self;
        let sending = async {
            tokio::select! {
                biased;
                heard = hear(reader, heard) => heard.map(|()| true),
                // What clamd said before it hung up is in the reader still: that writing fails decides nothing.
                written = writer.write_all(gathered) => Ok(written.is_err()),
            }
        };
        let sent = timeout(take, sending).await;
        self.gathered.clear();
        match sent {
            Err(_) => Err(ScanError::Slow(self.clamd.address.clone(), "take the file's octets")),
            Ok(Err(error)) => Err(ScanError::Unreachable(self.clamd.address.clone(), error)),
            Ok(Ok(answered)) => {
                self.answered |= answered;
                Ok(())
            }
        }
    }

    /// The whole answer, without its NUL.
    async fn answer(&mut self) -> Result<String, ScanError> {
        let address = || self.clamd.address.clone();
        timeout(self.clamd.patience.answer, hear(&mut self.reader, &mut self.heard))
            .await
            .map_err(|_| ScanError::Slow(address(), "answer"))?
            .map_err(|error| ScanError::Unreachable(address(), error))?;
        let Some(end) = self.heard.iter().position(|&octet| octet == 0) else {
            let cut =
                if self.heard.len() < MAX_ANSWER { "it hung up without an answer" } else { "its answer is too long" };
            return Err(ScanError::Unreachable(address(), io::Error::new(io::ErrorKind::UnexpectedEof, cut)));
        };
        Ok(String::from_utf8_lossy(&self.heard[..end]).trim().to_owned())
    }
}

/// Reads until the answer's NUL, the end of the stream, or the limit. What was read is in `heard` even where this is
/// broken off.
async fn hear(reader: &mut ReadHalf<Box<dyn Stream>>, heard: &mut Vec<u8>) -> io::Result<()> {
    while heard.len() < MAX_ANSWER && !heard.contains(&0) {
        if reader.read_buf(heard).await? == 0 {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::{
        mem,
        pin::Pin,
        task::{Context, Poll},
    };

    use tokio::io::ReadBuf;

    use super::*;

    #[test]
    fn addresses() {
        assert!(Scanner::parse("none").unwrap().is_none());
        for (text, address) in [
            ("unix:/run/clamav/clamd.ctl", Address::Unix("/run/clamav/clamd.ctl".into())),
            ("tcp:127.0.0.1:3310", Address::Tcp("127.0.0.1:3310".to_owned())),
            ("tcp:[::1]:3310", Address::Tcp("[::1]:3310".to_owned())),
        ] {
            let Scanner::Clamd(clamd) = Scanner::parse(text).unwrap() else { panic!("{text}") };
            assert_eq!((clamd.address.to_string().as_str(), &clamd.address), (text, &address));
        }
        for bad in ["", "None", "unix:", "unix:relative", "tcp:", "tcp:host", "tcp::1", "tcp:h:0", "tcp:h:99999", "/x"]
        {
            assert!(Scanner::parse(bad).is_err(), "{bad}");
        }
    }

    /// A connection of which writing fails before the answer, which had come, is read.
    struct HungUp {
        polled: bool,
        answer: &'static [u8],
    }

    impl AsyncRead for HungUp {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            if !mem::replace(&mut self.polled, true) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            out.put_slice(mem::take(&mut self.answer));
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for HungUp {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    // spec: KEEP-VIRUS
    #[tokio::test]
    async fn an_answer_is_heard_although_writing_failed() {
        let clamd = Clamd { address: Address::Tcp("test".to_owned()), patience: Patience::default() };
        for (answer, expected) in
            [(&b"INSTREAM size limit exceeded. ERROR\0"[..], Some(Verdict::LimitsExceeded)), (b"", None)]
        {
            let mut scan = Scan { talk: Some(clamd.talk(Box::new(HungUp { polled: false, answer }), "zINSTREAM")) };
            scan.push(&[0; 3 * CHUNK]).await.unwrap();
            let verdict = scan.finish().await;
            assert!(verdict.is_err() || verdict.as_ref().ok() == expected.as_ref(), "{verdict:?}");
            assert_eq!(verdict.is_err(), expected.is_none());
        }
    }

    // spec: KEEP-VIRUS
    #[test]
    fn only_one_answer_is_clean() {
        let found = |name: &str| Some(Verdict::Found { name: name.to_owned() });
        for (answer, expected) in [
            ("stream: OK", Some(Verdict::Clean)),
            ("stream: Win.Test.EICAR_HDB-1 FOUND", found("Win.Test.EICAR_HDB-1")),
            ("stream: a\u{1b}[31m\u{202e}b FOUND", found("a?[31m?b")),
            ("stream: OK FOUND", found("OK")),
            ("stream: Heuristics.Encrypted.Zip FOUND", Some(Verdict::Encrypted)),
            ("stream: Heuristics.Encrypted.PDF FOUND", Some(Verdict::Encrypted)),
            ("stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND", Some(Verdict::LimitsExceeded)),
            ("stream: Heuristics.Limits.Exceeded FOUND", Some(Verdict::LimitsExceeded)),
            ("INSTREAM size limit exceeded. ERROR", Some(Verdict::LimitsExceeded)),
            ("stream: Can't allocate memory ERROR", None),
            ("stream: ok", None),
            ("OK", None),
            ("UNKNOWN COMMAND", None),
            ("", None),
        ] {
            assert_eq!(verdict(answer), expected, "{answer}");
        }
    }
}
