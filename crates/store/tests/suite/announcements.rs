use fubako_base::ids::AnnouncementId;
use fubako_store::{
    announcements::{Announcement, Contact, Content, Words},
    outbox::NewOutgoing,
    sections::{Change, User},
};

use crate::{
    db::Db,
    make::{acme, at, delivery, entry, id, notice, section},
};

fn content(starts: i64, ends: i64) -> Content {
    let words = |text: &str| Words { subject: format!("{text} subject"), text: format!("{text}\nlines") };
    Content { ja: words("ja"), en: words("en"), starts_at: at(starts), ends_at: at(ends), mailed: true }
}

async fn add(db: &Db, content: &Content) -> AnnouncementId {
    let id = AnnouncementId::generate();
    db.store.add_announcement(id, content, "root", &entry(), at(0)).await.unwrap();
    id
}

fn ids(found: &[Announcement]) -> Vec<AnnouncementId> {
    found.iter().map(|one| one.id).collect()
}

// spec: X-OPERATOR
pub(crate) async fn they_are_shown_from_their_begin_until_before_their_end(db: Db) {
    let (early, late) = (add(&db, &content(100, 200)).await, add(&db, &content(150, 300)).await);
    for (now, wanted) in [
        (99, vec![]),
        (100, vec![early]),
        (150, vec![late, early]),
        (199, vec![late, early]),
        (200, vec![late]),
        (300, vec![]),
    ] {
        assert_eq!(ids(&db.store.announcements_shown(at(now)).await.unwrap()), wanted, "{now}");
    }
    let kept = db.store.announcements(at(199), 10).await.unwrap();
    assert_eq!(ids(&kept), [late, early]);
    assert_eq!((kept[1].version, &kept[1].content, kept[1].made_by.as_str()), (1, &content(100, 200), "root"));
    assert_eq!(ids(&db.store.announcements(at(200), 10).await.unwrap()), [late]);
    assert_eq!(ids(&db.store.announcements(at(0), 1).await.unwrap()), [late]);
    assert_eq!(db.store.announcement(AnnouncementId::generate()).await.unwrap(), None);
    assert_eq!(db.store.forget_announcements(at(200)).await.unwrap(), 1);
    assert_eq!(db.store.announcement(early).await.unwrap(), None);
}

// spec: X-OPERATOR
pub(crate) async fn whoever_saw_an_older_version_changes_nothing(db: Db) {
    let one = add(&db, &content(100, 200)).await;
    let change = async |version, ends, now| {
        db.store.change_announcement(one, version, &content(100, ends), &entry(), at(now)).await.unwrap()
    };
    assert!(!change(0, 250, 150).await && change(1, 250, 150).await && !change(1, 400, 150).await);
    let withdraw = async |version, now| db.store.withdraw_announcement(one, version, &entry(), at(now)).await.unwrap();
    assert!(!withdraw(1, 160).await);
    let there = db.store.announcement(one).await.unwrap().unwrap();
    assert_eq!((there.version, there.content), (2, content(100, 250)));
    assert!(!change(2, 900, 250).await, "it is over");
    assert!(withdraw(2, 160).await && !withdraw(2, 160).await && !withdraw(3, 160).await);
    let there = db.store.announcement(one).await.unwrap().unwrap();
    assert_eq!((there.version, there.content.ends_at), (3, at(160)));
    assert!(!change(3, 900, 160).await, "it is over");
    let coming = add(&db, &content(500, 600)).await;
    assert!(db.store.withdraw_announcement(coming, 1, &entry(), at(160)).await.unwrap());
    assert_eq!(db.store.announcement(coming).await.unwrap(), None, "it never was");
}

fn user(of: &str, login_id: &str, address: &str, administrator: bool) -> Change {
    Change::PutUser(User {
        section: id(of),
        login_id: login_id.to_owned(),
        address: address.to_owned(),
        name: String::new(),
        group: None,
        default_user: false,
        administrator,
        approver: false,
        password_never_expires: false,
    })
}

fn mail(contact: &Contact) -> NewOutgoing {
    NewOutgoing { section: contact.section.clone(), deliveries: vec![delivery(&contact.address)], ..notice() }
}

async fn untold(db: &Db, one: AnnouncementId) -> Vec<Contact> {
    db.store.contacts_untold(one, "", 10).await.unwrap()
}

// spec: X-OPERATOR
pub(crate) async fn each_contact_is_mailed_once(db: Db) {
    acme(&db.store).await;
    let off = fubako_base::section::Section { enabled: false, ..section("off") };
    let changes = [
        Change::PutSection(Box::new(section("other"))),
        Change::PutSection(Box::new(off)),
        // A section without administrators: nobody of it is mailed.
        Change::PutSection(Box::new(section("alone"))),
        user("alone", "staff", "staff@alone.example", false),
        user("acme", "kanri", "Kanri@acme.example", true),
        user("acme", "staff", "staff@acme.example", false),
        user("other", "kanri", "kanri@acme.example", true),
        user("other", "zen", "zen@other.example", true),
        user("off", "kanri", "kanri@off.example", true),
    ];
    db.store.apply(&changes, &[], at(0)).await.unwrap();
    let one = add(&db, &content(100, 200)).await;
    let contacts = untold(&db, one).await;
    let found: Vec<_> =
        contacts.iter().map(|c| (c.section.as_str(), c.address.as_str(), c.compared.as_str())).collect();
    let twice = ("acme", "Kanri@acme.example", "kanri@acme.example");
    let wanted = [
        twice,
        ("other", "kanri@acme.example", "kanri@acme.example"),
        ("other", "zen@other.example", "zen@other.example"),
    ];
    assert_eq!(found, wanted);
    assert_eq!(db.store.contacts_untold(one, "kanri@acme.example", 10).await.unwrap(), contacts[2..]);
    let queue = async |contact: &Contact, version, now| {
        db.store.mail_announcement(one, version, contact, &mail(contact), at(now)).await.unwrap()
    };
    // Not before it is shown, nor another version, nor when it is over.
    assert!(
        !queue(&contacts[0], 1, 99).await && !queue(&contacts[0], 2, 100).await && !queue(&contacts[0], 1, 200).await
    );
    assert!(queue(&contacts[0], 1, 100).await && !queue(&contacts[0], 1, 101).await);
    assert!(!queue(&contacts[1], 1, 101).await, "the same address in another section");
    assert_eq!(untold(&db, one).await, contacts[2..]);
    assert_eq!(db.store.announcement(one).await.unwrap().unwrap().mails, 1);
    // Not to be mailed any more.
    let quiet = Content { mailed: false, ..content(100, 200) };
    assert!(db.store.change_announcement(one, 1, &quiet, &entry(), at(102)).await.unwrap());
    assert!(!queue(&contacts[2], 2, 103).await);
    assert_eq!(db.store.queue(10).await.unwrap().len(), 1);
    // What it was mailed to is forgotten with it.
    assert_eq!(db.store.forget_announcements(at(200)).await.unwrap(), 1);
    assert_eq!(db.count("SELECT COUNT(*) FROM announcement_mails").await, 0);
}

// spec: X-OPERATOR
pub(crate) async fn no_contact_is_noted_as_mailed_whose_mail_is_not_in_the_queue(db: Db) {
    acme(&db.store).await;
    let users = ["a", "b"].map(|login_id| user("acme", login_id, &format!("{login_id}@acme.example"), true));
    db.store.apply(&users, &[], at(0)).await.unwrap();
    let one = add(&db, &content(100, 200)).await;
    let [a, b] = untold(&db, one).await.try_into().unwrap();
    let first = mail(&a);
    assert!(db.store.mail_announcement(one, 1, &a, &first, at(100)).await.unwrap());
    // What fails behind the note takes the note along: here, a mail with an id that is there already.
    let twice = NewOutgoing { id: first.id, ..mail(&b) };
    db.store.mail_announcement(one, 1, &b, &twice, at(101)).await.unwrap_err();
    assert_eq!(untold(&db, one).await, std::slice::from_ref(&b));
    assert!(db.store.mail_announcement(one, 1, &b, &mail(&b), at(102)).await.unwrap());
    assert_eq!((untold(&db, one).await, db.store.queue(10).await.unwrap().len()), (vec![], 2));
}

// spec: X-OPERATOR
pub(crate) async fn of_many_who_mail_a_contact_one_does(db: Db) {
    acme(&db.store).await;
    db.store.apply(&[user("acme", "kanri", "kanri@acme.example", true)], &[], at(0)).await.unwrap();
    let one = add(&db, &content(100, 200)).await;
    let [contact] = untold(&db, one).await.try_into().unwrap();
    let mails: Vec<NewOutgoing> = (0..8).map(|_| mail(&contact)).collect();
    let tries = mails.iter().map(|mail| db.store.mail_announcement(one, 1, &contact, mail, at(100)));
    let done = futures::future::join_all(tries).await;
    assert_eq!(done.into_iter().filter(|done| *done.as_ref().unwrap()).count(), 1);
    assert_eq!(db.store.queue(10).await.unwrap().len(), 1);
}
