//! Deposits that wait for an approver: who is asked, who may decide, and what comes of it (spec X-APPROVAL).
#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::{IpAddr, Ipv4Addr};

use fubako_base::{
    Code,
    ids::DepositId,
    section::{ApprovalRule, Section, Settings},
};
use fubako_exchange::{
    account::{Person, SignIn},
    approval::{ApprovalError, Came},
    audit::{By, Line, Search},
    deposit::{DepositError, DepositState},
    domain::{NewDeposit, NewFile, Whence, approval::Standing},
    download::DownloadError,
};
use fubako_store::{
    outbox::OutgoingKind,
    sections::{Change, Group, User},
};
use fubako_testkit::{
    DEFAULT_USER, LINK_GROUP,
    house::{House, content, open, read, request},
    section,
};
use fubako_vault::scanner::Scanner;

const DAY: i64 = 86_400;
const PASSWORD: &str = "a long enough secret";
/// Where everybody signs in from.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const TO: [&str; 2] = ["hanako@example.jp", "jiro@example.jp"];

/// A house whose section wants approval, with the approvers `sato` and `ito` in the mail-link group and a user `taro`.
async fn house() -> House {
    let settings = Settings { approval: ApprovalRule::One, approval_days: 3, ..Settings::default() };
    let house = House::with(Scanner::None, Section { settings, ..section("acme") }).await;
    for (login_id, approver) in [("sato", true), ("ito", true), ("taro", false)] {
        put(&house, user(login_id, approver)).await;
    }
    house
}

fn user(login_id: &str, approver: bool) -> User {
    User {
        section: "acme".parse().unwrap(),
        login_id: login_id.into(),
        address: format!("{login_id}@acme.example"),
        name: format!("<i>{login_id}</i> さん"),
        group: Some(LINK_GROUP.into()),
        default_user: false,
        administrator: false,
        approver,
        password_never_expires: false,
    }
}

async fn put(house: &House, user: User) {
    house.store.apply(&[Change::PutUser(user)], &[], house.now()).await.unwrap();
}

async fn listed(house: &House, approvers: Option<&[&str]>) {
    let group = Group {
        section: "acme".parse().unwrap(),
        name: LINK_GROUP.into(),
        mail_link: true,
        approval: None,
        approvers: approvers.map(|all| all.iter().map(|login| (*login).to_owned()).collect()),
        access: None,
    };
    house.store.apply(&[Change::PutGroup(group)], &[], house.now()).await.unwrap();
}

/// Chooses a password where there is none yet, and signs in.
async fn person(house: &House, login_id: &str) -> Person {
    let name = format!("acme/{login_id}");
    let invitation = house.exchange.reset_account(&name, &By::command("test"), house.now()).await.unwrap();
    let token = invitation.link.rsplit('/').next().unwrap().to_owned();
    house.exchange.accept_invitation(&token, PASSWORD, ADDRESS, house.now()).await.unwrap();
    let SignIn::In(secret) = house.exchange.sign_in(&name, PASSWORD, ADDRESS, "", house.now()).await.unwrap() else {
        panic!("not let in")
    };
    house.exchange.person(&secret, ADDRESS, house.now()).await.unwrap().unwrap()
}

fn wanted(sender: &str) -> NewDeposit {
    NewDeposit {
        sender_address: sender.into(),
        sender_name: "山田 <b>太郎</b>".into(),
        subject: "見積書 <u>".into(),
        message_id: Some("first@acme.example".into()),
        ..request(&TO, 1)
    }
}

/// Begins a deposit of a sender and puts its file.
async fn begun(house: &House, sender: &str) -> Result<DepositId, DepositError> {
    let key = DepositId::generate().to_string();
    let (deposit, _) = house.exchange.begin(&key, &wanted(sender), Whence::Within, house.now()).await?;
    let file = NewFile { number: 1, name: "<b>見積.pdf".into(), media_type: "application/pdf".into() };
    house.exchange.put(deposit.id, file, &mut content(b"the file"), Whence::Within, house.now()).await?;
    Ok(deposit.id)
}

async fn waiting(house: &House, sender: &str) -> DepositId {
    let id = begun(house, sender).await.unwrap();
    let sent = house.exchange.send(id, Whence::Within, house.now()).await.unwrap();
    assert_eq!((sent.state, sent.approval, sent.expires_at), (DepositState::Waiting, true, None));
    id
}

async fn state(house: &House, id: DepositId) -> DepositState {
    house.exchange.get(id).await.unwrap().state
}

/// What the section's log has of a deposit, the first first: the event, who did it, from where, and the detail.
async fn recorded(house: &House, id: DepositId) -> Vec<[String; 4]> {
    let search = Search { text: Some(id.to_string()), ..Search::default() };
    let lines = house.exchange.audit_lines(&"acme".parse().unwrap(), &search, None, 100).await.unwrap();
    let told = |line: Line| [line.event, format!("{} {}", line.actor_kind, line.actor), line.address, line.detail];
    lines.into_iter().rev().map(told).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, DepositError>) -> Code {
    match result {
        Err(DepositError::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

// spec: X-APPROVAL X-NOTICE X-EXPIRY
#[tokio::test]
async fn approvers_are_asked_and_one_of_them_sends_it() {
    let house = house().await;
    let (sato, ito) = (person(&house, "sato").await, person(&house, "ito").await);
    let id = waiting(&house, "taro@acme.example").await;
    assert_eq!(
        house.exchange.send(id, Whence::Within, house.now()).await.unwrap().state,
        DepositState::Waiting,
        "said twice"
    );
    let mails = house.posted().await;
    let mut to: Vec<&str> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["ito@acme.example", "sato@acme.example"], "nobody else, and no recipient");
    for mail in &mails {
        assert_eq!((mail.outgoing.kind, mail.subject.as_str()), (OutgoingKind::Notice, "【承認依頼】見積書 <u>"));
        assert!(mail.outgoing.prefix.starts_with(b"X-Signed-For: acme"), "unsigned");
        for said in [
            format!("https://files.example.jp/approvals/{id}"),
            "hanako@example.jp, jiro@example.jp".to_owned(),
            "2026年11月24日(火) 23:59 まで".to_owned(),
            "by Tue 24 November 2026, 23:59".to_owned(),
        ] {
            assert!(mail.text.contains(&said) && mail.html.contains(&said), "{said}: {}", mail.text);
        }
        assert!(mail.text.contains("山田 <b>太郎</b> <taro@acme.example>") && mail.text.contains("<b>見積.pdf"));
        assert!(
            !mail.html.contains("<b>見積") && !mail.html.contains("<b>太郎") && !mail.html.contains("<u>"),
            "{}",
            mail.html
        );
        assert!(String::from_utf8_lossy(&mail.octets).contains("Reply-To: taro@acme.example"));
    }

    // Days later, and counted from then.
    house.pass_seconds(2 * DAY);
    let seen = house.exchange.requests_for(&sato, house.now()).await.unwrap();
    assert_eq!(seen.iter().map(|request| request.id).collect::<Vec<_>>(), [id]);
    assert_eq!(house.exchange.approve(&sato, id, "192.0.2.9", house.now()).await.unwrap(), Came::Done);
    // A second click of the same person says that it is done, and another's that it is too late.
    assert_eq!(house.exchange.approve(&sato, id, "192.0.2.9", house.now()).await.unwrap(), Came::Done);
    assert_eq!(house.exchange.reject(&sato, id, "no", "192.0.2.9", house.now()).await.unwrap(), Came::TooLate);
    assert_eq!(house.exchange.approve(&ito, id, "192.0.2.9", house.now()).await.unwrap(), Came::TooLate);
    assert_eq!(house.exchange.reject(&ito, id, "no", "192.0.2.9", house.now()).await.unwrap(), Came::TooLate);
    let mails = house.posted().await;
    assert_eq!(mails.iter().map(|mail| mail.outgoing.kind).collect::<Vec<_>>(), [OutgoingKind::DepositNotice; 2]);
    assert!(mails[0].text.contains("2026年11月29日(日) 23:59 まで"), "{}", mails[0].text);
    let (_, opened) = open(&house, &mails[0].token()).await;
    assert_eq!(read(&house, &opened, 1, 0..99).await, b"the file");

    let told = house.exchange.request(&ito, id, house.now()).await.unwrap();
    assert_eq!((told.standing, told.decided_by.as_deref()), (Standing::Approved, Some("<i>sato</i> さん")));
    assert!(house.exchange.requests_for(&ito, house.now()).await.unwrap().is_empty());
    let decided = house.exchange.decided_by(&sato, house.now()).await.unwrap();
    assert_eq!(decided.iter().map(|request| request.id).collect::<Vec<_>>(), [id]);
    assert!(house.exchange.decided_by(&ito, house.now()).await.unwrap().is_empty());
    // Recorded is what was done, and not what came too late.
    let all = recorded(&house, id).await;
    let [asked, approved, opened, downloaded] = &all[..] else { panic!("{all:?}") };
    assert_eq!((asked[0].as_str(), asked[1].as_str()), ("approval-asked", "user taro"));
    assert!(asked[3].contains("\"approvers\":\"ito, sato\"") && asked[3].contains("hanako@example.jp"), "{asked:?}");
    assert_eq!(approved[..3], ["deposit-approved", "user sato", "192.0.2.9"]);
    assert!(approved[3].contains("hanako@example.jp, jiro@example.jp") && approved[3].contains("taro@acme.example"));
    assert_eq!(opened[..2], ["link-opened", "recipient hanako@example.jp"]);
    assert_eq!(downloaded[..2], ["downloaded", "recipient hanako@example.jp"]);
}

// spec: X-APPROVAL NOTICE KEEP-DELETE
#[tokio::test]
async fn what_is_rejected_is_gone_and_its_sender_is_told_why() {
    let house = house().await;
    let sato = person(&house, "sato").await;
    let id = waiting(&house, "taro@acme.example").await;
    let objects = house.objects().len();
    house.posted().await;
    for bad in ["", " \n "] {
        assert!(matches!(
            house.exchange.reject(&sato, id, bad, "192.0.2.9", house.now()).await,
            Err(ApprovalError::Invalid(_))
        ));
    }
    let reason = "宛先が <b>違います</b>。\r\n確認してください。\u{202e}";
    assert_eq!(house.exchange.reject(&sato, id, reason, "192.0.2.9", house.now()).await.unwrap(), Came::Done);
    assert_eq!(state(&house, id).await, DepositState::Rejected);
    house.exchange.erase().await.unwrap();
    assert_eq!(house.objects().len(), objects - 1);
    let [told] = house.posted().await.try_into().unwrap();
    assert_eq!(
        (told.recipient.as_str(), told.subject.as_str()),
        ("taro@acme.example", "【承認されませんでした】見積書 <u>")
    );
    assert_eq!((told.outgoing.kind, told.outgoing.envelope_from.as_str()), (OutgoingKind::Notice, ""));
    let head = String::from_utf8_lossy(&told.octets).into_owned();
    assert!(head.contains("In-Reply-To: <first@acme.example>") && head.contains("Auto-Submitted: auto-replied"));
    for said in ["(approval-rejected)", &id.to_string(), "確認してください。[U+202E]"] {
        assert!(told.text.contains(said) && told.html.contains(said), "{said}: {}", told.text);
    }
    assert!(told.text.contains("宛先が <b>違います</b>。\n") && told.text.contains("<i>sato</i> さん"));
    for markup in ["<b>", "<i>", "<u>"] {
        assert!(!told.html.contains(markup), "{markup}");
    }
    let all = recorded(&house, id).await;
    assert_eq!(all.iter().map(|line| line[0].as_str()).collect::<Vec<_>>(), ["approval-asked", "deposit-rejected"]);
    assert_eq!(all[1][1..3], ["user sato", "192.0.2.9"]);
    assert!(all[1][3].contains("<b>違います</b>"), "{all:?}");
    // Neither the API nor an approver brings it back.
    assert!(matches!(house.exchange.send(id, Whence::Within, house.now()).await, Err(DepositError::Conflict(_))));
    assert!(matches!(house.exchange.abort(id).await, Err(DepositError::Conflict(_))));
    assert_eq!(house.exchange.approve(&sato, id, "192.0.2.9", house.now()).await.unwrap(), Came::TooLate);
    assert!(matches!(house.exchange.request_files(&sato, id, house.now()).await, Err(DownloadError::NotFound)));
}

// spec: X-APPROVAL
#[tokio::test]
async fn what_nobody_decides_is_rejected_by_the_clock() {
    let house = house().await;
    let sato = person(&house, "sato").await;
    let id = waiting(&house, "taro@acme.example").await;
    house.posted().await;
    // 23:30 on the 21st: to the end of the 24th.
    house.pass_seconds(3 * DAY + 1799);
    assert_eq!(house.exchange.expire_due(house.now()).await.unwrap(), 0);
    house.pass_seconds(1);
    assert_eq!(
        house.exchange.approve(&sato, id, "192.0.2.9", house.now()).await.unwrap(),
        Came::TooLate,
        "before the clock came round"
    );
    assert!(house.exchange.requests_for(&sato, house.now()).await.unwrap().is_empty());
    assert_eq!(house.exchange.expire_due(house.now()).await.unwrap(), 1);
    assert_eq!(house.exchange.expire_due(house.now()).await.unwrap(), 0);
    let [told] = house.posted().await.try_into().unwrap();
    assert_eq!(told.recipient, "taro@acme.example");
    for said in ["どの承認者も承認しませんでした", "No approver agreed in time", "(approval-rejected)"] {
        assert!(told.text.contains(said) && told.html.contains(said), "{said}: {}", told.text);
    }
    let seen = house.exchange.request(&sato, id, house.now()).await.unwrap();
    assert_eq!((seen.standing, seen.decided_by), (Standing::TooLate, None));
    let all = recorded(&house, id).await;
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(all[1][..3], ["deposit-rejected", "clock ", ""]);
}

// spec: X-APPROVAL MAIL-SENDER
#[tokio::test]
async fn nobody_approves_their_own_and_without_anybody_else_nothing_is_begun() {
    let house = house().await;
    let begin = async |sender: &str| begun(&house, sender).await;
    assert_eq!(code(begin("taro@acme.example").await), Code::ApprovalMisconfigured, "nobody has chosen a password");
    let sato = person(&house, "sato").await;
    let of_taro = begin("taro@acme.example").await.unwrap();
    assert_eq!(code(begin("sato@acme.example").await), Code::ApprovalMisconfigured);
    let ito = person(&house, "ito").await;
    let of_sato = waiting(&house, "sato@acme.example").await;
    assert!(matches!(
        house.exchange.approve(&sato, of_sato, "192.0.2.9", house.now()).await,
        Err(ApprovalError::NotFound)
    ));
    assert!(matches!(house.exchange.request_files(&sato, of_sato, house.now()).await, Err(DownloadError::NotFound)));
    assert!(
        matches!(house.exchange.request(&sato, of_taro, house.now()).await, Err(ApprovalError::NotFound)),
        "open yet"
    );

    // What the default user sends for somebody without an account is approved by anybody but the default user.
    put(&house, User { default_user: true, ..user(DEFAULT_USER, true) }).await;
    let default_user = person(&house, DEFAULT_USER).await;
    let of_nobody = waiting(&house, "new@acme.example").await;
    assert!(matches!(
        house.exchange.request(&default_user, of_nobody, house.now()).await,
        Err(ApprovalError::NotFound)
    ));
    assert_eq!(house.exchange.request(&sato, of_nobody, house.now()).await.unwrap().id, of_nobody);

    // A group's list counts as it is when somebody decides.
    listed(&house, Some(&["ito"])).await;
    assert!(matches!(
        house.exchange.approve(&sato, of_nobody, "192.0.2.9", house.now()).await,
        Err(ApprovalError::NotFound)
    ));
    assert_eq!(house.exchange.approve(&ito, of_nobody, "192.0.2.9", house.now()).await.unwrap(), Came::Done);
    listed(&house, Some(&["taro"])).await;
    assert_eq!(code(begin("taro@acme.example").await), Code::ApprovalMisconfigured);
    // Begun when there was somebody, and sent when there is nobody: it is the caller's to take back.
    assert_eq!(code(house.exchange.send(of_taro, Whence::Within, house.now()).await), Code::ApprovalMisconfigured);
    assert_eq!(state(&house, of_taro).await, DepositState::Open);
    house.exchange.abort(of_taro).await.unwrap();
}

// spec: X-APPROVAL
#[tokio::test]
async fn what_was_said_when_it_was_begun_stays() {
    let house = house().await;
    let sato = person(&house, "sato").await;
    let asked = begun(&house, "taro@acme.example").await.unwrap();
    let rule = async |approval| {
        let settings = Settings { approval, ..Settings::default() };
        let changed = Change::PutSection(Box::new(Section { settings, ..section("acme") }));
        house.store.apply(&[changed], &[], house.now()).await.unwrap();
    };
    rule(ApprovalRule::None).await;
    let key = "free";
    let (free, _) = house.exchange.begin(key, &wanted("taro@acme.example"), Whence::Within, house.now()).await.unwrap();
    rule(ApprovalRule::One).await;
    let (again, is_new) =
        house.exchange.begin(key, &wanted("taro@acme.example"), Whence::Within, house.now()).await.unwrap();
    assert_eq!((free.approval, again.approval, is_new), (false, false, false));
    rule(ApprovalRule::None).await;
    assert_eq!(house.exchange.send(asked, Whence::Within, house.now()).await.unwrap().state, DepositState::Waiting);
    assert_eq!(house.exchange.approve(&sato, asked, "192.0.2.9", house.now()).await.unwrap(), Came::Done);
}

// spec: X-APPROVAL
#[tokio::test]
async fn a_deposit_is_nobody_else_s_to_see() {
    let house = house().await;
    let sato = person(&house, "sato").await;
    let id = waiting(&house, "taro@acme.example").await;
    assert_eq!(house.exchange.request_files(&sato, id, house.now()).await.unwrap().files[0].name, "<b>見積.pdf");
    // An approver of another section, with the same login id, and a user who is none.
    house.put_section(section("other")).await;
    put(&house, User { section: "other".parse().unwrap(), group: None, ..user("sato", true) }).await;
    let invitation = house.exchange.reset_account("other/sato", &By::command("test"), house.now()).await.unwrap();
    let token = invitation.link.rsplit('/').next().unwrap().to_owned();
    house.exchange.accept_invitation(&token, PASSWORD, ADDRESS, house.now()).await.unwrap();
    let SignIn::In(secret) = house.exchange.sign_in("other/sato", PASSWORD, ADDRESS, "", house.now()).await.unwrap()
    else {
        panic!("not let in")
    };
    let other = house.exchange.person(&secret, ADDRESS, house.now()).await.unwrap().unwrap();
    for stranger in [other, person(&house, "taro").await] {
        assert!(matches!(house.exchange.request(&stranger, id, house.now()).await, Err(ApprovalError::NotFound)));
        assert!(matches!(
            house.exchange.approve(&stranger, id, "192.0.2.9", house.now()).await,
            Err(ApprovalError::NotFound)
        ));
        assert!(matches!(
            house.exchange.reject(&stranger, id, "x", "192.0.2.9", house.now()).await,
            Err(ApprovalError::NotFound)
        ));
        assert!(matches!(house.exchange.request_files(&stranger, id, house.now()).await, Err(DownloadError::NotFound)));
    }
    let absent = house.exchange.request(&sato, DepositId::generate(), house.now()).await;
    assert!(matches!(absent, Err(ApprovalError::NotFound)));
    assert_eq!(state(&house, id).await, DepositState::Waiting);
}

// spec: X-APPROVAL X-AUDIT
#[tokio::test]
async fn an_approver_s_look_at_the_files_is_recorded_and_where_a_program_sent_from() {
    let house = house().await;
    let sato = person(&house, "sato").await;
    let id = begun(&house, "taro@acme.example").await.unwrap();
    house.exchange.send(id, Whence::Address("192.0.2.77".parse().unwrap()), house.now()).await.unwrap();
    let opened = house.exchange.request_files(&sato, id, house.now()).await.unwrap();
    house.exchange.request_looked_at(&sato, &opened, Some(1), "192.0.2.9", house.now()).await.unwrap();
    let none = house.exchange.request_looked_at(&sato, &opened, Some(2), "192.0.2.9", house.now()).await;
    assert!(matches!(none, Err(fubako_exchange::download::DownloadError::NotFound)));
    let lines = recorded(&house, id).await;
    let told: Vec<[&str; 3]> =
        lines.iter().map(|[event, by, at, _]| [event.as_str(), by.as_str(), at.as_str()]).collect();
    assert_eq!(
        told,
        [["approval-asked", "user taro", "192.0.2.77"], ["downloaded", "user sato", "192.0.2.9"]],
        "{lines:?}"
    );
    assert!(lines[1][3].contains("見積.pdf"), "{lines:?}");
}
