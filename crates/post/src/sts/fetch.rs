//! The way to a policy: HTTPS, verified, without detours (RFC 8461, 3.3).

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use reqwest::{
    Client, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::CONTENT_TYPE,
    redirect,
};
use rustls::ClientConfig;

use super::MAX_POLICY;
use crate::resolver::Dns;

/// For all of it (RFC 8461, 3.3).
const TIMEOUT: Duration = Duration::from_secs(60);
/// For the connection: a mail waits meanwhile.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a policy did not come. For the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FetchFailure(pub String);

/// Gets the policy of a domain (an A-label name), at most [`MAX_POLICY`] octets.
pub trait Fetch: Send + Sync + 'static {
    /// The policy's text, from the domain's own policy host and no other.
    fn fetch<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<String, FetchFailure>>;
}

/// By HTTPS from `mta-sts.DOMAIN`. No redirect is followed, no proxy asked, nothing is kept.
pub struct HttpsFetch {
    client: Client,
    port: u16,
}

impl HttpsFetch {
    /// Names are resolved by `dns`, certificates verified by `tls`; `port` is 443, but in tests.
    ///
    /// # Errors
    /// [`FetchFailure`] where no client can be made.
    pub fn new(dns: Arc<dyn Dns>, tls: &ClientConfig, port: u16) -> Result<Self, FetchFailure> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .https_only(true)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(ByDns(dns)))
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| failure(&error))?;
        Ok(Self { client, port })
    }

    async fn get(&self, domain: &str) -> Result<String, FetchFailure> {
        let port = if self.port == 443 { String::new() } else { format!(":{}", self.port) };
        let url = format!("https://mta-sts.{domain}{port}/.well-known/mta-sts.txt");
        let mut response = self.client.get(url).send().await.map_err(|error| failure(&error))?;
        if response.status() != StatusCode::OK {
            return Err(FetchFailure(format!("the policy host answered {}", response.status())));
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("text/plain") {
            return Err(FetchFailure("the policy host answered with no plain text".to_owned()));
        }
        let mut octets = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| failure(&error))? {
            if octets.len() + piece.len() > MAX_POLICY {
                return Err(FetchFailure("the policy is too long".to_owned()));
            }
            octets.extend_from_slice(&piece);
        }
        String::from_utf8(octets).map_err(|_| FetchFailure("the policy is no text".to_owned()))
    }
}

impl Fetch for HttpsFetch {
    fn fetch<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<String, FetchFailure>> {
        Box::pin(self.get(domain))
    }
}

/// With its causes: the outermost says little.
fn failure(error: &reqwest::Error) -> FetchFailure {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    FetchFailure(text)
}

/// The post office's DNS for the HTTP client.
struct ByDns(Arc<dyn Dns>);

impl Resolve for ByDns {
    fn resolve(&self, name: Name) -> Resolving {
        let dns = Arc::clone(&self.0);
        Box::pin(async move {
            let found = dns.addresses(name.as_str()).await?;
            // Port 0 stands for the URL's.
            let addresses = found.records.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}
