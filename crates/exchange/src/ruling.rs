//! What the scanner's word on a file means for a section, the same on the way in and on the way out (spec KEEP-VIRUS).

use fubako_base::{
    section::Settings,
    unchecked::{Unchecked, UncheckedRule},
};
use fubako_vault::scanner::Verdict;

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// It passes; with the reason why nobody looked into the whole of it, where nobody did.
    Pass(Option<Unchecked>),
    /// It is stopped: nobody looked into the whole of it, and the section lets no such file pass.
    Stop(Unchecked),
    /// It is stopped, whatever the section says: this was found in it.
    Infected(String),
}

/// What becomes of a file of which the scanner says this.
pub(crate) fn ruling(verdict: Verdict, settings: &Settings) -> Ruling {
    let reason = match verdict {
        Verdict::Clean => return Ruling::Pass(None),
        Verdict::Found { name } => return Ruling::Infected(name),
        Verdict::Encrypted => Unchecked::Encrypted,
        Verdict::LimitsExceeded => Unchecked::ScanLimit,
    };
    match settings.rule_for(reason) {
        UncheckedRule::Stop => Ruling::Stop(reason),
        UncheckedRule::Pass => Ruling::Pass(Some(reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: KEEP-VIRUS
    #[test]
    fn a_section_decides_on_what_is_unchecked_and_on_nothing_else() {
        let found = || Verdict::Found { name: "Eicar".into() };
        for encrypted_files in [UncheckedRule::Stop, UncheckedRule::Pass] {
            for files_past_scan_limits in [UncheckedRule::Stop, UncheckedRule::Pass] {
                let settings = Settings { encrypted_files, files_past_scan_limits, ..Settings::default() };
                assert_eq!(ruling(Verdict::Clean, &settings), Ruling::Pass(None));
                assert_eq!(ruling(found(), &settings), Ruling::Infected("Eicar".into()));
                for (verdict, rule, reason) in [
                    (Verdict::Encrypted, encrypted_files, Unchecked::Encrypted),
                    (Verdict::LimitsExceeded, files_past_scan_limits, Unchecked::ScanLimit),
                ] {
                    let expected = match rule {
                        UncheckedRule::Stop => Ruling::Stop(reason),
                        UncheckedRule::Pass => Ruling::Pass(Some(reason)),
                    };
                    assert_eq!(ruling(verdict, &settings), expected);
                }
            }
        }
    }

    // spec: KEEP-VIRUS
    #[test]
    fn a_section_that_says_nothing_lets_nothing_unchecked_pass() {
        let settings = Settings::default();
        assert_eq!(ruling(Verdict::Encrypted, &settings), Ruling::Stop(Unchecked::Encrypted));
        assert_eq!(ruling(Verdict::LimitsExceeded, &settings), Ruling::Stop(Unchecked::ScanLimit));
    }
}
