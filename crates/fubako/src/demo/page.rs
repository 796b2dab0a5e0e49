//! A page that shows the recipient's mailbox: the relayed mail as it looks, and the deposit notice, with its link to click.

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};

use super::{
    letter::{Letter, Shown},
    mailbox::Mailbox,
};

const STYLE: &str = include_str!("../../assets/demo/mailbox.css");

/// The mailbox's pages.
pub fn router(mailbox: Mailbox) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/mailbox.css", get(|| async { ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE) }))
        .route("/mails/{number}", get(mail))
        .route("/mails/{number}/bodies/{body}", get(body))
        .with_state(mailbox)
}

fn page(title: &str, content: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"ja\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><link rel=\"stylesheet\" href=\"/mailbox.css\"></head><body><main>{content}</main></body></html>"
    );
    let policy = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}

async fn list(State(mailbox): State<Mailbox>) -> Response {
    let mut rows = String::new();
    for (number, mail) in mailbox.since(0).iter().enumerate().rev() {
        let letter = Letter::read(&mail.octets);
        rows.push_str(&format!(
            "<li><a href=\"/mails/{number}\"><span class=\"from\">{}</span><span class=\"subject\">{}</span><span class=\"to\">→ {}</span></a></li>",
            escaped(&letter.from),
            escaped(&letter.subject),
            escaped(&mail.to.join(", ")),
        ));
    }
    page(
        "受信トレイ Mailbox",
        &format!("<h1>受信トレイ <small>Mailbox of the demo's recipients</small></h1><ul class=\"list\">{rows}</ul>"),
    )
}

async fn mail(State(mailbox): State<Mailbox>, Path(number): Path<usize>) -> Response {
    let Some(mail) = mailbox.since(number).into_iter().next() else { return StatusCode::NOT_FOUND.into_response() };
    let letter = Letter::read(&mail.octets);
    let files = if letter.files.is_empty() { "なし none".to_owned() } else { escaped(&letter.files.join(", ")) };
    let bodies: String = letter.bodies.iter().enumerate().map(|(n, body)| shown(number, n, body)).collect();
    let content = format!(
        "<p><a href=\"/\">← 受信トレイ Mailbox</a></p><h1>{}</h1><dl><dt>From</dt><dd>{}</dd><dt>To</dt><dd>{}</dd><dt>Date</dt><dd>{}</dd>\
         <dt>添付 Files in the mail</dt><dd>{files}</dd></dl>\
         {bodies}",
        escaped(&letter.subject),
        escaped(&letter.from),
        escaped(&letter.to),
        escaped(&letter.date),
    );
    page(&escaped(&letter.subject), &content)
}

/// A body as a mail program shows it: a plain one in the page, HTML in a frame of its own, so that none can hide the next.
fn shown(number: usize, n: usize, body: &Shown) -> String {
    if body.is_html {
        format!(
            "<iframe src=\"/mails/{number}/bodies/{n}\" sandbox=\"allow-popups allow-popups-to-escape-sandbox\" title=\"本文\"></iframe>"
        )
    } else {
        format!("<div class=\"text\">{}</div>", linked(&body.text))
    }
}

/// What stands in an HTML body's frame, which runs nothing and loads nothing.
async fn body(State(mailbox): State<Mailbox>, Path((number, n)): Path<(usize, usize)>) -> Response {
    let letter = mailbox.since(number).first().map(|mail| Letter::read(&mail.octets));
    let Some(body) = letter.and_then(|letter| letter.bodies.into_iter().nth(n)).filter(|body| body.is_html) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let html = format!("<base target=\"_blank\">{}", body.text);
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox",
        ),
    );
    (headers, Html(html)).into_response()
}

/// Text with its web addresses as links.
fn linked(text: &str) -> String {
    let mut html = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let address = word.trim_end();
        if address.starts_with("http://") || address.starts_with("https://") {
            html.push_str(&format!(
                "<a href=\"{0}\" target=\"_blank\">{0}</a>{1}",
                escaped(address),
                escaped(&word[address.len()..])
            ));
        } else {
            html.push_str(&escaped(word));
        }
    }
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
