//! A policy host (RFC 8461, 3.3): HTTPS on a loopback socket, saying what a test wants said.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

#[derive(Clone)]
pub struct PolicyHost {
    pub address: SocketAddr,
    /// The whole response; empty: the connection is dropped.
    response: Arc<Mutex<Vec<u8>>>,
    asked: Arc<AtomicUsize>,
    /// What the last request said.
    pub request: Arc<Mutex<String>>,
}

impl PolicyHost {
    pub async fn start(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = Self {
            address: listener.local_addr().unwrap(),
            response: Arc::default(),
            asked: Arc::default(),
            request: Arc::default(),
        };
        let one = host.clone();
        let acceptor = TlsAcceptor::from(config);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(socket).await else { continue };
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut octet = [0; 512];
                    match stream.read(&mut octet).await {
                        Ok(count) if count > 0 => request.extend_from_slice(&octet[..count]),
                        _ => break,
                    }
                }
                one.asked.fetch_add(1, Ordering::SeqCst);
                *one.request.lock().unwrap() = String::from_utf8_lossy(&request).into_owned();
                let response = one.response.lock().unwrap().clone();
                // A client that has had enough hangs up.
                let _ = stream.write_all(&response).await;
                let _ = stream.shutdown().await;
            }
        });
        host
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn says(&self, response: impl Into<Vec<u8>>) {
        *self.response.lock().unwrap() = response.into();
    }

    pub fn serves(&self, policy: &str) {
        self.answers("200 OK", "text/plain; charset=utf-8", policy);
    }

    pub fn answers(&self, status: &str, kind: &str, body: &str) {
        let length = body.len();
        self.says(format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"));
    }
}
