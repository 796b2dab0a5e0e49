//! The house put together from its configuration: database, vault, keys, exchange, gateway, post office.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use fubako_api::{Client, Transport};
use fubako_base::{
    Timestamp, hex,
    ids::{NodeId, SectionId},
    secret,
};
use fubako_exchange::{Exchange, ExchangeParts, sections::domains::Records};
use fubako_gateway::Gateway;
use fubako_mail::reader::Limits;
use fubako_post::{
    deliver::Transport as PostTransport,
    keyring::Keyring,
    office::{Office, OfficeParts, Timing},
    resolver::{Dns, Resolver},
    route::{Router, Smarthost},
    sts::{fetch::HttpsFetch, keep::Policies},
    tls::{TlsMode, TlsSettings},
};
use fubako_store::{Store, audit::Entry};
use fubako_vault::{
    OwnError, Vault,
    keys::MasterKey,
    scanner::Scanner,
    storage::{S3Options, Storage},
};
use fubako_web::{GatewayTokens, SetUpCheck, WebState};
use futures::future::BoxFuture;
use tokio::sync::Notify;

use crate::{
    config::{Config, Secret},
    tls,
};

/// Something that must be mended before the program can run; the text says what.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

/// Turns any error into a [`StartError`] that says at what it happened.
pub trait At<T> {
    /// The value, or the error with `what` before it.
    ///
    /// # Errors
    /// [`StartError`].
    fn at(self, what: &str) -> Result<T, StartError>;
}

impl<T, E: std::fmt::Display> At<T> for Result<T, E> {
    fn at(self, what: &str) -> Result<T, StartError> {
        self.map_err(|error| StartError(format!("{what}: {error}")))
    }
}

/// What every command that touches the installation works with.
pub struct Ground {
    /// The database.
    pub store: Store,
    /// The sealed objects.
    pub vault: Vault,
    /// DKIM keys.
    pub keyring: Keyring,
}

impl Ground {
    /// Opens what is there, for commands that look at an installation and must not make one.
    ///
    /// # Errors
    /// [`StartError`], also where there is no installation yet.
    pub async fn existing(config: &Config) -> Result<Self, StartError> {
        if let Some(file) = config.database.url.0.strip_prefix("sqlite:") {
            let file = config.data_dir().join(file);
            if !file.exists() {
                return Err(StartError(format!("there is no installation: {} does not exist", file.display())));
            }
        }
        Self::open(config).await
    }

    /// Opens database, storage and keys, making them at first start.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn open(config: &Config) -> Result<Self, StartError> {
        let data_dir = config.data_dir();
        fubako_vault::make_folder(data_dir).at(&format!("data_dir {}", data_dir.display()))?;
        let store = Store::open(&config.database.url.0, data_dir).await.at("database")?;
        let storage = Storage::open(&config.files.url, data_dir, &s3_options(config)).await.at("files")?;
        let has_keys = store.section_key(&SectionId::installation()).await.at("database")?.is_some();
        let master = master_key(config, has_keys)?;
        let vault = Vault::new(storage, &master, Arc::new(store.clone())).at("keys")?;
        vault.check_master_key(&SectionId::installation()).await.at("keys.master")?;
        fubako_exchange::audit::open_log(&store, &vault, Timestamp::now()).await.at("audit")?;
        let domain = config.dkim.domain.clone().unwrap_or_else(|| config.hostname());
        let keyring = Keyring::new(store.clone(), vault.clone(), &domain);
        Ok(Self { store, vault, keyring })
    }

    /// Makes sure that no other installation uses this one's storage. A storage that is away is no reason not to start:
    /// mails are refused for the time being, and nothing is swept before it has been asked.
    ///
    /// # Errors
    /// [`StartError`] where the storage is another's.
    pub async fn own_storage(&self) -> Result<(), StartError> {
        match self.vault.own_storage(&SectionId::installation()).await {
            Err(error @ OwnError::Other) => Err(error).at("files"),
            Err(OwnError::Unknown(error)) => {
                tracing::warn!(%error, "the storage does not answer");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

fn s3_options(config: &Config) -> S3Options {
    let files = &config.files;
    S3Options {
        endpoint: files.endpoint.clone(),
        region: files.region.clone(),
        access_key: files.access_key.as_ref().map(|s| s.0.clone()),
        secret_key: files.secret_key.as_ref().map(|s| s.0.clone()),
        ..S3Options::default()
    }
}

/// The master key. A new one is made at the first start only: where the database has keys already that an older one wraps, a new
/// one would open none of them.
fn master_key(config: &Config, has_keys: bool) -> Result<MasterKey, StartError> {
    let Secret(setting) = &config.keys.master;
    match setting.strip_prefix("file:") {
        Some(path) => {
            let path = config.data_dir().join(path);
            if has_keys {
                return MasterKey::from_file(&path)
                    .at("keys.master: the key that this database was made with is wanted");
            }
            if let Some(folder) = path.parent() {
                fubako_vault::make_folder(folder).at("keys.master")?;
            }
            MasterKey::from_file_or_new(&path).at("keys.master")
        }
        None => MasterKey::from_text(setting).at("keys.master"),
    }
}

/// What wakes the workers.
#[derive(Clone, Default)]
pub struct Bells {
    /// A mail was accepted.
    pub gateway: Arc<Notify>,
    /// Something was queued.
    pub post: Arc<Notify>,
}

impl Bells {
    fn post(&self) -> Arc<dyn Fn() + Send + Sync> {
        let bell = self.post.clone();
        Arc::new(move || bell.notify_one())
    }
}

/// The selector of keys that are made on screens, as of those that a declaration names no other for: `-rsa` and `-ed25519` follow it.
pub const SELECTOR: &str = "fubako";

/// The way to the keys of sections' domains, for their screens.
struct DomainKeys(Keyring);

impl fubako_exchange::sections::domains::DomainKeys for DomainKeys {
    fn records(&self, section: &SectionId, domain: &str) -> BoxFuture<'static, Result<Records, String>> {
        let (keyring, section, domain) = (self.0.clone(), section.clone(), domain.to_owned());
        Box::pin(async move { keyring.records(&section, &domain).await.map_err(|error| error.to_string()) })
    }

    fn make(
        &self,
        section: &SectionId,
        domain: &str,
        entry: Entry,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<(), String>> {
        let (keyring, section, domain) = (self.0.clone(), section.clone(), domain.to_owned());
        Box::pin(async move {
            let made = keyring.make_domain_keys(&section, &domain, SELECTOR, &[entry], now).await;
            made.map(drop).map_err(|error| error.to_string())
        })
    }
}

/// The exchange of this process.
///
/// # Errors
/// [`StartError`] when the scanner's address is none.
pub fn exchange(config: &Config, ground: &Ground, public_url: &str, bells: &Bells) -> Result<Exchange, StartError> {
    let scanner = Scanner::parse(&config.scanner.clamd).at("scanner.clamd")?;
    let keyring = ground.keyring.clone();
    let notice_from = config.notice_from();
    let domain = domain_of(&notice_from);
    Ok(Exchange::new(ExchangeParts {
        store: ground.store.clone(),
        vault: ground.vault.clone(),
        scanner,
        brand: config.brand.name.clone(),
        public_url: public_url.to_owned(),
        own_domains: config.own_domains().at("http.own_domains")?,
        operator_networks: config.http.operator_networks.clone(),
        operator_second_factor: config.accounts.operator_second_factor,
        notice_from,
        hostname: config.hostname(),
        max_file_size: 2 << 30,
        wake_post: bells.post(),
        sign: Arc::new(move |section, octets: Bytes| {
            let (keyring, domain) = (keyring.clone(), domain.clone());
            Box::pin(async move {
                let mut signer = keyring.signer_for(&section, &domain).await.map_err(|e| e.to_string())?;
                signer.write(&octets);
                signer.finish().map_err(|e| e.to_string())
            })
        }),
        domain_keys: Arc::new(DomainKeys(ground.keyring.clone())),
    }))
}

/// The token by which the gateway of this process speaks to the exchange of this process.
///
/// # Errors
/// [`StartError`] where the system gives no random octets.
pub fn process_token() -> Result<String, StartError> {
    let mut octets = [0; 32];
    secret::fill(&mut octets).at("random source")?;
    Ok(hex::encode(&octets))
}

/// What pages look at besides the exchange.
pub struct Sights {
    /// Looks at a section's set-up.
    pub check: SetUpCheck,
    /// Looks at what this process runs on.
    pub machine: fubako_web::Sight,
}

/// Pages and API of this process; `token` admits the gateway of this process. Without sights the pages have no set-up check, and know nothing of the machine.
pub fn web(config: &Config, exchange: &Exchange, token: &str, sights: Option<Sights>) -> axum::Router {
    let elsewhere = config.api.gateway_token.as_ref().map(|t| t.0.as_str());
    let tokens = GatewayTokens::new([Some(token), elsewhere].into_iter().flatten());
    let state = WebState::new(exchange.clone(), tokens);
    fubako_web::router(match sights {
        Some(Sights { check, machine }) => state.with_check(check).on_machine(machine),
        None => state,
    })
}

/// The API's client: straight into `router`, or to the exchange that is configured elsewhere.
///
/// # Errors
/// [`StartError`] when TLS cannot be set up.
pub fn api_client(config: &Config, router: axum::Router, token: &str) -> Result<Client, StartError> {
    match (&config.exchange.url, &config.exchange.token) {
        (Some(url), Some(token)) => {
            let extra = config.exchange.certificate.as_deref().map(tls::certificates).transpose();
            let verifying = fubako_post::tls::verifying(extra.at("exchange.certificate")?.unwrap_or_default());
            let http = reqwest::Client::builder()
                .tls_backend_preconfigured(Arc::unwrap_or_clone(verifying.at("exchange")?))
                // A redirect would carry the file password and the token elsewhere.
                .redirect(reqwest::redirect::Policy::none())
                .https_only(true)
                .no_proxy()
                .connect_timeout(Duration::from_secs(10))
                .build()
                .at("exchange.url")?;
            let base = url.trim_end_matches('/').to_owned();
            Ok(Client::new(Transport::Https { http, base }, &token.0))
        }
        _ => {
            let router = router.layer(axum::Extension(fubako_web::InProcess));
            Ok(Client::new(Transport::InProcess { router }, token))
        }
    }
}

/// The gateway of this process.
pub fn gateway(config: &Config, ground: &Ground, client: Client, bells: &Bells) -> Gateway {
    let keyring = ground.keyring.clone();
    Gateway {
        store: ground.store.clone(),
        vault: ground.vault.clone(),
        exchange: client,
        signer_for: Arc::new(move |section, domain| {
            let keyring = keyring.clone();
            Box::pin(async move { keyring.signer_for(&section, &domain).await.map_err(|e| e.to_string()) })
        }),
        brand: config.brand.name.clone(),
        hostname: config.hostname(),
        notice_from: config.notice_from(),
        limits: Limits::default(),
        give_up_after: i64::from(config.gateway.give_up_hours) * 3600,
        clock: Arc::new(Timestamp::now),
        wake_post: bells.post(),
    }
}

/// The DNS that everything in this process asks: the post office for the way of mails, and the receiver for the verdict on them.
///
/// # Errors
/// [`StartError`].
pub fn resolver(config: &Config) -> Result<Arc<Resolver>, StartError> {
    let servers: Result<Vec<SocketAddr>, _> = config.dns.servers.iter().map(|s| s.parse()).collect();
    Resolver::new(&servers.at("dns.servers")?, config.dns.validating).map(Arc::new).at("dns")
}

/// The post office of this process.
///
/// # Errors
/// [`StartError`].
pub fn office(
    config: &Config,
    ground: &Ground,
    gateway: &Gateway,
    dns: &Arc<Resolver>,
    own_addresses: Vec<SocketAddr>,
    bells: &Bells,
) -> Result<Office, StartError> {
    let dns: Arc<dyn Dns> = dns.clone();
    let smarthost: Option<Smarthost> =
        config.relay.smarthost.as_deref().map(str::parse).transpose().at("relay.smarthost")?;
    let tls = tls_settings(config)?;
    let gateway = gateway.clone();
    Ok(Office::new(OfficeParts {
        store: ground.store.clone(),
        vault: ground.vault.clone(),
        keyring: ground.keyring.clone(),
        transport: PostTransport {
            router: Router {
                dns: dns.clone(),
                smarthost,
                port: config.relay.port,
                own_names: vec![config.hostname()],
                own_addresses,
            },
            sts: sts_policies(config, ground, &dns, &tls)?,
            tls,
            helo: config.hostname(),
            timeout: Duration::from_secs(120),
        },
        returned_mail: Arc::new(move |mail| {
            let gateway = gateway.clone();
            Box::pin(async move { gateway.returned(mail).await })
        }),
        brand: config.brand.name.clone(),
        notice_from: config.notice_from(),
        hostname: config.hostname(),
        node: NodeId::generate().to_string(),
        bell: bells.post.clone(),
        clock: Arc::new(Timestamp::now),
        timing: Timing { delay_notice: delay_notice(config), ..Timing::default() },
    }))
}

fn delay_notice(config: &Config) -> Option<Duration> {
    let hours = u64::from(config.relay.delay_notice_hours);
    (hours > 0).then(|| Duration::from_secs(hours * 3600))
}

fn tls_settings(config: &Config) -> Result<TlsSettings, StartError> {
    let mode = match config.relay.tls.as_str() {
        "never" => TlsMode::Never,
        "mandatory" => TlsMode::Mandatory,
        _ => TlsMode::Opportunistic,
    };
    let roots = config.relay.trusted_certificates.as_deref().map(tls::certificates).transpose();
    let roots = roots.at("relay.trusted_certificates")?.unwrap_or_default();
    TlsSettings::new(mode, config.relay.mandatory_tls_domains.clone(), roots).at("relay.tls")
}

/// MTA-STS is about the hosts that a domain's MX records name, so with a smarthost it is the smarthost's to honour.
fn sts_policies(
    config: &Config,
    ground: &Ground,
    dns: &Arc<dyn Dns>,
    tls: &TlsSettings,
) -> Result<Option<Arc<Policies>>, StartError> {
    if !config.relay.mta_sts || config.relay.smarthost.is_some() {
        return Ok(None);
    }
    let fetch = HttpsFetch::new(dns.clone(), &tls.verifying, config.relay.mta_sts_port).at("relay.mta_sts")?;
    let clock = Arc::new(Timestamp::now);
    Ok(Some(Arc::new(Policies::new(ground.store.clone(), dns.clone(), Arc::new(fetch), clock))))
}

fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map_or("", |(_, domain)| domain).to_owned()
}
