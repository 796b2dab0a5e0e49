//! The virus scanner: whether it finds what it must find, and tells apart from clean what it cannot look into (spec KEEP-VIRUS).

use fubako_vault::scanner::{ScanError, Scanner, Verdict};
use tokio::time::timeout;

use super::{Finding, Looker, State, installation::PATIENCE};

/// The harmless file that every scanner finds (eicar.org), in two halves: no scanner shall find it in this program.
const EICAR: [&str; 2] = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"];
/// Archives in archives: more than any scanner unpacks.
const DEPTH: usize = 200;

impl Looker<'_> {
    pub(super) async fn scanner(&self) -> Vec<Finding> {
        let about = self.config.scanner.clamd.clone();
        let scanner = match Scanner::parse(&about) {
            Ok(Scanner::None) => return vec![Finding::new("scanner", State::Warning, "scanner-none", about)],
            Ok(scanner) => scanner,
            Err(error) => return vec![away(&about, error.to_string())],
        };
        let looked = async {
            let first = finds(&scanner, &about).await?;
            if first.state != State::Ok {
                return Ok(vec![first]);
            }
            Ok(vec![first, tells_encrypted(&scanner, &about).await?, tells_limits(&scanner, &about).await?])
        };
        looked.await.unwrap_or_else(|cause: String| vec![away(&about, cause)])
    }
}

fn away(about: &str, cause: String) -> Finding {
    Finding::new("scanner", State::Wrong, "scanner-away", about).with("cause", cause)
}

async fn finds(scanner: &Scanner, about: &str) -> Result<Finding, String> {
    Ok(match scan(scanner, EICAR.concat().as_bytes()).await? {
        Verdict::Found { name } => Finding::new("scanner", State::Ok, "scanner-finds", about).with("found", name),
        _ => Finding::new("scanner", State::Wrong, "scanner-blind", about),
    })
}

/// An encrypted archive is no clean one, and does not hide the virus that lies open beside what is encrypted.
async fn tells_encrypted(scanner: &Scanner, about: &str) -> Result<Finding, String> {
    let closed = Entry { name: "closed.txt", octets: &[0x5a; 64], encrypted: true };
    let eicar = EICAR.concat();
    let open = Entry { name: "open.com", octets: eicar.as_bytes(), encrypted: false };
    if scan(scanner, &zip(&[closed])).await? != Verdict::Encrypted {
        return Ok(Finding::new("scanner", State::Wrong, "scanner-passes-encrypted", about));
    }
    Ok(match scan(scanner, &zip(&[closed, open])).await? {
        Verdict::Found { .. } => Finding::new("scanner", State::Ok, "scanner-tells-encrypted", about),
        _ => Finding::new("scanner", State::Wrong, "scanner-stops-early", about),
    })
}

/// What is packed too deep to be looked into is not clean.
async fn tells_limits(scanner: &Scanner, about: &str) -> Result<Finding, String> {
    let deep =
        (0..DEPTH).fold(Vec::new(), |inner, _| zip(&[Entry { name: "a.zip", octets: &inner, encrypted: false }]));
    Ok(match scan(scanner, &deep).await? {
        Verdict::LimitsExceeded => Finding::new("scanner", State::Ok, "scanner-tells-limits", about),
        _ => Finding::new("scanner", State::Wrong, "scanner-passes-limits", about),
    })
}

/// What the scanner says of a file; else why it says nothing.
async fn scan(scanner: &Scanner, octets: &[u8]) -> Result<Verdict, String> {
    let scanning = async {
        let mut scan = scanner.begin().await?;
        scan.push(octets).await?;
        scan.finish().await
    };
    let said: Result<Verdict, ScanError> = timeout(PATIENCE, scanning).await.map_err(|_| "no answer in time")?;
    said.map_err(|error| error.to_string())
}

/// A file in a zip. One that is encrypted only says so: nobody is to decrypt it.
#[derive(Clone, Copy)]
struct Entry<'a> {
    name: &'a str,
    octets: &'a [u8],
    encrypted: bool,
}

/// A zip with these entries, stored (APPNOTE 4.3). Its CRCs are nought: scanners do not look at them.
fn zip(entries: &[Entry<'_>]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let at = four(out.len());
        let mut common = vec![20, 0, u8::from(entry.encrypted), 0, 0, 0, 0, 0, 0x21, 0];
        common.extend([[0; 4], four(entry.octets.len()), four(entry.octets.len())].concat());
        common.extend([two(entry.name.len()), [0; 2]].concat());
        directory.extend([&b"PK\x01\x02"[..], &[20, 0], &common, &[0; 10], &at, entry.name.as_bytes()].concat());
        out.extend([&b"PK\x03\x04"[..], &common, entry.name.as_bytes(), entry.octets].concat());
    }
    let count = two(entries.len());
    let end = [&b"PK\x05\x06"[..], &[0; 4], &count, &count, &four(directory.len()), &four(out.len()), &[0; 2]].concat();
    [out, directory, end].concat()
}

/// As a zip writes it. What is made here is small.
fn four(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

fn two(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes()
}
