//! The pages of whoever has an account (spec X-ACCOUNTS): signing in, an invitation, oneself, the password.

use askama::Template;
use fubako_base::{
    Lang, Timestamp,
    lang::{Value, text},
    shown::{self, Moment, visible},
};
use fubako_exchange::domain::account::{Fault, LONGEST_PASSWORD, Role};

use super::{Alert, Frame, render};
use crate::waits;

/// What was done before the page came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// An invitation was used.
    PasswordSet,
    /// The password was changed.
    PasswordChanged,
    /// One signed out.
    SignedOut,
    /// The session was over.
    Over,
    /// The other sessions were ended.
    SignedOutElsewhere,
    /// One other session was ended.
    SignedOutThere,
    /// A maintenance window was made.
    MaintenanceMade,
    /// A maintenance window was ended, or taken back.
    MaintenanceEnded,
    /// An announcement was made.
    AnnouncementMade,
    /// An announcement was changed.
    AnnouncementChanged,
    /// An announcement was withdrawn.
    AnnouncementWithdrawn,
    /// A mail or a delivery is tried now.
    MailRetried,
    /// A mail or a delivery was stopped.
    MailStopped,
    /// A section was made.
    SectionMade,
    /// A section was changed.
    SectionChanged,
    /// A section was switched off.
    SectionOff,
    /// A section was switched on.
    SectionOn,
    /// DKIM keys were made.
    KeysMade,
    /// A deposit was taken back.
    DepositCancelled,
    /// One recipient's link was taken back.
    LinkCancelled,
    /// A deposit is kept longer.
    DepositExtended,
    /// A draft was sent.
    Sent,
    /// A draft waits for approval.
    Asked,
    /// A deposit was approved.
    Approved,
    /// A deposit was rejected.
    Rejected,
    /// A user was added.
    UserAdded,
    /// A user was changed.
    UserChanged,
    /// A user was invited.
    UserInvited,
    /// A user's account was unlocked.
    UserUnlocked,
    /// A user's second factor was taken away.
    UserSecondFactorOff,
    /// A user was removed.
    UserRemoved,
    /// A file of users was taken.
    UsersImported,
    /// A group was added.
    GroupAdded,
    /// A group was changed.
    GroupChanged,
    /// A group was removed.
    GroupRemoved,
    /// Policies were changed.
    PoliciesChanged,
    /// A token for programs was revoked.
    TokenRevoked,
    /// The code after the password came too late.
    CodeLate,
    /// The second factor was turned off.
    SecondFactorOff,
}

impl Done {
    /// Every one.
    pub const ALL: [Self; 39] = [
        Self::PasswordSet,
        Self::PasswordChanged,
        Self::SignedOut,
        Self::Over,
        Self::SignedOutElsewhere,
        Self::SignedOutThere,
        Self::MaintenanceMade,
        Self::MaintenanceEnded,
        Self::AnnouncementMade,
        Self::AnnouncementChanged,
        Self::AnnouncementWithdrawn,
        Self::MailRetried,
        Self::MailStopped,
        Self::SectionMade,
        Self::SectionChanged,
        Self::SectionOff,
        Self::SectionOn,
        Self::KeysMade,
        Self::DepositCancelled,
        Self::LinkCancelled,
        Self::DepositExtended,
        Self::Sent,
        Self::Asked,
        Self::Approved,
        Self::Rejected,
        Self::UserAdded,
        Self::UserChanged,
        Self::UserInvited,
        Self::UserUnlocked,
        Self::UserSecondFactorOff,
        Self::UserRemoved,
        Self::UsersImported,
        Self::GroupAdded,
        Self::GroupChanged,
        Self::GroupRemoved,
        Self::PoliciesChanged,
        Self::TokenRevoked,
        Self::CodeLate,
        Self::SecondFactorOff,
    ];

    /// The word for it in an address.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::PasswordSet => "password-set",
            Self::PasswordChanged => "password-changed",
            Self::SignedOut => "signed-out",
            Self::Over => "over",
            Self::SignedOutElsewhere => "elsewhere",
            Self::SignedOutThere => "there",
            Self::MaintenanceMade => "maintenance-made",
            Self::MaintenanceEnded => "maintenance-ended",
            Self::AnnouncementMade => "announcement-made",
            Self::AnnouncementChanged => "announcement-changed",
            Self::AnnouncementWithdrawn => "announcement-withdrawn",
            Self::MailRetried => "mail-retried",
            Self::MailStopped => "mail-stopped",
            Self::SectionMade => "section-made",
            Self::SectionChanged => "section-changed",
            Self::SectionOff => "section-off",
            Self::SectionOn => "section-on",
            Self::KeysMade => "keys-made",
            Self::DepositCancelled => "deposit-cancelled",
            Self::LinkCancelled => "link-cancelled",
            Self::DepositExtended => "deposit-extended",
            Self::Sent => "sent",
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::UserAdded => "user-added",
            Self::UserChanged => "user-changed",
            Self::UserInvited => "user-invited",
            Self::UserUnlocked => "user-unlocked",
            Self::UserSecondFactorOff => "user-second-factor-off",
            Self::UserRemoved => "user-removed",
            Self::UsersImported => "users-imported",
            Self::GroupAdded => "group-added",
            Self::GroupChanged => "group-changed",
            Self::GroupRemoved => "group-removed",
            Self::PoliciesChanged => "policies-changed",
            Self::TokenRevoked => "token-revoked",
            Self::CodeLate => "code-late",
            Self::SecondFactorOff => "second-factor-off",
        }
    }

    /// What the word means; none where it is none of ours.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.word() == word)
    }

    pub(super) fn words(self, frame: &Frame) -> String {
        frame.t(&format!("web-done-{}", self.word()))
    }
}

/// What the sign-in form says beside itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInTrouble {
    /// Something was not filled in.
    Empty,
    /// Not let in; why is not told.
    Refused,
    /// Too many wrong ones from this network.
    TooMany {
        /// Seconds until one may be tried.
        seconds: u64,
    },
}

/// The sign-in form.
#[derive(Debug, Clone, Copy)]
pub struct SignInForm<'a> {
    /// Where it is sent.
    pub path: &'a str,
    /// What was typed as a name.
    pub name: &'a str,
    /// What went wrong.
    pub trouble: Option<SignInTrouble>,
    /// What was done before.
    pub done: Option<Done>,
}

/// Why a new password was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// The two are not the same.
    Differs,
    /// The current password is another, or the code where one is asked for.
    WrongCurrent,
    /// Too many wrong ones from this network.
    TooMany {
        /// Seconds until one may be tried.
        seconds: u64,
    },
    /// It cannot be chosen.
    Fault(Fault),
}

/// Whoever the page is for.
#[derive(Debug, Clone)]
pub struct Oneself {
    /// How they sign in.
    pub sign_in_name: String,
    /// Their name; may be empty.
    pub name: String,
    /// Their mail address.
    pub address: String,
    /// Their section's name; none for an operator.
    pub section_name: Option<String>,
    /// What they may do.
    pub role: Role,
    /// The time zone that times are shown in.
    pub time_zone: String,
    /// When the password was set.
    pub password_set_at: Option<Timestamp>,
    /// When it expires, where it does.
    pub password_expires_at: Option<Timestamp>,
    /// Since when there is a second factor.
    pub second_factor_at: Option<Timestamp>,
    /// Characters that a password has at least.
    pub least: usize,
    /// What their forms carry.
    pub form_key: String,
}

/// A session as it is listed.
#[derive(Debug, Clone)]
pub struct SessionLine {
    /// By what a form names it.
    pub mark: String,
    /// When it began.
    pub made_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// The IP address that signed in.
    pub address: String,
    /// Whether that is of the network that asks now.
    pub here: bool,
    /// The browser that signed in; empty where it is not known.
    pub browser: String,
    /// Whether it is the one that asks.
    pub this: bool,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    f: &'a Frame,
    path: &'a str,
    name: &'a str,
    alert: Option<Alert>,
    invalid: bool,
    done: Option<String>,
}

/// The page where one signs in.
#[must_use]
pub fn sign_in(frame: &Frame, form: &SignInForm<'_>) -> String {
    let alert = form.trouble.map(|trouble| {
        let (id, lines, seconds) = match trouble {
            SignInTrouble::Empty => ("web-sign-in-empty", vec![frame.t("web-sign-in-empty")], None),
            SignInTrouble::Refused => {
                ("web-sign-in-refused", vec![frame.t("web-sign-in-refused"), frame.t("web-sign-in-refused-more")], None)
            }
            SignInTrouble::TooMany { seconds } => {
                let words = waits::wait(seconds, frame.lang);
                ("web-sign-in-many", vec![frame.with("web-sign-in-many", "wait", &words)], Some(seconds))
            }
        };
        Alert { title: frame.t(&format!("{id}-title")), lines, seconds }
    });
    let invalid = matches!(form.trouble, Some(SignInTrouble::Empty | SignInTrouble::Refused));
    let done = form.done.map(|done| done.words(frame));
    render(&SignInPage { f: frame, path: form.path, name: form.name, alert, invalid, done })
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage<'a> {
    f: &'a Frame,
    path: &'a str,
    sign_in_name: String,
    address: String,
    until: Moment,
    alert: Option<Alert>,
    invalid: bool,
    hint: String,
}

/// The page of an invitation: who it is for, and the form that sets the password.
#[must_use]
pub fn invitation(frame: &Frame, who: &Oneself, path: &str, until: Timestamp, unfit: Option<Unfit>) -> String {
    render(&InvitationPage {
        f: frame,
        path,
        sign_in_name: visible(&who.sign_in_name),
        address: visible(&who.address),
        until: shown::moment(until, &who.time_zone, frame.lang),
        alert: unfit.map(|unfit| alert(frame, unfit)),
        invalid: unfit.is_some(),
        hint: hint(frame, who),
    })
}

#[derive(Template)]
#[template(path = "new_password.html")]
struct PasswordPage<'a> {
    f: &'a Frame,
    sign_in_name: String,
    form_key: &'a str,
    must: bool,
    /// A second factor counts: a code is asked for too.
    code: bool,
    alert: Option<Alert>,
    invalid: bool,
    wrong_current: bool,
    hint: String,
}

/// The page where one changes the password. `must`: it has expired, and nothing else can be done before.
#[must_use]
pub fn password(frame: &Frame, who: &Oneself, must: bool, unfit: Option<Unfit>) -> String {
    let wrong_current = unfit == Some(Unfit::WrongCurrent);
    let code = who.second_factor_at.is_some();
    render(&PasswordPage {
        f: frame,
        sign_in_name: visible(&who.sign_in_name),
        form_key: &who.form_key,
        must,
        code,
        alert: unfit.map(|unfit| match unfit {
            Unfit::WrongCurrent if code => Alert {
                title: frame.t("web-unfit-current-title"),
                lines: vec![frame.t("web-second-off-refused")],
                seconds: None,
            },
            unfit => alert(frame, unfit),
        }),
        invalid: matches!(unfit, Some(Unfit::Differs | Unfit::Fault(_))),
        wrong_current,
        hint: hint(frame, who),
    })
}

fn hint(frame: &Frame, who: &Oneself) -> String {
    frame.count("web-new-password-hint", &count(who.least))
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn alert(frame: &Frame, unfit: Unfit) -> Alert {
    let number = |id: &str, number: usize| text(frame.lang, id, &[("count", Value::from(count(number)))]);
    let line = match unfit {
        Unfit::TooMany { seconds } => return too_many(frame, seconds),
        Unfit::Differs => frame.t("web-unfit-differs"),
        Unfit::WrongCurrent => frame.t("web-unfit-current"),
        Unfit::Fault(Fault::TooShort(least)) => number("web-unfit-short", least),
        Unfit::Fault(Fault::TooLong) => number("web-unfit-long", LONGEST_PASSWORD),
        Unfit::Fault(Fault::IsName) => frame.t("web-unfit-name"),
        Unfit::Fault(Fault::TooSimple) => frame.t("web-unfit-simple"),
        Unfit::Fault(Fault::Common) => frame.t("web-unfit-common"),
        Unfit::Fault(Fault::Same) => frame.t("web-unfit-same"),
    };
    let title = if unfit == Unfit::WrongCurrent { "web-unfit-current-title" } else { "web-unfit-title" };
    Alert { title: frame.t(title), lines: vec![line], seconds: None }
}

/// That after many wrong ones of a network further ones must wait.
pub(super) fn too_many(frame: &Frame, seconds: u64) -> Alert {
    let line = frame.with("web-many-wrong", "wait", &waits::wait(seconds, frame.lang));
    Alert { title: frame.t("web-sign-in-many-title"), lines: vec![line], seconds: Some(seconds) }
}

pub(super) struct SessionRow {
    pub(super) made: Moment,
    pub(super) seen: Moment,
    pub(super) address: String,
    pub(super) here: bool,
    pub(super) browser: String,
    this: bool,
}

pub(super) fn session_row(frame: &Frame, who: &Oneself, session: &SessionLine) -> SessionRow {
    let moment = |at: Timestamp| shown::moment(at, &who.time_zone, frame.lang);
    SessionRow {
        made: moment(session.made_at),
        seen: moment(session.seen_at),
        address: visible(&session.address),
        here: session.here,
        browser: visible(&session.browser),
        this: session.this,
    }
}

#[derive(Template)]
#[template(path = "me.html")]
struct MePage<'a> {
    f: &'a Frame,
    who: &'a Oneself,
    name: String,
    address: String,
    section: Option<String>,
    operator: bool,
    administrator: bool,
    audit: bool,
    /// For an approver, the line that says how many deposits wait for them.
    waiting: Option<String>,
    role: &'static str,
    set: Option<Moment>,
    expires: Option<Moment>,
    second: Option<Moment>,
    rows: Vec<SessionRow>,
    others: bool,
    done: Option<String>,
}

/// The page of one's own account. `waiting`: for an approver, how many deposits wait for them.
#[must_use]
pub fn me(frame: &Frame, who: &Oneself, sessions: &[SessionLine], waiting: Option<u64>, done: Option<Done>) -> String {
    let moment = |at: Timestamp| shown::moment(at, &who.time_zone, frame.lang);
    let name = visible(&who.name);
    render(&MePage {
        f: frame,
        who,
        name: if name.is_empty() { visible(&who.sign_in_name) } else { name },
        address: visible(&who.address),
        section: who.section_name.as_deref().map(visible),
        operator: who.role == Role::Operator,
        administrator: who.role == Role::Administrator,
        audit: who.role != Role::User,
        waiting: waiting.map(|count| frame.count("web-approvals-waiting", &count)),
        role: match who.role {
            Role::Operator => "web-role-operator",
            Role::Administrator => "web-role-administrator",
            Role::User => "web-role-user",
        },
        set: who.password_set_at.map(moment),
        expires: who.password_expires_at.map(moment),
        second: who.second_factor_at.map(moment),
        rows: sessions.iter().map(|session| session_row(frame, who, session)).collect(),
        others: sessions.iter().any(|session| !session.this),
        done: done.map(|done| done.words(frame)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::sessions::{Trouble, end};

    const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

    fn frame(lang: Lang) -> Frame {
        Frame { lang, brand: "Brand & Co".to_owned(), unscanned: false, chosen: true, announced: Vec::new() }
    }

    fn oneself(role: Role) -> Oneself {
        Oneself {
            sign_in_name: "acme/<taro>".to_owned(),
            name: "<b>山田</b>".to_owned(),
            address: "\"<i>\"@acme.example".to_owned(),
            section_name: (role != Role::Operator).then(|| "<u>Acme</u>".to_owned()),
            role,
            time_zone: "Asia/Tokyo".to_owned(),
            password_set_at: Some(NOW),
            password_expires_at: (role == Role::User).then_some(NOW),
            second_factor_at: (role == Role::User).then_some(NOW),
            least: 12,
            form_key: "the-key-of-the-form".to_owned(),
        }
    }

    fn line(address: &str, this: bool) -> SessionLine {
        let (mark, browser) = ("<u>".to_owned(), "<b>Firefox".to_owned());
        SessionLine { mark, made_at: NOW, seen_at: NOW, address: address.to_owned(), here: !this, browser, this }
    }

    fn every_page(lang: Lang) -> Vec<String> {
        let frame = frame(lang);
        let faults = [Fault::TooShort(12), Fault::TooLong, Fault::IsName, Fault::TooSimple, Fault::Common, Fault::Same];
        let more = [Unfit::Differs, Unfit::WrongCurrent, Unfit::TooMany { seconds: 600 }];
        let unfit = faults.map(Unfit::Fault).into_iter().chain(more);
        let unfit: Vec<Option<Unfit>> = unfit.map(Some).chain([None]).collect();
        let troubles = [SignInTrouble::Empty, SignInTrouble::Refused, SignInTrouble::TooMany { seconds: 600 }];
        let line = |this| line("<i>192.0.2.1", this);
        let mut all = Vec::new();
        for trouble in troubles.map(Some).into_iter().chain([None]) {
            all.push(sign_in(&frame, &SignInForm { path: "/sign-in", name: "<script>", trouble, done: None }));
        }
        for done in Done::ALL {
            all.push(sign_in(
                &frame,
                &SignInForm { path: "/sign-in/approvals", name: "", trouble: None, done: Some(done) },
            ));
        }
        for unfit in unfit {
            all.push(invitation(&frame, &oneself(Role::User), "/invitation/x", NOW, unfit));
            all.push(password(&frame, &oneself(Role::User), unfit.is_none(), unfit));
        }
        for trouble in [None, Some(Trouble::Refused), Some(Trouble::TooMany { seconds: 600 })] {
            all.push(end(&frame, &oneself(Role::User), &[line(true), line(false)], "", trouble));
        }
        for role in [Role::Operator, Role::Administrator, Role::User] {
            all.push(me(&frame, &oneself(role), &[line(true), line(false)], Some(2), Some(Done::PasswordChanged)));
        }
        all
    }

    // spec: X-LANG, X-ACCOUNTS
    #[test]
    fn every_page_has_all_its_words_in_both_languages_and_runs_no_stranger_s() {
        for lang in Lang::ALL {
            for page in every_page(lang) {
                assert!(!page.contains("web-") && !page.contains("{$") && !page.contains("{ $"), "{page}");
                assert_eq!(page.matches("<h1").count(), 1, "{page}");
                assert_eq!(page.matches("<script").count(), 1, "{page}");
                for markup in ["<b>", "<i>", "<u>", "<taro>"] {
                    assert!(!page.contains(markup), "{markup}: {page}");
                }
                let japanese = page.chars().filter(|c| matches!(c, '\u{3041}'..='\u{30ff}')).count();
                assert_eq!(japanese > 20, lang == Lang::Ja, "{page}");
                // Each form keeps the language that was chosen.
                for action in page.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                    assert!(action.starts_with('/') && action.ends_with(&format!("?lang={lang}")), "{action}");
                }
            }
        }
    }

    // spec: X-ACCOUNTS
    #[test]
    fn the_forms_of_whoever_is_signed_in_carry_their_key() {
        let (frame, line) = (frame(Lang::En), line("", false));
        for page in [
            me(&frame, &oneself(Role::User), &[line], Some(0), None),
            password(&frame, &oneself(Role::User), false, None),
        ] {
            let keys = page.matches("name=\"form\" value=\"the-key-of-the-form\"").count();
            assert_eq!((keys > 0, keys), (true, page.matches("method=\"post\"").count()), "{page}");
        }
        // Nothing to end: no button.
        assert!(!me(&frame, &oneself(Role::User), &[], None, None).contains("/me/sessions"));
    }

    #[test]
    fn what_was_done_is_read_from_an_address_and_nothing_else() {
        for done in Done::ALL {
            assert_eq!(Done::read(done.word()), Some(done));
        }
        assert_eq!(Done::read("<script>"), None);
    }
}
