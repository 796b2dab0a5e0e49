//! What was sent: who took it, taking it back, keeping it longer.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::{IpAddr, Ipv4Addr};

use std::time::Duration;

use fubako_base::{
    ids::{DepositId, LinkId},
    section::Section,
};
use fubako_exchange::{
    account::{Person, SignIn},
    audit::By,
    audit::{Line, Search},
    deposit::DepositState,
    domain::{
        Whence,
        sent::{ExtendFault, Side},
    },
    download::DownloadError,
    sent::{Cancelled, SentError},
};
use fubako_store::sections::{Change, User};
use fubako_testkit::{
    house::{House, deposit, noise, open, read},
    section,
};
use futures::TryStreamExt as _;

const SECRET: &str = "a long enough secret";
/// Where everybody signs in from.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const TWO: &[&str] = &["hanako@example.jp", "jiro@example.jp"];

/// Makes a user of a section, and signs them in.
async fn person(house: &House, section: &str, login_id: &str, address: &str, administrator: bool) -> Person {
    let user = User {
        section: section.parse().unwrap(),
        login_id: login_id.to_owned(),
        address: address.to_owned(),
        name: String::new(),
        group: Some(fubako_testkit::LINK_GROUP.to_owned()),
        default_user: false,
        administrator,
        approver: false,
        password_never_expires: false,
    };
    house.store.apply(&[Change::PutUser(user)], &[], house.now()).await.unwrap();
    let name = format!("{section}/{login_id}");
    let invited = house.exchange.reset_account(&name, &By::command("test"), house.now()).await.unwrap();
    house
        .exchange
        .accept_invitation(invited.link.rsplit('/').next().unwrap(), SECRET, ADDRESS, house.now())
        .await
        .unwrap();
    let SignIn::In(secret) = house.exchange.sign_in(&name, SECRET, ADDRESS, "", house.now()).await.unwrap() else {
        panic!("not in")
    };
    house.exchange.person(&secret, ADDRESS, house.now()).await.unwrap().unwrap()
}

/// A house with the user whose mails [`deposit`] sends, and an administrator.
async fn house() -> (House, Person, Person) {
    let house = House::new().await;
    let taro = person(&house, "acme", "taro", "taro@acme.example", false).await;
    let kanri = person(&house, "acme", "kanri", "kanri@acme.example", true).await;
    (house, taro, kanri)
}

async fn cancel(
    house: &House,
    who: &Person,
    side: Side,
    id: DepositId,
    link: Option<LinkId>,
) -> Result<Cancelled, SentError> {
    house.exchange.cancel(who, side, id, link, "192.0.2.9", house.now()).await
}

// spec: X-CANCEL
#[tokio::test]
async fn the_sender_sees_who_took_what_and_when() {
    let (house, taro, _) = house().await;
    let id = deposit(&house, TWO, &[("a.pdf", noise(200_000)), ("b.pdf", noise(10)), ("empty", vec![])]).await;
    let tokens: Vec<String> = house.posted().await.iter().map(fubako_testkit::house::Posted::token).collect();
    let look = async || house.exchange.sent_deposit(&taro, Side::Own, id).await.unwrap();
    let (_, opened) = open(&house, &tokens[0]).await;
    let seen = look().await;
    assert_eq!((seen.line.taken, seen.links[0].opened_at), (0, Some(house.now())));
    assert_eq!((&seen.links[1].opened_at, seen.links[0].downloads.len()), (&None, 0));
    // In three pieces, the last of which is its end: one download, that is whole.
    for range in [0..70_000, 70_000..150_000] {
        read(&house, &opened, 1, range).await;
    }
    let first = look().await.links[0].downloads.clone();
    assert_eq!((first.len(), first[0].number, first[0].ended_at), (1, 1, None));
    read(&house, &opened, 1, 150_000..u64::MAX).await;
    read(&house, &opened, 3, 0..u64::MAX).await;
    // That it ended is noted while nobody waits for it.
    let mut tries = 0;
    while look().await.links[0].downloads.iter().any(|download| download.ended_at.is_none()) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        tries += 1;
        assert!(tries < 250, "never noted: {:?}", look().await);
    }
    // Another session is another download.
    house.pass_seconds(60);
    let (_, again) = open(&house, &tokens[0]).await;
    drop(house.exchange.read_file(&again, 1, 0..10).await.unwrap());
    let seen = look().await;
    assert_eq!(seen.line.taken, 1);
    let list: Vec<_> = seen.links[0].downloads.iter().map(|d| (d.number, d.ended_at.is_some())).collect();
    assert_eq!(list, [(1, true), (3, true), (1, false)]);
    let began = seen.links[0].downloads[2].began_at;
    assert!((house.now()..house.now().plus_seconds(30)).contains(&began), "{began:?}");
    let list = house.exchange.sent(&taro, Side::Own, "", None).await.unwrap();
    assert_eq!((list.lines.len(), list.lines[0].taken, list.more), (1, 1, false));
}

// spec: X-CANCEL KEEP-DELETE
#[tokio::test]
async fn what_is_taken_back_is_dead_at_once() {
    let (house, taro, _) = house().await;
    let id = deposit(&house, TWO, &[("a.pdf", noise(300_000))]).await;
    let tokens: Vec<String> = house.posted().await.iter().map(fubako_testkit::house::Posted::token).collect();
    let (session, opened) = open(&house, &tokens[0]).await;
    let mut under_way = house.exchange.read_file(&opened, 1, 0..u64::MAX).await.unwrap();
    under_way.try_next().await.unwrap().unwrap();
    let links = house.exchange.sent_deposit(&taro, Side::Own, id).await.unwrap().links;
    assert_eq!(cancel(&house, &taro, Side::Own, id, Some(links[0].id)).await.unwrap(), Cancelled::One);
    assert_eq!(cancel(&house, &taro, Side::Own, id, Some(links[0].id)).await.unwrap(), Cancelled::One, "done twice");
    let dead =
        |result: Result<(), DownloadError>| assert!(matches!(result, Err(DownloadError::Cancelled)), "{result:?}");
    dead(house.exchange.look(&tokens[0], house.now()).await.map(drop));
    dead(
        house
            .exchange
            .prove(&tokens[0], fubako_testkit::house::PASSWORD, fubako_testkit::house::RECIPIENT, house.now())
            .await
            .map(drop),
    );
    dead(house.exchange.opened(&tokens[0], &session, house.now()).await.map(drop));
    dead(house.exchange.read_file(&opened, 1, 0..1).await.map(drop));
    // The download that was under way ends within a second or so.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    dead(under_way.try_next().await.map(drop));
    // The other recipient's goes on, until all is taken back.
    let (_, theirs) = open(&house, &tokens[1]).await;
    read(&house, &theirs, 1, 0..10).await;
    assert_eq!(house.objects().len(), 1);
    assert_eq!(cancel(&house, &taro, Side::Own, id, None).await.unwrap(), Cancelled::Whole);
    assert_eq!(cancel(&house, &taro, Side::Own, id, None).await.unwrap(), Cancelled::Whole, "done twice");
    dead(house.exchange.look(&tokens[1], house.now()).await.map(drop));
    assert_eq!((house.exchange.erase().await.unwrap(), house.objects().len()), (1, 0));
    assert_eq!(house.exchange.get(id).await.unwrap().state, DepositState::Cancelled);
    // Whoever sent it and did not hear the answer is told that it was sent.
    assert_eq!(house.exchange.send(id, Whence::Within, house.now()).await.unwrap().state, DepositState::Cancelled);
}

// spec: X-CANCEL
#[tokio::test]
async fn the_last_recipient_takes_the_deposit_along_and_what_is_over_is_not_taken_back() {
    let (house, taro, _) = house().await;
    let id = deposit(&house, TWO, &[("a.pdf", noise(10))]).await;
    let links = house.exchange.sent_deposit(&taro, Side::Own, id).await.unwrap().links;
    assert_eq!(cancel(&house, &taro, Side::Own, id, Some(links[1].id)).await.unwrap(), Cancelled::One);
    assert_eq!(cancel(&house, &taro, Side::Own, id, Some(links[0].id)).await.unwrap(), Cancelled::Whole);
    let over = deposit(&house, TWO, &[("a.pdf", noise(10))]).await;
    house.pass_seconds(8 * 86_400);
    house.exchange.expire_due(house.now()).await.unwrap();
    // The session of whoever asks is not asked here: that it is over is the page's to see.
    for link in [None, Some(house.exchange.sent_deposit(&taro, Side::Own, over).await.unwrap().links[0].id)] {
        assert!(matches!(cancel(&house, &taro, Side::Own, over, link).await, Err(SentError::Over)));
    }
    let later = house.exchange.extend(&taro, Side::Own, over, "2026-12-10", "192.0.2.9", house.now()).await;
    assert!(matches!(later, Err(SentError::Over)), "{later:?}");
}

// spec: X-CANCEL MAIL-SENDER
#[tokio::test]
async fn nobody_handles_what_is_not_theirs() {
    let (house, taro, kanri) = house().await;
    house.put_section(Section { id: "other".parse().unwrap(), ..section("other") }).await;
    let jiro = person(&house, "acme", "jiro", "jiro@acme.example", false).await;
    let foreign = person(&house, "other", "taro", "taro@other.example", true).await;
    let own = deposit(&house, TWO, &[("a.pdf", noise(10))]).await;
    // Of somebody without an account: the default user deposits.
    house.store.apply(&[Change::RemoveUser("acme".parse().unwrap(), "taro".into())], &[], house.now()).await.unwrap();
    let default = deposit(&house, TWO, &[("a.pdf", noise(10))]).await;
    for (who, side, id) in [
        (&jiro, Side::Own, own),
        (&jiro, Side::Section, own),
        (&taro, Side::Section, own),
        (&taro, Side::Own, default),
        (&kanri, Side::Own, default),
        (&kanri, Side::Own, own),
        (&foreign, Side::Own, own),
        (&foreign, Side::Section, own),
        (&foreign, Side::Section, default),
        (&kanri, Side::Section, DepositId::generate()),
    ] {
        let looked = house.exchange.sent_deposit(who, side, id).await;
        assert!(matches!(looked, Err(SentError::NotFound)), "{side:?} {looked:?}");
        assert!(matches!(cancel(&house, who, side, id, None).await, Err(SentError::NotFound)));
        let kept = house.exchange.extend(who, side, id, "2026-12-01", "192.0.2.9", house.now()).await;
        assert!(matches!(kept, Err(SentError::NotFound)));
    }
    for who in [&jiro, &taro] {
        assert!(matches!(house.exchange.sent(who, Side::Section, "", None).await, Err(SentError::NotFound)));
    }
    let listed = async |who, side| house.exchange.sent(who, side, "", None).await.unwrap().lines.len();
    assert_eq!(listed(&kanri, Side::Section).await, 2);
    assert_eq!((listed(&taro, Side::Own).await, listed(&jiro, Side::Own).await), (1, 0));
    assert_eq!((listed(&foreign, Side::Own).await, listed(&foreign, Side::Section).await), (0, 0));
    // Another deposit's link is none of this one's.
    let link = house.exchange.sent_deposit(&kanri, Side::Section, default).await.unwrap().links[0].id;
    assert!(matches!(cancel(&house, &taro, Side::Own, own, Some(link)).await, Err(SentError::NotFound)));
    assert_eq!(cancel(&house, &kanri, Side::Section, default, None).await.unwrap(), Cancelled::Whole);
    assert_eq!(cancel(&house, &taro, Side::Own, own, None).await.unwrap(), Cancelled::Whole);
}

// spec: X-AUDIT X-CANCEL
#[tokio::test]
async fn what_is_done_with_what_was_sent_is_recorded_once() {
    let (house, taro, kanri) = house().await;
    let id = deposit(&house, TWO, &[("a.pdf", noise(100_000))]).await;
    let tokens: Vec<String> = house.posted().await.iter().map(fubako_testkit::house::Posted::token).collect();
    let (_, opened) = open(&house, &tokens[0]).await;
    let opened = opened.asked_from("198.51.100.7");
    for range in [0..10, 10..100_000] {
        read(&house, &opened, 1, range).await;
    }
    let links = house.exchange.sent_deposit(&taro, Side::Own, id).await.unwrap().links;
    house.exchange.extend(&taro, Side::Own, id, "2026-12-01", "192.0.2.9", house.now()).await.unwrap();
    // Done twice, recorded once; with the last recipient goes the deposit.
    for (who, side, link) in
        [(&taro, Side::Own, 0), (&taro, Side::Own, 0), (&kanri, Side::Section, 1), (&taro, Side::Own, 1)]
    {
        cancel(&house, who, side, id, Some(links[link].id)).await.unwrap();
    }
    assert!(house.exchange.read_file(&opened, 1, 0..1).await.is_err(), "and nothing of what is refused");
    let all = house.exchange.audit_lines(&"acme".parse().unwrap(), &Search::default(), None, 100).await.unwrap();
    let of_it =
        |line: &&Line| line.object == id.to_string() && !["deposit-sent", "link-opened"].contains(&line.event.as_str());
    let mut said: Vec<String> =
        all.iter().filter(of_it).map(|line| format!("{} {} {}", line.event, line.actor, line.address)).collect();
    said.reverse();
    assert_eq!(
        said,
        [
            "downloaded hanako@example.jp 198.51.100.7",
            "expiry-extended taro 192.0.2.9",
            "link-cancelled taro 192.0.2.9",
            "link-cancelled kanri 192.0.2.9",
            "deposit-cancelled kanri 192.0.2.9",
        ]
    );
    assert!(all.iter().any(|line| line.detail.contains("a.pdf")), "which file");
    assert!(all.iter().any(|line| line.event == "link-cancelled" && line.detail.contains("jiro@example.jp")));
}

// spec: X-EXPIRY X-CANCEL
#[tokio::test]
async fn files_are_kept_longer_within_the_policy() {
    let (house, taro, _) = house().await;
    let id = deposit(&house, TWO, &[("a.pdf", noise(10))]).await;
    let token = house.posted().await[0].token();
    let extend = async |day: &str| house.exchange.extend(&taro, Side::Own, id, day, "192.0.2.9", house.now()).await;
    assert!(matches!(extend("2026-12-21").await, Err(SentError::Fault(ExtendFault::TooLate))));
    assert!(matches!(extend("2026-11-27").await, Err(SentError::Fault(ExtendFault::NotLater))));
    let until = extend("2026-12-20").await.unwrap();
    assert_eq!(until.in_zone("Asia/Tokyo").to_string(), "2026-12-20T23:59:59.999999+09:00[Asia/Tokyo]");
    house.pass_seconds(20 * 86_400);
    assert_eq!(house.exchange.expire_due(house.now()).await.unwrap(), 0);
    assert_eq!(house.exchange.look(&token, house.now()).await.unwrap().expires_at, until);
    let sent = house.exchange.sent_deposit(&taro, Side::Own, id).await.unwrap();
    assert_eq!(fubako_exchange::Exchange::may_be_kept_until(&taro, &sent), None, "it is kept for as long as can be");
}

// spec: X-CANCEL X-ACCOUNTS
#[tokio::test]
async fn whoever_has_a_login_id_later_has_nothing_of_whoever_had_it_before() {
    let (house, taro, kanri) = house().await;
    let id = deposit(&house, TWO, &[("a.pdf", noise(10))]).await;
    let sees = async |who: &Person| {
        let listed = house.exchange.sent(who, Side::Own, "", None).await.unwrap().lines.len();
        (house.exchange.sent_deposit(who, Side::Own, id).await.is_ok(), listed)
    };
    assert_eq!(sees(&taro).await, (true, 1));
    // Declared once more, they are who they were.
    let taro = person(&house, "acme", "taro", "taro.yamada@acme.example", false).await;
    assert_eq!(sees(&taro).await, (true, 1));
    let gone = Change::RemoveUser("acme".parse().unwrap(), "taro".to_owned());
    house.store.apply(&[gone], &[], house.now()).await.unwrap();
    let another = person(&house, "acme", "taro", "taro@acme.example", false).await;
    assert_eq!(sees(&another).await, (false, 0), "another person's deposits are seen");
    assert!(matches!(cancel(&house, &another, Side::Own, id, None).await, Err(SentError::NotFound)));
    let kept = house.store.deposit(id).await.unwrap().unwrap();
    assert!(house.exchange.password_for_sender(&another, &kept, "", house.now()).await.unwrap().is_none());
    assert!(house.exchange.sent_deposit(&kanri, Side::Section, id).await.is_ok());
}
