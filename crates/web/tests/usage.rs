//! How much a section sends, from its administrators' side (spec X-ADMIN).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{House, request};
use fubako_vault::scanner::Scanner;
use http::Method;

/// Who comes: nobody, the operator, a user, the administrator, and an administrator of another section.
const VISITORS: [&str; 5] = ["", "root", "acme/taro", "acme/kanri", "other/kanri"];

async fn house() -> (House, Vec<String>) {
    House::visited(Scanner::None, &VISITORS).await
}

// spec: X-ADMIN X-LANG
#[tokio::test]
async fn administrators_see_what_their_own_section_sent() {
    let (house, cookies) = house().await;
    house
        .deposit(
            "one",
            "s",
            "山田",
            &[("a.pdf", "application/pdf", &[1; 3000]), ("b.pdf", "application/pdf", &[2; 72])],
        )
        .await;
    let look = async |cookie: &str, lang: &str| {
        house.get(&format!("/section/usage?lang={lang}"), &[("cookie", cookie)]).await.text().to_owned()
    };
    let page = look(&cookies[3], "ja").await;
    assert!(page.contains("2件、3.0 KB") && page.contains("(途中)</th>") && page.contains("height=\"100\""), "{page}");
    assert_eq!(page.matches("<svg class=\"chart\"").count(), 3);
    assert_eq!(page.matches("<th scope=\"row\" role=\"rowheader\">").count(), 12);
    let page = look(&cookies[3], "en").await;
    assert!(page.contains("2 files, 3.0 KB") && page.contains("(so far)"), "{page}");
    // One deposit to two recipients, of two files of 3,072 octets. Each number says what it counts, where the page is too narrow for a table.
    let counted = [("Deposits", "1"), ("Recipients", "2"), ("Files", "2"), ("Size", "3.0 KB"), ("Downloads", "0")];
    let cells = counted.map(|(label, number)| format!("<td role=\"cell\" data-label=\"{label}\">{number}</td>"));
    assert!(page.contains(&cells.concat()), "{page}");
    let page = look(&cookies[4], "en").await;
    assert!(
        page.contains("0 files, 0 B") && page.contains("Nothing was sent") && !page.contains("class=\"chart\""),
        "{page}"
    );
}

/// Every route × nobody, an operator, a user, the administrator, another section's administrator.
// spec: X-ADMIN
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let (house, cookies) = house().await;
    for (method, expected) in [(Method::GET, [303, 404, 404, 200, 200]), (Method::POST, [405; 5])] {
        for (cookie, status) in cookies.iter().zip(expected) {
            let answer = house.ask(request(method.clone(), "/section/usage", &[("cookie", cookie)], "")).await;
            assert_eq!(answer.status.as_u16(), status, "{method} {cookie}");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
}
