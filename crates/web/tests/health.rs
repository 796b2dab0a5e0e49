//! Health on the operator's screen (spec X-OPERATOR).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::{sync::Arc, time::Duration};

use common::{House, request, user};
use fubako_base::Timestamp;
use fubako_exchange::{
    domain::health::{Certificate, Disk},
    health::Machine,
};
use fubako_store::sections::Change;
use fubako_testkit::{house, section};
use fubako_vault::scanner::Scanner;
use fubako_web::Sight;
use http::Method;

const PAGE: &str = "/operator/health";
const URL: &str = "https://files.acme.example";

async fn house(scanner: Scanner, disk: fn() -> Option<Disk>) -> House {
    let sight = Sight { machine: Arc::new(machine), disk: Arc::new(disk) };
    let house = House::on_machine(house::House::at(URL, scanner, section("acme")).await, Some(sight));
    let users = [user("acme", "staff", false), user("acme", "kanri", true)];
    house.store.apply(&users.map(Change::PutUser), &[], house.now()).await.unwrap();
    house
}

/// A process with which all is well.
fn machine() -> Machine {
    let started_at = Timestamp(1_795_000_000_000_000);
    let certificate =
        Certificate { begins_at: started_at, ends_at: started_at.plus_seconds(999 * 86_400), self_signed: false };
    Machine { version: "9.8.7".to_owned(), started_at, certificate: Some(certificate) }
}

/// A disk with room.
fn roomy() -> Option<Disk> {
    Some(Disk { free: 60 << 30, total: 100 << 30 })
}

async fn page(house: &House, cookie: &str) -> String {
    let answer = house.get(&format!("{PAGE}?lang=en"), &[("cookie", cookie)]).await;
    assert_eq!(answer.status.as_u16(), 200);
    answer.text().to_owned()
}

/// Every method × nobody, the operator, a user, an administrator.
// spec: X-OPERATOR
#[tokio::test]
async fn only_operators_see_it_and_looking_changes_nothing() {
    let house = house(Scanner::None, roomy).await;
    let mut visitors = vec![String::new()];
    for name in ["root", "acme/staff", "acme/kanri"] {
        visitors.push(house.sign_in(name).await);
    }
    for (method, path, expected) in [
        (Method::GET, PAGE, [303, 200, 404, 404]),
        (Method::GET, "/operator/health?lang=%ff&section=acme", [303, 200, 404, 404]),
        (Method::POST, PAGE, [405; 4]),
        (Method::GET, "/operator/health/x", [404; 4]),
    ] {
        for (visitor, wanted) in visitors.iter().zip(expected) {
            let answer = house.ask(request(method.clone(), path, &[("cookie", visitor)], "")).await;
            assert_eq!(answer.status.as_u16(), wanted, "{method} {path} {visitor}");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.text().contains("9.8.7"), wanted == 200, "{method} {path} {visitor}");
        }
    }
    assert!(page(&house, &visitors[1]).await.contains("60.0 GB free of 100 GB"));
    assert!(house.get("/me", &[("cookie", &visitors[1])]).await.text().contains(PAGE));
    assert!(!house.get("/me", &[("cookie", &visitors[3])]).await.text().contains(PAGE));
}

// spec: X-OPERATOR
#[tokio::test]
async fn what_waits_and_what_nobody_scans_is_told_with_what_to_do() {
    let empty = house(Scanner::None, roomy).await;
    let root = empty.sign_in("root").await;
    let before = page(&empty, &root).await;
    assert!(before.contains("1 thing should be looked at") && before.contains("Files are not scanned"), "{before}");
    assert!(
        before.contains("None waits") && before.contains("Right") && !before.contains("Virus signatures"),
        "{before}"
    );
    let late = house(Scanner::None, roomy).await;
    late.deposit("k", "the subject", "n", &[("a.txt", "text/plain", b"the content")]).await;
    late.pass_seconds(2 * 86_400);
    let root = late.sign_in("root").await;
    let after = page(&late, &root).await;
    assert!(
        after.contains("2 things should be looked at") && after.contains("2 wait, the oldest for 2 days"),
        "{after}"
    );
    assert!(after.contains("Please see in the mail queue why") && after.contains("clamd up"), "{after}");
    assert!(!after.contains("the subject") && !after.contains("hanako@"), "{after}");
}

// A disk that stands still blocks whoever asks it.
#[allow(clippy::disallowed_methods)]
fn stuck() -> Option<Disk> {
    std::thread::sleep(Duration::from_secs(9));
    roomy()
}

// spec: X-OPERATOR
#[tokio::test]
async fn what_does_not_answer_keeps_nobody_waiting_and_is_told() {
    let nobody = Scanner::parse("unix:/there/is/no/such/socket").unwrap();
    let house = house(nobody, stuck).await;
    let root = house.sign_in("root").await;
    let asked = std::time::Instant::now();
    let page = page(&house, &root).await;
    assert!(asked.elapsed() < Duration::from_secs(8), "it does not wait for the disk");
    assert!(page.contains("It does not answer. Mails with attachments wait."), "{page}");
    assert!(page.contains("Please see whether the disk of data_dir answers.") && page.contains("Unknown"), "{page}");
    assert!(page.contains("9.8.7") && page.contains("Good until"), "what needs no disk is told all the same: {page}");
    assert!(!page.contains("/there/is/no") && !page.contains("Virus signatures"), "{page}");
}
