//! Two sections, who is in them, and programs with tokens of theirs.

use fubako_vault::scanner::Scanner;
use http::Method;
use serde_json::{Value, json};

use super::{Answer, House, encoded, request};

/// Who comes: nobody, the operator, a user, the administrator, and an administrator of another section.
pub const VISITORS: [&str; 5] = ["", "root", "acme/taro", "acme/kanri", "other/kanri"];
pub const ALL: &str = "deposits:write deposits:read deposits:cancel audit:read";

pub struct Place {
    pub house: House,
    pub cookies: Vec<String>,
}

impl Place {
    pub async fn new() -> Self {
        Self::with(Scanner::None).await
    }

    pub async fn with(scanner: Scanner) -> Self {
        let (house, cookies) = House::visited(scanner, &VISITORS).await;
        Self { house, cookies }
    }

    pub async fn form(&self, cookie: &str, path: &str, form: &str) -> Answer {
        let key = if cookie.is_empty() { String::new() } else { self.house.form_key(cookie).await };
        self.house.post(path, &[("cookie", cookie)], &format!("form={}&{form}", encoded(&key))).await
    }

    /// Makes a token for the section of this visitor.
    pub async fn token(&self, visitor: usize, name: &str, scopes: &str) -> String {
        let scopes: String = scopes.split(' ').map(|scope| format!("&scope={}", encoded(scope))).collect();
        let form = format!("name={}&days=30{scopes}", encoded(name));
        let answer = self.form(&self.cookies[visitor], "/section/tokens", &form).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
        let after = answer.text().split("<code translate=\"no\">").nth(1).unwrap();
        after.split('<').next().unwrap().to_owned()
    }

    pub async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> (u16, Value) {
        let bearer = format!("Bearer {token}");
        let headers: Vec<(&str, &str)> = [("authorization", bearer.as_str())].iter().chain(more).copied().collect();
        let answer = self.house.ask(request(method, path, &headers, body)).await;
        let value = serde_json::from_slice(&answer.octets).unwrap_or(Value::Null);
        (answer.status.as_u16(), value)
    }

    /// A deposit of so many files, as it is asked for.
    pub fn wanted(section: &str, key: &str, file_count: u32) -> Value {
        json!({
            "section": section,
            "sender": { "address": format!("taro@{section}.example"), "name": "太郎" },
            "subject": format!("subject {key}"),
            "message": "どうぞ",
            "recipients": ["hanako@example.jp", "jiro@example.jp"],
            "file_password": "long enough",
            "file_count": file_count,
        })
    }

    /// Begins a deposit of so many files; gives its id.
    pub async fn begin(&self, token: &str, section: &str, key: &str, file_count: u32) -> String {
        let (headers, wanted) = ([("idempotency-key", key)], Self::wanted(section, key, file_count).to_string());
        let (status, deposit) = self.call(token, Method::POST, "/api/v1/deposits", &headers, &wanted).await;
        assert_eq!(status, 201, "{deposit}");
        deposit["id"].as_str().unwrap().to_owned()
    }

    /// Deposits and sends a file; gives the deposit's id.
    pub async fn deposit(&self, token: &str, section: &str, key: &str) -> String {
        let id = self.begin(token, section, key, 1).await;
        let named = [("content-disposition", "attachment; filename=\"a.txt\""), ("content-type", "text/plain")];
        let (status, file) =
            self.call(token, Method::PUT, &format!("/api/v1/deposits/{id}/files/1"), &named, "hello").await;
        assert_eq!((status, &file["size"]), (201, &json!(5)), "{file}");
        let (status, sent) = self.call(token, Method::POST, &format!("/api/v1/deposits/{id}/send"), &[], "").await;
        assert_eq!((status, &sent["state"]), (200, &json!("sent")), "{sent}");
        id
    }
}

pub fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}
