//! What is ordered of whom, and the folder in which it is kept.

use std::{
    fmt::Display,
    fs, io,
    path::{Path, PathBuf},
};

use encodify::base64;
use serde::{Serialize, de::DeserializeOwned};

use super::AcmeError;
use crate::{
    config::{Acme, Config},
    files,
    tls::Identity,
};

/// A key of the configuration, and what is wrong with its value.
pub type Wrong = (&'static str, String);

/// What is ordered, of whom.
#[derive(Clone)]
pub struct Settings {
    /// Where the directory is.
    pub directory: String,
    /// The names that the certificate is for, as A-labels in lower case; at least one.
    pub names: Vec<String>,
    /// `mailto:` addresses that the issuer may write to.
    pub contact: Vec<String>,
    /// The root certificate of the directory's own TLS; none is what the system trusts.
    pub trusted: Option<PathBuf>,
    /// The account with the issuer that ours belongs to: its id and its HMAC key (RFC 8555, 7.3.4).
    pub external: Option<(String, Vec<u8>)>,
    folder: PathBuf,
}

/// What has come.
pub(super) struct Issued {
    /// The chain in PEM, the listener's own first.
    pub(super) chain: String,
    /// Its private key in PEM.
    pub(super) key: String,
}

impl Settings {
    /// What `[tls.acme]` says; none where it is not switched on.
    ///
    /// # Errors
    /// The key, and what is wrong with it.
    pub fn of(config: &Config) -> Result<Option<Self>, Wrong> {
        let acme = &config.tls.acme;
        if !acme.terms_of_service_agreed {
            return Ok(None);
        }
        let contact = acme.contact.iter().map(|address| format!("mailto:{address}")).collect();
        Ok(Some(Self {
            directory: directory(acme)?,
            names: names(config)?,
            contact,
            trusted: acme.trusted_certificate.clone(),
            external: external(acme)?,
            folder: config.data_dir().join("tls/acme"),
        }))
    }

    /// The file with the key and the certificate's chain.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }

    /// Keeps what has come, if it is a certificate for its key and for our names.
    pub(super) fn keep(&self, issued: &Issued) -> Result<Identity, AcmeError> {
        let file = self.certificate();
        let fresh = self.folder.join("certificate.new");
        write(&fresh, format!("{}\n{}", issued.key, issued.chain).as_bytes())?;
        let identity = Identity::read_pair(&fresh)?;
        identity.certified()?;
        if let Some(name) = self.names.iter().find(|name| !identity.is_for(name)) {
            return Err(AcmeError::NotProven(name.clone(), "the certificate that came is not for it".to_owned()));
        }
        // One file, put in place as a whole: a key without its certificate is never there.
        fs::rename(&fresh, &file).map_err(|error| unusable(&file, &error))?;
        Ok(identity)
    }

    /// The account that is kept for this directory.
    pub(super) fn account<T: DeserializeOwned>(&self) -> Result<Option<T>, AcmeError> {
        let file = self.account_file();
        let text = match fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&file, &error)),
        };
        serde_json::from_slice(&text).map(Some).map_err(|error| unusable(&file, &error))
    }

    pub(super) fn keep_account(&self, account: &impl Serialize) -> Result<(), AcmeError> {
        let file = self.account_file();
        let text = serde_json::to_vec(account).map_err(|error| unusable(&file, &error))?;
        write(&file, &text)
    }

    /// Each directory has an account of its own: the file is named by the directory's host.
    fn account_file(&self) -> PathBuf {
        let place = self.directory.trim_start_matches("https://");
        let name: String = place.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' }).collect();
        self.folder.join(format!("account-{name}.json"))
    }
}

fn directory(acme: &Acme) -> Result<String, Wrong> {
    if acme.directory.starts_with("https://") {
        Ok(acme.directory.clone())
    } else {
        Err(("tls.acme.directory", "must begin with https://".to_owned()))
    }
}

/// The hosts that browsers are led to, and what is named besides.
fn names(config: &Config) -> Result<Vec<String>, Wrong> {
    let wrong = |key| move |reason| (key, reason);
    let public =
        config.public_host().ok_or(("tls.acme", "http.public_url must be https:// and a host name".to_owned()))?;
    let mut names = vec![public.to_ascii_lowercase()];
    names.extend(config.own_domains().map_err(wrong("http.own_domains"))?);
    for name in &config.tls.acme.names {
        names.push(crate::apply::ascii_domain(name).map_err(wrong("tls.acme.names"))?);
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    Ok(names)
}

fn external(acme: &Acme) -> Result<Option<(String, Vec<u8>)>, Wrong> {
    let wrong = |reason: &str| Err(("tls.acme.external_account_key", reason.to_owned()));
    match (&acme.external_account_id, &acme.external_account_key) {
        (None, None) => Ok(None),
        (Some(id), Some(key)) => match base64::URL_SAFE_NO_PAD.decode(key.0.trim_end_matches('=')) {
            Ok(key) if !key.is_empty() => Ok(Some((id.clone(), key))),
            _ => wrong("must be the key in base64url, as the issuer gives it"),
        },
        _ => wrong("external_account_id and external_account_key must be given together"),
    }
}

fn write(file: &Path, octets: &[u8]) -> Result<(), AcmeError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fubako_vault::make_folder(folder)
        .and_then(|()| files::write_private(file, octets))
        .map_err(|error| unusable(file, &error))
}

fn unusable(file: &Path, error: &impl Display) -> AcmeError {
    AcmeError::File(file.display().to_string(), error.to_string())
}
