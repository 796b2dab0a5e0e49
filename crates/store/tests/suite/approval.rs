use fubako_base::section::{Access, ApprovalRule, Way};
use fubako_store::{
    StoreError,
    accounts::{AccountName, NewInvitation},
    approval::{Approval, Asked, Decision},
    deposits::{Deposit, DepositState},
    outbox::OutgoingKind,
    sections::{Change, Group, User},
};

use crate::{
    db::{Db, holds},
    make::{acme, at, deposit, entry, expired, file, id, link, notice, outgoing, section},
};

const ASKED: Asked = Asked { at: at(5), decide_by: at(500) };

fn decision(by: Option<&str>, reason: Option<&str>) -> Decision {
    Decision { at: at(50), by: by.map(str::to_owned), reason: reason.map(str::to_owned) }
}

/// A deposit under approval with one file, open.
async fn open(db: &Db, key: &str) -> Deposit {
    let approval = Some(Approval { group: Some("sales".to_owned()), asked: None, decision: None });
    let message_id = Some("a@b.example".to_owned());
    let wanted = Deposit { approval, message_id, sealed_password: Some(vec![1, 2, 3]), ..deposit(key, 1) };
    let (kept, _) = db.store.begin_deposit(&wanted).await.unwrap();
    assert_eq!((kept.approval.clone(), kept.message_id.clone()), (wanted.approval, wanted.message_id));
    db.store.keep_file(&file(kept.id, 1)).await.unwrap();
    kept
}

async fn waiting(db: &Db, key: &str) -> Deposit {
    let deposit = open(db, key).await;
    assert!(db.store.ask_approval(deposit.id, ASKED, &[notice()], &entry()).await.unwrap());
    db.store.deposit(deposit.id).await.unwrap().unwrap()
}

// spec: X-APPROVAL
pub(crate) async fn who_approves_is_kept_with_groups_and_users(db: Db) {
    acme(&db.store).await;
    let group = |name: &str, approval, approvers: Option<&[&str]>| Group {
        section: id("acme"),
        name: name.to_owned(),
        mail_link: false,
        approval,
        access: (name == "b").then(|| Access::of(&[Way::Account, Way::OneTimeCode]).unwrap()),
        approvers: approvers.map(|all| all.iter().map(|login| (*login).to_owned()).collect()),
    };
    let groups = [
        group("a", None, None),
        group("b", Some(ApprovalRule::One), Some(&["sato", "伊藤"])),
        group("c", Some(ApprovalRule::None), Some(&[])),
    ];
    let user = |login_id: &str, approver| User {
        section: id("acme"),
        login_id: login_id.to_owned(),
        address: format!("{login_id}@acme.example"),
        name: String::new(),
        group: None,
        default_user: false,
        administrator: false,
        approver,
        password_never_expires: false,
    };
    let changes = groups.clone().map(Change::PutGroup);
    db.store.apply(&changes, &[], at(0)).await.unwrap();
    let users = [user("ito", true), user("sato", true), user("taro", false)];
    db.store.apply(&users.clone().map(Change::PutUser), &[], at(0)).await.unwrap();
    for login_id in ["sato", "taro"] {
        let name = AccountName::User(id("acme"), login_id.to_owned());
        let invitation = NewInvitation { hash: [login_id.as_bytes()[0]; 32], until: at(60) };
        let invited = db.store.invite(&name, invitation, None, &entry(), at(0)).await;
        assert_eq!(invited.unwrap().unwrap().approver, login_id == "sato");
    }
    assert_eq!(db.store.groups(&id("acme")).await.unwrap(), groups);
    assert_eq!(db.store.users(&id("acme")).await.unwrap(), users);
    let staff = db.store.approval_staff(&id("acme")).await.unwrap();
    assert_eq!((staff.groups, staff.approvers), (groups.to_vec(), users[..2].to_vec()));
    assert_eq!(staff.accounts.iter().map(|account| account.login_id.as_str()).collect::<Vec<_>>(), ["sato"]);
    // Set again, and of another section there is nothing.
    db.store
        .apply(&[Change::PutGroup(group("b", None, None)), Change::PutUser(user("sato", false))], &[], at(1))
        .await
        .unwrap();
    let staff = db.store.approval_staff(&id("acme")).await.unwrap();
    assert_eq!((staff.groups[1].clone(), staff.approvers.len()), (group("b", None, None), 1));
    db.store.apply(&[Change::PutSection(Box::new(section("other")))], &[], at(1)).await.unwrap();
    assert_eq!(db.store.approval_staff(&id("other")).await.unwrap(), Default::default());
}

// spec: X-APPROVAL X-ADMIN
pub(crate) async fn a_group_whose_approvers_are_awaited_stays(db: Db) {
    acme(&db.store).await;
    let group = Group {
        section: id("acme"),
        name: "sales".to_owned(),
        mail_link: false,
        approval: None,
        access: None,
        approvers: Some(vec![]),
    };
    db.store.apply(&[Change::PutGroup(group)], &[], at(0)).await.unwrap();
    open(&db, "open").await;
    let waits = waiting(&db, "waits").await;
    let awaited = db.store.staff(&id("acme")).await.unwrap().awaited;
    assert_eq!(awaited.into_iter().collect::<Vec<_>>(), [("sales".to_owned(), 1)]);
    let remove = [Change::RemoveGroup(id("acme"), "sales".to_owned())];
    let refused = db.store.apply(&remove, &[], at(1)).await;
    assert!(matches!(refused, Err(StoreError::GroupAwaited { deposits: 1, .. })), "{refused:?}");
    assert_eq!(db.store.groups(&id("acme")).await.unwrap().len(), 1);
    assert!(db.store.reject_deposit(waits.id, &decision(None, None), &notice(), &entry()).await.unwrap());
    assert!(db.store.staff(&id("acme")).await.unwrap().awaited.is_empty());
    db.store.apply(&remove, &[], at(2)).await.unwrap();
    assert!(db.store.groups(&id("acme")).await.unwrap().is_empty());
}

// spec: X-APPROVAL MAIL-DEPOSIT
pub(crate) async fn a_deposit_waits_and_is_approved_once(db: Db) {
    acme(&db.store).await;
    let d = waiting(&db, "k").await;
    assert!(!db.store.ask_approval(d.id, ASKED, &[notice()], &entry()).await.unwrap(), "asked before");
    let noted = Approval { group: Some("sales".to_owned()), asked: Some(ASKED), decision: None };
    assert_eq!((d.state, d.approval, d.sent_at), (DepositState::Waiting, Some(noted.clone()), None));
    assert_eq!((db.count("SELECT COUNT(*) FROM links").await, db.count("SELECT COUNT(*) FROM outgoing").await), (0, 1));
    // Nothing else happens to it meanwhile.
    assert!(!db.store.send_deposit(d.id, at(1000), &[], &[], &entry(), at(6)).await.unwrap());
    assert!(!db.store.abort_deposit(d.id, None).await.unwrap());
    assert_eq!(db.store.expire_deposits(at(9999), at(9999), 10, expired).await.unwrap(), 0);

    let links = [link(d.id, "hanako@example.com", 1)];
    let notices = [outgoing(OutgoingKind::DepositNotice, &["hanako@example.com"])];
    let made = decision(Some("sato"), None);
    assert!(db.store.approve_deposit(d.id, &made, at(1000), &links, &notices, &entry()).await.unwrap());
    assert!(!db.store.approve_deposit(d.id, &decision(Some("ito"), None), at(2000), &[], &[], &entry()).await.unwrap());
    assert!(!db.store.reject_deposit(d.id, &decision(Some("ito"), Some("no")), &notice(), &entry()).await.unwrap());
    assert!(!db.store.ask_approval(d.id, ASKED, &[notice()], &entry()).await.unwrap());
    let (found, kept) = db.store.link(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((found.recipient.as_str(), kept.state), ("hanako@example.com", DepositState::Sent));
    assert_eq!((kept.sent_at, kept.expires_at), (Some(at(50)), Some(at(1000))));
    assert_eq!(kept.approval, Some(Approval { decision: Some(made), ..noted }));
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 2);
    assert_eq!(db.store.files(d.id).await.unwrap().len(), 1);
    // From there on it is as any other.
    assert_eq!(db.store.expire_deposits(at(1000), at(0), 10, expired).await.unwrap(), 1);
}

// spec: X-APPROVAL KEEP-DELETE
pub(crate) async fn a_rejected_deposit_s_files_are_gone(db: Db) {
    acme(&db.store).await;
    let d = waiting(&db, "k").await;
    let [kept] = db.store.files(d.id).await.unwrap().try_into().unwrap();
    let made = decision(Some("sato"), Some("宛先が\n<b>違います"));
    assert!(db.store.reject_deposit(d.id, &made, &notice(), &entry()).await.unwrap());
    assert!(!db.store.reject_deposit(d.id, &made, &notice(), &entry()).await.unwrap());
    assert!(!db.store.approve_deposit(d.id, &decision(Some("ito"), None), at(1000), &[], &[], &entry()).await.unwrap());
    let after = db.store.deposit(d.id).await.unwrap().unwrap();
    assert_eq!((after.state, after.approval.unwrap().decision), (DepositState::Rejected, Some(made)));
    assert!(db.store.files(d.id).await.unwrap().is_empty());
    assert_eq!(db.store.erasures(10).await.unwrap(), [kept.object.id]);
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 2);
    for done in [
        db.store.ask_approval(d.id, ASKED, &[], &entry()).await.err(),
        db.store.send_deposit(d.id, at(1000), &[], &[], &entry(), at(5)).await.err(),
        db.store.keep_file(&file(d.id, 2)).await.err(),
    ] {
        assert!(matches!(done, Some(StoreError::DepositClosed(_))), "{done:?}");
    }
    assert!(!db.store.abort_deposit(d.id, None).await.unwrap());
    assert_eq!(db.store.expire_deposits(at(9999), at(9999), 10, expired).await.unwrap(), 0);
    assert!(!holds(&db.contents().await, &kept.object.wrapped_key));
}

// spec: X-APPROVAL MAIL-DEPOSIT
pub(crate) async fn only_a_whole_deposit_under_approval_waits(db: Db) {
    acme(&db.store).await;
    let (free, _) = db.store.begin_deposit(&deposit("free", 0)).await.unwrap();
    assert_eq!(free.approval, None);
    let approval = Some(Approval { group: None, asked: None, decision: None });
    let (half, _) =
        db.store.begin_deposit(&Deposit { approval: approval.clone(), ..deposit("half", 1) }).await.unwrap();
    assert_eq!(half.approval, approval);
    for deposit in [free.id, half.id, fubako_base::ids::DepositId::generate()] {
        let refused = db.store.ask_approval(deposit, ASKED, &[notice()], &entry()).await;
        assert!(matches!(refused, Err(StoreError::DepositClosed(_))), "{refused:?}");
    }
    assert_eq!(db.count("SELECT COUNT(*) FROM outgoing").await, 0);
    // Nor is one decided that does not wait.
    assert!(!db.store.approve_deposit(half.id, &decision(None, None), at(9), &[], &[], &entry()).await.unwrap());
    assert!(!db.store.reject_deposit(half.id, &decision(None, None), &notice(), &entry()).await.unwrap());
}

// spec: X-APPROVAL
pub(crate) async fn what_waits_what_is_overdue_and_what_was_decided(db: Db) {
    acme(&db.store).await;
    db.meddle(
        "INSERT INTO users (section, login_id, address, address_folded, name, default_user, created_at, changed_at, member_id)
            VALUES ('acme', 'sato', 'sato@acme.example', 'sato@acme.example', '', FALSE, 0, 0, 'sato')",
    )
    .await;
    db.store.apply(&[Change::PutSection(Box::new(section("other")))], &[], at(0)).await.unwrap();
    let (late, early) = (open(&db, "late").await, open(&db, "early").await);
    open(&db, "open").await;
    db.store.ask_approval(late.id, Asked { decide_by: at(900), ..ASKED }, &[], &entry()).await.unwrap();
    db.store.ask_approval(early.id, ASKED, &[], &entry()).await.unwrap();
    let ids = |all: Vec<Deposit>| all.into_iter().map(|deposit| deposit.id).collect::<Vec<_>>();
    let acme = id("acme");
    assert_eq!(ids(db.store.waiting_deposits(&acme, 10).await.unwrap()), [early.id, late.id]);
    assert_eq!(ids(db.store.waiting_deposits(&acme, 1).await.unwrap()), [early.id]);
    assert!(db.store.waiting_deposits(&id("other"), 10).await.unwrap().is_empty());
    assert!(db.store.overdue_deposits(at(499), None, 10).await.unwrap().is_empty());
    assert_eq!(ids(db.store.overdue_deposits(at(500), None, 10).await.unwrap()), [early.id]);
    let mut both = [late.id, early.id];
    both.sort();
    assert_eq!(ids(db.store.overdue_deposits(at(900), None, 1).await.unwrap()), both[..1]);
    assert_eq!(ids(db.store.overdue_deposits(at(900), Some(both[0]), 10).await.unwrap()), both[1..]);

    db.store.reject_deposit(early.id, &decision(Some("sato"), Some("no")), &notice(), &entry()).await.unwrap();
    assert_eq!(db.store.deposit(early.id).await.unwrap().unwrap().sealed_password, None, "the password stays");
    let last = Decision { at: at(60), ..decision(Some("sato"), None) };
    db.store.approve_deposit(late.id, &last, at(1000), &[], &[], &entry()).await.unwrap();
    assert_eq!(ids(db.store.decided_deposits(&acme, "sato", 10).await.unwrap()), [late.id, early.id]);
    assert_eq!(ids(db.store.decided_deposits(&acme, "sato", 1).await.unwrap()), [late.id]);
    for (section, login_id) in [(&acme, "ito"), (&id("other"), "sato")] {
        assert!(db.store.decided_deposits(section, login_id, 10).await.unwrap().is_empty());
    }
    assert!(db.store.waiting_deposits(&acme, 10).await.unwrap().is_empty());
    // Who has the login id later has not decided it.
    db.meddle("UPDATE users SET member_id = 'another' WHERE login_id = 'sato'").await;
    assert!(db.store.decided_deposits(&acme, "another", 10).await.unwrap().is_empty());
}

// spec: X-APPROVAL
pub(crate) async fn of_many_who_decide_one_does(db: Db) {
    acme(&db.store).await;
    let nodes = [db.store.clone(), db.open().await.unwrap()];
    for key in 0..10u8 {
        let d = waiting(&db, &format!("k{key}")).await;
        let links = [link(d.id, "a@example.com", key)];
        let (sato, ito, clock, rejection) =
            (decision(Some("sato"), None), decision(Some("ito"), Some("no")), decision(None, None), notice());
        let (late, line) = (notice(), entry());
        let (approved, rejected, over) = futures::join!(
            nodes[0].approve_deposit(d.id, &sato, at(1000), &links, &[], &line),
            nodes[1].reject_deposit(d.id, &ito, &rejection, &line),
            nodes[1].reject_deposit(d.id, &clock, &late, &line),
        );
        let [approved, rejected, over] = [approved, rejected, over].map(Result::unwrap);
        assert_eq!([approved, rejected, over].into_iter().filter(|done| *done).count(), 1);
        let after = nodes[0].deposit(d.id).await.unwrap().unwrap();
        let by = after.approval.unwrap().decision.unwrap().by;
        assert_eq!(
            by.as_deref(),
            if approved {
                Some("sato")
            } else if rejected {
                Some("ito")
            } else {
                None
            }
        );
        assert_eq!(after.state == DepositState::Sent, approved);
        assert_eq!(nodes[0].link(&[key; 32]).await.unwrap().is_some(), approved);
        assert_eq!(nodes[0].files(d.id).await.unwrap().len(), usize::from(approved));
    }
}
