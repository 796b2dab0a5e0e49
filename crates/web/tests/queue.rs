//! The mail queue on the operator's screens (spec X-OPERATOR).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{House, encoded, request};
use fubako_base::{
    Code,
    ids::{DepositId, MailId, ObjectId, SectionId},
    object::ObjectRef,
};
use fubako_exchange::audit::Search;
use fubako_store::{
    mails::{MailRecipient, NewMail, NotedDeposit},
    queue::QueueRow,
};
use http::Method;

const PAGE: &str = "/operator/queue";

/// A house with an operator, a user, an administrator, one of another section, and two notices in the queue; and their cookies.
async fn house() -> (House, [String; 4]) {
    let house = House::new("https://files.acme.example").await;
    house.deposit("k", "the subject", "n", &[("a.txt", "text/plain", b"the content")]).await;
    // They were looked at, as the post office would, and nobody is there to deliver them: the lease runs out.
    house.pass_seconds(2_000_000);
    let cookies = house.visitors(&["root", "acme/staff", "acme/kanri", "beta/kanri"]).await;
    (house, cookies.try_into().unwrap())
}

async fn rows(house: &House) -> Vec<QueueRow> {
    house.store.queue(100).await.unwrap()
}

async fn events(house: &House, section: &str) -> Vec<(String, String, String)> {
    let section: SectionId = section.parse().unwrap();
    let lines = house.exchange.audit_lines(&section, &Search::default(), None, 50).await.unwrap();
    let of_queue = lines.into_iter().filter(|line| line.event.starts_with("mail-"));
    of_queue.map(|line| (line.event, line.actor, line.object)).collect()
}

/// Every route × nobody, the operator, a user, an administrator, one of another section; with a form of one's own, where one is signed in.
// spec: X-OPERATOR
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let (house, [root, staff, kanri, other]) = house().await;
    let [first, second] = rows(&house).await.try_into().unwrap_or_else(|rows: Vec<_>| panic!("{rows:?}"));
    let (one, two) = (format!("{PAGE}/{}", first.id), format!("{PAGE}/{}", second.id));
    let absent = format!("{PAGE}/{}", MailId::generate());
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let (operators, nobodys) = ([303, 200, 404, 404, 404], [303, 404, 404, 404, 404]);
    let table: &[(&Method, &str, [u16; 5])] = &[
        (&get, PAGE, operators),
        (&get, "/operator/queue?section=acme&state=deposit-notice&after=0_x", operators),
        (&get, "/operator/queue?section=%ff&state=nonsense&after=nonsense&after=2", operators),
        (&put, PAGE, [405; 5]),
        (&post, PAGE, [405; 5]),
        (&get, &one, operators),
        (&get, &absent, nobodys),
        (&get, "/operator/queue/%ff", nobodys),
        (&get, "/operator/queue/'%20OR%201=1--", nobodys),
        (&get, &format!("{one}/retry"), operators),
        (&get, &format!("{one}/stop"), operators),
        (&get, &format!("{absent}/stop"), nobodys),
        (&get, &format!("{one}/other"), [404; 5]),
        (&post, &one, [405; 5]),
        (&post, &format!("{absent}/retry"), nobodys),
        (&post, &format!("{absent}/stop"), nobodys),
        (&post, &format!("{one}/retry"), [303, 303, 404, 404, 404]),
        (&post, &format!("{one}/stop"), [303, 303, 404, 404, 404]),
        (&post, &format!("{one}/stop"), [303, 409, 404, 404, 404]),
        (&post, &format!("{one}/retry"), [303, 409, 404, 404, 404]),
        (&get, &format!("{one}/stop"), [303, 409, 404, 404, 404]),
        (&get, &two, operators),
    ];
    for (method, path, expected) in table {
        // The operator last.
        for (visitor, place) in [("", 0), (&staff, 2), (&kanri, 3), (&other, 4), (&root, 1)] {
            let key = if visitor.is_empty() { String::new() } else { house.form_key(visitor).await };
            let before = (rows(&house).await, events(&house, "acme").await);
            let form = format!("form={}", encoded(&key));
            let answer = house.ask(request((*method).clone(), path, &[("cookie", visitor)], &form)).await;
            assert_eq!(answer.status.as_u16(), expected[place], "{method} {path} {visitor}");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(!answer.text().contains("the subject"), "{path}: {}", answer.text());
            let may = place == 1 && *method == post && answer.status.as_u16() == 303;
            let after = (rows(&house).await, events(&house, "acme").await);
            assert_eq!(before != after, may, "{method} {path} by {visitor}");
        }
        // An operator's form that no page of theirs made.
        if *method == post && expected[0] == 303 {
            assert_eq!(house.post(path, &[("cookie", &root)], "").await.status.as_u16(), 403, "{path}");
        }
    }
    let wanted = [("mail-stopped", &first.id), ("mail-retried", &first.id)];
    let wanted = wanted.map(|(event, id)| (event.to_owned(), "root".to_owned(), id.clone()));
    assert_eq!(events(&house, "acme").await, wanted, "as the command's, in the section's log");
    let page = house.get(&one, &[("cookie", &root), ("accept-language", "en")]).await;
    for words in ["Stopped", "Mail or delivery tried again", "Mail or delivery stopped", "Operator root"] {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
}

// spec: X-OPERATOR
#[tokio::test]
async fn the_list_is_narrowed_and_goes_on_where_it_ended() {
    let (house, [root, ..]) = house().await;
    let all = rows(&house).await;
    let look = async |query: &str| {
        let page = house.get(&format!("{PAGE}{query}"), &[("cookie", &root)]).await;
        all.iter().map(|row| page.text().contains(&format!("href=\"{PAGE}/{}\"", row.id))).collect::<Vec<_>>()
    };
    assert_eq!(look("").await, [true, true]);
    assert_eq!(look("?section=acme&state=deposit-notice").await, [true, true]);
    assert_eq!(look("?section=beta").await, [false, false]);
    assert_eq!(look("?state=held").await, [false, false]);
    let after = format!("?after={}_{}", all[0].since.0, all[0].id);
    assert_eq!(look(&after).await, [false, true]);
}

/// A mail that waits for a worker, which noted that its deposit may have been sent.
async fn with_links_out(house: &House) -> MailId {
    let section: SectionId = "acme".parse().unwrap();
    let spool = ObjectRef { id: ObjectId::generate(), section: section.clone(), wrapped_key: vec![1], length: 1234 };
    let mail = NewMail {
        id: MailId::generate(),
        section,
        spool,
        envelope_from: "taro@acme.example".to_owned(),
        peer: "192.0.2.1".to_owned(),
        received_field: String::new(),
        smtputf8: false,
        ret_full: None,
        envid: None,
        recipients: vec![MailRecipient { address: "<b>@example.com".to_owned(), notify: None, orcpt: None }],
        received_at: house.now(),
        results_field: String::new(),
        fingerprint: None,
    };
    house.store.accept_mail(&mail).await.unwrap();
    house.store.lease_mail("w", house.now(), house.now().plus_seconds(60)).await.unwrap().unwrap();
    let noted = NotedDeposit { deposit: DepositId::generate(), approval: false, with_password: true };
    house.store.note_mail_deposit(mail.id, "w", noted).await.unwrap();
    house.store.retry_mail(mail.id, "w", house.now(), Code::Maintenance, "closed").await.unwrap();
    mail.id
}

// spec: X-OPERATOR MAIL-DEPOSIT
#[tokio::test]
async fn a_mail_whose_links_may_be_out_is_not_stopped_and_the_operator_is_told_why() {
    let (house, [root, ..]) = house().await;
    let id = with_links_out(&house).await;
    let before = rows(&house).await;
    let key = encoded(&house.form_key(&root).await);
    let path = format!("{PAGE}/{id}/stop?lang=en");
    let answer = house.post(&path, &[("cookie", &root)], &format!("form={key}")).await;
    let text = answer.text();
    assert_eq!(answer.status.as_u16(), 409);
    assert!(text.contains("role=\"alert\"") && text.contains("this mail with the password goes on"), "{text}");
    assert!(text.contains("It waits for the end of the maintenance") && text.contains("maintenance: closed"), "{text}");
    assert!(text.contains("&#60;b&#62;@example.com") && !text.contains("<b>@"), "{text}");
    assert_eq!(rows(&house).await, before);
    assert_eq!(events(&house, "acme").await, []);
    // It can be tried now all the same.
    let answer = house.post(&format!("{PAGE}/{id}/retry"), &[("cookie", &root)], &format!("form={key}")).await;
    assert_eq!(answer.status.as_u16(), 303);
}
