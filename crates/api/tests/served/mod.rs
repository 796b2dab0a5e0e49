//! An exchange with its API served, and a client over each transport.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{ops::Deref, sync::Arc};

use axum::Router;
use fubako_api::{Client, DepositRequest, Transport, wire::Person};
use fubako_base::Lang;
use fubako_testkit::house::{House, PASSWORD};
use fubako_web::api::{GatewayTokens, router_on};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use rustls::{ClientConfig, RootCertStore, ServerConfig, pki_types::PrivateKeyDer};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

pub const TOKEN: &str = "a-token-of-the-gateway";

/// Which way the client goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    InProcess,
    Https,
}

pub struct Served {
    house: House,
    pub router: Router,
    pub client: Client,
    pub transport: Transport,
    server: Option<JoinHandle<()>>,
}

impl Deref for Served {
    type Target = House;
    fn deref(&self) -> &House {
        &self.house
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

impl Served {
    pub async fn new(way: Way) -> Self {
        Self::of(House::new().await, way).await
    }

    pub async fn of(house: House, way: Way) -> Self {
        let router = router_on(house.exchange.clone(), GatewayTokens::new([TOKEN]), house.clock.hands());
        let (transport, server) = match way {
            Way::InProcess => (Transport::InProcess { router: router.clone() }, None),
            Way::Https => {
                let (transport, server) = https(router.clone()).await;
                (transport, Some(server))
            }
        };
        Self { client: Client::new(transport.clone(), TOKEN), house, router, transport, server }
    }
}

/// Serves the router over TLS with a certificate of its own, which the client alone trusts.
async fn https(router: Router) -> (Transport, JoinHandle<()>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let serving = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, router) = (acceptor.clone(), router.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = TowerToHyperService::new(router);
                let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let http = reqwest::Client::builder().tls_backend_preconfigured(client).no_proxy().build().unwrap();
    (Transport::Https { http, base: format!("https://localhost:{port}/") }, serving)
}

pub fn wanted(recipients: &[&str], file_count: u32) -> DepositRequest {
    DepositRequest {
        message: String::new(),
        section: "acme".parse().unwrap(),
        sender: Person { address: "taro@acme.example".into(), name: "山田 太郎".into() },
        subject: "見積書の件".into(),
        language: Some(Lang::Ja),
        recipients: recipients.iter().map(|r| (*r).to_owned()).collect(),
        file_password: Some(PASSWORD.into()),
        file_count,
        message_id: None,
    }
}
