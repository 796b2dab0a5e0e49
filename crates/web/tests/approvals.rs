//! The approver's screens, and what everybody else sees of them (spec X-APPROVAL).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{House, encoded, request};
use fubako_base::{
    audit::Actor,
    ids::DepositId,
    section::{ApprovalRule, Section, Settings},
};
use fubako_exchange::{
    audit::By,
    deposit::DepositState,
    domain::{NewDeposit, NewFile, Whence},
};
use fubako_store::{
    deposits::Deposit,
    sections::{Change, User},
};
use fubako_testkit::{
    LINK_GROUP,
    clamd::Clamd,
    house::{self, content},
    section,
};
use fubako_vault::scanner::Scanner;
use http::Method;

const URL: &str = "https://files.acme.example";
const PASSWORD: &str = "a long enough secret";

/// A house that wants approval, and a house's people: two approvers, a user and the administrator of `acme`, an approver of `other`, an operator.
struct Place {
    house: House,
    sato: String,
    ito: String,
    taro: String,
    kanri: String,
    other: String,
    root: String,
}

async fn place(scanner: Scanner) -> Place {
    let settings = Settings { approval: ApprovalRule::One, ..Settings::default() };
    let acme = Section { settings: settings.clone(), ..section("acme") };
    let house = House::of(house::House::at(URL, scanner, acme).await);
    house.put_section(Section { settings, ..section("other") }).await;
    let people = [("acme", "sato"), ("acme", "ito"), ("acme", "taro"), ("acme", "kanri"), ("other", "sato")];
    let mut cookies = Vec::new();
    for (section, login_id) in people {
        let user = User {
            section: section.parse().unwrap(),
            login_id: login_id.to_owned(),
            address: format!("{login_id}@{section}.example"),
            name: String::new(),
            group: Some(LINK_GROUP.into()),
            default_user: false,
            administrator: login_id == "kanri",
            approver: !matches!(login_id, "taro" | "kanri"),
            password_never_expires: false,
        };
        house.store.apply(&[Change::PutUser(user)], &[], house.now()).await.unwrap();
        let link = house
            .exchange
            .reset_account(&format!("{section}/{login_id}"), &By::command("test"), house.now())
            .await
            .unwrap()
            .link;
        cookies.push(signed_in(&house, &link, &format!("{section}/{login_id}")).await);
    }
    let link =
        house.exchange.add_operator("root", "root@ops.example", &By::command("test"), house.now()).await.unwrap().link;
    cookies.push(signed_in(&house, &link, "root").await);
    let [sato, ito, taro, kanri, other, root] = cookies.try_into().unwrap();
    Place { house, sato, ito, taro, kanri, other, root }
}

async fn signed_in(house: &House, link: &str, name: &str) -> String {
    let form = format!("password={0}&again={0}", encoded(PASSWORD));
    assert_eq!(house.post(link.strip_prefix(URL).unwrap(), &[], &form).await.status.as_u16(), 303);
    let form = format!("name={}&password={}", encoded(name), encoded(PASSWORD));
    let answer = house.post("/sign-in", &[], &form).await;
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

/// A deposit that waits.
async fn waiting(house: &House, section: &str, sender: &str) -> DepositId {
    let wanted = NewDeposit {
        section: section.parse().unwrap(),
        sender_address: sender.to_owned(),
        sender_name: "<b>山田".to_owned(),
        message: "よろしく<b>\nお願いします".to_owned(),
        ..house::request(&["hanako@example.jp"], 2)
    };
    let key = DepositId::generate().to_string();
    let (deposit, _) = house.exchange.begin(&key, &wanted, Whence::Within, house.now()).await.unwrap();
    for number in [1, 2] {
        let file = NewFile { number, name: format!("<i>{number}.txt"), media_type: "text/html".into() };
        house.exchange.put(deposit.id, file, &mut content(b"<script>"), Whence::Within, house.now()).await.unwrap();
    }
    assert_eq!(
        house.exchange.send(deposit.id, Whence::Within, house.now()).await.unwrap().state,
        DepositState::Waiting
    );
    deposit.id
}

async fn key(house: &House, cookie: &str) -> String {
    let page = house.get("/me", &[("cookie", cookie)]).await;
    let after = page.text().split("name=\"form\" value=\"").nth(1).unwrap_or_else(|| panic!("no key: {}", page.text()));
    after.split('"').next().unwrap().to_owned()
}

async fn post(house: &House, path: &str, cookie: &str, rest: &str) -> common::Answer {
    let form = format!("form={}&{rest}", encoded(&key(house, cookie).await));
    house.post(path, &[("cookie", cookie)], &form).await
}

async fn kept(house: &House, id: DepositId) -> Deposit {
    house.store.deposit(id).await.unwrap().unwrap()
}

/// Every route × nobody, an operator, an administrator, a user, an approver of another section, whoever sent it, and who may approve it.
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let Place { house, sato, ito, taro, kanri, other, root } = place(Scanner::None).await;
    // Approvers send, too: this one is ito's own.
    let id = waiting(&house, "acme", "ito@acme.example").await;
    let theirs = waiting(&house, "other", "jiro@other.example").await;
    let absent = DepositId::generate();
    let (get, post, head, put) = (Method::GET, Method::POST, Method::HEAD, Method::PUT);
    let at = |id: DepositId, rest: &str| format!("/approvals/{id}{rest}");
    let mut table: Vec<(&Method, String, [u16; 7])> = vec![
        //                                   nobody root kanri taro other ito sato
        (&get, "/approvals".into(), [303, 404, 404, 404, 200, 200, 200]),
        (&put, "/approvals".into(), [405; 7]),
        (&get, at(id, ""), [303, 404, 404, 404, 404, 404, 200]),
        (&get, at(id, "/files/1"), [303, 404, 404, 404, 404, 404, 200]),
        (&head, at(id, "/files/1"), [303, 404, 404, 404, 404, 404, 200]),
        (&get, at(id, "/files/3"), [303, 404, 404, 404, 404, 404, 404]),
        (&get, at(id, "/all.zip"), [303, 404, 404, 404, 404, 404, 200]),
        (&get, at(id, "/approve"), [303; 7]),
        (&get, at(id, "/reject"), [303; 7]),
        (&post, at(id, "/reject"), [303, 404, 404, 404, 404, 404, 400]),
        (&get, "/approvals/no-id".into(), [303, 404, 404, 404, 404, 404, 404]),
        (&get, "/approvals/%ff".into(), [303, 404, 404, 404, 404, 404, 404]),
        (&get, "/approvals/../approvals/x/approve".into(), [404; 7]),
        (&get, "/approvals/".into(), [404; 7]),
        (&get, "/sign-in/approvals".into(), [200, 303, 303, 303, 303, 303, 303]),
        (&get, format!("/sign-in/approvals/{id}"), [200, 303, 303, 303, 303, 303, 303]),
        (&post, format!("/sign-in/approvals/{id}"), [400; 7]),
        (&get, "/sign-in/elsewhere".into(), [404; 7]),
    ];
    // One of another section answers to the end as one that does not exist.
    for path in ["", "/files/1", "/all.zip"] {
        table.push((&get, at(absent, path), [303, 404, 404, 404, 404, 404, 404]));
        table.push((&get, at(theirs, path), [303, 404, 404, 404, 200, 404, 404]));
    }
    for path in ["/approve", "/reject"] {
        table.push((&post, at(absent, path), [303, 404, 404, 404, 404, 404, 404]));
    }
    // Last, since it is approved by the last.
    table.push((&post, at(id, "/approve"), [303, 404, 404, 404, 404, 404, 303]));
    for (method, path, expected) in table {
        for (visitor, status) in ["", &root, &kanri, &taro, &other, &ito, &sato].iter().zip(expected) {
            let form = if visitor.is_empty() { String::new() } else { format!("form={}", key(&house, visitor).await) };
            let before = kept(&house, id).await.state;
            let answer = house.ask(request(method.clone(), &path, &[("cookie", visitor)], &form)).await;
            assert_eq!(answer.status.as_u16(), status, "{method} {path} {visitor}");
            if status != 200 || *method != get || !path.contains("/files/") && !path.contains("zip") {
                assert_eq!(answer.header("cache-control"), "no-store", "{method} {path}");
            }
            let may = **visitor == *sato && path == at(id, "/approve") && *method == post;
            assert_eq!(kept(&house, id).await.state == before, !may, "{method} {path} by {visitor} changed something");
        }
        // A form that no page of theirs made.
        if *method == post && path.starts_with("/approvals") {
            let answer = house.post(&path, &[("cookie", &sato)], "reason=x").await;
            assert_eq!(answer.status.as_u16(), 403, "{path}");
        }
    }
    assert_eq!(
        (kept(&house, id).await.state, kept(&house, theirs).await.state),
        (DepositState::Sent, DepositState::Waiting)
    );
    // What is 404 says the same of what is not theirs and of what is not there.
    let [foreign, gone] = [theirs, absent].map(|id| at(id, ""));
    let headers = [("cookie", &*sato)];
    assert_eq!(house.get(&foreign, &headers).await.text(), house.get(&gone, &headers).await.text());
}

// spec: X-APPROVAL
#[tokio::test]
async fn the_mail_s_link_leads_there_by_way_of_signing_in_and_nowhere_else() {
    let Place { house, .. } = place(Scanner::None).await;
    let id = waiting(&house, "acme", "taro@acme.example").await;
    let page = format!("/approvals/{id}");
    let first = house.get(&format!("{page}?lang=en"), &[]).await;
    let sign_in = first.header("location").to_owned();
    assert_eq!((first.status.as_u16(), sign_in.as_str()), (303, &*format!("/sign-in{page}?lang=en")));
    let form = house.get(&sign_in, &[]).await;
    assert!(form.text().contains(&format!("action=\"/sign-in{page}?lang=en\"")), "{}", form.text());
    let wrong = house.post(&sign_in, &[], "name=acme%2Fsato&password=x").await;
    assert!(wrong.status.as_u16() == 403 && wrong.text().contains(&format!("action=\"/sign-in{page}?lang=en\"")));
    let name = format!("name={}&password={}", encoded("acme/sato"), encoded(PASSWORD));
    let back = house.post(&sign_in, &[], &name).await;
    assert_eq!((back.status.as_u16(), back.header("location")), (303, &*format!("{page}?lang=en")));
    // What is no page of ours leads to oneself.
    for odd in ["/sign-in/approvals/x", "/sign-in/approvals/%2F%2Fevil.example", "/sign-in/approvals/https:"] {
        let back = house.post(odd, &[], &name).await;
        assert_eq!((back.status.as_u16(), back.header("location")), (303, "/me"), "{odd}");
    }
    for odd in ["/sign-in?next=//evil.example", "/sign-in/approvals?next=https://evil.example"] {
        let back = house.post(odd, &[], &name).await;
        assert!(["/me", "/approvals"].contains(&back.header("location")), "{odd}: {}", back.header("location"));
    }
}

// spec: X-APPROVAL X-LANG
#[tokio::test]
async fn an_approver_s_story() {
    let Place { house, sato, ito, .. } = place(Scanner::None).await;
    let me = async |cookie: &str| house.get("/me?lang=en", &[("cookie", cookie)]).await.text().to_owned();
    assert!(me(&sato).await.contains("Nothing waits for your approval"));
    let id = waiting(&house, "acme", "taro@acme.example").await;
    assert!(me(&sato).await.contains("1 request waits for your approval"));
    let at = |rest: &str| format!("/approvals/{id}{rest}?lang=en");
    let get = async |path: &str| house.get(path, &[("cookie", &*sato)]).await;
    assert!(get("/approvals").await.text().contains(&format!("href=\"/approvals/{id}\"")));
    let page = get(&at("")).await;
    for said in [
        "&#60;b&#62;山田",
        "taro@acme.example",
        "hanako@example.jp",
        "見積書の件",
        "よろしく&#60;b&#62;",
        "お願いします",
        "&#60;i&#62;1.txt",
        "Decide by",
    ] {
        assert!(page.text().contains(said), "{said}: {}", page.text());
    }
    let file = get(&at("/files/2")).await;
    assert_eq!((file.text(), file.header("content-type")), ("<script>", "application/octet-stream"));
    assert!(
        file.header("content-disposition").starts_with("attachment")
            && file.header("content-security-policy").contains("sandbox")
    );
    let part = house.get(&at("/files/2"), &[("cookie", &sato), ("range", "bytes=1-3")]).await;
    assert_eq!((part.status.as_u16(), part.text()), (206, "scr"));
    assert_eq!(get(&at("/all.zip")).await.header("content-type"), "application/zip");

    // A reason is wanted, and what was typed is there again.
    let long = encoded(&format!("</textarea><b>{}", "長".repeat(1000)));
    let refused = post(&house, &at("/reject"), &sato, &format!("reason={long}")).await;
    assert_eq!(refused.status.as_u16(), 400);
    assert!(
        refused.text().contains("at most 1000 characters")
            && refused.text().contains("&#60;/textarea&#62;&#60;b&#62;長")
    );
    // Two at once: one is first, and the other hears of it.
    let (yes, no) = (at("/approve"), at("/reject"));
    let (one, other) = futures::join!(post(&house, &yes, &sato, ""), post(&house, &no, &ito, "reason=no"));
    let mut both = [one.status.as_u16(), other.status.as_u16()];
    both.sort_unstable();
    assert_eq!(both, [303, 409]);
    let (first, late) = if one.status.as_u16() == 303 { (one, other) } else { (other, one) };
    assert!(first.header("location").starts_with("/approvals?lang=en&done="), "{}", first.header("location"));
    assert!(
        late.text().contains("This is decided already") && late.text().contains("role=\"alert\""),
        "{}",
        late.text()
    );
    assert!(!late.text().contains("action=\"/approvals"), "it can be decided again");
    assert!(get("/approvals?lang=en").await.text().contains("Nothing waits for your approval"));
    assert_eq!(get(&at("/files/1")).await.status.as_u16(), 404, "looked at once it is decided");
}

// spec: X-APPROVAL X-OPERATOR KEEP-VIRUS
#[tokio::test]
async fn nothing_is_shown_or_decided_while_closed_and_no_virus_is_handed_over() {
    let clamd = Clamd::start().await;
    let Place { house, sato, .. } = place(clamd.scanner()).await;
    let id = waiting(&house, "acme", "taro@acme.example").await;
    let at = |rest: &str| format!("/approvals/{id}{rest}?lang=en");
    clamd.learn(b"<script>", "stream: Bad FOUND");
    let file = house.get(&at("/files/1"), &[("cookie", &sato)]).await;
    assert_eq!(file.status.as_u16(), 403);
    assert!(file.text().contains("A virus was found") && file.text().contains(&format!("href=\"{}\"", at(""))));

    let now = house.now();
    house
        .exchange
        .add_maintenance(now, now.plus_seconds(3600), &By::at(Actor::Operator("root".into()), ""), now)
        .await
        .unwrap();
    for path in ["/files/1", "/all.zip"] {
        assert_eq!(house.get(&at(path), &[("cookie", &sato)]).await.status.as_u16(), 503, "{path}");
    }
    for path in ["/approve", "/reject"] {
        assert_eq!(post(&house, &at(path), &sato, "reason=x").await.status.as_u16(), 503, "{path}");
    }
    assert_eq!(house.get("/approvals", &[("cookie", &sato)]).await.status.as_u16(), 200);
    assert_eq!(kept(&house, id).await.state, DepositState::Waiting);
}
