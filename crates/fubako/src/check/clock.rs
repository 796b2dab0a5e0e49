//! The clock: DKIM, TLS, expiry and codes that live a minute depend on it. Asked of a time server by SNTP (RFC 4330).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::{net::UdpSocket, time::timeout};

use super::{Finding, Looker, State};

/// Seconds from 1900, where NTP begins to count, to 1970.
const TO_UNIX: f64 = 2_208_988_800.0;
/// Seconds that a clock may be wrong before people notice.
const TOLERANCE: f64 = 5.0;
/// For the answer; asked twice.
const PATIENCE: Duration = Duration::from_secs(3);

impl Looker<'_> {
    pub(super) async fn clock(&self) -> Finding {
        let server = self.config.check.time_server.as_str();
        if server.is_empty() {
            return Finding::new("clock", State::Unknown, "clock-not-asked", server);
        }
        for _ in 0..2 {
            match timeout(PATIENCE, offset(server)).await {
                Ok(Ok(offset)) if offset.abs() <= TOLERANCE => {
                    return Finding::new("clock", State::Ok, "clock-right", server);
                }
                Ok(Ok(offset)) => {
                    let seconds = format!("{offset:+.0}");
                    return Finding::new("clock", State::Wrong, "clock-off", server).with("seconds", seconds);
                }
                Ok(Err(_)) | Err(_) => {}
            }
        }
        Finding::new("clock", State::Unknown, "clock-away", server)
    }
}

/// How many seconds our clock is ahead of the server's.
async fn offset(server: &str) -> std::io::Result<f64> {
    const CLIENT_VERSION_4: u8 = 0x23;
    let invalid = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let address = if server.contains(':') { server.to_owned() } else { format!("{server}:123") };
    let peer = tokio::net::lookup_host(address).await?.next().ok_or_else(invalid)?;
    let socket = UdpSocket::bind(if peer.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }).await?;
    socket.connect(peer).await?;
    let mut question = [0; 48];
    question[0] = CLIENT_VERSION_4;
    let sent = now();
    socket.send(&question).await?;
    let mut answer = [0; 48];
    // Mode 4 is a server's; stratum 0 says that it has no time to give.
    if socket.recv(&mut answer).await? < 48 || answer[0] & 7 != 4 || answer[1] == 0 {
        return Err(invalid());
    }
    let received = now();
    let seconds = u32::from_be_bytes([answer[40], answer[41], answer[42], answer[43]]);
    let fraction = u32::from_be_bytes([answer[44], answer[45], answer[46], answer[47]]);
    let theirs = f64::from(seconds) + f64::from(fraction) / f64::from(u32::MAX) - TO_UNIX;
    // After 2036 the seconds begin at 0 again.
    let theirs = if seconds < 1 << 31 { theirs + 4_294_967_296.0 } else { theirs };
    Ok(f64::midpoint(sent, received) - theirs)
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
