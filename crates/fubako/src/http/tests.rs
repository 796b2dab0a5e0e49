#![allow(clippy::unwrap_used)]

use axum::{body::Body, routing::get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::Instant,
};

use super::*;

/// A server on a free port, with a page that is long.
async fn server(proxies: Vec<IpAddr>) -> (SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let long = || async { Body::from(vec![b'x'; 64 << 20]) };
    let router = Router::new().route("/", get(|| async { "well" })).route("/long", get(long));
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(serve(listener, Site { router, tls: None, proxies }, stopped));
    (address, stop)
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// How long until the peer closes.
async fn closed(mut stream: TcpStream) -> Duration {
    let begun = Instant::now();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    begun.elapsed()
}

// spec: X-RECEIVE
#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_let_go() {
    let (address, _stop) = server(Vec::new()).await;
    for said in ["", "G", "PRI * HTTP", "GET / HTTP/1.1\r\nhost: x\r\n", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"] {
        let mut stream = connect(address).await;
        stream.write_all(said.as_bytes()).await.unwrap();
        let after = closed(stream).await;
        assert!(after <= PATIENCE + Duration::from_secs(1), "{said:?}: {after:?}");
    }
}

// spec: X-RECEIVE
#[tokio::test]
async fn a_request_says_which_host_it_means() {
    let (address, _stop) = server(Vec::new()).await;
    for (fields, status) in [
        ("HTTP/1.1\r\nhost: x\r\n", "200"),
        ("HTTP/1.1\r\n", "400"),
        ("HTTP/1.1\r\nhost: x\r\nhost: y\r\n", "400"),
        ("HTTP/1.0\r\n", "200"),
    ] {
        let mut stream = connect(address).await;
        stream.write_all(format!("GET / {fields}connection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.split(' ').nth(1), Some(status), "{fields:?}");
    }
}

// spec: X-RECEIVE
#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_let_go() {
    let (address, stop) = server(Vec::new()).await;
    let mut stream = connect(address).await;
    stream.write_all(b"GET /long HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    stream.readable().await.unwrap();
    let begun = Instant::now();
    tokio::time::sleep(moving::STILL + Duration::from_secs(5)).await;
    // All that there is comes at once, and it is not all of the page.
    let mut taken = Vec::new();
    let _ = stream.read_to_end(&mut taken).await;
    assert!(taken.len() < 64 << 20 && begun.elapsed() < Duration::from_secs(90), "{} octets", taken.len());
    stop.send(true).unwrap();
}

// spec: X-RECEIVE
#[tokio::test]
async fn one_address_does_not_take_all_the_room() {
    let ask = async |address| {
        let mut stream = connect(address).await;
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    };
    let (address, _stop) = server(Vec::new()).await;
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS_OF_ONE {
        held.push(connect(address).await);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(ask(address).await, "");
    held.clear();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(ask(address).await.ends_with("well"));
    // A proxy speaks for many.
    let (address, _stop) = server(vec![address.ip()]).await;
    for _ in 0..CONNECTIONS_OF_ONE {
        held.push(connect(address).await);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(ask(address).await.ends_with("well"));
}

#[test]
fn a_proxy_is_believed_and_nobody_else() {
    let proxy: IpAddr = "10.0.0.1".parse().unwrap();
    let stranger: IpAddr = "198.51.100.7".parse().unwrap();
    let request = |fields: &[&str]| {
        let mut request = Request::builder();
        for field in fields {
            request = request.header("x-forwarded-for", *field);
        }
        request.body(Body::empty()).unwrap()
    };
    let from = |peer, fields: &[&str]| speaks_for(peer, &[proxy], &request(fields)).to_string();
    assert_eq!(from(stranger, &["192.0.2.1"]), "198.51.100.7");
    assert_eq!(from(proxy, &["192.0.2.1"]), "192.0.2.1");
    assert_eq!(from(proxy, &["203.0.113.9, 192.0.2.1"]), "192.0.2.1");
    assert_eq!(from(proxy, &["203.0.113.9", "192.0.2.1"]), "192.0.2.1");
    for nonsense in ["nonsense", "", "192.0.2.1:x", "192.0.2.1:99999", "[192.0.2.1", "[2001:db8::1]x", "a, unknown"] {
        assert_eq!(from(proxy, &[nonsense]), "10.0.0.1", "{nonsense}");
    }
    let written = [("1.2.3.4:5678", "1.2.3.4"), ("[::1]:99", "::1"), ("[2001:db8::1]", "2001:db8::1"), ("::1", "::1")];
    for (field, address) in written {
        assert_eq!(from(proxy, &[&format!("203.0.113.9:1, {field} ")]), address, "{field}");
    }
    assert_eq!(from("::ffff:10.0.0.1".parse().unwrap(), &["2001:db8::1"]), "2001:db8::1");
}
