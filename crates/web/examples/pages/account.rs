//! Signing in, passwords, oneself, the second factor.

use fubako_exchange::{
    domain::account::{Fault as PasswordFault, Role},
    second_factor::{Key, Standing as Second},
};
use fubako_web::pages::{
    Frame,
    account::{self, Done, Oneself, SessionLine, SignInForm, SignInTrouble, Unfit},
    second_factor::{self, CodePage, CodeTrouble, Own, Trouble as SecondTrouble},
    sessions::{self, Trouble as SessionTrouble},
};

use crate::SENT;

/// The pages, each with a name for its file.
pub(crate) fn pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let who = |role, name: &str| Oneself {
        sign_in_name: "sakura/taro.yamada".to_owned(),
        name: name.to_owned(),
        address: "taro.yamada@sakura-kogyo.example.jp".to_owned(),
        section_name: (role != Role::Operator).then(|| "さくら工業株式会社".to_owned()),
        role,
        time_zone: "Asia/Tokyo".to_owned(),
        password_set_at: Some(SENT),
        password_expires_at: (role == Role::User).then(|| SENT.plus_seconds(180 * 86_400)),
        second_factor_at: (role == Role::User).then_some(SENT),
        least: 12,
        form_key: "key".to_owned(),
    };
    let user = who(Role::User, "山田 太郎");
    let line = |seconds: i64, address: &str, browser: &str, this| SessionLine {
        mark: format!("{seconds}"),
        here: seconds < 7200,
        browser: browser.to_owned(),
        made_at: SENT.plus_seconds(-seconds),
        seen_at: SENT,
        address: address.to_owned(),
        this,
    };
    let listed = [
        line(60, "192.0.2.17", "Firefox (Windows)", true),
        line(3700, "192.0.2.17", "Safari (iPhone)", false),
        line(7200, "2001:db8:1234:5678:9abc:def0:1234:5678", "", false),
    ];
    let sign_in = |trouble, done| {
        account::sign_in(frame, &SignInForm { path: "/sign-in", name: "sakura/taro.yamada", trouble, done })
    };
    let path = "/invitation/q7xkq0Jw3VtS2mCw8yQe5n1bGd4rHf6uLp9zXaYcTeM";
    vec![
        ("sign-in", sign_in(None, None)),
        ("sign-in-refused", sign_in(Some(SignInTrouble::Refused), None)),
        ("sign-in-many", sign_in(Some(SignInTrouble::TooMany { seconds: 600 }), None)),
        ("sign-in-set", sign_in(None, Some(Done::PasswordSet))),
        ("invitation", account::invitation(frame, &user, path, SENT, None)),
        (
            "invitation-short",
            account::invitation(frame, &user, path, SENT, Some(Unfit::Fault(PasswordFault::TooShort(12)))),
        ),
        ("password-change", account::password(frame, &user, false, None)),
        ("password-alone", account::password(frame, &who(Role::Operator, ""), false, Some(Unfit::WrongCurrent))),
        ("password-many", account::password(frame, &user, false, Some(Unfit::TooMany { seconds: 600 }))),
        ("password-must", account::password(frame, &user, true, Some(Unfit::WrongCurrent))),
        ("sessions", sessions::end(frame, &user, &listed, "", None)),
        ("sessions-refused", sessions::end(frame, &user, &listed, "3700", Some(SessionTrouble::Refused))),
        ("me", account::me(frame, &user, &listed, Some(3), Some(Done::PasswordChanged))),
        ("me-operator", account::me(frame, &who(Role::Operator, ""), &listed[..1], None, None)),
    ]
    .into_iter()
    .chain(second_factor_pages(frame, &user))
    .collect()
}

fn second_factor_pages(frame: &Frame, who: &Oneself) -> Vec<(&'static str, String)> {
    let code = |trouble| {
        let (path, back, name) = ("/sign-in/code", "/sign-in", "sakura/taro.yamada");
        second_factor::sign_in_code(frame, &CodePage { path, back, name, form_key: "key", trouble })
    };
    let own = |standing, must, trouble| second_factor::own(frame, &Own { standing, must, who, trouble, done: None });
    let on = Second::On { since: SENT, codes_left: 8 };
    let uri = "otpauth://totp/Fubako:sakura%2Ftaro.yamada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Fubako";
    let key = Key { shown: "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ".to_owned(), uri: uri.to_owned() };
    let recovery: Vec<String> = (b'A'..=b'J').map(|c| format!("{0}BCD-EFGH-IJKL-MN2{0}", char::from(c))).collect();
    vec![
        ("code", code(None)),
        ("code-refused", code(Some(CodeTrouble::Refused))),
        ("second-off", own(Second::Off, false, None)),
        ("second-must", own(Second::Off, true, Some(SecondTrouble::Refused))),
        ("second-begun", own(Second::Begun, false, Some(SecondTrouble::NotConfirmed))),
        ("second-on", own(on, false, None)),
        ("second-on-refused", own(on, false, Some(SecondTrouble::Refused))),
        ("second-codes-refused", own(on, false, Some(SecondTrouble::CodesRefused))),
        ("second-key", second_factor::key(frame, who, &key)),
        ("recovery-codes", second_factor::recovery(frame, &recovery, true)),
    ]
}
