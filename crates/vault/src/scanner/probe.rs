//! Whether a scanner finds what it must find, and tells apart from clean what it cannot look into (spec KEEP-VIRUS). With its
//! default settings clamd does not: what is encrypted or packed too deep is `OK` to it.

use super::{ScanError, Scanner, Verdict};

/// The harmless file that every scanner finds (eicar.org), in two halves: no scanner shall find it in this program.
const EICAR: [&str; 2] = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"];
/// Archives in archives: more than any scanner unpacks.
const DEPTH: usize = 200;

/// A file whose verdict is known beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// The EICAR test file.
    Eicar,
    /// An archive with an encrypted file.
    Encrypted,
    /// An archive with an encrypted file, and the EICAR test file beside it.
    Beside,
    /// Archives in archives.
    Deep,
}

impl Probe {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Eicar, Self::Encrypted, Self::Beside, Self::Deep];

    /// The file's octets.
    #[must_use]
    pub fn octets(self) -> Vec<u8> {
        let eicar = EICAR.concat();
        let closed = Entry { name: "closed.txt", octets: &[0x5a; 64], encrypted: true };
        let open = Entry { name: "open.com", octets: eicar.as_bytes(), encrypted: false };
        match self {
            Self::Eicar => eicar.into_bytes(),
            Self::Encrypted => zip(&[closed]),
            Self::Beside => zip(&[closed, open]),
            Self::Deep => (0..DEPTH)
                .fold(Vec::new(), |inner, _| zip(&[Entry { name: "a.zip", octets: &inner, encrypted: false }])),
        }
    }
}

/// What a scanner does not tell, so that a file which it lets pass may be one that nobody looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not find the EICAR test file: nothing that it says is worth anything.
    FindsNothing,
    /// It calls an encrypted archive clean.
    PassesEncrypted,
    /// It calls an archive encrypted, and is silent about the virus beside what is encrypted.
    StopsEarly,
    /// It calls clean what is past its limits.
    PassesLimits,
}

impl Fault {
    /// What mends it, for the log.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::FindsNothing => "look at clamd's signatures (freshclam): it does not find the test file EICAR",
            Self::PassesEncrypted => "add \"AlertEncrypted yes\" to clamd.conf and restart clamd",
            Self::StopsEarly => "set \"HeuristicScanPrecedence no\" in clamd.conf and restart clamd",
            Self::PassesLimits => {
                "add \"AlertExceedsMax yes\" to clamd.conf, leave MaxRecursion at its default, and restart clamd"
            }
        }
    }
}

/// What a scanner said of the probes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// What it calls the EICAR test file; none where it does not find it.
    pub found: Option<String>,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
}

/// Tries the scanner with every probe. [`Scanner::None`] is not looked at: it has no faults.
///
/// # Errors
/// [`ScanError`]: nothing is known.
pub async fn probe(scanner: &Scanner) -> Result<Sight, ScanError> {
    if scanner.is_none() {
        return Ok(Sight::default());
    }
    let Verdict::Found { name } = said_of(scanner, Probe::Eicar).await? else {
        return Ok(Sight { found: None, faults: vec![Fault::FindsNothing] });
    };
    let mut faults = Vec::new();
    if said_of(scanner, Probe::Encrypted).await? != Verdict::Encrypted {
        faults.push(Fault::PassesEncrypted);
    } else if !matches!(said_of(scanner, Probe::Beside).await?, Verdict::Found { .. }) {
        faults.push(Fault::StopsEarly);
    }
    if said_of(scanner, Probe::Deep).await? != Verdict::LimitsExceeded {
        faults.push(Fault::PassesLimits);
    }
    Ok(Sight { found: Some(name), faults })
}

async fn said_of(scanner: &Scanner, probe: Probe) -> Result<Verdict, ScanError> {
    let mut scan = scanner.begin().await?;
    scan.push(&probe.octets()).await?;
    scan.finish().await
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
