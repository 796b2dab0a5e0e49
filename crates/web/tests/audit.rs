//! The audit log on screen (spec X-AUDIT): who may see which, what is looked for, and the CSV.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{House, PASSWORD, encoded, request};
use fubako_base::{audit::Event, ids::SectionId};
use fubako_exchange::audit::{By, Search};
use fubako_store::sections::{Change, User};
use fubako_testkit::{house, section};
use fubako_vault::scanner::Scanner;
use http::Method;

const URL: &str = "https://files.acme.example";

/// Two sections; the cookies of the operator, a user, an administrator, and the other section's administrator.
async fn house() -> (House, [String; 4]) {
    let house = House::of(house::House::at(URL, Scanner::None, section("acme")).await);
    house.put_section(section("other")).await;
    let by = By::command("test");
    for (section, login_id, administrator) in
        [("acme", "staff", false), ("acme", "kanri", true), ("other", "kanri", true)]
    {
        let user = User {
            section: section.parse().unwrap(),
            login_id: login_id.to_owned(),
            address: format!("{login_id}@{section}.example"),
            name: String::new(),
            group: None,
            default_user: false,
            administrator,
            approver: false,
            password_never_expires: false,
        };
        let entry = by.did(&user.section, Event::SettingsChanged, format!("user {login_id}"), house.now());
        let entry = entry.with("change", format!("+ user {login_id} of {section}"));
        house.store.apply(&[Change::PutUser(user)], &[entry], house.now()).await.unwrap();
    }
    let mut cookies = Vec::new();
    let root = house.exchange.add_operator("root", "root@ops.example", &by, house.now()).await.unwrap();
    let mut invitations = vec![root];
    for name in ["acme/staff", "acme/kanri", "other/kanri"] {
        invitations.push(house.exchange.reset_account(name, &by, house.now()).await.unwrap());
    }
    for invitation in invitations {
        let path = invitation.link.strip_prefix(URL).unwrap();
        let form = format!("password={0}&again={0}", encoded(PASSWORD));
        assert_eq!(house.post(path, &[], &form).await.status.as_u16(), 303);
        let form = format!("name={}&password={}", encoded(&invitation.name), encoded(PASSWORD));
        let answer = house.post("/sign-in", &[], &form).await;
        cookies.push(answer.header("set-cookie").split(';').next().unwrap().to_owned());
    }
    (house, cookies.try_into().unwrap())
}

async fn events(house: &House, section: &SectionId) -> Vec<String> {
    let lines = house.exchange.audit_lines(section, &Search::default(), None, 100).await.unwrap();
    lines.iter().rev().map(|line| format!("{} {} {}", line.event, line.actor, line.object)).collect()
}

/// Every route × nobody, an operator, a user, an administrator, another section's.
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let (house, [root, staff, kanri, other]) = house().await;
    let (get, post) = (Method::GET, Method::POST);
    let table: &[(&Method, &str, [u16; 5])] = &[
        (&get, "/audit", [303, 200, 404, 200, 200]),
        (&get, "/audit.csv", [303, 200, 404, 200, 200]),
        (&get, "/audit?section=acme", [303, 200, 404, 200, 200]),
        (&get, "/audit?section=nowhere", [303, 404, 404, 200, 200]),
        (&get, "/audit?section=..%2Facme", [303, 404, 404, 200, 200]),
        (&get, "/audit?from=x&until=%00&event=no&before=-1&text=%27%20OR%201%3D1", [303, 200, 404, 200, 200]),
        (&get, "/audit?text=%ff", [303, 200, 404, 200, 200]),
        (&post, "/audit", [405; 5]),
        (&post, "/audit.csv", [405; 5]),
        (&get, "/audit/", [404; 5]),
    ];
    for (method, path, expected) in table {
        for (cookie, status) in ["", &root, &staff, &kanri, &other].into_iter().zip(expected) {
            let answer = house.ask(request((*method).clone(), path, &[("cookie", cookie)], "")).await;
            assert_eq!(answer.status.as_u16(), *status, "{method} {path} {cookie}");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
    // An administrator who names another section sees their own.
    for path in ["/audit?section=acme", "/audit.csv?section=acme"] {
        let answer = house.get(path, &[("cookie", &other)]).await;
        let text = answer.text();
        assert!(text.contains("other/kanri") && !text.contains("acme/"), "{text}");
    }
}

// spec: X-AUDIT
#[tokio::test]
async fn what_people_do_is_recorded_where_it_belongs() {
    let (house, [root, staff, ..]) = house().await;
    let [installation, acme] = [SectionId::installation(), "acme".parse().unwrap()];
    let form = |name: &str, password: &str| format!("name={}&password={}", encoded(name), encoded(password));
    house.post("/sign-in", &[], &form("acme/staff", "not the password")).await;
    house.post("/sign-in", &[], &form("nobody's secret", "x")).await;
    let page = house.get("/me", &[("cookie", &staff)]).await;
    let key = page.text().split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let answer = house.post("/sign-out", &[("cookie", &staff)], &format!("form={}", encoded(key))).await;
    assert_eq!(answer.status.as_u16(), 303);
    house.get("/audit.csv?section=acme", &[("cookie", &root)]).await;
    assert_eq!(
        events(&house, &installation).await,
        [
            "operator-made test root",
            "invitation-accepted root root",
            "sign-in root root",
            // What was typed as a name is not repeated.
            "sign-in-refused  ",
        ]
    );
    let found = events(&house, &acme).await;
    let wanted = [
        "settings-changed test user staff",
        "settings-changed test user kanri",
        "invited test acme/staff",
        "invited test acme/kanri",
        "invitation-accepted staff acme/staff",
        "sign-in staff acme/staff",
        "invitation-accepted kanri acme/kanri",
        "sign-in kanri acme/kanri",
        "sign-in-refused  acme/staff",
        "sign-out staff acme/staff",
        "audit-exported root acme",
    ];
    assert_eq!(found, wanted);
    let verified = fubako_exchange::audit::verify(&house.store, &[]).await.unwrap();
    assert!(verified.iter().all(|(_, verified)| verified.breaks.is_empty()), "{verified:?}");
    assert_eq!(verified.len(), 3);
}

// spec: X-AUDIT
#[tokio::test]
async fn lines_are_found_page_by_page_and_as_csv() {
    let (house, [_, _, kanri, _]) = house().await;
    let acme: SectionId = "acme".parse().unwrap();
    for n in 0..120 {
        house.pass_seconds(20);
        let entry = By::at(fubako_base::audit::Actor::Recipient(format!("r{n}@example.jp")), "198.51.100.7");
        let entry = entry.did(&acme, Event::LinkOpened, format!("deposit-{n}"), house.now());
        house.store.record(&entry.with("subject", "=cmd|'/c calc'!A1,\"見積書\"")).await.unwrap();
    }
    let get = async |path: &str| house.get(path, &[("cookie", &kanri)]).await.text().to_owned();
    let first = get("/audit?event=link-opened&lang=ja").await;
    assert!(first.contains("r119@example.jp") && !first.contains("r69@example.jp"), "{first}");
    assert!(first.contains("r70@example.jp") && first.contains("受取人の確認"));
    let older = first.split("href=\"/audit?").skip(1).find(|link| link.contains("before=")).unwrap();
    let older = older.split('"').next().unwrap().replace("&#38;", "&");
    let second = get(&format!("/audit?{older}")).await;
    assert!(
        second.contains("r69@example.jp") && second.contains("r20@example.jp") && !second.contains("r19@"),
        "{second}"
    );
    let one = get("/audit?text=R77%40example").await;
    assert!(one.contains("deposit-77") && !one.contains("deposit-76"), "{one}");
    // The clock began at 23:30 of the 21st in Tokyo: its first half hour is of that day.
    let day = get("/audit?event=link-opened&from=2026-11-21&until=2026-11-21").await;
    assert!(day.contains("deposit-88") && !day.contains("deposit-89"), "{day}");

    let answer = house.get("/audit.csv?event=link-opened", &[("cookie", &kanri)]).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"audit-acme.csv\"");
    let csv = answer.text();
    let rows: Vec<&str> = csv.strip_prefix('\u{feff}').unwrap().lines().collect();
    assert_eq!(rows.len(), 121);
    assert_eq!(rows[0], "number,time,event,actor_kind,actor,address,object,detail,hash");
    assert!(
        rows[1].contains("\"2026-11-22T00:10:00+09:00\",\"link-opened\",\"recipient\",\"r119@example.jp\""),
        "{}",
        rows[1]
    );
    assert!(rows[1].contains(r#""{""subject"":""=cmd|'/c calc'!A1,\""見積書\""""}""#), "{}", rows[1]);
}
