//! What the recipient does in a browser, done over HTTP: open the link, type the password, download, compare.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use fubako_base::hex;
use futures::StreamExt as _;
use reqwest::{Client, StatusCode, header};

/// Why the recipient did not get the files.
#[derive(Debug, thiserror::Error)]
pub enum RecipientError {
    /// The page did not answer.
    #[error("the page did not answer: {0}")]
    Http(#[from] reqwest::Error),
    /// The page answered something else than was hoped for.
    #[error("{what}: HTTP {status}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// What came back.
        status: StatusCode,
    },
}

/// A downloaded file.
#[derive(Debug, Clone)]
pub struct Downloaded {
    /// Octets.
    pub size: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
}

/// A recipient before a link.
pub struct Recipient {
    http: Client,
    link: String,
    cookie: String,
}

impl Recipient {
    /// Opens the link: the page answers before anything is proven.
    ///
    /// # Errors
    /// [`RecipientError`].
    pub async fn open(link: &str) -> Result<Self, RecipientError> {
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            .no_proxy()
            .build()?;
        let page = http.get(link).send().await?;
        expect("the link", page.status(), StatusCode::OK)?;
        Ok(Self { http, link: link.to_owned(), cookie: String::new() })
    }

    /// Types the file password.
    ///
    /// # Errors
    /// [`RecipientError::Refused`] when it is wrong.
    pub async fn prove(&mut self, password: &str) -> Result<(), RecipientError> {
        let body = format!("password={}", form_encoded(password));
        let answer = self
            .http
            .post(format!("{}/open", self.link))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await?;
        expect("the password", answer.status(), StatusCode::SEE_OTHER)?;
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter().filter_map(|v| v.to_str().ok());
        self.cookie = cookies.filter_map(|c| c.split(';').next()).collect::<Vec<_>>().join("; ");
        Ok(())
    }

    /// Downloads a file and digests it as it comes.
    ///
    /// # Errors
    /// [`RecipientError`].
    pub async fn download(&self, number: u32) -> Result<Downloaded, RecipientError> {
        let request = self.http.get(format!("{}/files/{number}", self.link)).header(header::COOKIE, &self.cookie);
        let answer = request.send().await?;
        expect("the file", answer.status(), StatusCode::OK)?;
        let (mut size, mut digest) = (0u64, Context::new(&SHA256));
        let mut octets = answer.bytes_stream();
        while let Some(piece) = octets.next().await {
            let piece = piece?;
            size += piece.len() as u64;
            digest.update(&piece);
        }
        Ok(Downloaded { size, sha256: hex::encode(digest.finish().as_ref()) })
    }
}

fn expect(what: &'static str, status: StatusCode, wanted: StatusCode) -> Result<(), RecipientError> {
    if status == wanted { Ok(()) } else { Err(RecipientError::Refused { what, status }) }
}

/// `application/x-www-form-urlencoded` of one value.
fn form_encoded(value: &str) -> String {
    value
        .bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
