//! The ways to prove who one is, on a real exchange: what a deposit notes, codes that are mailed, tried, used once (spec ACCESS).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fubako_base::{
    audit::Event,
    secret::FilePassword,
    section::{Access, Section, Settings, Way},
};
use fubako_exchange::{
    access::Asked,
    audit::Search,
    deposit::DepositError,
    domain::{
        NewDeposit, Whence,
        access::{CODE_TRIES, CODES_FOR_LINK, CODES_TO_ADDRESS, Offer},
    },
    download::{DownloadError, Proof},
};
use fubako_store::sections::{Change, Group};
use fubako_testkit::{
    house::{House, PASSWORD, RECIPIENT, deposit, request},
    section,
};
use fubako_vault::scanner::Scanner;
use futures::future::join_all;

const TO: &str = "hanako@example.jp";

fn ways(ways: &[Way]) -> Settings {
    Settings { access: Access::of(ways).unwrap(), ..Settings::default() }
}

async fn house(settings: Settings) -> House {
    House::with(Scanner::None, Section { settings, ..section("acme") }).await
}

/// A link of a deposit that is sent to hanako.
async fn link(house: &House) -> String {
    deposit(house, &[TO], &[("a.pdf", b"alpha".to_vec())]).await;
    house.posted().await[0].token()
}

/// Asks for a code: the browser's secret, and the code as the mail has it.
async fn code(house: &House, link: &str) -> (String, String) {
    let asked = house.exchange.mail_code(link, RECIPIENT, house.now()).await.unwrap();
    let Asked::Mailed { browser, until } = asked else { panic!("no code was mailed") };
    assert_eq!(until, house.now().plus_seconds(600));
    let [mail] = &house.posted().await[..] else { panic!("not one mail") };
    assert_eq!((mail.recipient.as_str(), mail.outgoing.envelope_from.as_str()), (TO, "fubako@files.example.jp"));
    assert_eq!(mail.outgoing.prefix, b"X-Signed-For: acme\r\n", "it is signed");
    let line = mail.text.lines().find(|line| line.starts_with("    ")).unwrap().trim().to_owned();
    assert!(mail.html.contains(&line) && !mail.subject.contains(&line[..4]), "{}", mail.subject);
    (browser, line)
}

async fn enter(house: &House, link: &str, browser: &str, typed: &str) -> Proof {
    house.exchange.prove_by_code(link, browser, typed, RECIPIENT, house.now()).await.unwrap()
}

/// Another code of as many digits.
fn other(code: &str) -> String {
    let last = code.chars().next_back().unwrap();
    format!("{}{}", &code[..code.len() - 1], if last == '0' { '1' } else { '0' })
}

// spec: ACCESS
#[tokio::test]
async fn a_code_opens_the_files_once_in_the_browser_that_asked() {
    let house = house(ways(&[Way::OneTimeCode])).await;
    let link = link(&house).await;
    let (browser, typed) = code(&house, &link).await;
    let seen = house.exchange.look_from(&link, &browser, house.now()).await.unwrap();
    assert_eq!(seen.offer, Offer { ask: true, code: true, ..Offer::default() });
    assert_eq!(seen.code, Some((house.now(), house.now().plus_seconds(600))));
    assert_eq!(house.exchange.look(&link, house.now()).await.unwrap().code, None, "another browser");
    // Neither the code without the browser nor the browser of another link opens anything, and none of it costs a try.
    for stranger in ["", "x", &"A".repeat(43)] {
        assert!(enter(&house, &link, stranger, &typed).await == Proof::CodeOver);
    }
    let Proof::Opened { session, .. } = enter(&house, &link, &browser, &typed).await else { panic!("not opened") };
    assert_eq!(house.exchange.opened(&link, &session, house.now()).await.unwrap().files.len(), 1);
    assert!(enter(&house, &link, &browser, &typed).await == Proof::CodeOver, "it is good twice");
    // And a password, were there one, would not.
    let proof = house.exchange.prove(&link, PASSWORD, RECIPIENT, house.now()).await;
    assert!(matches!(proof, Err(DownloadError::NotProven)));
    assert!(house.exchange.mail_code("x", RECIPIENT, house.now()).await.is_err());
}

// spec: ACCESS
#[tokio::test]
async fn a_code_is_over_after_its_time_its_tries_and_with_the_next_one() {
    let settings = Settings { free_tries: 50, max_tries: 50, ..ways(&[Way::OneTimeCode]) };
    let house = house(settings).await;
    let link = link(&house).await;
    let (browser, typed) = code(&house, &link).await;
    house.pass_seconds(600);
    assert!(enter(&house, &link, &browser, &typed).await == Proof::CodeOver, "its time is over");
    let (browser, typed) = code(&house, &link).await;
    for _ in 0..CODE_TRIES {
        assert!(matches!(enter(&house, &link, &browser, &other(&typed)).await, Proof::Wrong { .. }));
    }
    assert!(enter(&house, &link, &browser, &typed).await == Proof::CodeOver, "it was tried too often");
    house.pass_seconds(30);
    let (first, before) = code(&house, &link).await;
    house.pass_seconds(30);
    let (second, typed) = code(&house, &link).await;
    assert!(enter(&house, &link, &first, &before).await == Proof::CodeOver, "another one came after it");
    assert!(matches!(enter(&house, &link, &second, &typed).await, Proof::Opened { .. }));
}

// spec: ACCESS
#[tokio::test]
async fn wrong_codes_lock_the_link_as_wrong_passwords_do() {
    let settings = Settings { free_tries: 2, max_tries: 3, ..ways(&[Way::PasswordInMail, Way::OneTimeCode]) };
    let house = house(settings).await;
    let link = link(&house).await;
    let (browser, typed) = code(&house, &link).await;
    assert!(enter(&house, &link, &browser, &other(&typed)).await == Proof::Wrong { next_try_at: None, tries_left: 2 });
    let wrong = house.exchange.prove(&link, "wrong-password", RECIPIENT, house.now()).await.unwrap();
    let until = house.now().plus_seconds(2);
    assert!(wrong == Proof::Wrong { next_try_at: Some(until), tries_left: 1 });
    assert!(enter(&house, &link, &browser, &typed).await == Proof::Wait { until }, "the right one comes too soon");
    house.pass_seconds(2);
    let locked = house.now().plus_seconds(3600);
    assert!(enter(&house, &link, &browser, "nonsense").await == Proof::Locked { until: locked });
    assert!(enter(&house, &link, &browser, &typed).await == Proof::Locked { until: locked });
    house.pass_seconds(60);
    assert!(house.exchange.mail_code(&link, RECIPIENT, house.now()).await.unwrap() == Asked::Locked { until: locked });
    assert!(house.posted().await.is_empty());
    assert_eq!(house.exchange.look(&link, house.now()).await.unwrap().offer, Offer::default());
}

// spec: ACCESS
#[tokio::test]
async fn so_many_codes_an_hour_are_mailed_for_a_link_and_to_an_address() {
    let house = house(ways(&[Way::OneTimeCode])).await;
    let one = link(&house).await;
    let begun = house.now();
    code(&house, &one).await;
    let asked = house.exchange.mail_code(&one, RECIPIENT, house.now()).await.unwrap();
    assert!(asked == Asked::Wait { until: begun.plus_seconds(30) }, "pressed twice");
    for _ in 1..CODES_FOR_LINK {
        house.pass_seconds(30);
        code(&house, &one).await;
    }
    house.pass_seconds(30);
    let asked = house.exchange.mail_code(&one, "203.0.113.9", house.now()).await.unwrap();
    assert!(asked == Asked::Wait { until: begun.plus_seconds(3600) }, "too many for the link");
    // Another link of the same recipient's has codes of its own, until there are too many to the address.
    let mut mailed = CODES_FOR_LINK;
    while mailed < CODES_TO_ADDRESS {
        code(&house, &link(&house).await).await;
        mailed += 1;
    }
    let another = link(&house).await;
    let asked = house.exchange.mail_code(&another, RECIPIENT, house.now()).await.unwrap();
    assert!(asked == Asked::Wait { until: begun.plus_seconds(3600) }, "too many to the address");
    assert!(house.posted().await.is_empty());
    house.pass_seconds(3600);
    code(&house, &one).await;
    house.exchange.expire_due(house.now().plus_seconds(3601)).await.unwrap();
}

// spec: ACCESS
#[tokio::test]
async fn codes_for_many_links_of_an_address_that_are_asked_for_at_once_are_no_more_than_one_after_another() {
    let house = house(ways(&[Way::OneTimeCode])).await;
    let mut links = Vec::new();
    for _ in 0..2 * CODES_TO_ADDRESS {
        links.push(link(&house).await);
    }
    let asked = join_all(links.iter().map(|link| house.exchange.mail_code(link, RECIPIENT, house.now()))).await;
    let asked: Vec<Asked> = asked.into_iter().map(Result::unwrap).collect();
    assert_eq!(asked.iter().filter(|asked| matches!(asked, Asked::Mailed { .. })).count(), CODES_TO_ADDRESS);
    let wait = Asked::Wait { until: house.now().plus_seconds(3600) };
    assert_eq!(asked.iter().filter(|asked| **asked == wait).count(), CODES_TO_ADDRESS, "the others hear until when");
    assert_eq!(house.posted().await.len(), CODES_TO_ADDRESS);
}

/// 1,000 redemptions of one code side by side: one is proven.
// spec: ACCESS
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_redeemed_once_by_a_thousand_at_once() {
    let house = house(ways(&[Way::OneTimeCode])).await;
    let link = link(&house).await;
    let (browser, typed) = code(&house, &link).await;
    let proofs = join_all((0..1000).map(|_| enter(&house, &link, &browser, &typed))).await;
    let opened = proofs.iter().filter(|proof| matches!(proof, Proof::Opened { .. })).count();
    assert_eq!(opened, 1);
    assert!(!proofs.iter().any(|proof| matches!(proof, Proof::Wrong { .. })), "a right one is called wrong");
}

// spec: X-AUDIT
#[tokio::test]
async fn what_is_done_with_codes_is_recorded_without_the_code() {
    let house = house(Settings { max_tries: 2, free_tries: 2, ..ways(&[Way::OneTimeCode]) }).await;
    let one = link(&house).await;
    let (browser, typed) = code(&house, &one).await;
    enter(&house, &one, &browser, &other(&typed)).await;
    enter(&house, &one, &browser, &typed).await;
    let two = link(&house).await;
    let (browser, typed) = code(&house, &two).await;
    enter(&house, &two, &browser, &other(&typed)).await;
    enter(&house, &two, &browser, &other(&typed)).await;
    let acme = "acme".parse().unwrap();
    let all = house.exchange.audit_lines(&acme, &Search::default(), None, 100).await.unwrap();
    let all: Vec<String> = all.iter().rev().map(|line| format!("{line:?}")).collect();
    let of =
        |event: Event| all.iter().filter(|line| line.contains(&format!("\"{event}\""))).cloned().collect::<Vec<_>>();
    assert_eq!((of(Event::CodeSent).len(), of(Event::LinkOpened).len(), of(Event::LinkRefused).len()), (2, 1, 3));
    assert!(of(Event::LinkOpened)[0].contains("one-time-code") && of(Event::CodeSent)[0].contains(TO));
    assert!(of(Event::LinkRefused)[2].contains("locked-until") && !of(Event::LinkRefused)[1].contains("locked-until"));
    let digits = typed.replace(' ', "");
    assert!(!all.iter().any(|line| line.contains(&typed) || line.contains(&digits)), "{all:?}");
}

/// What was allowed when a deposit was begun is what opens it, whatever is allowed later; a group's ways come before the section's.
// spec: ACCESS
#[tokio::test]
async fn the_policy_of_when_it_was_begun_decides() {
    let house = house(ways(&[Way::PasswordInMail])).await;
    let before = link(&house).await;
    let settings = ways(&[Way::OneTimeCode]);
    house.put_section(Section { settings, ..section("acme") }).await;
    let view = house.exchange.look(&before, house.now()).await.unwrap();
    assert_eq!(view.offer, Offer { password: true, ..Offer::default() });
    assert!(matches!(house.exchange.mail_code(&before, RECIPIENT, house.now()).await, Err(DownloadError::NotProven)));
    let proof = house.exchange.prove_by_code(&before, &"A".repeat(43), "12345678", RECIPIENT, house.now()).await;
    assert!(matches!(proof, Err(DownloadError::NotProven)));
    let proof = house.exchange.prove(&before, PASSWORD, RECIPIENT, house.now()).await.unwrap();
    assert!(matches!(proof, Proof::Opened { .. }));

    let after = link(&house).await;
    let view = house.exchange.look(&after, house.now()).await.unwrap();
    assert_eq!(view.offer, Offer { ask: true, ..Offer::default() });
    let acme = "acme".parse().unwrap();
    let [group] = &house.store.groups(&acme).await.unwrap()[..] else { panic!("not one group") };
    let access = Some(Access::of(&[Way::Account, Way::PasswordInMail]).unwrap());
    let change = Change::PutGroup(Group { access, ..group.clone() });
    house.store.apply(&[change], &[], house.now()).await.unwrap();
    assert_eq!(house.store.groups(&acme).await.unwrap()[0].access, access);
    let of_group = link(&house).await;
    let view = house.exchange.look(&of_group, house.now()).await.unwrap();
    assert_eq!(view.offer, Offer { password: true, account: true, ..Offer::default() });
}

// spec: ACCESS
#[tokio::test]
async fn a_deposit_needs_a_password_only_where_nothing_else_opens_it() {
    let house = house(ways(&[Way::PasswordInMail])).await;
    let without = NewDeposit { password: None, ..request(&[TO], 1) };
    let refused = house.exchange.begin("a", &without, Whence::Within, house.now()).await.unwrap_err();
    assert!(matches!(&refused, DepositError::Invalid(why) if why.0.contains("password")), "{refused}");
    let settings = ways(&[Way::PasswordInMail, Way::OneTimeCode]);
    house.put_section(Section { settings, ..section("acme") }).await;
    let (begun, _) = house.exchange.begin("b", &without, Whence::Within, house.now()).await.unwrap();
    assert_eq!(begun.access.ways().collect::<Vec<_>>(), [Way::OneTimeCode]);
    assert!(!house.exchange.begin("b", &without, Whence::Within, house.now()).await.unwrap().1, "said again");
    let (begun, _) = house.exchange.begin("c", &request(&[TO], 1), Whence::Within, house.now()).await.unwrap();
    assert_eq!(begun.access.ways().collect::<Vec<_>>(), [Way::PasswordInMail, Way::OneTimeCode]);
    let refused = house.exchange.begin("c", &without, Whence::Within, house.now()).await.unwrap_err();
    assert!(matches!(refused, DepositError::Conflict(_)), "{refused}");
    // Where no password opens anything, none is kept.
    let settings = ways(&[Way::OneTimeCode]);
    house.put_section(Section { settings, ..section("acme") }).await;
    let (begun, _) = house.exchange.begin("d", &request(&[TO], 1), Whence::Within, house.now()).await.unwrap();
    assert_eq!(house.store.deposit(begun.id).await.unwrap().unwrap().password_hash, None);
    assert!(!house.exchange.begin("d", &request(&[TO], 1), Whence::Within, house.now()).await.unwrap().1, "said again");
}

/// Begins a deposit with this password, from there; what is kept of it.
async fn kept_password(house: &House, key: &str, password: &str, whence: Whence) -> String {
    let password = Some(FilePassword::from_kept(password.to_owned()));
    let wanted = NewDeposit { password, ..request(&[TO], 1) };
    let (begun, _) = house.exchange.begin(key, &wanted, whence, house.now()).await.unwrap();
    house.store.deposit(begun.id).await.unwrap().unwrap().password_hash.unwrap()
}

// spec: ACCESS MAIL-SPEED
#[tokio::test]
async fn a_password_of_a_programs_is_hashed_slowly_and_one_that_we_drew_is_sealed() {
    let house = house(Settings::default()).await;
    let program = Whence::Address("192.0.2.7".parse().unwrap());
    let slow = kept_password(&house, "a", "Somebody2thought", program).await;
    assert!(slow.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{slow}");
    let drawn = FilePassword::generate().unwrap();
    let sealed = kept_password(&house, "b", drawn.expose(), Whence::Within).await;
    assert!(sealed.starts_with("sealed-sha256:"), "{sealed}");
    // What is sealed is another text each time, and is no hash that anybody could make.
    assert_ne!(sealed, kept_password(&house, "c", drawn.expose(), Whence::Within).await);
    // Said again with another password it is another request, either way.
    for (key, whence) in [("a", program), ("b", Whence::Within)] {
        let wanted =
            NewDeposit { password: Some(FilePassword::from_kept("another-password".into())), ..request(&[TO], 1) };
        let again = house.exchange.begin(key, &wanted, whence, house.now()).await;
        assert!(matches!(again, Err(DepositError::Conflict(_))), "{key}");
    }
    let same = NewDeposit { password: Some(drawn), ..request(&[TO], 1) };
    assert!(!house.exchange.begin("b", &same, Whence::Within, house.now()).await.unwrap().1);
}
