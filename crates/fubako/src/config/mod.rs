//! The configuration: one TOML file, each key also an environment variable (`FUBAKO_HTTP__LISTEN`). With no file,
//! embedded defaults. Unknown keys are errors. Nothing else in the project knows this file.

#[cfg(test)]
mod reference;

use std::{
    net::Ipv6Addr,
    path::{Path, PathBuf},
};

use figment::{
    Figment,
    providers::{Env, Format as _, Serialized, Toml},
};
use fubako_base::{network::Networks, section::SecondFactor};

#[cfg(test)]
use reference::reference;

use crate::apply::ascii_domain;

/// The environment variable that names the configuration file.
pub const FILE_VARIABLE: &str = "FUBAKO_CONFIG";
/// Variables that begin so belong to the tests and are no configuration.
const TEST_PREFIX: &str = "FUBAKO_TEST_";
/// `gateway.give_up_hours` at most: a deposit that is never sent stays for 14 days.
const MOST_GIVE_UP_HOURS: u32 = 240;

/// A configuration that cannot be used; the text says which key and why.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or cannot be read.
    #[error("the configuration file {0} cannot be read: {1}")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// A key is unknown, or a value is not of its type.
    #[error("configuration: {}", without_secrets(.0))]
    Invalid(Box<figment::Error>),
    /// A value that is of its type and yet cannot be used.
    #[error("configuration: {key}: {reason}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// What is wrong, without the value of a key that is secret.
fn without_secrets(error: &figment::Error) -> String {
    const SECRET: [&str; 6] = ["master", "token", "gateway_token", "access_key", "secret_key", "external_account_key"];
    let key = error.path.join(".").to_lowercase();
    if error.path.last().is_some_and(|last| SECRET.contains(&last.to_lowercase().as_str())) {
        return format!(
            "{key} must be a text; in the environment, one that looks like a number is written in quotes: '\"123\"'"
        );
    }
    error.to_string()
}

/// Declares a table of the configuration: the struct, its defaults, and its rows in the reference, from one text.
macro_rules! table {
    ($(#[doc = $about:literal])* $name:ident [$path:literal] { $($(#[doc = $doc:literal])* $key:ident: $type:ty = $default:expr,)* }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[doc = $doc])* pub $key: $type,)* }

        impl Default for $name {
            fn default() -> Self { Self { $($key: $default,)* } }
        }

        impl $name {
            #[cfg(test)]
            const TABLE: reference::Table = reference::Table {
                path: $path,
                about: &[$($about),*],
                keys: &[$(reference::Key { name: stringify!($key), kind: stringify!($type), about: &[$($doc),*] },)*],
            };
        }
    };
}

table! {
    /// The top of the file.
    Top [""] {
        /// The folder in which database, files and keys live unless said otherwise. Made with mode 0700.
        data_dir: PathBuf = PathBuf::from("var"),
    }
}

table! {
    /// What people see as the service's name.
    Brand ["brand"] {
        /// The display name, in every page, notice and mail.
        name: String = "Fubako".to_owned(),
    }
}

table! {
    /// Pages and API.
    Http ["http"] {
        /// Address and port to listen on.
        listen: String = "127.0.0.1:8080".to_owned(),
        /// The address that recipients' links begin with: scheme, host and port alone. Absent: `http://` and the address listened on.
        public_url: Option<String> = None,
        /// Whether to speak TLS here, with the certificate of `[tls]`. Leave it off behind a reverse proxy that does.
        tls: bool = false,
        /// Addresses of reverse proxies: their `X-Forwarded-For` says whom a request comes from, and they may hold any number of connections.
        proxies: Vec<String> = vec!["127.0.0.1".to_owned(), "::1".to_owned()],
        /// Sections' own domains (the hosts of their `link_url`) that are served here: DNS leads them here, and `[tls]` or the proxy has a certificate for
        /// each. Under one there are its section's links and nothing else. The mail of a section whose own domain is not among them is stopped (`wrong-domain`).
        own_domains: Vec<String> = Vec::new(),
        /// Networks from which operators may use their screens, `192.0.2.0/24` or `2001:db8::/32`; none is anywhere. A section has a list of its own.
        operator_networks: Networks = Networks::default(),
    }
}

table! {
    /// Operators' accounts. What holds for a section's people, the section says.
    Accounts ["accounts"] {
        /// Whether operators must have a second factor, `optional` or `required`: whoever has none sets one up before anything else.
        operator_second_factor: SecondFactor = SecondFactor::default(),
    }
}

table! {
    /// Receiving mail.
    Smtp ["smtp"] {
        /// Our host name: in the banner, trace fields and Message-IDs. Absent: the host of `http.public_url`.
        hostname: Option<String> = None,
        /// Octets that a mail must stay below (spec RCV-SIZE).
        max_mail_size: u64 = 40 * 1024 * 1024,
        /// Recipients in one transaction.
        max_recipients: usize = 1000,
        /// Connections at once, each listener.
        max_connections: usize = 200,
        /// Seconds that a peer may take for a command; RFC 5321, 4.5.3.2.7 has 300.
        command_timeout_seconds: u32 = 300,
        /// Seconds that a peer may take between pieces of a mail; one that keeps below 1 KiB a second has as many in all.
        data_timeout_seconds: u32 = 180,
        /// The listener with STARTTLS.
        starttls: StarttlsListener = StarttlsListener::default(),
        /// The listener with implicit TLS.
        tls: TlsListener = TlsListener::default(),
    }
}

table! {
    /// How much mail is taken of whom (spec RCV-RATE). What is more gets a 4xx reply and comes again. Each process counts by itself; 0 is any number.
    Rate ["rate"] {
        /// Mails of a section in an hour.
        section_mails: u64 = 100_000,
        /// Recipients of a section's mails in an hour.
        section_recipients: u64 = 500_000,
        /// Mails of one sender in an hour.
        sender_mails: u64 = 50_000,
        /// Recipients of one sender's mails in an hour.
        sender_recipients: u64 = 250_000,
        /// Mails from one address (of IPv6: one network of 64 bits) in an hour.
        address_mails: u64 = 200_000,
        /// Recipients of mails from one address in an hour.
        address_recipients: u64 = 1_000_000,
        /// Connections at once of one address, each listener.
        address_connections: usize = 100,
        /// Failures in a row (mails refused for good, connections with too many wrong commands) within ten minutes, after which an address
        /// is blocked. One from which a mail was taken is not, for a day.
        address_failures: u32 = 50,
        /// Minutes for which it is.
        block_minutes: u32 = 15,
        /// Networks whose addresses have no limits of their own and are never blocked.
        exempt: Vec<String> = vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()],
    }
}

table! {
    /// The listener with STARTTLS.
    StarttlsListener ["smtp.starttls"] {
        /// Address and port; an empty text switches it off.
        listen: String = "127.0.0.1:2525".to_owned(),
        /// Whether TLS is mandatory before MAIL.
        require_tls: bool = false,
    }
}

table! {
    /// The listener with implicit TLS.
    TlsListener ["smtp.tls"] {
        /// Address and port; an empty text switches it off.
        listen: String = "127.0.0.1:2465".to_owned(),
    }
}

table! {
    /// The certificate of the SMTP listeners (and of HTTP with `http.tls`).
    Tls ["tls"] {
        /// A PEM file with the certificate chain. Absent: a self-signed one is made at first start, with a warning.
        certificate: Option<PathBuf> = None,
        /// A PEM file with the private key. Both files are read again when they change.
        key: Option<PathBuf> = None,
        /// The certificate by ACME.
        acme: Acme = Acme::default(),
    }
}

table! {
    /// The certificate of all our TLS, ordered and renewed by itself (ACME, RFC 8555), in place of files. Needs `http.tls`, `http.public_url`, and that
    /// the names lead to `http.listen` by port 443, where whoever issues looks whether they are ours (TLS-ALPN-01). For one machine: several behind a
    /// balancer have their certificate there. Key and account lie in `tls/acme` in the data folder.
    Acme ["tls.acme"] {
        /// `true` switches it on, and says that you agree to the issuer's terms of service.
        terms_of_service_agreed: bool = false,
        /// The issuer's directory.
        directory: String = "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
        /// Mail addresses that the issuer may write to.
        contact: Vec<String> = Vec::new(),
        /// Names beside the host of `http.public_url` and `http.own_domains`, such as `smtp.hostname`, if they lead here by port 443 too.
        names: Vec<String> = Vec::new(),
        /// A PEM file with the root certificate of the directory's own TLS, where the system does not trust it.
        trusted_certificate: Option<PathBuf> = None,
        /// The id of the account with the issuer that this one belongs to, where the issuer asks for one.
        external_account_id: Option<String> = None,
        /// Its HMAC key, in base64url.
        external_account_key: Option<Secret> = None,
    }
}

table! {
    /// Sending mail on.
    Relay ["relay"] {
        /// `host:port` that takes all mail. Absent: by MX.
        smarthost: Option<String> = None,
        /// TLS to the smarthost or, with MX, to every host: `opportunistic`, `mandatory` or `never`. With MX, DANE and MTA-STS
        /// can ask for more than `opportunistic` does; `never` switches them off.
        tls: String = "opportunistic".to_owned(),
        /// Recipient domains for which TLS with a valid certificate (by DANE, where the domain has it) is mandatory.
        mandatory_tls_domains: Vec<String> = Vec::new(),
        /// A PEM file with certificates that are trusted besides the platform's: for hosts whose certificate must be valid, and for the hosts of MTA-STS
        /// policies.
        trusted_certificates: Option<PathBuf> = None,
        /// Whether recipient domains are asked for their MTA-STS policies (RFC 8461), by HTTPS, and these honoured. Switch it
        /// off where HTTPS does not get out.
        mta_sts: bool = true,
        /// The port of the hosts of MTA-STS policies.
        mta_sts_port: u16 = 443,
        /// The port of hosts found by MX.
        port: u16 = 25,
        /// Hours after which a sender is told, once, that a mail is still on its way (unless NOTIFY says otherwise, RFC 3461); 0: never.
        delay_notice_hours: u32 = 4,
        /// Mails sent at once.
        workers: usize = 16,
    }
}

table! {
    /// Signing mail (DKIM).
    Dkim ["dkim"] {
        /// The domain that signs where a section has no key of its own. Absent: `smtp.hostname`.
        domain: Option<String> = None,
    }
}

table! {
    /// Mails of our own.
    Notices ["notices"] {
        /// The address that deposit notices and other mails of ours come from. Absent: `no-reply@` and `smtp.hostname`.
        from: Option<String> = None,
    }
}

table! {
    /// Name resolution.
    Dns ["dns"] {
        /// Servers as `address:port`. Absent: the system's.
        servers: Vec<String> = Vec::new(),
        /// Whether the servers validate DNSSEC, and the way to them is safe (on this host, or in a network that you trust): then
        /// they are believed when they say so (the AD bit), and DANE (RFC 7672) is honoured. Whoever can forge their answers could
        /// otherwise do away with a domain's MTA-STS too, so it must be said.
        validating: bool = false,
    }
}

table! {
    /// The database.
    Database ["database"] {
        /// `sqlite:FILE` (relative to `data_dir`) or `postgres://user:password@host/name`.
        url: Secret = Secret("sqlite:fubako.db".to_owned()),
    }
}

table! {
    /// Where sealed objects lie: files, and mails in hand.
    Files ["files"] {
        /// `file:FOLDER` (relative to `data_dir`) or `s3://bucket/prefix`.
        url: String = "file:files".to_owned(),
        /// S3: the endpoint. Absent: the one of AWS for the region.
        endpoint: Option<String> = None,
        /// S3: the region.
        region: Option<String> = None,
        /// S3: the access key. Absent: `AWS_ACCESS_KEY_ID`.
        access_key: Option<Secret> = None,
        /// S3: the secret key. Absent: `AWS_SECRET_ACCESS_KEY`.
        secret_key: Option<Secret> = None,
    }
}

table! {
    /// Keys.
    Keys ["keys"] {
        /// `file:PATH` (relative to `data_dir`; made at first start with mode 0600) or the master key itself, 64 hex digits
        /// (to be given as an environment variable, never in the file).
        master: Secret = Secret("file:keys/master.key".to_owned()),
    }
}

table! {
    /// The virus scanner.
    Scanner ["scanner"] {
        /// `unix:/path`, `tcp:host:port`, or `none`, which is said aloud at start and on every screen.
        clamd: String = "none".to_owned(),
    }
}

table! {
    /// `fubako check`.
    Check ["check"] {
        /// The time server (SNTP) that the clock is compared with, `host` or `host:port`; an empty text asks none.
        time_server: String = "ntp.nict.jp".to_owned(),
    }
}

table! {
    /// The exchange that the gateway deposits in.
    ExchangeLink ["exchange"] {
        /// The base URL of an exchange that runs elsewhere, `https://…`. Absent: the one in this process.
        url: Option<String> = None,
        /// A PEM file with a certificate that is trusted for it besides the platform's.
        certificate: Option<PathBuf> = None,
        /// The token that the other exchange has as `api.gateway_token`.
        token: Option<Secret> = None,
    }
}

table! {
    /// The public API.
    Api ["api"] {
        /// The token by which gateways elsewhere may deposit; at least 32 characters. Absent: only the gateway in this process.
        gateway_token: Option<Secret> = None,
    }
}

table! {
    /// Working on mails.
    Gateway ["gateway"] {
        /// Mails worked on at once.
        workers: usize = 4,
        /// Hours that a mail is tried while the exchange does not answer, at most 240; then its sender is told.
        give_up_hours: u32 = 24,
    }
}

table! {
    /// The log, on standard error.
    Log ["log"] {
        /// `text` or `json`.
        format: String = "text".to_owned(),
        /// What is logged: `error`, `warn`, `info`, `debug`, or a filter such as `info,fubako_post=debug`.
        level: String = "info".to_owned(),
    }
}

/// A value that is never shown.
#[derive(Clone, serde::Serialize, serde::Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The whole configuration.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "each table is described where it is declared")]
pub struct Config {
    pub data_dir: DataDir,
    pub brand: Brand,
    pub http: Http,
    pub accounts: Accounts,
    pub smtp: Smtp,
    pub rate: Rate,
    pub tls: Tls,
    pub relay: Relay,
    pub dkim: Dkim,
    pub notices: Notices,
    pub dns: Dns,
    pub database: Database,
    pub files: Files,
    pub keys: Keys,
    pub scanner: Scanner,
    pub check: Check,
    pub exchange: ExchangeLink,
    pub api: Api,
    pub gateway: Gateway,
    pub log: Log,
}

/// `data_dir`, with its default.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct DataDir(pub PathBuf);

impl Default for DataDir {
    fn default() -> Self {
        Self(Top::default().data_dir)
    }
}

impl Config {
    /// The configuration from `file` (or the file that `FUBAKO_CONFIG` names), then the environment, over the defaults.
    ///
    /// # Errors
    /// [`ConfigError`]: says which key, and where it comes from.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let named = std::env::var_os(FILE_VARIABLE).map(PathBuf::from);
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(path) = file.map(Path::to_path_buf).or(named) {
            let text = std::fs::read_to_string(&path).map_err(|e| ConfigError::Unreadable(path.clone(), e))?;
            figment = figment.merge(Toml::string(&text));
        }
        let environment = Env::prefixed("FUBAKO_")
            .filter(|key| {
                key != "CONFIG" && !format!("FUBAKO_{}", key.as_str().to_uppercase()).starts_with(TEST_PREFIX)
            })
            .split("__");
        let config: Self = figment.merge(environment).extract().map_err(|e| ConfigError::Invalid(Box::new(e)))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key, reason: &str| Err(ConfigError::Value { key, reason: reason.to_owned() });
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            return wrong("tls", "certificate and key must be given together");
        }
        if self.tls.acme.terms_of_service_agreed && (self.tls.certificate.is_some() || !self.http.tls) {
            return wrong("tls.acme", "needs http.tls, and goes without certificate and key in [tls]");
        }
        if let Err((key, reason)) = crate::acme::Settings::of(self) {
            return Err(ConfigError::Value { key, reason });
        }
        if self.exchange.url.is_some() != self.exchange.token.is_some() {
            return wrong("exchange", "url and token must be given together");
        }
        if self.exchange.url.as_ref().is_some_and(|url| !url.starts_with("https://")) {
            return wrong("exchange.url", "must begin with https://");
        }
        if self.api.gateway_token.as_ref().is_some_and(|t| t.0.len() < 32) {
            return wrong("api.gateway_token", "must have at least 32 characters");
        }
        self.check_numbers()?;
        if let Some(from) = &self.notices.from
            && from.rsplit_once('@').is_none_or(|(local, domain)| local.is_empty() || domain.is_empty())
        {
            return wrong("notices.from", "must be a mail address");
        }
        if !matches!(self.relay.tls.as_str(), "opportunistic" | "mandatory" | "never") {
            return wrong("relay.tls", "must be \"opportunistic\", \"mandatory\" or \"never\"");
        }
        if !matches!(self.log.format.as_str(), "text" | "json") {
            return wrong("log.format", "must be \"text\" or \"json\"");
        }
        if self.brand.name.trim().is_empty() || self.brand.name.chars().any(char::is_control) {
            return wrong("brand.name", "must be a name of visible characters");
        }
        if let Err(reason) = self.own_domains() {
            return Err(ConfigError::Value { key: "http.own_domains", reason });
        }
        if self.http.public_url.as_ref().is_some_and(|url| !is_origin(url)) {
            return wrong(
                "http.public_url",
                "must be https:// or http:// and a host, with nothing after it but a port",
            );
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), ConfigError> {
        let (smtp, relay) = (&self.smtp, &self.relay);
        let least = [
            ("smtp.max_mail_size", smtp.max_mail_size, 64 * 1024),
            ("smtp.max_recipients", smtp.max_recipients as u64, 1),
            ("smtp.max_connections", smtp.max_connections as u64, 1),
            ("smtp.command_timeout_seconds", u64::from(smtp.command_timeout_seconds), 1),
            ("smtp.data_timeout_seconds", u64::from(smtp.data_timeout_seconds), 1),
            ("relay.workers", relay.workers as u64, 1),
            ("gateway.workers", self.gateway.workers as u64, 1),
            ("gateway.give_up_hours", u64::from(self.gateway.give_up_hours), 1),
        ];
        if let Some((key, _, least)) = least.into_iter().find(|(_, value, least)| value < least) {
            return Err(ConfigError::Value { key, reason: format!("must be at least {least}") });
        }
        // What the exchange was given stays there for some days longer.
        if self.gateway.give_up_hours > MOST_GIVE_UP_HOURS {
            let reason = format!("must be at most {MOST_GIVE_UP_HOURS}");
            return Err(ConfigError::Value { key: "gateway.give_up_hours", reason });
        }
        Ok(())
    }

    /// `data_dir`.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir.0
    }

    /// The address that recipients' links begin with.
    #[must_use]
    pub fn public_url(&self) -> String {
        let scheme = if self.http.tls { "https" } else { "http" };
        self.http.public_url.clone().unwrap_or_else(|| format!("{scheme}://{}", self.http.listen))
    }

    /// The sections' own domains that are served, as A-labels in lower case.
    ///
    /// # Errors
    /// What is no domain.
    pub fn own_domains(&self) -> Result<Vec<String>, String> {
        self.http.own_domains.iter().map(|domain| ascii_domain(domain)).collect()
    }

    /// Our host name.
    #[must_use]
    pub fn hostname(&self) -> String {
        if let Some(name) = &self.smtp.hostname {
            return name.clone();
        }
        self.public_host().unwrap_or_else(|| "localhost".to_owned())
    }

    /// The host that recipients' links lead to; none where it has no name.
    #[must_use]
    pub fn public_host(&self) -> Option<String> {
        let url = self.public_url();
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        let is_name = !host.is_empty() && host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[');
        is_name.then(|| host.to_owned())
    }

    /// The address that mails of our own come from.
    #[must_use]
    pub fn notice_from(&self) -> String {
        self.notices.from.clone().unwrap_or_else(|| format!("no-reply@{}", self.hostname()))
    }
}

/// Whether this is where a site lies, and no place within it: pages, links and cookies are at its root.
fn is_origin(url: &str) -> bool {
    let Some(place) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else { return false };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (place, None),
    };
    let is_v6 = |host: &str| {
        host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).is_some_and(|h| h.parse::<Ipv6Addr>().is_ok())
    };
    let is_name =
        !host.is_empty() && host.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.'));
    (is_name || is_v6(host)) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::result_large_err)]

    use super::*;

    fn from_toml(text: &str) -> Result<Config, figment::Error> {
        Figment::from(Serialized::defaults(Config::default())).merge(Toml::string(text)).extract()
    }

    #[test]
    fn the_example_of_the_reference_is_read() {
        let config = from_toml("[http]\nlisten = \"127.0.0.1:1\"\npublic_url = \"https://files.example.jp\"\n[smtp.starttls]\nlisten = \"\"").unwrap();
        assert_eq!(config.hostname(), "files.example.jp");
        assert_eq!(config.notice_from(), "no-reply@files.example.jp");
        assert_eq!(config.smtp.starttls.listen, "");
        assert_eq!(config.smtp.tls.listen, "127.0.0.1:2465");
    }

    // spec: X-NOTICE
    #[test]
    fn links_begin_with_a_site_and_no_place_within_it() {
        for good in [
            "https://files.example.jp",
            "http://127.0.0.1:8080",
            "https://[::1]:8443",
            "https://[::1]",
            "https://localhost",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "files.example.jp",
            "ftp://a",
            "https://",
            "https://a/",
            "https://a/base",
            "https://a?b",
            "https://a#b",
            "https://u@a",
            "https://a:0",
            "https://a:x",
            "https://a:",
            "https://[::1",
            "https://文箱.example",
            "https://a b",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    // spec: X-NOTICE X-ACCOUNTS
    #[test]
    fn own_domains_and_networks_are_what_they_say() {
        let config = |text: &str| from_toml(&format!("[http]\n{text}"));
        let domains = |list: &str| config(&format!("own_domains = {list}")).unwrap();
        assert_eq!(domains("[\"Files.文箱.example\"]").own_domains().unwrap(), ["files.xn--7dv660c.example"]);
        for bad in
            ["[\"\"]", "[\"*.acme.example\"]", "[\"https://files.acme.example\"]", "[\"files.acme.example:8443\"]"]
        {
            assert!(domains(bad).check().is_err(), "{bad}");
        }
        assert!(config("operator_networks = [\"192.0.2.0/24\", \"::1\"]").unwrap().check().is_ok());
        let error = config("operator_networks = [\"192.0.2.9/24\"]").unwrap_err().to_string();
        assert!(error.contains("192.0.2.0/24"), "{error}");
        let required = from_toml("[accounts]\noperator_second_factor = \"required\"").unwrap();
        assert_eq!(required.accounts.operator_second_factor, SecondFactor::Required);
        assert_eq!(Config::default().accounts.operator_second_factor, SecondFactor::Optional);
        let error = from_toml("[accounts]\noperator_second_factor = \"never\"").unwrap_err().to_string();
        assert!(error.contains("required"), "{error}");
    }

    #[test]
    fn a_mail_is_not_tried_for_longer_than_its_files_are_kept() {
        let config = |hours| from_toml(&format!("[gateway]\ngive_up_hours = {hours}")).unwrap().check();
        assert!(config(MOST_GIVE_UP_HOURS).is_ok() && config(MOST_GIVE_UP_HOURS + 1).is_err() && config(0).is_err());
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        for text in ["colour = 1", "[http]\nlissen = \"x\"", "[smtp.starttls]\nfoo = 1", "[nowhere]"] {
            assert!(from_toml(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let config = from_toml("[api]\ngateway_token = \"0123456789012345678901234567890123456789\"").unwrap();
        assert!(!format!("{config:?}").contains("0123456789"));
    }

    // The reference is generated from the code; run with FUBAKO_TEST_BLESS=1 to write it afresh.
    #[test]
    fn the_reference_page_tells_the_truth() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
        if std::env::var_os("FUBAKO_TEST_BLESS").is_some() {
            std::fs::write(&path, reference()).unwrap();
        }
        let page = std::fs::read_to_string(&path).unwrap();
        assert!(
            page == reference(),
            "docs/configuration.md differs from the code: run `FUBAKO_TEST_BLESS=1 cargo test -p fubako reference` and commit it"
        );
    }
}
