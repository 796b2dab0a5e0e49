//! The pages of the second factor (spec X-ACCOUNTS): the code after the password; one's own; a key with its QR code, and recovery codes, each shown once.

use std::fmt::Write as _;

use askama::Template;
use fubako_base::{
    Lang,
    shown::{self, Moment, visible},
};
use fubako_exchange::second_factor::{Key, Standing};
use qrcode::{Color, EcLevel, QrCode};

use super::{
    Alert, Frame,
    account::{Done, Oneself, too_many},
    render,
};
use crate::waits;

/// What the form that asks for a code says beside itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeTrouble {
    /// Nothing was filled in.
    Empty,
    /// Not let in; why is not told.
    Refused,
    /// Too many wrong ones from this network.
    TooMany {
        /// Seconds until one may be tried.
        seconds: u64,
    },
}

/// The form that asks for a code.
#[derive(Debug, Clone, Copy)]
pub struct CodePage<'a> {
    /// Where it is sent.
    pub path: &'a str,
    /// Where one signs in, as somebody else say.
    pub back: &'a str,
    /// Who signs in.
    pub name: &'a str,
    /// What the form carries.
    pub form_key: &'a str,
    /// What went wrong.
    pub trouble: Option<CodeTrouble>,
}

#[derive(Template)]
#[template(path = "sign_in_code.html")]
struct SignInCodePage<'a> {
    f: &'a Frame,
    c: &'a CodePage<'a>,
    name: String,
    alert: Option<Alert>,
    invalid: bool,
}

/// The page that asks for a code after the password.
#[must_use]
pub fn sign_in_code(frame: &Frame, page: &CodePage<'_>) -> String {
    let alert = page.trouble.map(|trouble| match trouble {
        CodeTrouble::Empty => said(frame, "web-second-empty", None),
        CodeTrouble::Refused => said(frame, "web-second-refused", Some("web-sign-in-refused-more")),
        CodeTrouble::TooMany { seconds } => Alert {
            title: frame.t("web-sign-in-many-title"),
            lines: vec![frame.with("web-sign-in-many", "wait", &waits::wait(seconds, frame.lang))],
            seconds: Some(seconds),
        },
    });
    let invalid = matches!(page.trouble, Some(CodeTrouble::Empty | CodeTrouble::Refused));
    render(&SignInCodePage { f: frame, c: page, name: visible(page.name), alert, invalid })
}

fn said(frame: &Frame, id: &str, more: Option<&str>) -> Alert {
    let lines = std::iter::once(id).chain(more).map(|id| frame.t(id)).collect();
    Alert { title: frame.t(&format!("{id}-title")), lines, seconds: None }
}

/// Why nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The password (or, where one was asked for, the code) is another, or the account is locked.
    Refused,
    /// For new recovery codes, the password or the code is another, or the code is used up, or the account is locked.
    CodesRefused,
    /// Too many wrong ones from this network.
    TooMany {
        /// Seconds until one may be tried.
        seconds: u64,
    },
    /// The first code is another.
    NotConfirmed,
    /// There is nothing to confirm any more.
    Over,
}

/// One's own second factor.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    /// How it stands.
    pub standing: Standing,
    /// Nothing else can be done before there is one.
    pub must: bool,
    /// Whose it is.
    pub who: &'a Oneself,
    /// Why nothing was changed.
    pub trouble: Option<Trouble>,
    /// What was done before.
    pub done: Option<Done>,
}

struct On {
    since: Moment,
    left: u64,
}

#[derive(Template)]
#[template(path = "second_factor.html")]
struct OwnPage<'a> {
    f: &'a Frame,
    sign_in_name: String,
    form_key: &'a str,
    on: Option<On>,
    begun: bool,
    must: bool,
    alert: Option<Alert>,
    done: Option<String>,
}

/// The page of one's own second factor.
#[must_use]
pub fn own(frame: &Frame, page: &Own<'_>) -> String {
    let on = match page.standing {
        Standing::On { since, codes_left } => Some(On {
            since: shown::moment(since, &page.who.time_zone, frame.lang),
            left: u64::try_from(codes_left).unwrap_or(u64::MAX),
        }),
        Standing::Off | Standing::Begun => None,
    };
    let alert = page.trouble.map(|trouble| match trouble {
        Trouble::Refused if on.is_some() => said(frame, "web-second-off-refused", None),
        Trouble::Refused => said(frame, "web-second-begin-refused", None),
        Trouble::CodesRefused => Alert {
            title: frame.t("web-recovery-refused-title"),
            lines: vec![frame.t("web-second-off-refused")],
            seconds: None,
        },
        Trouble::TooMany { seconds } => too_many(frame, seconds),
        Trouble::NotConfirmed => said(frame, "web-second-not-confirmed", None),
        Trouble::Over => said(frame, "web-second-over", None),
    });
    render(&OwnPage {
        f: frame,
        sign_in_name: visible(&page.who.sign_in_name),
        form_key: &page.who.form_key,
        on,
        begun: page.standing == Standing::Begun,
        must: page.must,
        alert,
        done: page.done.map(|done| done.words(frame)),
    })
}

/// A QR code as it is drawn: squares of 1, and what is white around them.
struct Qr {
    /// Squares of a side, with the white ones around it.
    side: usize,
    /// The dark ones, as a path of SVG.
    path: String,
}

/// White squares around a code, by which cameras find it (ISO/IEC 18004, 9.1).
const QUIET: usize = 4;

/// The QR code of a text; none where it is too long for one.
fn qr(text: &str) -> Option<Qr> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            // Writing into a String cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET);
        }
    }
    Some(Qr { side: width + 2 * QUIET, path })
}

#[derive(Template)]
#[template(path = "second_factor_key.html")]
struct KeyPage<'a> {
    f: &'a Frame,
    sign_in_name: String,
    form_key: &'a str,
    key: &'a Key,
    qr: Option<Qr>,
}

/// A key, with the form that asks for the first code.
#[must_use]
pub fn key(frame: &Frame, who: &Oneself, key: &Key) -> String {
    let sign_in_name = visible(&who.sign_in_name);
    render(&KeyPage { f: frame, sign_in_name, form_key: &who.form_key, key, qr: qr(&key.uri) })
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct RecoveryPage<'a> {
    f: &'a Frame,
    codes: &'a [String],
    first: bool,
}

/// Recovery codes. `first`: the second factor was turned on with them.
#[must_use]
pub fn recovery(frame: &Frame, codes: &[String], first: bool) -> String {
    render(&RecoveryPage { f: frame, codes, first })
}

#[cfg(test)]
mod tests {
    use fubako_base::Timestamp;
    use fubako_exchange::domain::account::Role;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

    fn oneself() -> Oneself {
        Oneself {
            sign_in_name: "acme/<taro>".to_owned(),
            name: "<b>山田</b>".to_owned(),
            address: "taro@acme.example".to_owned(),
            section_name: Some("<u>Acme</u>".to_owned()),
            role: Role::User,
            time_zone: "Asia/Tokyo".to_owned(),
            password_set_at: Some(NOW),
            password_expires_at: None,
            second_factor_at: Some(NOW),
            least: 12,
            form_key: "the-key-of-the-form".to_owned(),
        }
    }

    fn every_page(lang: Lang) -> Vec<(String, usize)> {
        let frame =
            Frame { lang, brand: "Brand & Co".to_owned(), unscanned: false, chosen: true, announced: Vec::new() };
        let mut all = Vec::new();
        let troubles = [CodeTrouble::Empty, CodeTrouble::Refused, CodeTrouble::TooMany { seconds: 600 }];
        for trouble in troubles.map(Some).into_iter().chain([None]) {
            let page = CodePage {
                path: "/sign-in/code",
                back: "/sign-in",
                name: "acme/<taro>",
                form_key: "the-key-of-the-form",
                trouble,
            };
            all.push((sign_in_code(&frame, &page), 2));
        }
        let who = oneself();
        for (standing, must, forms) in [
            (Standing::Off, false, 1),
            (Standing::Off, true, 2),
            (Standing::Begun, false, 2),
            (Standing::On { since: NOW, codes_left: 0 }, false, 2),
            (Standing::On { since: NOW, codes_left: 10 }, false, 2),
        ] {
            let many = Trouble::TooMany { seconds: 600 };
            let troubles = [Trouble::Refused, Trouble::CodesRefused, Trouble::NotConfirmed, Trouble::Over, many];
            for trouble in troubles.map(Some).into_iter().chain([None]) {
                all.push((own(&frame, &Own { standing, must, who: &who, trouble, done: None }), forms));
            }
        }
        let uri = "otpauth://totp/Brand:acme%2Ftaro?secret=GEZDGNBVGY3TQOJQ&issuer=Brand".to_owned();
        all.push((key(&frame, &who, &Key { shown: "GEZD GNBV".to_owned(), uri }), 1));
        let codes = ["ABCD-EFGH-IJKL-MNOP".to_owned(), "QRST-UVWX-YZ23-4567".to_owned()];
        all.push((recovery(&frame, &codes, true), 0));
        all.push((recovery(&frame, &codes, false), 0));
        all
    }

    // spec: X-LANG, X-ACCOUNTS
    #[test]
    fn every_page_has_its_words_its_forms_their_key_and_no_markup_of_a_stranger() {
        for lang in Lang::ALL {
            for (page, forms) in every_page(lang) {
                assert!(!page.contains("web-") && !page.contains("{$") && !page.contains("{ $"), "{page}");
                assert_eq!(page.matches("<h1").count(), 1, "{page}");
                for markup in ["<b>", "<u>", "<taro>", "style="] {
                    assert!(!page.contains(markup), "{markup}: {page}");
                }
                let japanese = page.chars().filter(|c| matches!(c, '\u{3041}'..='\u{30ff}')).count();
                assert_eq!(japanese > 20, lang == Lang::Ja, "{page}");
                let keys = page.matches("name=\"form\" value=\"the-key-of-the-form\"").count();
                assert_eq!((page.matches("method=\"post\"").count(), keys), (forms, forms), "{page}");
                for action in page.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                    assert!(action.starts_with('/') && action.ends_with(&format!("?lang={lang}")), "{action}");
                }
                // No two things have one id.
                let mut ids: Vec<&str> =
                    page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
                let count = ids.len();
                ids.sort_unstable();
                ids.dedup();
                assert_eq!(ids.len(), count, "{page}");
            }
        }
    }

    // spec: X-ACCOUNTS
    #[test]
    fn a_qr_code_is_drawn_whole_with_white_around_it() {
        let Some(drawn) = qr("otpauth://totp/x") else { unreachable!("it fits") };
        // Version 2 at level M has 25 squares a side; each finder's corner is dark, and nothing is outside.
        assert_eq!(drawn.side, 25 + 8);
        for corner in ["M4 4h1v1h-1z", "M28 4h1v1h-1z", "M4 28h1v1h-1z"] {
            assert!(drawn.path.contains(corner), "{corner}");
        }
        let squares: Vec<&str> = drawn.path.split('M').skip(1).collect();
        for square in &squares {
            let place: Vec<usize> =
                square.split('h').next().unwrap_or_default().split(' ').filter_map(|n| n.parse().ok()).collect();
            assert!(place.len() == 2 && place.iter().all(|n| (4..29).contains(n)), "{square}");
        }
        assert!(squares.len() > 200, "{}", squares.len());
        assert!(qr(&"x".repeat(5000)).is_none());
    }
}
