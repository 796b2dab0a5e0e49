//! One connection: a [`Session`], a socket, a handler, and the clock.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, info};

use super::{Config, Handler, Peer, Tls, Transaction};
use crate::{
    Reply,
    protocol::{Event, Session, Settings, envelope::MailFrom},
    stream::Stream,
};

/// Octets read at once in a mail's content; while commands are awaited, a connection holds the smaller buffer.
const CONTENT_BUFFER: usize = 64 * 1024;
const COMMAND_BUFFER: usize = 4 * 1024;
/// Replies gathered before they are sent although the peer has more to say.
const MAX_PENDING_REPLIES: usize = 16 * 1024;
/// How long a TLS handshake may take, unless commands have less.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);
/// Octets a second below which a peer, its time-out for a piece apart, is too slow to wait for.
const MIN_RATE: u64 = 1024;
/// How long what a peer still sends is read after the last reply, so that the reply is not lost in a reset.
const LINGER: Duration = Duration::from_secs(2);

/// Why the conversation ended.
enum End {
    /// By QUIT, by too many errors, or because we stop: in order.
    Closed,
    /// The peer went away, or the socket broke.
    Lost(io::Error),
    /// The handshake failed.
    Handshake(io::Error),
}

/// Serves one connection to its end.
pub(super) async fn run<H: Handler>(
    socket: TcpStream,
    address: SocketAddr,
    config: Arc<Config>,
    handler: Arc<H>,
    stopped: watch::Receiver<bool>,
) {
    let begun = Instant::now();
    if let Err(error) = socket.set_nodelay(true) {
        debug!(%error, "TCP_NODELAY could not be set");
    }
    let stream = match &config.tls {
        Tls::Implicit { config: tls } => {
            let mut stopped = stopped.clone();
            let accepted = tokio::select! {
                accepted = accept_tls(socket, tls, &config) => accepted,
                _ = stopped.wait_for(|stopped| *stopped) => return,
            };
            match accepted {
                Ok(stream) => stream,
                Err(error) => return info!(%error, "TLS handshake failed"),
            }
        }
        Tls::Starttls { .. } | Tls::None => Stream::Plain(socket),
    };
    let mut connection = Connection::<H>::new(stream, address, config, stopped);
    let end = Box::pin(connection.converse(&*handler)).await;
    if connection.session.has_given_up() {
        handler.offended(address.ip());
    }
    let (mails, milliseconds) = (connection.mails, begun.elapsed().as_millis());
    match end {
        End::Closed => info!(mails, milliseconds, "connection closed"),
        End::Lost(error) => info!(mails, milliseconds, %error, "connection lost"),
        End::Handshake(error) => info!(mails, milliseconds, %error, "TLS handshake failed"),
    }
}

async fn accept_tls(socket: TcpStream, tls: &Arc<rustls::ServerConfig>, config: &Config) -> io::Result<Stream> {
    let handshake = TlsAcceptor::from(tls.clone()).accept(socket);
    let stream = timeout(HANDSHAKE_TIMEOUT.min(config.command_timeout), handshake).await??;
    Ok(Stream::Tls(Box::new(stream.into())))
}

struct Connection<H: Handler> {
    /// None only while STARTTLS takes it for the handshake.
    stream: Option<Stream>,
    session: Session,
    input: BytesMut,
    peer: Peer,
    config: Arc<Config>,
    stopped: watch::Receiver<bool>,
    transaction: Option<H::Transaction>,
    /// Since when which command line is awaited.
    command_since: (u64, Instant),
    /// Time spent waiting for the octets of this mail, and how many came.
    waited: Duration,
    received: u64,
    mails: u64,
}

impl<H: Handler> Connection<H> {
    fn new(stream: Stream, address: SocketAddr, config: Arc<Config>, stopped: watch::Receiver<bool>) -> Self {
        let settings = Settings {
            hostname: config.hostname.clone(),
            starttls: matches!(config.tls, Tls::Starttls { .. }),
            require_tls: matches!(config.tls, Tls::Starttls { mandatory: true, .. }),
            max_mail_size: config.max_mail_size,
            max_recipients: config.max_recipients,
            max_errors: config.max_errors,
        };
        let tls = stream.describe_tls();
        Self {
            session: Session::new(settings, tls.is_some()),
            stream: Some(stream),
            input: BytesMut::new(),
            peer: Peer { address, helo: String::new(), protocol: "SMTP", tls },
            config,
            stopped,
            transaction: None,
            command_since: (0, Instant::now()),
            waited: Duration::ZERO,
            received: 0,
            mails: 0,
        }
    }

    async fn converse(&mut self, handler: &H) -> End {
        loop {
            let done = match self.session.step(&mut self.input) {
                Event::NeedInput => self.fill().await,
                Event::Mail(from) => {
                    self.mail(handler, &from).await;
                    Ok(())
                }
                Event::Rcpt(to) => {
                    let answer = match &mut self.transaction {
                        Some(transaction) => transaction.rcpt(&to).await,
                        None => Err(internal_error()),
                    };
                    self.session.answer(answer);
                    Ok(())
                }
                Event::Content(octets) => {
                    self.content(octets).await;
                    Ok(())
                }
                Event::End => self.end().await,
                Event::Dropped => {
                    self.transaction = None;
                    Ok(())
                }
                Event::StartTls => match self.starttls().await {
                    Ok(()) => Ok(()),
                    Err(error) => return End::Handshake(error),
                },
                Event::Close => return self.close().await,
            };
            if let Err(error) = done {
                return End::Lost(error);
            }
            if self.session.pending_replies() > MAX_PENDING_REPLIES
                && let Err(error) = self.flush().await
            {
                return End::Lost(error);
            }
        }
    }

    async fn mail(&mut self, handler: &H, from: &MailFrom) {
        self.session.helo().clone_into(&mut self.peer.helo);
        self.peer.protocol = self.session.protocol(from.smtputf8);
        (self.waited, self.received) = (Duration::ZERO, 0);
        let answer = handler.mail(&self.peer, from).await;
        self.session.answer(answer.map(|transaction| self.transaction = Some(transaction)));
    }

    async fn content(&mut self, octets: bytes::Bytes) {
        let Some(transaction) = &mut self.transaction else {
            return self.session.refuse_content(internal_error());
        };
        if let Err(reply) = transaction.chunk(octets).await {
            self.transaction = None;
            self.session.refuse_content(reply);
        }
    }

    /// The final reply may take long; those before it should not wait for it.
    async fn end(&mut self) -> io::Result<()> {
        // The peer may be gone by now. The mail is complete and is taken all the same: it will come again.
        let flushed = self.flush().await;
        let reply = match self.transaction.take() {
            Some(transaction) => transaction.finish().await,
            None => internal_error(),
        };
        self.mails += u64::from(reply.is_positive());
        self.session.finish(&reply);
        (self.waited, self.received) = (Duration::ZERO, 0);
        flushed
    }

    async fn starttls(&mut self) -> io::Result<()> {
        self.transaction = None;
        self.flush().await?;
        let config = self.config.clone();
        let (Tls::Starttls { config: tls, .. }, Some(Stream::Plain(socket))) = (&config.tls, self.stream.take()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let stream = tokio::select! {
            accepted = accept_tls(socket, tls, &config) => accepted?,
            _ = self.stopped.wait_for(|stopped| *stopped) => return Err(io::ErrorKind::Interrupted.into()),
        };
        self.peer.tls = stream.describe_tls();
        self.peer.helo.clear();
        self.stream = Some(stream);
        self.session.tls_started();
        Ok(())
    }

    /// Sends the replies gathered, then waits for more octets. Time-outs, and our own stopping, end the session here.
    async fn fill(&mut self) -> io::Result<()> {
        self.flush().await?;
        let content = self.session.is_reading_content();
        if *self.stopped.borrow() && !self.session.has_begun_content() {
            self.session.close(&Reply::new(421, (4, 3, 2), "Service is shutting down"));
            return Ok(());
        }
        let since = Instant::now();
        let limit = if content { self.content_limit() } else { self.command_limit(since) };
        let wanted = if content { CONTENT_BUFFER } else { COMMAND_BUFFER };
        if self.input.is_empty() && !content {
            // A large buffer goes back while nothing is under way.
            self.input = BytesMut::new();
        }
        self.input.reserve(wanted.saturating_sub(self.input.len()).max(1));
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let interruptible = !self.session.has_begun_content();
        let read = tokio::select! {
            read = timeout(limit, stream.read_buf(&mut self.input)) => read,
            _ = self.stopped.wait_for(|stopped| *stopped), if interruptible => return Ok(()),
        };
        match read {
            Ok(Ok(0)) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(Ok(count)) => {
                self.received += count as u64;
                if content {
                    self.waited += since.elapsed();
                }
                Ok(())
            }
            Ok(Err(error)) => Err(error),
            Err(_) => {
                self.session.close(&Reply::new(421, (4, 4, 2), "Timeout"));
                Ok(())
            }
        }
    }

    /// What is left of the time for a whole command, however slowly its octets come.
    fn command_limit(&mut self, now: Instant) -> Duration {
        let line = self.session.lines();
        if self.command_since.0 != line {
            self.command_since = (line, now);
        }
        self.config.command_timeout.saturating_sub(now.duration_since(self.command_since.1))
    }

    /// The time for the next piece of content; less for a peer that has been far too slow with what came before.
    fn content_limit(&self) -> Duration {
        let fair = self.config.data_timeout + Duration::from_secs(self.received / MIN_RATE);
        self.config.data_timeout.min(fair.saturating_sub(self.waited))
    }

    async fn flush(&mut self) -> io::Result<()> {
        if self.session.pending_replies() == 0 {
            return Ok(());
        }
        let replies = self.session.take_replies();
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let write = async {
            stream.write_all(&replies).await?;
            stream.flush().await
        };
        timeout(self.config.command_timeout, write).await?
    }

    /// Sends what is left to be sent and closes. What the peer still sends is read for a moment: to close with octets
    /// unread would reset the connection and could take our last reply with it.
    async fn close(&mut self) -> End {
        self.transaction = None;
        let flushed = self.flush().await;
        self.input = BytesMut::new();
        let Some(stream) = &mut self.stream else { return End::Closed };
        let linger = async {
            stream.shutdown().await?;
            loop {
                self.input.clear();
                self.input.reserve(COMMAND_BUFFER);
                if stream.read_buf(&mut self.input).await? == 0 {
                    return io::Result::Ok(());
                }
            }
        };
        if let Ok(Err(error)) = timeout(LINGER, linger).await {
            debug!(%error, "the connection was reset while closing");
        }
        match flushed {
            Ok(()) => End::Closed,
            Err(error) => End::Lost(error),
        }
    }
}

/// The session asked for what the handler was never begun with. It cannot be, and must not be a 250 if it is.
fn internal_error() -> Reply {
    Reply::new(451, (4, 3, 0), "Internal error")
}
