//! The style sheet, the script and the icon: in the binary, under addresses that change with their content.

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use fubako_exchange::token::sha256;

struct Asset {
    path: String,
    media_type: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, media_type: &'static str, content: &'static str) -> Self {
        let mut path = format!("/assets/{stem}-");
        for octet in &sha256(content.as_bytes())[..8] {
            let _ = write!(path, "{octet:02x}");
        }
        Self { path: format!("{path}.{extension}"), media_type, content }
    }
}

static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("page", "css", "text/css; charset=utf-8", include_str!("../assets/page.css")));
static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("page", "js", "text/javascript; charset=utf-8", include_str!("../assets/page.js")));
static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("../assets/icon.svg")));

/// The style sheet's address and content.
#[must_use]
pub fn style() -> (&'static str, &'static str) {
    (&STYLE.path, STYLE.content)
}

/// The script's address and content.
#[must_use]
pub fn script() -> (&'static str, &'static str) {
    (&SCRIPT.path, SCRIPT.content)
}

/// The icon's address and content.
#[must_use]
pub fn icon() -> (&'static str, &'static str) {
    (&ICON.path, ICON.content)
}

/// `GET /assets/{name}`; none where there is no such asset. The address has the content's hash in it, so that the answer
/// may be kept for ever.
pub(crate) fn find(name: &str) -> Option<Response> {
    let asset = [&STYLE, &SCRIPT, &ICON].into_iter().find(|a| a.path.strip_prefix("/assets/") == Some(name))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    Some((headers, asset.content).into_response())
}
