//! The listeners' certificate: where it comes from, and what keeps it good while they listen.

use std::{path::PathBuf, sync::Arc, time::Duration};

use rustls::ServerConfig;
use tokio::sync::watch;

use crate::{
    acme::{self, Challenges},
    config::Config,
    parts::{At as _, StartError},
    tls::{self, Identity, Shown, TlsError},
};

/// How often files that others renew are looked at.
const LOOK: Duration = Duration::from_secs(20);

/// The certificate, and where the next will come from.
pub struct Certificates {
    /// The one at the start.
    pub identity: Arc<Identity>,
    shown: Arc<Shown>,
    source: Source,
}

enum Source {
    /// We made it: it stays.
    OurOwn,
    /// The operator's files, chain and key, which somebody renews.
    Files(PathBuf, PathBuf),
    /// It is ordered.
    Acme(acme::Settings, Arc<Challenges>),
}

impl Certificates {
    /// The operator's files, what ACME brought last, or a self-signed one.
    ///
    /// # Errors
    /// [`StartError`] says which file, and why.
    pub fn load(config: &Config) -> Result<Self, StartError> {
        let files = config.tls.certificate.as_deref().zip(config.tls.key.as_deref());
        let ordered = acme::Settings::of(config).map_err(|(_, reason)| reason).at("tls.acme")?;
        // One that cannot be used is ordered afresh.
        let kept = ordered.as_ref().and_then(|settings| Identity::read_pair(&settings.certificate()).ok());
        let identity = match kept.filter(|identity| identity.certified().is_ok()) {
            Some(kept) => kept,
            None => Identity::load(files, config.data_dir(), &config.hostname()).at("tls")?,
        };
        let shown = Arc::new(Shown::new(&identity).at("tls")?);
        let source = match (ordered, files) {
            (Some(settings), _) => Source::Acme(settings, Arc::new(Challenges::new(shown.clone()))),
            (None, Some((certificate, key))) => Source::Files(certificate.to_owned(), key.to_owned()),
            (None, None) => Source::OurOwn,
        };
        Ok(Self { identity: Arc::new(identity), shown, source })
    }

    /// The certificate that is shown, now and later.
    #[must_use]
    pub fn shown(&self) -> Arc<Shown> {
        Arc::clone(&self.shown)
    }

    /// What the HTTPS listener speaks.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn http(&self) -> Result<Arc<ServerConfig>, TlsError> {
        match &self.source {
            Source::Acme(_, challenges) => tls::server(challenges.clone(), &[b"h2", b"http/1.1", acme::PROTOCOL]),
            Source::OurOwn | Source::Files(..) => tls::server(self.shown.clone(), &[b"h2", b"http/1.1"]),
        }
    }

    /// What the SMTP listeners speak.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn smtp(&self) -> Result<Arc<ServerConfig>, TlsError> {
        tls::server(self.shown.clone(), &[])
    }

    /// Keeps the certificate good until `stop` turns true. It is ordered by the process that `has_pages`, and read by the others.
    pub async fn keep(self, has_pages: bool, mut stop: watch::Receiver<bool>) {
        match self.source {
            Source::Acme(settings, challenges) if has_pages => {
                acme::keep(settings, challenges, self.shown, stop).await;
            }
            Source::Acme(settings, _) => {
                let file = settings.certificate();
                follow(|| Identity::read_pair(&file), &self.identity, &self.shown, stop).await;
            }
            Source::Files(certificate, key) => {
                let read = || Identity::read(&certificate, &key);
                follow(read, &self.identity, &self.shown, stop).await;
            }
            Source::OurOwn => {
                let _ = stop.wait_for(|stopped| *stopped).await;
            }
        }
    }
}

/// Shows what stands in files whenever it is another certificate. What cannot be used is said once and not shown.
async fn follow(
    read: impl Fn() -> Result<Identity, TlsError>,
    first: &Identity,
    shown: &Shown,
    mut stop: watch::Receiver<bool>,
) {
    let mut last = first.chain().to_vec();
    let mut said = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.wait_for(|stopped| *stopped) => return,
        }
        let done = match read() {
            Ok(identity) if identity.chain() == last => Ok(()),
            Ok(identity) => shown.replace(&identity).map(|()| {
                last = identity.chain().to_vec();
                tracing::info!("the certificate's files have changed: the new one is shown");
            }),
            Err(error) => Err(error),
        };
        let error = done.err().map(|error| error.to_string());
        if let Some(error) = error.as_ref().filter(|_| error != said) {
            tracing::warn!(error, "the certificate's files have changed and cannot be used: the one before is shown");
        }
        said = error;
    }
}
