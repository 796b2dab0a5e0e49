//! `fubako serve`: binds, wires, runs, and stops in order.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use fubako_base::Timestamp;
use fubako_exchange::Exchange;
use fubako_gateway::{
    receive::{Limits, Network, Quota, Receiver, ReceiverParts},
    worker,
};
use fubako_post::resolver::Resolver;
use fubako_smtp::server::{Config as SmtpConfig, Tls};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::{
    certificates::Certificates,
    config::Config,
    http, machine,
    parts::{self, At as _, Bells, Ground, Sights, StartError},
    tls::Identity,
};

/// How often expiry and erasure are looked after.
const CLOCK: Duration = Duration::from_secs(20);
/// When the first sweep is made after the start, and how often after that.
const FIRST_SWEEP: Duration = Duration::from_secs(600);
const SWEEP: Duration = Duration::from_secs(86_400);
/// How often the scanner is looked at, so that the log says what is wrong with it before a file waits for that.
const LOOK: Duration = Duration::from_secs(600);

/// A part of the whole that a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// SMTP listeners, and the work on mails
    Gateway,
    /// Pages and API, the work on mails, sending, and the jobs on a clock; no SMTP listener
    Exchange,
    /// The work on mails, sending, and the jobs on a clock; no listener
    Worker,
}

/// Which parts run here.
#[derive(Debug, Clone, Copy)]
struct Does {
    receive: bool,
    pages: bool,
    work: bool,
    expire: bool,
}

impl Does {
    fn of(role: Option<Role>) -> Self {
        let (receive, pages, work, expire) = match role {
            None => (true, true, true, true),
            Some(Role::Gateway) => (true, false, true, false),
            Some(Role::Exchange) => (false, true, true, true),
            Some(Role::Worker) => (false, false, true, true),
        };
        Self { receive, pages, work, expire }
    }
}

/// A running installation. Dropping it without [`Running::stop`] cuts everything off.
pub struct Running {
    /// Where pages are served.
    pub http: Option<SocketAddr>,
    /// Where SMTP with STARTTLS is served.
    pub starttls: Option<SocketAddr>,
    /// Where SMTP with implicit TLS is served.
    pub implicit: Option<SocketAddr>,
    /// The address that recipients' links begin with.
    pub public_url: String,
    /// Our certificate.
    pub identity: Arc<Identity>,
    /// What it works with.
    pub ground: Arc<Ground>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Running {
    /// Stops: takes nothing new, ends what is in hand, and returns.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
        self.ground.store.close().await;
    }

    /// Whether a part ended by itself, which none should.
    pub async fn failed(&mut self) {
        self.tasks.join_next().await;
    }
}

/// Listeners are bound before anything is made, so that a port in use is said at once.
struct Listeners {
    http: Option<TcpListener>,
    starttls: Option<TcpListener>,
    implicit: Option<TcpListener>,
}

impl Listeners {
    async fn bind(config: &Config, does: Does) -> Result<Self, StartError> {
        let (http, starttls, implicit) = (&config.http.listen, &config.smtp.starttls.listen, &config.smtp.tls.listen);
        Ok(Self {
            http: listen(does.pages, http, "http.listen").await?,
            starttls: listen(does.receive, starttls, "smtp.starttls.listen").await?,
            implicit: listen(does.receive, implicit, "smtp.tls.listen").await?,
        })
    }
}

async fn listen(wanted: bool, address: &str, key: &str) -> Result<Option<TcpListener>, StartError> {
    if !wanted || address.is_empty() {
        return Ok(None);
    }
    TcpListener::bind(address).await.map(Some).at(&format!("{key} = {address:?}"))
}

fn address(listener: Option<&TcpListener>) -> Option<SocketAddr> {
    listener.and_then(|l| l.local_addr().ok())
}

/// Starts the parts that `role` names (none: all) and returns once every listener is open.
///
/// # Errors
/// [`StartError`] says what must be mended.
pub async fn start(config: &Config, role: Option<Role>) -> Result<Running, StartError> {
    crate::tls::install_provider();
    let does = Does::of(role);
    let listeners = Listeners::bind(config, does).await?;
    let http_address = address(listeners.http.as_ref());
    let public_url = public_url(config, http_address);
    let ground = Arc::new(Ground::open(config).await?);
    ground.keyring.ensure_installation_keys(Timestamp::now()).await.at("dkim")?;
    ground.own_storage().await?;
    let certificates = Certificates::load(config)?;
    say_aloud(config, &certificates.identity);

    let bells = Bells::default();
    let token = parts::process_token()?;
    let exchange = parts::exchange(config, &ground, &public_url, &bells)?;
    let machine = machine::sight(config.data_dir().to_owned(), certificates.shown());
    let sights = Sights { check: crate::check::door(config, &ground)?, machine };
    let router = parts::web(config, &exchange, &token, Some(sights));
    let client = parts::api_client(config, router.clone(), &token)?;
    let gateway = parts::gateway(config, &ground, client, &bells);
    let dns = parts::resolver(config)?;
    let own = [address(listeners.starttls.as_ref()), address(listeners.implicit.as_ref())];
    let addresses = own.into_iter().flatten().collect();
    let office = parts::office(config, &ground, &gateway, &dns, addresses, &bells)?;

    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let identity = certificates.identity.clone();
    let running = |tasks: JoinSet<()>| Running {
        http: http_address,
        starttls: own[0],
        implicit: own[1],
        public_url: public_url.clone(),
        identity,
        ground: ground.clone(),
        stop,
        tasks,
    };
    let has_pages = listeners.http.is_some();
    if let Some(listener) = listeners.http {
        let tls = config.http.tls.then(|| certificates.http()).transpose().at("tls")?;
        let proxies = config.http.proxies.iter().map(|address| address.parse()).collect::<Result<_, _>>();
        let site = http::Site { router, tls, proxies: proxies.at("http.proxies")? };
        tasks.spawn(http::serve(listener, site, stopped.clone()));
    }
    let receiver = Arc::new(receiver(config, &ground, dns, &bells)?);
    for (listener, tls) in smtp_listeners(config, &certificates, listeners.starttls, listeners.implicit)? {
        let stop = http::stopped(stopped.clone());
        tasks.spawn(fubako_smtp::server::serve(listener, smtp_config(config, tls), receiver.clone(), stop));
    }
    if does.work {
        tasks.spawn(worker::run(gateway, config.gateway.workers, bells.gateway.clone(), stopped.clone()));
        let workers = config.relay.workers;
        let stop = stopped.clone();
        tasks.spawn(async move { office.run(workers, http::stopped(stop)).await });
    }
    tasks.spawn(certificates.keep(has_pages, stopped.clone()));
    tasks.spawn(clock(exchange.clone(), does.expire, stopped.clone()));
    // A gateway whose exchange runs elsewhere scans nothing.
    if config.exchange.url.is_none() {
        tasks.spawn(looks(exchange.clone(), stopped.clone()));
    }
    tasks.spawn(sweeps(exchange, stopped));
    Ok(running(tasks))
}

fn public_url(config: &Config, bound: Option<SocketAddr>) -> String {
    match (&config.http.public_url, bound) {
        (None, Some(address)) => format!("{}://{address}", if config.http.tls { "https" } else { "http" }),
        _ => config.public_url(),
    }
}

/// What an operator must know and may not overlook.
fn say_aloud(config: &Config, identity: &Identity) {
    if identity.self_signed && config.tls.acme.terms_of_service_agreed {
        tracing::warn!("no certificate has come yet (tls.acme): a self-signed one is used until then");
    } else if identity.self_signed {
        tracing::warn!("no certificate is configured (tls.certificate): a self-signed one is used");
    }
    if config.http.public_url.is_none() {
        tracing::warn!("no http.public_url is configured: recipients' links lead to {}", config.public_url());
    }
    if config.http.public_url.as_ref().is_some_and(|url| url.starts_with("http://")) {
        tracing::warn!(
            "http.public_url is plain HTTP: file passwords and files can be read on their way to recipients"
        );
    }
    if config.smtp.hostname.is_none() && config.http.public_url.is_none() {
        tracing::warn!("no smtp.hostname is configured: mails of our own come from {}", config.notice_from());
    }
    if config.scanner.clamd == "none" {
        tracing::warn!("no virus scanner is configured (scanner.clamd): files are NOT scanned");
    }
}

fn receiver(config: &Config, ground: &Ground, dns: Arc<Resolver>, bells: &Bells) -> Result<Receiver, StartError> {
    Ok(Receiver::new(ReceiverParts {
        store: ground.store.clone(),
        vault: ground.vault.clone(),
        dns,
        hostname: config.hostname(),
        limits: limits(config)?,
        wake: bells.gateway.clone(),
        clock: Arc::new(Timestamp::now),
    }))
}

fn limits(config: &Config) -> Result<Limits, StartError> {
    let rate = &config.rate;
    let quota = |mails, recipients| Quota { mails, recipients };
    let exempt: Option<Vec<Network>> = rate.exempt.iter().map(|network| self::network(network)).collect();
    Ok(Limits {
        section: quota(rate.section_mails, rate.section_recipients),
        sender: quota(rate.sender_mails, rate.sender_recipients),
        address: quota(rate.address_mails, rate.address_recipients),
        connections: rate.address_connections,
        failures: rate.address_failures,
        block_seconds: i64::from(rate.block_minutes) * 60,
        exempt: exempt.ok_or("networks are written as 192.0.2.0/24 or 2001:db8::/32").at("rate.exempt")?,
    })
}

/// An address alone is a network of one.
fn network(text: &str) -> Option<Network> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(width), |bits| bits.parse().ok())?;
    (bits <= width).then_some((address, bits))
}

fn smtp_listeners(
    config: &Config,
    certificates: &Certificates,
    starttls: Option<TcpListener>,
    implicit: Option<TcpListener>,
) -> Result<Vec<(TcpListener, Tls)>, StartError> {
    let tls = certificates.smtp().at("tls")?;
    let mandatory = config.smtp.starttls.require_tls;
    let starttls = starttls.map(|l| (l, Tls::Starttls { config: tls.clone(), mandatory }));
    let implicit = implicit.map(|l| (l, Tls::Implicit { config: tls.clone() }));
    Ok(starttls.into_iter().chain(implicit).collect())
}

fn smtp_config(config: &Config, tls: Tls) -> SmtpConfig {
    SmtpConfig {
        hostname: config.hostname(),
        tls,
        max_mail_size: config.smtp.max_mail_size,
        max_recipients: config.smtp.max_recipients,
        max_connections: config.smtp.max_connections,
        max_errors: 20,
        command_timeout: Duration::from_secs(u64::from(config.smtp.command_timeout_seconds)),
        data_timeout: Duration::from_secs(u64::from(config.smtp.data_timeout_seconds)),
    }
}

/// The jobs on a clock: deposits expire and announcements are mailed, where that is this process's work; and what was given up is erased, which is everybody's:
/// a gateway whose exchange runs elsewhere has a spool of its own.
async fn clock(exchange: Exchange, expire: bool, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if expire && let Err(error) = exchange.expire_due(Timestamp::now()).await {
            tracing::error!(%error, "deposits could not be expired");
        }
        if expire && let Err(error) = exchange.mail_announcements(Timestamp::now()).await {
            tracing::error!(%error, "announcements could not be mailed");
        }
        if let Err(error) = exchange.erase().await {
            tracing::error!(%error, "given-up objects could not be erased");
        }
        tokio::select! {
            () = tokio::time::sleep(CLOCK) => {}
            _ = stop.changed() => {}
        }
    }
}

/// The scanner is looked at from the start on: whether it is there, and tells what it cannot look into (spec KEEP-VIRUS).
async fn looks(exchange: Exchange, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let looked = tokio::select! {
            looked = exchange.look_at_scanner() => looked,
            _ = stop.changed() => return,
        };
        if let Err(cause) = looked {
            tracing::error!(cause, "the virus scanner cannot be used: files wait");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Leftovers are looked for once a day. Every node does: it is idempotent, and a gateway whose exchange runs elsewhere has a
/// storage of its own.
async fn sweeps(exchange: Exchange, mut stop: watch::Receiver<bool>) {
    let mut wait = FIRST_SWEEP;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.changed() => return,
        }
        wait = SWEEP;
        match exchange.sweep(Timestamp::now()).await {
            Ok(swept) => tracing::info!(swept, "looked for objects that no row refers to"),
            Err(error) => tracing::error!(%error, "objects that no row refers to could not be looked for"),
        }
    }
}
