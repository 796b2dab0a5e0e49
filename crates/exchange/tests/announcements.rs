//! What the operator announces: recorded, shown, and mailed to the contacts once (spec X-OPERATOR).
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::atomic::Ordering;

use fubako_base::{
    audit::Actor,
    ids::SectionId,
    section::{NoticeLanguage, Section, Settings},
};
use fubako_exchange::{
    announcements::{AnnouncementError, Words},
    audit::{By, Search},
    domain::announcement::{AnnouncementFault, Entered, KEPT_DAYS},
};
use fubako_store::sections::{Change, User};
use fubako_testkit::{house::House, section};
use fubako_vault::scanner::Scanner;

fn root() -> By {
    By::at(Actor::Operator("root".into()), "192.0.2.1")
}

fn entered(house: &House, starts: i64, ends: i64) -> Entered {
    let words = |subject: &str, text: &str| Words { subject: subject.into(), text: text.into() };
    Entered {
        ja: words("設備の入れ替え", "日曜日に行います。\n<b>ご迷惑</b>をおかけします。"),
        en: words("New machines", "On Sunday.\n<b>Sorry</b>."),
        times: Some((house.now().plus_seconds(starts), house.now().plus_seconds(ends))),
        mailed: true,
    }
}

async fn administrator(house: &House, of: &str, login_id: &str) {
    let user = User {
        section: of.parse().unwrap(),
        login_id: login_id.into(),
        address: format!("{login_id}@{of}.example"),
        name: String::new(),
        group: None,
        default_user: false,
        administrator: true,
        approver: false,
        password_never_expires: false,
    };
    house.store.apply(&[Change::PutUser(user)], &[], house.now()).await.unwrap();
}

/// A house whose section `acme` reads English and whose `beta` reads both.
async fn house() -> House {
    let settings = Settings { language: NoticeLanguage::En, ..Settings::default() };
    let house = House::with(Scanner::None, Section { settings, ..section("acme") }).await;
    house.put_section(section("beta")).await;
    administrator(&house, "acme", "kanri").await;
    administrator(&house, "beta", "admin").await;
    house
}

// spec: X-OPERATOR X-LANG
#[tokio::test]
async fn what_is_shown_is_mailed_to_each_contact_once_in_their_languages() {
    let house = house().await;
    house.exchange.announce(&entered(&house, 60, 7200), &root(), house.now()).await.unwrap();
    assert_eq!(house.exchange.mail_announcements(house.now()).await.unwrap(), 0, "not before it is shown");
    house.pass_seconds(60);
    assert_eq!(house.exchange.mail_announcements(house.now()).await.unwrap(), 2);
    assert!(house.wakes.load(Ordering::SeqCst) > 0, "the post office is woken");
    let [both, english] = house.posted().await.try_into().unwrap_or_else(|posted: Vec<_>| panic!("{}", posted.len()));
    assert_eq!((both.recipient.as_str(), english.recipient.as_str()), ("admin@beta.example", "kanri@acme.example"));
    assert_eq!(both.subject, "【Fubako】設備の入れ替え");
    assert!(both.text.contains("日曜日に行います。\n<b>ご迷惑</b>をおかけします。\n"), "{}", both.text);
    assert!(both.text.contains("On Sunday.") && both.text.contains("2026年11月22日(日) 01:30"), "{}", both.text);
    assert_eq!(english.subject, "[Fubako] New machines");
    assert!(english.text.contains("Sun 22 November 2026, 01:30 (Japan time)"), "{}", english.text);
    assert!(!english.text.contains("日曜日") && !english.html.contains("<b>"), "{}", english.html);
    assert!(english.html.contains("&lt;b&gt;Sorry&lt;/b&gt;"), "{}", english.html);
    assert_eq!(english.outgoing.section.as_str(), "acme");
    assert!(String::from_utf8(english.outgoing.prefix.clone()).unwrap().contains("X-Signed-For: acme"));

    // Nobody again; who becomes a contact while it is shown gets it too, and nobody afterwards.
    administrator(&house, "acme", "late").await;
    assert_eq!(house.exchange.mail_announcements(house.now()).await.unwrap(), 1);
    assert_eq!(house.posted().await[0].recipient, "late@acme.example");
    let [there] = house.exchange.announcements(house.now()).await.unwrap().try_into().unwrap();
    assert_eq!(there.mails, 3);
    house.pass_seconds(7200);
    administrator(&house, "acme", "later").await;
    assert_eq!(house.exchange.mail_announcements(house.now()).await.unwrap(), 0);
}

// spec: X-OPERATOR
#[tokio::test]
async fn what_is_not_to_be_mailed_or_withdrawn_is_not_mailed() {
    let house = house().await;
    let quiet = Entered { mailed: false, ..entered(&house, 0, 7200) };
    house.exchange.announce(&quiet, &root(), house.now()).await.unwrap();
    house.exchange.announce(&entered(&house, 0, 3600), &root(), house.now()).await.unwrap();
    let all = house.exchange.announcements_shown(house.now()).await.unwrap();
    let loud = all.iter().find(|one| one.content.mailed).unwrap();
    house.exchange.withdraw_announcement(loud.id, loud.version, &root(), house.now()).await.unwrap();
    assert_eq!(house.exchange.mail_announcements(house.now()).await.unwrap(), 0);
    // One that is to be mailed after all.
    let [quiet] = house.exchange.announcements_shown(house.now()).await.unwrap().try_into().unwrap();
    let loud = entered(&house, 0, 7200);
    house.exchange.change_announcement(quiet.id, quiet.version, &loud, &root(), house.now()).await.unwrap();
    assert_eq!(house.exchange.mail_announcements(house.now()).await.unwrap(), 2);
}

// spec: X-OPERATOR X-AUDIT
#[tokio::test]
async fn what_an_operator_does_is_recorded_and_a_stale_page_does_nothing() {
    let house = house().await;
    let none = Entered { times: None, ..entered(&house, 0, 60) };
    let refused = house.exchange.announce(&none, &root(), house.now()).await;
    assert!(matches!(refused, Err(AnnouncementError::Faults(faults)) if faults == [AnnouncementFault::Unread]));
    house.exchange.announce(&entered(&house, 0, 3600), &root(), house.now()).await.unwrap();
    let [one] = house.exchange.announcements_shown(house.now()).await.unwrap().try_into().unwrap();
    let change = async |seen| {
        house.exchange.change_announcement(one.id, seen, &entered(&house, 0, 1800), &root(), house.now()).await
    };
    change(1).await.unwrap();
    assert!(matches!(change(1).await, Err(AnnouncementError::Changed)));
    let withdraw = async |seen| house.exchange.withdraw_announcement(one.id, seen, &root(), house.now()).await;
    assert!(matches!(withdraw(1).await, Err(AnnouncementError::Changed)));
    withdraw(2).await.unwrap();
    assert!(matches!(withdraw(3).await, Err(AnnouncementError::NotFound)));
    assert!(matches!(change(3).await, Err(AnnouncementError::NotFound)));
    assert_eq!(house.exchange.announcements_shown(house.now()).await.unwrap(), []);

    let own = SectionId::installation();
    let lines = house.exchange.audit_lines(&own, &Search::default(), None, 10).await.unwrap();
    let lines: Vec<_> = lines.iter().filter(|line| line.event.starts_with("announcement-")).collect();
    let events: Vec<_> = lines.iter().rev().map(|line| line.event.as_str()).collect();
    assert_eq!(events, ["announcement-made", "announcement-changed", "announcement-withdrawn"]);
    for line in &lines {
        assert_eq!((line.actor_kind.as_str(), line.actor.as_str()), ("operator", "root"));
        assert_eq!((line.address.as_str(), line.object.clone()), ("192.0.2.1", one.id.to_string()));
        assert!(line.detail.contains("設備の入れ替え") && line.detail.contains("\"starts\""), "{}", line.detail);
    }
    // It is kept for a year, and then forgotten.
    house.pass_seconds(KEPT_DAYS * 86_400 - 1);
    house.exchange.mail_announcements(house.now()).await.unwrap();
    assert_eq!(house.exchange.announcements(house.now()).await.unwrap().len(), 1);
    house.pass_seconds(1);
    house.exchange.mail_announcements(house.now()).await.unwrap();
    assert_eq!(house.store.announcement(one.id).await.unwrap(), None);
}

// spec: X-OPERATOR
#[tokio::test]
async fn a_contact_whose_mail_cannot_be_made_stands_in_nobody_s_way() {
    let house = house().await;
    house.exchange.announce(&entered(&house, 0, 3600), &root(), house.now()).await.unwrap();
    // A key that nobody can open: no mail of this section can be sealed.
    house.store.keep_section_key(&"beta".parse().unwrap(), b"no key", house.now()).await.unwrap();
    assert_eq!(house.exchange.mail_announcements(house.now()).await.unwrap(), 1);
    assert_eq!(house.posted().await[0].recipient, "kanri@acme.example");
}
