//! `fubako verify --audit`: whether the audit log is as it was written (spec X-AUDIT).

use std::path::Path;

use fubako_base::ids::SectionId;
use fubako_exchange::audit;
use fubako_store::{
    Store,
    audit::{Verified, chain::End},
};
use serde::{Deserialize, Serialize};

use crate::parts::{At as _, StartError};

/// What is said of it all, as JSON. An earlier one is what `--noted` takes.
#[derive(Serialize, Deserialize)]
struct Report {
    ok: bool,
    chains: Vec<ChainReport>,
}

#[derive(Serialize, Deserialize)]
struct ChainReport {
    section: SectionId,
    lines: u64,
    /// The last line's number and hash.
    end: String,
    breaks: Vec<BreakReport>,
}

#[derive(Serialize, Deserialize)]
struct BreakReport {
    kind: String,
    what: String,
}

/// What is to be said, and whether every chain is whole.
pub struct Said {
    /// The text, or one JSON object.
    pub text: String,
    /// Nothing is wrong.
    pub ok: bool,
}

/// Looks through the audit log; `noted` is the file with what an earlier run said as JSON.
///
/// # Errors
/// [`StartError`].
pub async fn audit(store: &Store, noted: Option<&Path>, json: bool) -> Result<Said, StartError> {
    let noted = noted.map(read).transpose()?.unwrap_or_default();
    let chains = audit::verify(store, &noted).await.at("database")?;
    let ok = chains.iter().all(|(_, verified)| verified.breaks.is_empty());
    let text = if json {
        let chains = chains.iter().map(|(section, verified)| report(section, verified)).collect();
        serde_json::to_string(&Report { ok, chains }).at("report")?
    } else {
        as_text(&chains)
    };
    Ok(Said { text, ok })
}

fn read(file: &Path) -> Result<Vec<(SectionId, End)>, StartError> {
    let what = format!("--noted {}", file.display());
    let text = std::fs::read_to_string(file).at(&what)?;
    let report: Report = serde_json::from_str(&text).at(&what)?;
    let end = |chain: ChainReport| Ok((chain.section, chain.end.parse().at(&what)?));
    report.chains.into_iter().map(end).collect()
}

fn report(section: &SectionId, verified: &Verified) -> ChainReport {
    let said = |found: &fubako_store::audit::chain::Break| BreakReport {
        kind: found.word().to_owned(),
        what: found.to_string(),
    };
    ChainReport {
        section: section.clone(),
        lines: verified.lines,
        end: verified.end.to_string(),
        breaks: verified.breaks.iter().map(said).collect(),
    }
}

fn as_text(chains: &[(SectionId, Verified)]) -> String {
    let mut lines = Vec::new();
    for (section, verified) in chains {
        let state = if verified.breaks.is_empty() { "whole" } else { "BROKEN" };
        lines.push(format!("{state:<7} {section}: {} lines, the last {}", verified.lines, verified.end));
        lines.extend(verified.breaks.iter().map(|found| format!("        {found}")));
    }
    if lines.is_empty() {
        lines.push("The audit log has no lines yet.".to_owned());
    }
    lines.join("\n")
}
