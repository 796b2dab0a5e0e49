//! The API's contract, one suite over both transports: in process, and HTTPS over a real socket.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod served;

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use fubako_api::{Client, ClientError, Deposit, DepositState, File, client::Upload};
use fubako_base::{
    Code, Timestamp,
    audit::{Actor, Event},
    hex,
    ids::{DepositId, MailId},
    network::Networks,
    section::{ApprovalRule, Section, Settings},
    unchecked::{Unchecked, UncheckedRule},
};
use fubako_exchange::{audit::By, download::Proof, token::sha256};
use fubako_store::{
    accounts::{AccountName, NewInvitation},
    sections::{Change, Group, User},
};
use fubako_testkit::{
    DEFAULT_USER, LINK_GROUP,
    clamd::Clamd,
    house::{House, MAX_FILE, PASSWORD, RECIPIENT, content, noise},
    section,
};
use fubako_vault::scanner::Scanner;
use futures::{StreamExt as _, future::join_all, stream};
use served::{Served, TOKEN, Way, wanted};
use tokio::{net::TcpListener, sync::Barrier};

macro_rules! over_both {
    ($($name:ident)*) => {
        mod in_process {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Way::InProcess).await })*
        }
        mod https {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Way::Https).await })*
        }
    };
}

over_both! {
    a_deposit_from_begin_to_download
    beginning_twice_is_once
    a_key_used_for_something_else_is_a_conflict
    the_same_mail_presented_otherwise_is_the_same_deposit
    putting_twice_is_once
    what_was_begun_can_be_taken_back_by_its_key
    sending_twice_is_once
    half_a_deposit_is_seen_by_nobody
    an_upload_that_breaks_off_leaves_nothing_and_can_be_done_again
    a_caller_that_goes_away_leaves_nothing
    puts_side_by_side
    a_file_of_forty_mebibytes
    a_deposit_taken_back
    who_may_not_deposit
    what_must_be_approved_waits
    who_deposits
    what_is_not_as_it_must_be
    too_large_a_file
    files_too_large_together
    a_virus_is_found
    the_section_decides_on_what_cannot_be_checked
    the_scanner_is_away
    the_storage_fails
    the_exchange_is_closed
    a_wrong_token
    any_file_name_survives
    a_thousand_recipients
}

const ONE: [&str; 1] = ["hanako@example.jp"];

async fn put(client: &Client, deposit: &Deposit, number: u32, octets: &[u8]) -> Result<File, ClientError> {
    client.put_file(deposit.id, number, &format!("file-{number}.pdf"), "application/pdf", content(octets)).await
}

async fn begin(served: &Served, file_count: u32) -> Deposit {
    served.client.begin(MailId::generate(), &wanted(&ONE, file_count)).await.unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T, ClientError>) -> Code {
    match result {
        Err(ClientError::Refused { code, .. }) => code,
        other => panic!("not refused: {other:?}"),
    }
}

fn unavailable<T: std::fmt::Debug>(result: Result<T, ClientError>) -> Code {
    match result {
        Err(ClientError::Unavailable { code, .. }) => code,
        other => panic!("not unavailable: {other:?}"),
    }
}

fn unexpected<T: std::fmt::Debug>(result: Result<T, ClientError>) -> String {
    match result {
        Err(ClientError::Unexpected(text)) => text,
        other => panic!("not unexpected: {other:?}"),
    }
}

// spec: MAIL-DEPOSIT, X-API
async fn what_was_begun_can_be_taken_back_by_its_key(way: Way) {
    let served = Served::new(way).await;
    let key = MailId::generate();
    let acme = "acme".parse().unwrap();
    served.client.abort_by_key(&acme, key).await.unwrap();
    let begun = served.client.begin(key, &wanted(&["a@b.example"], 1)).await.unwrap();
    served.client.abort_by_key(&"other".parse().unwrap(), key).await.unwrap();
    assert_eq!(served.client.get(begun.id).await.unwrap().state, DepositState::Open, "another section's");
    served.client.abort_by_key(&acme, key).await.unwrap();
    assert!(matches!(served.client.get(begun.id).await, Err(ClientError::NotFound)));
    let again = served.client.begin(key, &wanted(&["a@b.example"], 1)).await.unwrap();
    assert_ne!(again.id, begun.id);
    put(&served.client, &again, 1, b"x").await.unwrap();
    served.client.send(again.id).await.unwrap();
    assert!(matches!(served.client.abort_by_key(&acme, key).await, Err(ClientError::Unexpected(_))));
}

// spec: MAIL-DEPOSIT, X-API, X-NOTICE, X-RECEIVE
async fn a_deposit_from_begin_to_download(way: Way) {
    let served = Served::new(way).await;
    let deposit = begin(&served, 2).await;
    assert_eq!((deposit.state, deposit.notice_subject.as_str()), (DepositState::Open, "[Fubako] 見積書の件"));
    assert_eq!((deposit.expires_at, deposit.files.len()), (None, 0));
    let octets = noise(150_000);
    let file = put(&served.client, &deposit, 1, &octets).await.unwrap();
    assert_eq!((file.number, file.size, file.name.as_str()), (1, 150_000, "file-1.pdf"));
    assert_eq!((file.media_type.as_str(), file.sha256), ("application/pdf", hex::encode(&sha256(&octets))));
    put(&served.client, &deposit, 2, b"").await.unwrap();
    let sent = served.client.send(deposit.id).await.unwrap();
    assert_eq!((sent.state, sent.files.len()), (DepositState::Sent, 2));
    let end = Timestamp("2026-11-27T14:59:59.999999Z".parse::<jiff::Timestamp>().unwrap().as_microsecond());
    assert_eq!(sent.expires_at, Some(fubako_api::wire::Moment(end)));
    assert_eq!(served.client.get(deposit.id).await.unwrap(), sent);

    let posted = served.posted().await;
    assert_eq!((posted.len(), posted[0].recipient.as_str()), (1, ONE[0]));
    let token = posted[0].token();
    let proof = served.exchange.prove(&token, PASSWORD, RECIPIENT, served.now()).await.unwrap();
    let Proof::Opened { session, .. } = proof else { panic!("the file password does not open it") };
    let opened = served.exchange.opened(&token, &session, served.now()).await.unwrap();
    let read = served.exchange.read_file(&opened, 1, 0..u64::MAX).await.unwrap();
    let read: Vec<Bytes> = read.map(Result::unwrap).collect().await;
    assert_eq!(read.concat(), octets);
}

// spec: MAIL-DEPOSIT
async fn beginning_twice_is_once(way: Way) {
    let served = Served::new(way).await;
    let (key, request) = (MailId::generate(), wanted(&ONE, 1));
    let first = served.client.begin(key, &request).await.unwrap();
    put(&served.client, &first, 1, b"x").await.unwrap();
    let again = served.client.begin(key, &request).await.unwrap();
    assert_eq!((again.id, again.files.len()), (first.id, 1));
    let sent = served.client.send(first.id).await.unwrap();
    assert_eq!(served.client.begin(key, &request).await.unwrap(), sent);
    assert_ne!(served.client.begin(MailId::generate(), &request).await.unwrap().id, first.id);
    // At once, too.
    let key = MailId::generate();
    let ids = join_all((0..4).map(|_| served.client.begin(key, &request))).await;
    let ids: Vec<_> = ids.into_iter().map(|deposit| deposit.unwrap().id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

// spec: MAIL-DEPOSIT
async fn a_key_used_for_something_else_is_a_conflict(way: Way) {
    let served = Served::new(way).await;
    let (key, request) = (MailId::generate(), wanted(&ONE, 1));
    served.client.begin(key, &request).await.unwrap();
    let mut others = [request.clone(), request.clone(), request.clone(), request.clone()];
    others[0].sender.address = "jiro@acme.example".into();
    others[1].recipients.push("jiro@example.org".into());
    others[2].file_password = Some("Another-Horse-9".into());
    others[3].file_count = 2;
    for other in others {
        let text = unexpected(served.client.begin(key, &other).await);
        assert!(text.contains("409") && text.contains("conflict") && !text.contains(PASSWORD), "{text}");
    }
    served.client.begin(key, &request).await.unwrap();
}

// spec: MAIL-DEPOSIT: between two tries of one mail a section's settings, or we, may change.
async fn the_same_mail_presented_otherwise_is_the_same_deposit(way: Way) {
    let served = Served::new(way).await;
    let (key, request) = (MailId::generate(), wanted(&ONE, 1));
    let first = served.client.begin(key, &request).await.unwrap();
    let mut again = request.clone();
    again.subject.push('!');
    again.sender.name.clear();
    again.language = None;
    assert_eq!(served.client.begin(key, &again).await.unwrap(), first);
    put(&served.client, &first, 1, b"x").await.unwrap();
    served.client.send(first.id).await.unwrap();
    let posted = served.posted().await;
    assert_eq!((posted.len(), posted[0].subject.as_str()), (1, "[Fubako] 見積書の件"));
    assert!(posted[0].text.contains("山田 太郎") && !posted[0].text.contains("has sent you"), "{}", posted[0].text);
}

// spec: MAIL-DEPOSIT
async fn putting_twice_is_once(way: Way) {
    let served = Served::new(way).await;
    let deposit = begin(&served, 1).await;
    let first = put(&served.client, &deposit, 1, b"first").await.unwrap();
    for again in [b"other".as_slice(), &noise(3_000_000)] {
        assert_eq!(put(&served.client, &deposit, 1, again).await.unwrap(), first);
    }
    served.client.send(deposit.id).await.unwrap();
    assert_eq!(put(&served.client, &deposit, 1, b"late").await.unwrap(), first);
    assert_eq!(served.objects().len(), 1);
}

// spec: MAIL-DEPOSIT, X-NOTICE
async fn sending_twice_is_once(way: Way) {
    let served = Served::new(way).await;
    let request = wanted(&["a@x.example", "b@x.example", "c@y.example"], 1);
    let deposit = served.client.begin(MailId::generate(), &request).await.unwrap();
    put(&served.client, &deposit, 1, b"x").await.unwrap();
    let sent = join_all((0..4).map(|_| served.client.send(deposit.id))).await;
    let sent: Vec<_> = sent.into_iter().map(Result::unwrap).collect();
    assert!(sent.iter().all(|one| *one == sent[0] && one.state == DepositState::Sent), "{sent:?}");
    served.pass_seconds(86_400);
    assert_eq!(served.client.send(deposit.id).await.unwrap(), sent[0]);
    let recipients: Vec<_> = served.posted().await.into_iter().map(|mail| mail.recipient).collect();
    assert_eq!(recipients.len(), 3, "{recipients:?}");
    assert!(request.recipients.iter().all(|wanted| recipients.contains(wanted)));
    assert_eq!(served.wakes.load(std::sync::atomic::Ordering::SeqCst), 1);
}

// spec: MAIL-DEPOSIT
async fn half_a_deposit_is_seen_by_nobody(way: Way) {
    let served = Served::new(way).await;
    let deposit = begin(&served, 3).await;
    put(&served.client, &deposit, 1, b"x").await.unwrap();
    put(&served.client, &deposit, 3, b"z").await.unwrap();
    let text = unexpected(served.client.send(deposit.id).await);
    assert!(text.contains("422") && text.contains("2 of 3 files are in"), "{text}");
    assert_eq!(served.client.get(deposit.id).await.unwrap().state, DepositState::Open);
    assert!(served.posted().await.is_empty());
    assert_eq!(served.wakes.load(std::sync::atomic::Ordering::SeqCst), 0);
}

/// A source that gives some octets and then fails.
fn broken(octets: usize) -> Upload {
    let good = noise(octets).chunks(10_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect::<Vec<_>>();
    stream::iter(good).chain(stream::iter([Err(io::Error::other("the spool is damaged"))])).boxed()
}

// spec: MAIL-DEPOSIT
async fn an_upload_that_breaks_off_leaves_nothing_and_can_be_done_again(way: Way) {
    let served = Served::new(way).await;
    let deposit = begin(&served, 1).await;
    for octets in [0, 5, 2_000_000] {
        let put = served.client.put_file(deposit.id, 1, "a", "a/b", broken(octets)).await;
        assert!(matches!(&put, Err(ClientError::Source(cause)) if cause.contains("spool")), "{put:?}");
    }
    settled(&served, 0).await;
    assert!(served.client.get(deposit.id).await.unwrap().files.is_empty());
    let octets = noise(2_000_000);
    let file = put(&served.client, &deposit, 1, &octets).await.unwrap();
    assert_eq!(file.sha256, hex::encode(&sha256(&octets)));
    served.client.send(deposit.id).await.unwrap();
    settled(&served, 1).await;
}

/// Waits until that many objects lie in the vault, and no more are coming or going.
async fn settled(served: &Served, objects: usize) {
    for _ in 0..200 {
        if served.objects().len() == objects {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(served.objects().len(), objects);
}

// spec: MAIL-DEPOSIT
async fn a_caller_that_goes_away_leaves_nothing(way: Way) {
    let served = Served::new(way).await;
    let deposit = begin(&served, 1).await;
    let stuck: Upload = stream::iter([Ok(Bytes::from(noise(500_000)))]).chain(stream::pending()).boxed();
    let upload = served.client.put_file(deposit.id, 1, "a", "a/b", stuck);
    assert!(tokio::time::timeout(Duration::from_millis(700), upload).await.is_err());
    settled(&served, 0).await;
    put(&served.client, &deposit, 1, b"x").await.unwrap();
    settled(&served, 1).await;
}

// spec: MAIL-DEPOSIT
async fn puts_side_by_side(way: Way) {
    let served = Served::new(way).await;
    let deposit = begin(&served, 6).await;
    // Each number three times at once, with different octets.
    let puts = (0u8..18).map(|n| {
        let (client, deposit) = (served.client.clone(), deposit.clone());
        let number = u32::from(n / 3) + 1;
        tokio::spawn(async move { put(&client, &deposit, number, &vec![n; 200_000]).await.unwrap() })
    });
    let kept: Vec<File> = join_all(puts).await.into_iter().map(Result::unwrap).collect();
    for same in kept.chunks(3) {
        assert!(same.iter().all(|file| *file == same[0]), "{same:?}");
    }
    settled(&served, 6).await;
    let sent = served.client.send(deposit.id).await.unwrap();
    assert_eq!(sent.files.iter().map(|file| file.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert!(sent.files.iter().all(|file| kept.contains(file)));
}

// spec: MAIL-DEPOSIT
async fn a_file_of_forty_mebibytes(way: Way) {
    let served = Served::new(way).await;
    let deposit = begin(&served, 1).await;
    let piece = Bytes::from(noise(64 << 10));
    let pieces = {
        let piece = piece.clone();
        stream::iter((0..640).map(move |_| Ok(piece.clone()))).boxed()
    };
    let file = served.client.put_file(deposit.id, 1, "big", "a/b", pieces).await.unwrap();
    assert_eq!((file.size, file.sha256), (40 << 20, hex::encode(&sha256(&piece.repeat(640)))));
}

// spec: MAIL-DEPOSIT
async fn a_deposit_taken_back(way: Way) {
    let served = Served::new(way).await;
    let (key, request) = (MailId::generate(), wanted(&ONE, 1));
    let deposit = served.client.begin(key, &request).await.unwrap();
    put(&served.client, &deposit, 1, b"x").await.unwrap();
    served.client.abort(deposit.id).await.unwrap();
    served.client.abort(deposit.id).await.unwrap();
    assert!(matches!(served.client.get(deposit.id).await, Err(ClientError::NotFound)));
    assert!(matches!(put(&served.client, &deposit, 1, b"x").await, Err(ClientError::NotFound)));
    assert_eq!(served.exchange.erase().await.unwrap(), 1);
    settled(&served, 0).await;
    // The key is free again.
    let again = served.client.begin(key, &request).await.unwrap();
    assert_ne!(again.id, deposit.id);
    put(&served.client, &again, 1, b"x").await.unwrap();
    served.client.send(again.id).await.unwrap();
    assert!(unexpected(served.client.abort(again.id).await).contains("conflict"));
}

// spec: MAIL-SENDER, X-API
async fn who_may_not_deposit(way: Way) {
    let served = Served::new(way).await;
    let deposit = begin(&served, 2).await;
    put(&served.client, &deposit, 1, b"x").await.unwrap();
    let request = wanted(&ONE, 1);
    let try_all = async || {
        let begun = served.client.begin(MailId::generate(), &request).await.map(|_| ());
        let put = put(&served.client, &deposit, 2, b"y").await.map(|_| ());
        [begun, put]
    };
    served.put_section(Section { mail_link: false, ..section("acme") }).await;
    for result in try_all().await {
        assert_eq!(refused(result), Code::OptionOff);
    }
    served.put_section(Section { autopilot: false, ..section("acme") }).await;
    for result in try_all().await {
        assert_eq!(refused(result), Code::AutopilotOff);
    }
    // Of these calls nobody says where they come from: no network has them.
    let api_networks = Networks(vec!["0.0.0.1/32".parse().unwrap(), "127.0.0.1".parse().unwrap()]);
    let settings = Settings { api_networks, ..Settings::default() };
    served.put_section(Section { settings, ..section("acme") }).await;
    for result in try_all().await {
        assert_eq!(refused(result), Code::IpNotAllowed);
    }
    assert_eq!(refused(served.client.send(deposit.id).await), Code::IpNotAllowed);
    served.put_section(Section { enabled: false, ..section("acme") }).await;
    let there = unexpected(served.client.begin(MailId::generate(), &request).await);
    let mut nobody = request.clone();
    nobody.section = "nobody".parse().unwrap();
    assert_eq!(unexpected(served.client.begin(MailId::generate(), &nobody).await), there);
}

// spec: X-APPROVAL X-API
async fn what_must_be_approved_waits(way: Way) {
    let served = Served::new(way).await;
    let settings = Settings { approval: ApprovalRule::One, ..Settings::default() };
    let asks = Change::PutSection(Box::new(Section { settings, ..section("acme") }));
    served.store.apply(&[asks], &[], served.now()).await.unwrap();
    assert_eq!(refused(served.client.begin(MailId::generate(), &wanted(&ONE, 1)).await), Code::ApprovalMisconfigured);
    let approver = Change::PutUser(User {
        section: "acme".parse().unwrap(),
        login_id: "sato".to_owned(),
        address: "sato@acme.example".to_owned(),
        name: String::new(),
        group: None,
        default_user: false,
        administrator: false,
        approver: true,
        password_never_expires: false,
    });
    served.store.apply(&[approver], &[], served.now()).await.unwrap();
    let account = AccountName::User("acme".parse().unwrap(), "sato".to_owned());
    let entry = By::command("test").did(&"acme".parse().unwrap(), Event::Invited, "acme/sato", served.now());
    let invitation = NewInvitation { hash: [1; 32], until: served.now().plus_seconds(60) };
    served.store.invite(&account, invitation, None, &entry, served.now()).await.unwrap().unwrap();
    assert!(served.store.accept_invitation(&[1; 32], "$argon2id$", &entry, served.now()).await.unwrap());

    let request = fubako_api::DepositRequest { message_id: Some("a@b.example".to_owned()), ..wanted(&ONE, 1) };
    let begun = served.client.begin(MailId::generate(), &request).await.unwrap();
    assert_eq!((begun.state, begun.approval), (DepositState::Open, true));
    put(&served.client, &begun, 1, b"x").await.unwrap();
    for _ in 0..2 {
        let sent = served.client.send(begun.id).await.unwrap();
        assert_eq!((sent.state, sent.approval, sent.expires_at), (DepositState::Waiting, true, None));
    }
    assert!(matches!(served.client.abort(begun.id).await, Err(ClientError::Unexpected(_))), "it was sent");
    let nobody = fubako_api::DepositRequest { message_id: Some("a b".to_owned()), ..wanted(&ONE, 1) };
    assert!(matches!(served.client.begin(MailId::generate(), &nobody).await, Err(ClientError::Unexpected(_))));
    // Over the time nobody decided.
    served.clock.pass_seconds(9 * 86_400);
    assert_eq!(served.exchange.expire_due(served.now()).await.unwrap(), 1);
    assert_eq!(served.client.get(begun.id).await.unwrap().state, DepositState::Rejected);
    assert!(matches!(served.client.send(begun.id).await, Err(ClientError::Unexpected(_))));
}

// spec: MAIL-SENDER
async fn who_deposits(way: Way) {
    let served = Served::new(way).await;
    let begin = async |sender: &str| {
        let mut request = wanted(&ONE, 1);
        sender.clone_into(&mut request.sender.address);
        let begun = served.client.begin(MailId::generate(), &request).await?;
        let depositor = served.store.deposit(begun.id).await.unwrap().unwrap().depositor.unwrap();
        Ok::<_, ClientError>((depositor.login_id, depositor.as_default_user))
    };
    let apply = async |change| served.store.apply(&[change], &[], served.now()).await.unwrap();
    let user = |login_id: &str, address: &str, group: Option<&str>, default_user| {
        let [login_id, address] = [login_id, address].map(str::to_owned);
        let (section, group) = ("acme".parse().unwrap(), group.map(str::to_owned));
        Change::PutUser(User {
            section,
            login_id,
            address,
            name: String::new(),
            group,
            default_user,
            administrator: false,
            approver: false,
            password_never_expires: false,
        })
    };
    let default_address = format!("{DEFAULT_USER}@acme.example");
    let group = |mail_link| {
        Change::PutGroup(Group {
            section: "acme".parse().unwrap(),
            name: LINK_GROUP.to_owned(),
            mail_link,
            approval: None,
            approvers: None,
            access: None,
        })
    };

    assert_eq!(begin("taro@acme.example").await.unwrap(), (DEFAULT_USER.to_owned(), true));
    assert_eq!(begin(&default_address).await.unwrap(), (DEFAULT_USER.to_owned(), false), "the default user itself");
    apply(user("taro", "Taro@acme.example", Some(LINK_GROUP), false)).await;
    apply(user("jiro", "jiro@xn--j2rs27b.example", Some(LINK_GROUP), false)).await;
    assert_eq!(begin("tARO@ACME.example").await.unwrap(), ("taro".to_owned(), false));
    assert_eq!(begin("jiro@営業.example").await.unwrap(), ("jiro".to_owned(), false));

    // The account of who deposits must be usable.
    let account = AccountName::User("acme".parse().unwrap(), "taro".to_owned());
    let entry = By::command("test").did(&"acme".parse().unwrap(), Event::Invited, "acme/taro", served.now());
    let invitation = NewInvitation { hash: [1; 32], until: served.now().plus_seconds(60) };
    let taro = served.store.invite(&account, invitation, None, &entry, served.now()).await.unwrap().unwrap();
    assert_eq!(begin("taro@acme.example").await.unwrap(), ("taro".to_owned(), false), "invited");
    assert!(served.store.accept_invitation(&[1; 32], "$argon2id$", &entry, served.now()).await.unwrap());
    assert!(served.store.take_password_try(taro.id, 0, Some(served.now())).await.unwrap());
    assert_eq!(refused(begin("taro@acme.example").await), Code::SenderLocked);
    assert!(served.store.unlock(&account, &entry, served.now()).await.unwrap());
    assert_eq!(begin("taro@acme.example").await.unwrap(), ("taro".to_owned(), false), "unlocked");

    assert_eq!(refused(begin("taro").await), Code::SenderMalformed);
    apply(user("taro", "taro@acme.example", None, false)).await;
    assert_eq!(refused(begin("taro@acme.example").await), Code::SenderNotInGroup);
    apply(user(DEFAULT_USER, &default_address, None, true)).await;
    assert_eq!(refused(begin("saburo@acme.example").await), Code::DefaultUserNoGroup);
    apply(Change::RemoveUser("acme".parse().unwrap(), DEFAULT_USER.to_owned())).await;
    assert_eq!(refused(begin("saburo@acme.example").await), Code::DefaultUserCredentials);
    assert_eq!(begin("jiro@営業.example").await.unwrap(), ("jiro".to_owned(), false));
    apply(group(false)).await;
    for sender in ["jiro@営業.example", "taro@acme.example", "saburo@acme.example"] {
        assert_eq!(refused(begin(sender).await), Code::GroupNotSet);
    }
    settled(&served, 0).await;
}

// spec: X-API
async fn what_is_not_as_it_must_be(way: Way) {
    let served = Served::new(way).await;
    let mut bad = [wanted(&[], 1), wanted(&["a@b.example", "A@B.example"], 1), wanted(&ONE, 0), wanted(&ONE, 1)];
    bad[3].file_password = Some("short".into());
    for request in bad {
        let text = unexpected(served.client.begin(MailId::generate(), &request).await);
        assert!(text.contains("422") && text.contains("invalid") && !text.contains("short"), "{text}");
    }
    let deposit = begin(&served, 1).await;
    for number in [0, 2, u32::MAX] {
        assert!(unexpected(put(&served.client, &deposit, number, b"x").await).contains("invalid"));
    }
    for name in ["", "a\nb", &"x".repeat(256)] {
        let put = served.client.put_file(deposit.id, 1, name, "a/b", content(b"x")).await;
        assert!(unexpected(put).contains("invalid"), "{name:?}");
    }
    let unknown = DepositId::generate();
    assert!(matches!(served.client.send(unknown).await, Err(ClientError::NotFound)));
    assert!(matches!(served.client.get(unknown).await, Err(ClientError::NotFound)));
    settled(&served, 0).await;
}

// spec: MAIL-DEPOSIT
async fn too_large_a_file(way: Way) {
    let served = Served::new(way).await;
    let deposit = begin(&served, 1).await;
    let piece = Bytes::from(noise(1 << 20));
    let endless = stream::iter((0..(MAX_FILE >> 20) + 8).map(move |_| Ok(piece.clone()))).boxed();
    let put = served.client.put_file(deposit.id, 1, "a", "a/b", endless).await;
    assert_eq!(refused(put), Code::FilesTooLarge);
    settled(&served, 0).await;
}

// spec: 3.4 files-too-large
async fn files_too_large_together(way: Way) {
    let settings = Settings { max_deposit_size: 300_000, ..Settings::default() };
    let served = Served::of(House::with(Scanner::None, Section { settings, ..section("acme") }).await, way).await;
    let deposit = begin(&served, 2).await;
    put(&served.client, &deposit, 1, &noise(200_000)).await.unwrap();
    assert_eq!(refused(put(&served.client, &deposit, 2, &noise(100_001)).await), Code::FilesTooLarge);
    put(&served.client, &deposit, 2, &noise(100_000)).await.unwrap();
    served.client.send(deposit.id).await.unwrap();

    // Side by side each has room, both together have not: it is never sent.
    let deposit = begin(&served, 2).await;
    let both = Arc::new(Barrier::new(2));
    let puts = [1, 2].map(|number| {
        let (client, both, id) = (served.client.clone(), Arc::clone(&both), deposit.id);
        let waiting = stream::once(async move {
            both.wait().await;
            // Both are past the look at what is there by the time that either ends.
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok(Bytes::from(noise(200_000)))
        });
        async move { client.put_file(id, number, &number.to_string(), "a/b", waiting.boxed()).await }
    });
    for put in join_all(puts).await {
        put.unwrap();
    }
    assert_eq!(refused(served.client.send(deposit.id).await), Code::FilesTooLarge);
    assert_eq!(served.client.get(deposit.id).await.unwrap().state, DepositState::Open);
}

// spec: KEEP-VIRUS
async fn a_virus_is_found(way: Way) {
    let clamd = Clamd::start().await;
    let served = Served::of(House::with(clamd.scanner(), section("acme")).await, way).await;
    let deposit = begin(&served, 2).await;
    let clean = noise(300_000);
    put(&served.client, &deposit, 1, &clean).await.unwrap();
    let mut infected = noise(300_000);
    infected[123_456..123_461].copy_from_slice(b"EICAR");
    match put(&served.client, &deposit, 2, &infected).await {
        Err(ClientError::Refused { code: Code::Virus, detail }) => assert_eq!(detail, "Eicar-Test"),
        other => panic!("{other:?}"),
    }
    settled(&served, 1).await;
    // Nothing is found in what cannot be looked into: another code, another notice.
    for (octets, answer, code) in [
        (b"closed", "stream: Heuristics.Encrypted.Zip FOUND", Code::FileEncrypted),
        (b"nested", "stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND", Code::ScanLimit),
    ] {
        clamd.learn(octets, answer);
        assert_eq!(refused(put(&served.client, &deposit, 2, octets).await), code);
    }
    settled(&served, 1).await;
    assert!(unexpected(served.client.send(deposit.id).await).contains("invalid"));
    assert!(served.posted().await.is_empty());
}

// spec: KEEP-VIRUS, X-API
async fn the_section_decides_on_what_cannot_be_checked(way: Way) {
    use UncheckedRule::{Pass, Stop};
    let clamd = Clamd::start().await;
    let files: [(&[u8], &str, Unchecked); 3] = [
        (b"closed", "stream: Heuristics.Encrypted.Zip FOUND", Unchecked::Encrypted),
        (b"nested", "stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND", Unchecked::ScanLimit),
        (b"larger", "INSTREAM size limit exceeded. ERROR", Unchecked::ScanLimit),
    ];
    for (octets, answer, _) in files {
        clamd.learn(octets, answer);
    }
    clamd.learn(b"broken", "stream: Can't allocate memory ERROR");
    for (encrypted_files, files_past_scan_limits) in [(Stop, Pass), (Pass, Stop), (Pass, Pass)] {
        let settings = Settings { encrypted_files, files_past_scan_limits, ..Settings::default() };
        let house = House::with(clamd.scanner(), Section { settings: settings.clone(), ..section("acme") }).await;
        let served = Served::of(house, way).await;
        let deposit = begin(&served, 4).await;
        let mut kept = vec![put(&served.client, &deposit, 4, b"clean").await.unwrap()];
        for (number, (octets, _, reason)) in (1..).zip(files) {
            let put = put(&served.client, &deposit, number, octets).await;
            match settings.rule_for(reason) {
                Stop => assert_eq!(refused(put), reason.code()),
                Pass => kept.push(put.unwrap()),
            }
        }
        settled(&served, kept.len()).await;
        let said = |number| kept.iter().find(|file| file.number == number).map(|file| file.unchecked);
        assert_eq!(said(4), Some(None), "nothing is said of a file that is clean");
        for (number, (_, _, reason)) in (1..).zip(files) {
            assert_eq!(said(number), (settings.rule_for(reason) == Pass).then_some(Some(reason)));
        }
        // Whoever asks again is told the same, and in the same words.
        kept.sort_by_key(|file| file.number);
        assert_eq!(served.client.get(deposit.id).await.unwrap().files, kept);
        let json = serde_json::to_value(&kept).unwrap();
        let words: Vec<_> = json.as_array().unwrap().iter().filter_map(|file| file.get("unchecked")).collect();
        let reasons = files.iter().filter(|(.., reason)| settings.rule_for(*reason) == Pass);
        assert_eq!(words, reasons.map(|(.., reason)| reason.as_str()).collect::<Vec<_>>());
        // And a virus, or no answer, is what it always was.
        let other = begin(&served, 2).await;
        assert_eq!(refused(put(&served.client, &other, 1, b"closed EICAR").await), Code::Virus);
        assert_eq!(unavailable(put(&served.client, &other, 2, b"broken").await), Code::ExchangeUnavailable);
    }
}

// spec: KEEP-VIRUS
async fn the_scanner_is_away(way: Way) {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scanner = Scanner::parse(&format!("tcp:{}", closed.local_addr().unwrap())).unwrap();
    drop(closed);
    let served = Served::of(House::with(scanner, section("acme")).await, way).await;
    let deposit = begin(&served, 1).await;
    assert_eq!(unavailable(put(&served.client, &deposit, 1, b"x").await), Code::ExchangeUnavailable);
    settled(&served, 0).await;
}

// spec: MAIL-DEPOSIT
async fn the_storage_fails(way: Way) {
    let served = Served::new(way).await;
    let deposit = begin(&served, 1).await;
    let files = served.folder.path().join("files");
    std::fs::rename(&files, served.folder.path().join("away")).unwrap();
    std::fs::write(&files, "in the way").unwrap();
    assert_eq!(unavailable(put(&served.client, &deposit, 1, &noise(300_000)).await), Code::UploadFailed);
    std::fs::remove_file(&files).unwrap();
    std::fs::rename(served.folder.path().join("away"), &files).unwrap();
    put(&served.client, &deposit, 1, &noise(300_000)).await.unwrap();
    served.store.close().await;
    assert_eq!(unavailable(served.client.send(deposit.id).await), Code::ExchangeUnavailable);
}

// spec: X-OPERATOR MAIL-DEPOSIT
async fn the_exchange_is_closed(way: Way) {
    let served = Served::new(way).await;
    let (one, other) = (begin(&served, 1).await, begin(&served, 1).await);
    put(&served.client, &one, 1, b"before").await.unwrap();
    let now = served.now();
    served
        .exchange
        .add_maintenance(now, now.plus_seconds(3600), &By::at(Actor::Operator("root".into()), ""), now)
        .await
        .unwrap();
    let (client, key) = (&served.client, MailId::generate());
    let closed = |result: Result<(), ClientError>| {
        let found = match &result {
            Err(ClientError::Unavailable { code, open_in, .. }) => Some((*code, *open_in)),
            _ => None,
        };
        assert_eq!(found, Some((Code::Maintenance, Some(3600))), "{result:?}");
    };
    closed(client.begin(key, &wanted(&ONE, 1)).await.map(drop));
    closed(put(client, &other, 1, b"within").await.map(drop));
    closed(client.send(one.id).await.map(drop));
    // Of a mail that is stopped meanwhile nothing stays.
    client.abort(other.id).await.unwrap();
    client.abort_by_key(&"acme".parse().unwrap(), key).await.unwrap();
    let stranger = Client::new(served.transport.clone(), "wrong");
    assert_eq!(unavailable(stranger.send(one.id).await), Code::ExchangeUnavailable, "a token is wanted first");
    let [window] = served.exchange.maintenance_windows(now).await.unwrap().try_into().unwrap();
    served.exchange.end_maintenance(window.id, &By::at(Actor::Operator("root".into()), ""), now).await.unwrap();
    assert_eq!(client.send(one.id).await.unwrap().state, DepositState::Sent);
    settled(&served, 1).await;
}

// spec: X-API, MAIL-DEPOSIT: while a token is changed, mails wait.
async fn a_wrong_token(way: Way) {
    let served = Served::new(way).await;
    for token in ["", "wrong", &TOKEN.to_uppercase(), &format!("{TOKEN}x")] {
        let client = Client::new(served.transport.clone(), token);
        let text = match client.begin(MailId::generate(), &wanted(&ONE, 1)).await {
            Err(ClientError::Unavailable { code: Code::ExchangeUnavailable, cause, .. }) => cause,
            other => panic!("not unavailable: {other:?}"),
        };
        assert!(text.contains("401") && text.contains("unauthorized") && !text.contains(TOKEN), "{text}");
    }
}

// spec: MAIL-NAMES, X-API
async fn any_file_name_survives(way: Way) {
    let served = Served::new(way).await;
    let names =
        ["見積書 (最終).xlsx", "a\"b\\c;d=e'f%41.pdf", "../../etc/passwd", "😀\u{202e}fdp.exe", &"あ".repeat(85)];
    let deposit = begin(&served, u32::try_from(names.len()).unwrap()).await;
    for (number, name) in (1..).zip(names) {
        let kind = if number == 1 { "Text/HTML" } else { "見/本" };
        let file = served.client.put_file(deposit.id, number, name, kind, content(b"x")).await.unwrap();
        let kind = if number == 1 { "text/html" } else { "application/octet-stream" };
        assert_eq!((file.name.as_str(), file.media_type.as_str()), (name, kind));
    }
}

// spec: X-API
async fn a_thousand_recipients(way: Way) {
    let served = Served::new(way).await;
    let local = "x".repeat(240);
    let recipients: Vec<String> = (0..1_000).map(|n| format!("{n:03}{local}@b.example")).collect();
    let recipients: Vec<&str> = recipients.iter().map(|r| &r[..]).collect();
    let mut request = wanted(&recipients, 1);
    request.subject = "\u{1}".repeat(2_000);
    let deposit = served.client.begin(MailId::generate(), &request).await.unwrap();
    put(&served.client, &deposit, 1, b"x").await.unwrap();
    assert_eq!(served.client.send(deposit.id).await.unwrap().state, DepositState::Sent);
}
