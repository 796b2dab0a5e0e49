//! A section's secret for its secret header (spec RCV-TENANT): declared in the clear, kept sealed, never shown.

use fubako_base::section::Proof;
use fubako_gateway::receive::SECRET_CONTEXT;
use fubako_store::sections::Change;
use serde::Deserialize;

use super::{ApplyError, SectionDeclaration};
use crate::{config::Secret, parts::Ground};

/// Characters of a secret: one that cannot be guessed, on one line of a header.
pub(super) const LENGTH: std::ops::RangeInclusive<usize> = 20..=200;
/// Secrets that are good at once: the new one, and the old one until the mail server has the new one everywhere.
const AT_ONCE: usize = 2;

/// What is declared.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Secrets {
    /// The secret; empty takes it away.
    One(Secret),
    /// Those that are good at once.
    Several(Vec<Secret>),
}

impl Secrets {
    /// Whether the secret header can have these in it.
    pub(super) fn are_good(&self) -> bool {
        match self {
            Self::One(Secret(secret)) => secret.is_empty() || is_good(secret),
            Self::Several(all) => (1..=AT_ONCE).contains(&all.len()) && all.iter().all(|Secret(one)| is_good(one)),
        }
    }

    /// A line each, as they are sealed; none where there is none.
    fn lines(&self) -> Option<Vec<u8>> {
        let all = match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(all) => all,
        };
        let all: Vec<&str> = all.iter().map(|Secret(secret)| secret.as_str()).collect();
        Some(all.join("\n").into_bytes()).filter(|lines| !lines.is_empty())
    }
}

fn is_good(secret: &str) -> bool {
    LENGTH.contains(&secret.len()) && secret.bytes().all(|octet| octet.is_ascii_graphic())
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
        Some(secrets) => secrets.lines(),
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
