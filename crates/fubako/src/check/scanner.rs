//! The virus scanner: whether it finds what it must find, and tells apart from clean what it cannot look into (spec KEEP-VIRUS).

use fubako_vault::scanner::{
    Scanner,
    probe::{Fault, Sight, probe},
};
use tokio::time::timeout;

use super::{Finding, Looker, State, installation::PATIENCE};

impl Looker<'_> {
    pub(super) async fn scanner(&self) -> Vec<Finding> {
        let about = self.config.scanner.clamd.clone();
        let scanner = match Scanner::parse(&about) {
            Ok(Scanner::None) => return vec![Finding::new("scanner", State::Warning, "scanner-none", about)],
            Ok(scanner) => scanner,
            Err(error) => return vec![away(&about, error.to_string())],
        };
        match timeout(PATIENCE, probe(&scanner)).await {
            Ok(Ok(sight)) => findings(sight, &about),
            Ok(Err(error)) => vec![away(&about, error.to_string())],
            Err(_) => vec![away(&about, "no answer in time".to_owned())],
        }
    }
}

fn away(about: &str, cause: String) -> Finding {
    Finding::new("scanner", State::Wrong, "scanner-away", about).with("cause", cause)
}

fn findings(sight: Sight, about: &str) -> Vec<Finding> {
    let Some(found) = sight.found else { return vec![Finding::new("scanner", State::Wrong, "scanner-blind", about)] };
    let has = |fault| sight.faults.contains(&fault);
    let encrypted = if has(Fault::PassesEncrypted) {
        Finding::new("scanner", State::Wrong, "scanner-passes-encrypted", about)
    } else if has(Fault::StopsEarly) {
        Finding::new("scanner", State::Wrong, "scanner-stops-early", about)
    } else {
        Finding::new("scanner", State::Ok, "scanner-tells-encrypted", about)
    };
    let limits = if has(Fault::PassesLimits) {
        Finding::new("scanner", State::Wrong, "scanner-passes-limits", about)
    } else {
        Finding::new("scanner", State::Ok, "scanner-tells-limits", about)
    };
    vec![Finding::new("scanner", State::Ok, "scanner-finds", about).with("found", found), encrypted, limits]
}
