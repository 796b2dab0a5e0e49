//! The pages of an exchange, called without a socket.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

pub mod program;
pub mod secured;

use std::{
    fs, io,
    ops::Deref,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Body};
use bytes::Bytes;
use fubako_base::{
    Lang,
    section::{Section, Settings},
};
use fubako_exchange::{
    audit::By,
    domain::{NewDeposit, NewFile, Whence},
};
use fubako_store::sections::{Change, User};
use fubako_testkit::{house, section};
use fubako_vault::scanner::Scanner;
use fubako_web::{GatewayTokens, Sight, WebState};
use futures::{StreamExt as _, stream};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use tracing_subscriber::fmt::MakeWriter;

pub use fubako_testkit::house::PASSWORD;

/// The password of every account.
pub const SECRET: &str = "a long enough secret";

/// A user of the mail-link group.
pub fn user(section: &str, login_id: &str, administrator: bool) -> User {
    User {
        section: section.parse().unwrap(),
        login_id: login_id.to_owned(),
        address: format!("{login_id}@{section}.example"),
        name: String::new(),
        group: Some(fubako_testkit::LINK_GROUP.to_owned()),
        default_user: false,
        administrator,
        approver: false,
        password_never_expires: false,
    }
}

/// What this process logs.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Listens from now on to everything down to this level. Once in a process: the only test of its file does.
    pub fn listen(level: tracing::Level) -> Self {
        let log = Self::default();
        let all = tracing_subscriber::fmt().with_max_level(level).with_ansi(false).with_writer(log.clone()).finish();
        tracing::subscriber::set_global_default(all).unwrap();
        log
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(octets);
        Ok(octets.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

pub struct House {
    house: house::House,
    pub web: Router,
}

impl Deref for House {
    type Target = house::House;
    fn deref(&self) -> &house::House {
        &self.house
    }
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub octets: Vec<u8>,
    /// Whether the body ended as it should.
    pub whole: bool,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.octets).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// From what the page's form was made, as the form carries it; empty where it has none.
    pub fn seen(&self) -> String {
        let after = std::str::from_utf8(&self.octets).ok().and_then(|text| text.split("name=\"seen\" value=\"").nth(1));
        after.and_then(|after| after.split('"').next()).map_or_else(String::new, |seen| format!("&seen={seen}"))
    }

    /// The session that the answer's cookie begins.
    pub fn session(&self) -> String {
        let cookie = self.header("set-cookie");
        cookie.strip_prefix("fubako_link=").unwrap().split(';').next().unwrap().to_owned()
    }
}

impl House {
    pub async fn new(public_url: &str) -> Self {
        Self::with(public_url, Scanner::None).await
    }

    pub async fn with(public_url: &str, scanner: Scanner) -> Self {
        let settings = Settings { free_tries: 2, max_tries: 5, ..Settings::default() };
        Self::of(house::House::at(public_url, scanner, Section { settings, ..section("acme") }).await)
    }

    /// The section `acme`, and [`House::visitors`].
    pub async fn visited(scanner: Scanner, visitors: &[&str]) -> (Self, Vec<String>) {
        let house = Self::of(house::House::at("https://files.acme.example", scanner, section("acme")).await);
        let cookies = house.visitors(visitors).await;
        (house, cookies)
    }

    /// Lets people come: nobody (``), the operator (`root`), and users as `section/login_id`, of whom those called `kanri` are administrators and
    /// `shonin` approvers; a section that is not there is made. Gives their cookies.
    pub async fn visitors(&self, names: &[&str]) -> Vec<String> {
        let mut cookies = Vec::new();
        for name in names {
            if let Some((of, login_id)) = name.split_once('/') {
                if self.store.section(&of.parse().unwrap()).await.unwrap().is_none() {
                    self.put_section(section(of)).await;
                }
                let approver = login_id == "shonin";
                let user = User { approver, ..user(of, login_id, login_id == "kanri") };
                self.store.apply(&[Change::PutUser(user)], &[], self.now()).await.unwrap();
            }
            cookies.push(if name.is_empty() { String::new() } else { self.sign_in(name).await });
        }
        cookies
    }

    pub fn of(house: house::House) -> Self {
        Self::on_machine(house, None)
    }

    /// On a machine that says this of itself.
    pub fn on_machine(house: house::House, sight: Option<Sight>) -> Self {
        let state = WebState::new(house.exchange.clone(), GatewayTokens::new(["api-token"]));
        let state = match sight {
            Some(sight) => state.on_machine(sight),
            None => state,
        };
        let web = fubako_web::router(state.with_clock(house.clock.hands()));
        Self { house, web }
    }

    /// Deposits files for two recipients; gives their links' tokens.
    pub async fn deposit(&self, key: &str, subject: &str, sender: &str, files: &[(&str, &str, &[u8])]) -> [String; 2] {
        let request = NewDeposit {
            sender_name: sender.to_owned(),
            subject: subject.to_owned(),
            lang: Some(Lang::En),
            ..house::request(&["hanako@example.jp", "jiro@example.jp"], u32::try_from(files.len()).unwrap())
        };
        let (deposit, _) = self.exchange.begin(key, &request, Whence::Within, self.now()).await.unwrap();
        for (number, (name, media_type, content)) in (1..).zip(files) {
            let file = NewFile { number, name: (*name).to_owned(), media_type: (*media_type).to_owned() };
            let mut content = stream::iter([Ok(Bytes::copy_from_slice(content))]).boxed();
            self.exchange.put(deposit.id, file, &mut content, Whence::Within, self.now()).await.unwrap();
        }
        self.exchange.send(deposit.id, Whence::Within, self.now()).await.unwrap();
        let posted = self.posted().await;
        [posted[0].token(), posted[1].token()]
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.web.clone().oneshot(request).await.unwrap();
        let (parts, mut body) = response.into_parts();
        let mut octets = Vec::new();
        let mut whole = true;
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => octets.extend(frame.into_data().unwrap()),
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        Answer { status: parts.status, headers: parts.headers, octets, whole }
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(request(Method::GET, path, headers, "")).await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], form: &str) -> Answer {
        self.ask(request(Method::POST, path, headers, form)).await
    }

    /// Opens a link with the right password; gives the `Cookie` header.
    pub async fn open(&self, token: &str) -> String {
        let answer = self.post(&format!("/d/{token}/open"), &[], &format!("password={}", encoded(PASSWORD))).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        format!("fubako_link={}", answer.session())
    }

    /// Signs in with an account's first password; `root` is an operator, anybody else a user as `section/login_id`. Gives the cookie.
    pub async fn sign_in(&self, name: &str) -> String {
        let (by, now) = (By::command("test"), self.now());
        let invitation = match name {
            "root" => self.exchange.add_operator("root", "root@ops.example", &by, now).await.unwrap(),
            name => self.exchange.reset_account(name, &by, now).await.unwrap(),
        };
        let path = invitation.link.strip_prefix(self.exchange.public_url()).unwrap();
        self.accept(path, &invitation.name).await
    }

    /// Sets the password by an invitation, and signs in; gives the cookie.
    pub async fn accept(&self, invitation: &str, name: &str) -> String {
        let form = format!("password={0}&again={0}", encoded(SECRET));
        assert_eq!(self.post(invitation, &[], &form).await.status.as_u16(), 303);
        let form = format!("name={}&password={}", encoded(name), encoded(SECRET));
        let answer = self.post("/sign-in", &[], &form).await;
        answer.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    /// What the forms of whoever has this cookie carry.
    pub async fn form_key(&self, cookie: &str) -> String {
        let page = self.get("/me", &[("cookie", cookie)]).await;
        let after = page.text().split("name=\"form\" value=\"").nth(1).unwrap_or_default();
        after.split('"').next().unwrap().to_owned()
    }

    /// Flips one bit of every stored object, at a place reckoned from its end.
    pub fn damage(&self, from_end: usize) {
        let files = self.objects();
        assert!(!files.is_empty());
        for path in files {
            let mut octets = fs::read(&path).unwrap();
            if octets.len() > from_end {
                let at = octets.len() - 1 - from_end;
                octets[at] ^= 1;
                fs::write(&path, octets).unwrap();
            }
        }
    }
}

pub fn request(method: Method, path: &str, headers: &[(&str, &str)], form: &str) -> Request<Body> {
    let mut request = Request::builder().uri(path).header("host", "files.acme.example");
    if method == Method::POST && !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/x-www-form-urlencoded");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.method(method).body(Body::from(form.to_owned())).unwrap()
}

pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
