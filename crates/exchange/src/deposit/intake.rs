//! A file on its way in: scanned, hashed and sealed as its octets come.

use aws_lc_rs::digest::{Context, SHA256};
use fubako_base::{Code, section::Settings, unchecked::Unchecked};
use fubako_vault::{SealedWriter, scanner::Scan};
use futures::StreamExt as _;

use super::{Content, DepositError, too_large};
use crate::ruling::{Ruling, ruling};

/// What was seen of a file while it passed.
pub(super) struct Seen {
    pub(super) sha256: [u8; 32],
    pub(super) crc32: u32,
    /// Why not all of it was looked into.
    pub(super) unchecked: Option<Unchecked>,
}

/// Scans and seals the octets as they come, at most `limit` of them, by the section's settings. On any error nothing is left
/// of the object.
pub(super) async fn take_in(
    mut writer: SealedWriter,
    scan: Scan,
    content: &mut Content<'_>,
    limit: u64,
    settings: &Settings,
) -> Result<(SealedWriter, Seen), DepositError> {
    match seal(&mut writer, scan, content, limit, settings).await {
        Ok(seen) => Ok((writer, seen)),
        Err(error) => {
            writer.abort().await;
            Err(error)
        }
    }
}

async fn seal(
    writer: &mut SealedWriter,
    mut scan: Scan,
    content: &mut Content<'_>,
    limit: u64,
    settings: &Settings,
) -> Result<Seen, DepositError> {
    let (mut sha256, mut crc32, mut length) = (Context::new(&SHA256), crc32fast::Hasher::new(), 0u64);
    while let Some(octets) = content.next().await {
        let octets = octets.map_err(DepositError::Upload)?;
        length = length.saturating_add(octets.len() as u64);
        if length > limit {
            return Err(too_large(limit));
        }
        scan.push(&octets).await?;
        sha256.update(&octets);
        crc32.update(&octets);
        writer.write(octets).await?;
    }
    let unchecked = admitted(ruling(scan.finish().await?, settings))?;
    let mut hash = [0u8; 32];
    hash.copy_from_slice(sha256.finish().as_ref());
    Ok(Seen { sha256: hash, crc32: crc32.finalize(), unchecked })
}

/// What passes is taken in. What nobody could look into is refused under a code of its own: nothing was found in it (spec
/// KEEP-VIRUS).
pub(super) fn admitted(ruling: Ruling) -> Result<Option<Unchecked>, DepositError> {
    let (code, detail) = match ruling {
        Ruling::Pass(unchecked) => return Ok(unchecked),
        Ruling::Infected(name) => (Code::Virus, name),
        Ruling::Stop(reason) => {
            let detail = match reason {
                Unchecked::Encrypted => "the scanner could not look into it",
                Unchecked::ScanLimit => "not wholly looked into",
            };
            (reason.code(), detail.to_owned())
        }
    };
    Err(DepositError::Refused { code, detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: KEEP-VIRUS
    #[test]
    fn what_is_stopped_is_refused_under_a_code_of_its_own() {
        for passed in [None, Some(Unchecked::Encrypted), Some(Unchecked::ScanLimit)] {
            assert!(matches!(admitted(Ruling::Pass(passed)), Ok(unchecked) if unchecked == passed));
        }
        for (ruling, code) in [
            (Ruling::Infected("Eicar".into()), Code::Virus),
            (Ruling::Stop(Unchecked::Encrypted), Code::FileEncrypted),
            (Ruling::Stop(Unchecked::ScanLimit), Code::ScanLimit),
        ] {
            assert!(matches!(admitted(ruling), Err(DepositError::Refused { code: found, .. }) if found == code));
        }
    }
}
