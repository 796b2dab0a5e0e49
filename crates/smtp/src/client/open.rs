//! From a socket to a server that has greeted us.

use std::{sync::Arc, time::Duration};

use rustls::pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use super::{ClientError, Connection, Readiness, Target, TlsPolicy, wire::Wire};
use crate::{Reply, stream::Stream};

/// The least that the reply to the final dot is waited for (RFC 5321, 4.5.3.2.6): to give up sooner means to send twice.
const FINAL_TIMEOUT: Duration = Duration::from_secs(600);
/// The most that a connection is waited for: a host that swallows packets must not hold a worker for minutes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long QUIT's reply is waited for.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

impl Connection {
    /// Connects, reads the banner, says EHLO (HELO where EHLO is unknown), does STARTTLS by the policy.
    ///
    /// # Errors
    /// Any [`ClientError`] but `Unknown` and `Content`.
    pub async fn open(target: &Target) -> Result<Self, ClientError> {
        let connect = TcpStream::connect(target.address);
        let socket = timeout(target.timeout.min(CONNECT_TIMEOUT), connect)
            .await
            .unwrap_or_else(|elapsed| Err(elapsed.into()))
            .map_err(ClientError::Connection)?;
        socket.set_nodelay(true).map_err(ClientError::Connection)?;
        let stream = match &target.tls {
            TlsPolicy::Implicit(config) => handshake(socket, config, target).await?,
            _ => Stream::Plain(socket),
        };
        let mut wire = Wire::new(stream);
        let banner = wire.reply(target.timeout).await?;
        if banner.code != 220 {
            return Err(refused(banner, "a banner that is no 220"));
        }
        let mut extensions = greet(&mut wire, target).await?;
        let starttls = extensions.iter().any(|(name, _)| name == "STARTTLS");
        match &target.tls {
            TlsPolicy::Never | TlsPolicy::Implicit(_) => {}
            TlsPolicy::Opportunistic(_) if !starttls => {}
            TlsPolicy::Mandatory(_) if !starttls => return Err(ClientError::Tls("STARTTLS is not offered".to_owned())),
            TlsPolicy::Opportunistic(config) | TlsPolicy::Mandatory(config) => {
                let reply = wire.ask("STARTTLS", target.timeout).await?;
                if reply.code == 220 {
                    wire = upgrade(wire, config, target).await?;
                    extensions = greet(&mut wire, target).await?;
                } else if matches!(target.tls, TlsPolicy::Mandatory(_)) {
                    return Err(ClientError::Tls(format!("STARTTLS was refused: {reply}")));
                } else if reply.code == 421 {
                    return Err(ClientError::Refused(reply));
                }
            }
        }
        let final_timeout = FINAL_TIMEOUT.max(target.timeout);
        Ok(Self { wire, extensions, state: Readiness::Ready, timeout: target.timeout, final_timeout })
    }

    /// Says QUIT and closes.
    pub async fn quit(mut self) {
        let limit = self.timeout.min(QUIT_TIMEOUT);
        if self.state != Readiness::Broken {
            // Whatever the answer, and if there is none: it ends here.
            let _ = self.wire.ask("QUIT", limit).await;
        }
        self.wire.close(limit).await;
    }
}

/// A refusal, or a reply that makes no sense here.
pub(super) fn refused(reply: Reply, otherwise: &'static str) -> ClientError {
    if reply.code >= 400 { ClientError::Refused(reply) } else { ClientError::Protocol(otherwise) }
}

/// EHLO, or HELO where the server knows no EHLO. What it announces.
async fn greet(wire: &mut Wire, target: &Target) -> Result<Vec<(String, String)>, ClientError> {
    wire.send(format!("EHLO {}\r\n", target.helo).as_bytes(), target.timeout).await?;
    let (reply, lines) = wire.reply_lines(target.timeout).await?;
    if reply.code == 250 {
        let extension = |line: &String| {
            let (name, value) = line.split_once([' ', '=']).unwrap_or((line, ""));
            (name.to_ascii_uppercase(), value.trim().to_owned())
        };
        return Ok(lines.iter().skip(1).map(extension).collect());
    }
    if !reply.is_permanent() {
        return Err(refused(reply, "an answer to EHLO that is no 250"));
    }
    let reply = wire.ask(&format!("HELO {}", target.helo), target.timeout).await?;
    if reply.code == 250 { Ok(Vec::new()) } else { Err(refused(reply, "an answer to HELO that is no 250")) }
}

async fn upgrade(wire: Wire, config: &Arc<rustls::ClientConfig>, target: &Target) -> Result<Wire, ClientError> {
    match wire.into_stream() {
        Some(Stream::Plain(socket)) => Ok(Wire::new(handshake(socket, config, target).await?)),
        _ => Err(ClientError::Protocol("octets in the clear after the reply to STARTTLS")),
    }
}

async fn handshake(
    socket: TcpStream,
    config: &Arc<rustls::ClientConfig>,
    target: &Target,
) -> Result<Stream, ClientError> {
    let name = target.server_name.trim_end_matches('.').to_owned();
    let name = match (ServerName::try_from(name), &target.tls) {
        (Ok(name), _) => name,
        // Nobody looks at the certificate, so the name matters to nobody.
        (Err(_), TlsPolicy::Opportunistic(_)) => ServerName::from(target.address.ip()),
        (Err(error), _) => return Err(ClientError::Tls(format!("{}: {error}", target.server_name))),
    };
    let connect = TlsConnector::from(config.clone()).connect(name, socket);
    match timeout(target.timeout, connect).await {
        Ok(Ok(stream)) => Ok(Stream::Tls(Box::new(stream.into()))),
        Ok(Err(error)) => Err(ClientError::Tls(error.to_string())),
        Err(_) => Err(ClientError::Tls("the handshake took too long".to_owned())),
    }
}
