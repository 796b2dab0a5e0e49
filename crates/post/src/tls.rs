//! What we ask of TLS towards next hops (spec MAIL-RELAY).

use std::sync::Arc;

use fubako_smtp::client::{Judge, Shown, TlsPolicy, judged_tls_config, unverified_tls_config};
use rustls::{
    ClientConfig,
    client::danger::ServerCertVerifier,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
};
use rustls_platform_verifier::Verifier;

use crate::{
    dane::{self, Dane, Tlsa},
    route::a_label,
    sts,
};

/// How much TLS towards a next hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// None.
    Never,
    /// Where it is offered, whatever the certificate (RFC 7435); without, where the handshake fails.
    #[default]
    Opportunistic,
    /// With a valid certificate for the host's name, or not at all.
    Mandatory,
}

/// The TLS settings of the post office.
#[derive(Clone)]
pub struct TlsSettings {
    /// For every next hop that `mandatory` does not name.
    pub mode: TlsMode,
    /// Recipients' domains and hosts for which TLS is mandatory: `example.jp`, or `*.example.jp` for everything below it.
    pub mandatory: Vec<String>,
    /// Verifies nothing: see [`unverified_tls_config`].
    pub opportunistic: Arc<ClientConfig>,
    /// Takes any certificate, and logs what `verifying` would have said.
    pub observing: Arc<ClientConfig>,
    /// Verifies: see [`verifying`].
    pub verifying: Arc<ClientConfig>,
}

/// What TLS towards one host must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// None.
    Never,
    /// Where it is offered, whatever the certificate; without, where the handshake fails.
    Opportunistic,
    /// The same, and what MTA-STS would refuse, were it not in testing, is logged.
    Observed,
    /// TLS, whatever the certificate: the host has TLSA records of which we can use none (RFC 7672, 2.2).
    Encrypted,
    /// TLS with a certificate that is valid for the host's name.
    Verified(By),
    /// TLS with a certificate that matches one of these.
    Dane(Vec<Tlsa>),
    /// The host gets no mail: the domain's MTA-STS policy does not name it.
    NotListed,
}

/// Who demands a valid certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Our own configuration.
    Configuration,
    /// The domain's MTA-STS policy (RFC 8461).
    MtaSts,
}

/// What the domain's MTA-STS policy says of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StsView {
    /// The policy's mode.
    pub mode: sts::Mode,
    /// Whether it names the host.
    pub listed: bool,
}

/// What TLS towards a host must be. DANE goes before MTA-STS (RFC 8461, 2) and satisfies our own demand for a valid certificate:
/// it proves the host as well, by its domain's own word. Records of no use prove nothing, so what else is demanded stands.
/// Where our configuration forbids TLS there is none.
#[must_use]
pub fn demand(mode: TlsMode, is_mandatory: bool, sts: Option<StsView>, dane: Dane) -> Demand {
    let by_configuration = is_mandatory || mode == TlsMode::Mandatory;
    let enforced = sts.filter(|sts| sts.mode == sts::Mode::Enforce);
    match dane {
        _ if mode == TlsMode::Never && !is_mandatory => Demand::Never,
        Dane::Usable(records) => Demand::Dane(records),
        _ if enforced.is_some_and(|sts| !sts.listed) => Demand::NotListed,
        _ if by_configuration => Demand::Verified(By::Configuration),
        _ if enforced.is_some() => Demand::Verified(By::MtaSts),
        Dane::Unusable => Demand::Encrypted,
        Dane::Absent if sts.is_some_and(|sts| sts.mode == sts::Mode::Testing) => Demand::Observed,
        Dane::Absent => Demand::Opportunistic,
    }
}

/// The settings cannot be made. For the log.
#[derive(Debug, thiserror::Error)]
#[error("TLS settings: {0}")]
pub struct InvalidTls(String);

impl TlsSettings {
    /// Settings with the two configurations made here; `roots` are trusted besides the platform's.
    ///
    /// # Errors
    /// [`InvalidTls`] where the platform's roots cannot be had or one of `roots` is no certificate.
    pub fn new(mode: TlsMode, mandatory: Vec<String>, roots: Vec<CertificateDer<'static>>) -> Result<Self, InvalidTls> {
        let opportunistic = unverified_tls_config().map_err(|error| InvalidTls(error.to_string()))?;
        let observing = judged_tls_config(Observer(Authorities::new(roots.clone())?)).map_err(invalid)?;
        Ok(Self { mode, mandatory, opportunistic, observing, verifying: verifying(roots)? })
    }

    /// A demand as the SMTP client takes it; none for [`Demand::NotListed`]. `names` are those that a certificate may have for which
    /// only DANE's trust anchor vouches.
    ///
    /// # Errors
    /// [`InvalidTls`], if the library were built without TLS 1.2 and 1.3.
    pub fn policy(&self, demand: Demand, names: Vec<ServerName<'static>>) -> Result<Option<TlsPolicy>, InvalidTls> {
        Ok(Some(match demand {
            Demand::Never => TlsPolicy::Never,
            Demand::Opportunistic => TlsPolicy::Opportunistic(Arc::clone(&self.opportunistic)),
            Demand::Observed => TlsPolicy::Opportunistic(Arc::clone(&self.observing)),
            Demand::Encrypted => TlsPolicy::Mandatory(Arc::clone(&self.opportunistic)),
            Demand::Verified(_) => TlsPolicy::Mandatory(Arc::clone(&self.verifying)),
            Demand::Dane(records) => TlsPolicy::Mandatory(dane::verifying(records, names).map_err(invalid)?),
            Demand::NotListed => return Ok(None),
        }))
    }

    /// Whether TLS is mandatory towards this name (a recipient's domain or a host).
    #[must_use]
    pub fn is_mandatory(&self, name: &str) -> bool {
        let Some(name) = a_label(name) else { return false };
        self.mandatory.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(parent) => a_label(parent).is_some_and(|parent| {
                name.strip_suffix(parent.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }),
            None => a_label(pattern).is_some_and(|whole| whole == name),
        })
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn invalid(error: rustls::Error) -> InvalidTls {
    InvalidTls(error.to_string())
}

/// TLS 1.3 and 1.2 with a certificate that the platform, or one of `roots`, vouches for.
///
/// # Errors
/// [`InvalidTls`] where the platform's roots cannot be had or one of `roots` is no certificate.
pub fn verifying(roots: Vec<CertificateDer<'static>>) -> Result<Arc<ClientConfig>, InvalidTls> {
    judged_tls_config(Authorities::new(roots)?).map_err(invalid)
}

/// The platform's authorities, and some more.
#[derive(Debug)]
pub struct Authorities(Verifier);

impl Authorities {
    /// The platform's, and `roots`.
    ///
    /// # Errors
    /// [`InvalidTls`] where the platform's cannot be had or one of `roots` is no certificate.
    pub fn new(roots: Vec<CertificateDer<'static>>) -> Result<Self, InvalidTls> {
        Verifier::new_with_extra_roots(roots, Arc::new(aws_lc_rs::default_provider())).map(Self).map_err(invalid)
    }
}

impl Judge for Authorities {
    fn judge(&self, shown: Shown<'_>) -> Result<(), rustls::Error> {
        let Shown { end_entity, chain, name, ocsp, now } = shown;
        self.0.verify_server_cert(end_entity, chain, name, ocsp, now).map(drop)
    }
}

/// Takes what the authorities refuse, and says so: MTA-STS in testing.
#[derive(Debug)]
struct Observer(Authorities);

impl Judge for Observer {
    fn judge(&self, shown: Shown<'_>) -> Result<(), rustls::Error> {
        if let Err(error) = self.0.judge(shown) {
            tracing::warn!(host = ?shown.name, %error, "MTA-STS in testing: the certificate would be refused");
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    // spec: MAIL-RELAY
    #[test]
    fn mandatory_names_are_whole_names_or_everything_below_one() {
        let config = unverified_tls_config().unwrap();
        let settings = TlsSettings {
            mode: TlsMode::Opportunistic,
            mandatory: vec!["Bank.example".into(), "*.Gov.example".into(), "日本語.jp".into()],
            opportunistic: Arc::clone(&config),
            observing: Arc::clone(&config),
            verifying: config,
        };
        for name in ["bank.example", "BANK.example.", "a.gov.example", "a.b.gov.example", "xn--wgv71a119e.jp"] {
            assert!(settings.is_mandatory(name), "{name}");
        }
        for name in ["mx.bank.example", "gov.example", "agov.example", ".gov.example", "other", ""] {
            assert!(!settings.is_mandatory(name), "{name}");
        }
    }

    // spec: MAIL-RELAY
    #[test]
    fn the_strongest_reason_wins() {
        use sts::Mode::{Enforce, Testing};
        let record = || Tlsa { usage: 3, selector: 1, matching: 1, data: vec![7; 32] };
        let usable = || Dane::Usable(vec![record()]);
        let listed = |mode| Some(StsView { mode, listed: true });
        let not_listed = |mode| Some(StsView { mode, listed: false });
        let (may, must, never) = (TlsMode::Opportunistic, TlsMode::Mandatory, TlsMode::Never);
        let verified = Demand::Verified;
        for (mode, mandatory, sts, dane, wanted) in [
            (may, false, None, Dane::Absent, Demand::Opportunistic),
            (may, false, None, Dane::Unusable, Demand::Encrypted),
            (may, false, None, usable(), Demand::Dane(vec![record()])),
            (may, true, None, Dane::Absent, verified(By::Configuration)),
            (may, true, None, Dane::Unusable, verified(By::Configuration)),
            (may, true, None, usable(), Demand::Dane(vec![record()])),
            (must, false, None, Dane::Absent, verified(By::Configuration)),
            (may, false, listed(Testing), Dane::Absent, Demand::Observed),
            (may, false, not_listed(Testing), Dane::Absent, Demand::Observed),
            (may, false, listed(Testing), Dane::Unusable, Demand::Encrypted),
            (may, false, listed(Enforce), Dane::Absent, verified(By::MtaSts)),
            (may, false, listed(Enforce), Dane::Unusable, verified(By::MtaSts)),
            (may, false, not_listed(Enforce), Dane::Absent, Demand::NotListed),
            (may, false, not_listed(Enforce), Dane::Unusable, Demand::NotListed),
            (must, true, not_listed(Enforce), Dane::Absent, Demand::NotListed),
            (may, false, not_listed(Enforce), usable(), Demand::Dane(vec![record()])),
            (never, false, listed(Enforce), usable(), Demand::Never),
            (never, true, None, Dane::Absent, verified(By::Configuration)),
            (never, true, None, usable(), Demand::Dane(vec![record()])),
        ] {
            assert_eq!(demand(mode, mandatory, sts, dane.clone()), wanted, "{mode:?} {mandatory} {sts:?} {dane:?}");
        }
    }
}
