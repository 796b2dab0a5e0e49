//! A section's secret for its secret header (spec RCV-TENANT): declared in the clear, kept sealed, never shown.

use fubako_base::section::Proof;
use fubako_gateway::receive::SECRET_CONTEXT;
use fubako_store::sections::Change;

use super::{ApplyError, SectionDeclaration};
use crate::{config::Secret, parts::Ground};

/// Characters of a secret: one that cannot be guessed, on one line of a header.
pub(super) const LENGTH: std::ops::RangeInclusive<usize> = 20..=200;

/// Whether the secret header can have this in it; empty takes the secret away.
pub(super) fn is_one(secret: &str) -> bool {
    secret.is_empty() || (LENGTH.contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_graphic()))
}

/// The change of a section's secret, with a line that does not show it.
pub(super) async fn change(
    ground: &Ground,
    declared: &SectionDeclaration,
    dry_run: bool,
) -> Result<Option<(Change, String)>, ApplyError> {
    let id = &declared.id;
    let cannot = |error| ApplyError::Secret(id.clone(), error);
    let there = match ground.store.sealed_secret(id).await? {
        Some(sealed) => Some(ground.vault.open_value(id, SECRET_CONTEXT, &sealed).await.map_err(cannot)?),
        None => None,
    };
    let wanted = match &declared.secret {
        Some(Secret(secret)) => Some(secret.clone().into_bytes()).filter(|secret| !secret.is_empty()),
        None => there.clone(),
    };
    if wanted.is_none() && declared.settings.proof == Proof::SecretHeader {
        return Err(ApplyError::NoSecret(id.clone()));
    }
    if wanted == there {
        return Ok(None);
    }
    let mark = match (&there, &wanted) {
        (None, _) => "+",
        (_, None) => "-",
        _ => "~",
    };
    let sealed = match wanted {
        // Sealing may make the section's key.
        Some(secret) if !dry_run => Some(ground.vault.seal_value(id, SECRET_CONTEXT, &secret).await.map_err(cannot)?),
        _ => None,
    };
    Ok(Some((Change::PutSecret(id.clone(), sealed), format!("{mark} secret of {id}"))))
}
