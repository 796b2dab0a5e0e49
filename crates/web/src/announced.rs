//! What the operator announces, brought to every page (spec X-OPERATOR).

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use fubako_base::{Lang, shown::visible};
use fubako_exchange::{announcements::Announcement, domain::announcement::words};

use crate::{WebState, pages};

/// What is shown at the time of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Announced(Arc<[Announcement]>);

impl Announced {
    /// As pages in this language show it.
    pub(crate) fn in_words(&self, lang: Lang) -> Vec<pages::Announced> {
        let shown = |announcement: &Announcement| {
            let words = words(&announcement.content, lang);
            let lines: Vec<String> = words.text.lines().map(visible).collect();
            pages::Announced { subject: visible(&words.subject), text: lines.join("\n") }
        };
        self.0.iter().map(shown).collect()
    }
}

/// Gives what is announced along with a request that may be answered by a page. Where it is not known the page comes without.
pub(crate) async fn bring(State(state): State<Arc<WebState>>, mut request: Request, next: Next) -> Response {
    if is_page(request.uri().path()) {
        match state.exchange.announcements_shown((state.clock)()).await {
            Ok(shown) => {
                request.extensions_mut().insert(Announced(shown.into()));
            }
            Err(error) => tracing::warn!(%error, "nobody knows what is announced"),
        }
    }
    next.run(request).await
}

/// Whether people read what is there. (Parts of files come to `/uploads` many a second.)
fn is_page(path: &str) -> bool {
    !["/assets/", "/uploads", "/healthz", "/robots.txt"].iter().any(|other| path.starts_with(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    // spec: X-OPERATOR
    #[test]
    fn what_people_read_is_told_from_what_programs_fetch() {
        for page in ["/", "/sign-in", "/me", "/d/x", "/d/x/files/1", "/sent/new", "/operator/queue"] {
            assert!(is_page(page), "{page}");
        }
        for other in ["/assets/page.css", "/uploads", "/uploads/1", "/healthz", "/robots.txt"] {
            assert!(!is_page(other), "{other}");
        }
    }
}
