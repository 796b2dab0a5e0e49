//! Writes every state of every page, in both languages, as HTML files into a folder, to be looked at in a browser:
//! `cargo run -p fubako-web --example pages -- FOLDER`.

#[path = "pages/account.rs"]
mod account;
#[path = "pages/announcements.rs"]
mod announcements;
#[path = "pages/approvals.rs"]
mod approvals;
#[path = "pages/health.rs"]
mod health;
#[path = "pages/policies.rs"]
mod policies;
#[path = "pages/queue.rs"]
mod queue;
#[path = "pages/receive.rs"]
mod receive;
#[path = "pages/sections.rs"]
mod sections;
#[path = "pages/sent.rs"]
mod sent;
#[path = "pages/tokens.rs"]
mod tokens;
#[path = "pages/usage.rs"]
mod usage;

use std::{env, error::Error, fs, path::Path};

use fubako_base::{Lang, Timestamp};
use fubako_web::pages::{Frame, icon, script, style};

/// 2026-11-21 23:30:16 in Tokyo.
const SENT: Timestamp = Timestamp(1_795_271_416_000_000);

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("give a folder to write into")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("assets"))?;
    for (path, content) in [style(), script(), icon()] {
        fs::write(folder.join(path.trim_start_matches('/')), content)?;
    }
    for lang in Lang::ALL {
        for (name, html) in every_page(lang) {
            fs::write(folder.join(format!("{name}.{lang}.html")), html)?;
        }
    }
    Ok(())
}

fn every_page(lang: Lang) -> Vec<(&'static str, String)> {
    let frame = Frame { lang, brand: "Fubako".to_owned(), unscanned: false, chosen: false, announced: Vec::new() };
    [
        account::pages(&frame),
        announcements::pages(&frame),
        announcements::maintenance_pages(&frame),
        approvals::pages(&frame),
        health::pages(&frame, SENT),
        policies::pages(&frame),
        queue::pages(&frame, SENT),
        sections::pages(&frame),
        receive::pages(&frame),
        sent::pages(&frame),
        sent::sending_pages(&frame),
        tokens::pages(&frame),
        usage::pages(&frame, SENT),
    ]
    .concat()
}
