//! HTML: references to removed parts go, the notice comes in once, every other character stays; in pieces as in one; what
//! was rewritten has nothing left to rewrite; what stands first is seen whatever follows (spec MAIL-CID, MAIL-NOTICE, 3.4a).

use std::sync::Arc;

use fubako_base::{Code, section::NoticePosition};
use fubako_mail::{
    html::{Insertion, References, Rewriter},
    reader::Limits,
};

use crate::{
    Dice,
    mail::{normalised, read},
};

const NOTICE: &str = "<div>NOTICE</div>";
/// Stands for a removed image; in no input.
const NAME: &str = "\u{10fffd}.png";

fn references() -> Arc<References> {
    let mut references = References::default();
    references.add(Some("gone@x.jp"), None, NAME);
    references.add(Some("a b&c@x"), Some("http://x.jp/pic.gif"), NAME);
    references.add(None, Some("image002.jpg"), NAME);
    Arc::new(references)
}

/// The document rewritten, pushed in these pieces; none where it is beyond the limits.
fn rewritten<'a>(
    references: &Arc<References>,
    notice: Option<NoticePosition>,
    pieces: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let insertion = notice.map(|position| Insertion { position, html: NOTICE.to_owned() });
    let mut rewriter = Rewriter::new(Arc::clone(references), insertion);
    let mut out = Vec::new();
    for piece in pieces {
        rewriter.push(piece, &mut out).ok()?;
    }
    rewriter.finish(&mut out).ok()?;
    Some(String::from_utf8(out).expect("text stays text"))
}

/// The text in pieces, cut between characters.
fn pieces<'a>(text: &'a str, dice: &mut Dice) -> Vec<&'a str> {
    let longest = *dice.one(&[1, 2, 7, 100]);
    let (mut pieces, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let end = rest.ceil_char_boundary((1 + dice.below(longest)).min(rest.len()));
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

pub fn check(data: &[u8]) {
    let mut dice = Dice::of(data, 5);
    let html = String::from_utf8_lossy(data).replace(['\u{10fffd}'], "?").replace("NOTICE", "notice");
    let gone = references();
    let notice = *dice.one(&[None, Some(NoticePosition::Top), Some(NoticePosition::End)]);
    let whole = rewritten(&gone, notice, [&html[..]]);
    assert_eq!(rewritten(&gone, notice, pieces(&html, &mut dice)), whole, "how it is cut makes a difference");
    let Some(once) = rewritten(&gone, None, [&html[..]]) else { return };
    assert_eq!(rewritten(&gone, None, [&once[..]]).as_ref(), Some(&once), "something was left, or came to be");
    unchanged(&html, &once, &mut dice);
    seen_first(&html, &gone);
    scanned(&html, &mut dice);
}

/// Without references nothing changes but that a notice comes in, once.
fn unchanged(html: &str, once: &str, dice: &mut Dice) {
    let none = Arc::new(References::default());
    assert_eq!(rewritten(&none, None, [html]).as_deref(), Some(html));
    // Readers leave these out; and `&`, `\\` and `%` are by what means anything can be written in HTML, CSS or a URL.
    let lower = html.to_lowercase().replace(['\0', '\t', '\r', '\n'], "");
    if !["gone", "pic", "image", "b"].iter().any(|word| lower.contains(word)) && !html.contains(['&', '\\', '%']) {
        assert_eq!(once, html, "nothing in it meant a removed part");
    }
    let position = *dice.one(&[NoticePosition::Top, NoticePosition::End]);
    // What hides all of a document is taken out of its root and its body; and shadow roots are.
    let may_hide = ["html", "body", "shadowroot"].iter().any(|tag| lower.contains(tag));
    if let Some(with) = rewritten(&none, Some(position), [html]) {
        assert_eq!(with.matches(NOTICE).count(), 1);
        let (before, after) = with.split_once(NOTICE).expect("just counted");
        let start = html.strip_suffix(after).filter(|start| before.starts_with(start));
        assert!(
            may_hide || start.is_some(),
            "what must be closed is closed before the notice, and nothing else: {with:?}"
        );
    }
}

/// At the start of a document there is one reading only.
fn seen_first(html: &str, gone: &Arc<References>) {
    if let Some(out) = rewritten(gone, None, ["<img src=cid:gone@x.jp>", html]) {
        assert!(out.starts_with(NAME), "an image that is gone stays");
    }
    if let Some(out) = rewritten(gone, None, ["<p style='a:url(cid:gone@x.jp)'>", html]) {
        assert!(out.starts_with("<p style='a:none'>"), "a style sheet's image that is gone stays");
    }
    assert!(scan(&format!("<img src=data:image/png;base64,AA>{html}"), &mut None), "a data: URL is missed");
}

/// Whether a mail of this document is held.
fn scan(html: &str, dice: &mut Option<&mut Dice>) -> bool {
    let mail = format!("Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{html}");
    let mail = normalised(mail.as_bytes());
    let pieces = dice.as_mut().map_or_else(|| vec![&mail[..]], |dice| dice.pieces(&mail));
    let outline = read(pieces, Limits::default()).outline;
    outline.findings.iter().any(|finding| matches!(finding.cause.code(), Code::Ambiguous | Code::DataUrl))
}

fn scanned(html: &str, dice: &mut Dice) {
    assert_eq!(scan(html, &mut Some(dice)), scan(html, &mut None), "how it is cut makes a difference");
}
