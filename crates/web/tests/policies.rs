//! A section's policies, from its administrators' side (spec X-ADMIN).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::{future::pending, sync::Arc};

use common::{Answer, House, encoded, request};
use fubako_base::section::{ApprovalRule, Section, Settings, Way};
use fubako_exchange::{
    audit::Search,
    domain::policies::{Part, of_part},
};
use fubako_store::sections::Change;
use fubako_testkit::DEFAULT_USER;
use fubako_vault::scanner::Scanner;
use fubako_web::{GatewayTokens, How, Looked, SetUpCheck, WebState};
use http::Method;
use tokio::sync::Notify;

/// Who comes: nobody, the operator, a user, the administrator, and an administrator of another section.
const VISITORS: [&str; 5] = ["", "root", "acme/taro", "acme/kanri", "other/kanri"];

struct Place {
    house: House,
    cookies: Vec<String>,
}

impl Place {
    async fn new() -> Self {
        let (house, cookies) = House::visited(Scanner::None, &VISITORS).await;
        Self { house, cookies }
    }

    fn kanri(&self) -> &str {
        &self.cookies[3]
    }

    async fn look(&self, path: &str) -> Answer {
        self.house.get(path, &[("cookie", self.kanri())]).await
    }

    /// Sends a part's form as the administrator, made from what is, with these fields otherwise.
    async fn send(&self, part: Part, more: &[(&str, &str)]) -> Answer {
        let path = format!("/section/settings/{}?lang=ja", part.word());
        let seen = self.look(&path).await.seen();
        self.send_as_seen(part, &seen, more).await
    }

    async fn send_as_seen(&self, part: Part, seen: &str, more: &[(&str, &str)]) -> Answer {
        let path = format!("/section/settings/{}?lang=ja", part.word());
        let form = form(&self.house.form_key(self.kanri()).await, &self.settings("acme").await, part, more);
        self.house.post(&path, &[("cookie", self.kanri())], &format!("{form}{seen}")).await
    }

    async fn settings(&self, id: &str) -> Settings {
        self.house.store.section(&id.parse().unwrap()).await.unwrap().unwrap().settings
    }

    /// Somebody else changes the section: the operator by `apply`, say.
    async fn put(&self, settings: Settings) {
        let there = self.house.store.section(&"acme".parse().unwrap()).await.unwrap().unwrap();
        let change = Change::PutSection(Box::new(Section { settings, ..there }));
        self.house.store.apply(&[change], &[], self.house.now()).await.unwrap();
    }
}

/// A form as a browser sends it: of several choices a field each, nothing of a box that is not ticked.
fn form(key: &str, settings: &Settings, part: Part, more: &[(&str, &str)]) -> String {
    let mut form = format!("form={}", encoded(key));
    for (name, value) in of_part(settings, part) {
        let value = more.iter().find_map(|(other, text)| (*other == name).then_some(*text)).unwrap_or(&value);
        let several = if name == "access" { value.lines().collect() } else { vec![value] };
        for one in several.into_iter().filter(|one| name != "open_tnef" || !one.is_empty()) {
            form += &format!("&{name}={}", encoded(one));
        }
    }
    form
}

/// What stands for the look at a section: it says of which section it was asked, and in which language.
fn looker(found: Result<Vec<Looked>, String>) -> SetUpCheck {
    Arc::new(move |section, lang| {
        let mut found = found.clone();
        if let Ok(found) = &mut found {
            found.push(Looked {
                area: "section",
                state: How::Well,
                what: format!("of {section} in {lang}"),
                next: None,
            });
        }
        Box::pin(async move { found })
    })
}

// spec: X-ADMIN X-LANG
#[tokio::test]
async fn the_set_up_is_looked_at_when_it_is_asked_for_and_the_worst_is_told_first() {
    let mut place = Place::new().await;
    let kanri = place.kanri().to_owned();
    let form = format!("form={}", encoded(&place.house.form_key(&kanri).await));
    let path = "/section/mail-link/check?lang=ja";
    let not = "確認できませんでした";
    // Where the process cannot look, it says so.
    let answer = place.house.post(path, &[("cookie", &kanri)], &form).await;
    assert!(answer.status.as_u16() == 200 && answer.text().contains(not), "{}", answer.text());
    let web = |check| {
        let state = WebState::new(place.house.exchange.clone(), GatewayTokens::new(["api-token"])).with_check(check);
        fubako_web::router(state.with_clock(place.house.clock.hands()))
    };
    let (what, next) = ("SPFレコードが<b>ありません".to_owned(), Some("登録してください".to_owned()));
    let good = web(looker(Ok(vec![Looked { area: "spf", state: How::Wrong, what, next }])));
    let bad = web(looker(Err("10.0.0.5 refused".to_owned())));
    place.house.web = good;
    let page = place.look("/section/mail-link?lang=ja").await;
    assert!(page.text().contains("acme.example") && !page.text().contains("of acme"), "nobody asked: {}", page.text());
    assert!(!page.text().contains(not));
    let answer = place.house.post(path, &[("cookie", &kanri)], &form).await;
    let page = answer.text();
    let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words}: {page}"));
    assert!(at("SPFレコードが&#60;b&#62;ありません") < at("登録してください"), "{page}");
    assert!(at("登録してください") < at("of acme in ja"), "{page}");
    assert!(page.contains("修正が必要な項目が1件あります") && page.contains("要修正"), "{page}");
    // What failed here is nobody's business.
    place.house.web = bad;
    let answer = place.house.post(path, &[("cookie", &kanri)], &form).await;
    assert!(answer.text().contains(not) && !answer.text().contains("10.0.0.5"), "{}", answer.text());
}

// spec: X-ADMIN MAIL-SENDER
#[tokio::test]
async fn another_default_user_is_chosen_on_the_user_s_page() {
    let place = Place::new().await;
    let path = "/section/mail-link?lang=ja";
    let page = place.look(path).await.text().to_owned();
    let link = |login_id: &str| format!("<a href=\"/section/user/{login_id}?lang=ja\"><bdi>{login_id}</bdi></a>");
    assert!(page.contains(&link(DEFAULT_USER)) && page.contains("/section/group/mail-link"), "{page}");
    let of_taro = "/section/user/taro";
    let form = place.look(of_taro).await;
    let key = place.house.form_key(place.kanri()).await;
    let fields = format!(
        "form={}{}&name=&address=taro%40acme.example&group=mail-link&default_user=yes",
        encoded(&key),
        form.seen()
    );
    assert_eq!(place.house.post(of_taro, &[("cookie", place.kanri())], &fields).await.status.as_u16(), 303);
    let page = place.look(path).await.text().to_owned();
    assert!(page.contains(&link("taro")) && !page.contains(&link(DEFAULT_USER)), "{page}");
    for (section, default) in [("acme", "taro"), ("other", DEFAULT_USER)] {
        let accounts = place.house.store.sender_accounts(&section.parse().unwrap(), &[]).await.unwrap();
        assert_eq!(accounts.default_user.map(|user| user.login_id).as_deref(), Some(default), "{section}");
    }
    // Where there is none, the page says so.
    let taro = Change::RemoveUser("acme".parse().unwrap(), "taro".to_owned());
    place.house.store.apply(&[taro], &[], place.house.now()).await.unwrap();
    let page = place.look(path).await.text().to_owned();
    assert!(page.contains("<a href=\"/section/users?lang=ja\">なし</a>"), "{page}");
    assert!(page.contains("差出人に通知して止めています") && !page.contains("このユーザがお預かりします"), "{page}");
}

// spec: X-ADMIN
#[tokio::test]
async fn a_section_has_one_look_under_way_and_its_place_back_when_nobody_waits_for_it() {
    let mut place = Place::new().await;
    let begun = Arc::new(Notify::new());
    let bell = Arc::clone(&begun);
    let never: SetUpCheck = Arc::new(move |section, _| {
        bell.notify_one();
        Box::pin(async move { if section.as_str() == "acme" { pending().await } else { Ok(Vec::new()) } })
    });
    let state = WebState::new(place.house.exchange.clone(), GatewayTokens::new(["api-token"])).with_check(never);
    place.house.web = fubako_web::router(state.with_clock(place.house.clock.hands()));
    let (house, acme, other) = (&place.house, place.cookies[3].as_str(), place.cookies[4].as_str());
    let ask = |cookie, key: String| async move {
        let form = format!("form={}", encoded(&key));
        let headers = [("cookie", cookie)];
        house.post("/section/mail-link/check?lang=ja", &headers, &form).await.text().to_owned()
    };
    let (of_acme, of_other) = (house.form_key(acme).await, house.form_key(other).await);
    let busy = "ほかの確認が進行中です";
    for _ in 0..3 {
        let others = async {
            begun.notified().await;
            (ask(acme, of_acme.clone()).await, ask(other, of_other.clone()).await)
        };
        let (again, elsewhere) = tokio::select! {
            first = ask(acme, of_acme.clone()) => panic!("it never ends: {first}"),
            said = others => said,
        };
        assert!(again.contains(busy), "{again}");
        assert!(elsewhere.contains("見つかりませんでした"), "{elsewhere}");
        // What the other section's look rang.
        begun.notified().await;
    }
}

/// Every route × nobody, an operator, a user, the administrator, another section's administrator.
// spec: X-ADMIN
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let place = Place::new().await;
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let mut table = vec![
        (&get, "/section/settings".to_owned(), None, [303, 404, 404, 200, 200]),
        (&post, "/section/settings".to_owned(), None, [405; 5]),
        (&put, "/section/settings/files".to_owned(), None, [405; 5]),
        (&get, "/section/settings/none".to_owned(), None, [303, 404, 404, 404, 404]),
        (&get, "/section/settings/%ff".to_owned(), None, [303, 404, 404, 404, 404]),
        (&post, "/section/settings/none".to_owned(), None, [303, 404, 404, 404, 404]),
    ];
    table.push((&get, "/section/mail-link".to_owned(), None, [303, 404, 404, 200, 200]));
    table.push((&post, "/section/mail-link/check".to_owned(), None, [303, 404, 404, 200, 200]));
    table.push((&get, "/section/mail-link/check".to_owned(), None, [303; 5]));
    for part in Part::ALL {
        let path = format!("/section/settings/{}", part.word());
        table.push((&get, path.clone(), None, [303, 404, 404, 200, 200]));
        table.push((&post, path, Some(part), [303, 404, 404, 303, 303]));
    }
    for (method, path, part, expected) in &table {
        for (cookie, status) in place.cookies.iter().zip(expected) {
            let key = if cookie.is_empty() { String::new() } else { place.house.form_key(cookie).await };
            let seen = place.house.get(path, &[("cookie", cookie)]).await.seen();
            let fields = match part {
                Some(part) => form(&key, &Settings::default(), *part, &[]),
                None => format!("form={}", encoded(&key)),
            };
            let fields = format!("{fields}{seen}");
            let answer = place.house.ask(request((*method).clone(), path, &[("cookie", cookie)], &fields)).await;
            assert_eq!(answer.status.as_u16(), *status, "{method} {path} {cookie}: {}", answer.text());
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        // A form that no page of theirs made.
        if part.is_some() {
            let answer = place.house.post(path, &[("cookie", place.kanri())], "keep_days=3").await;
            assert_eq!(answer.status.as_u16(), 403, "{path}");
        }
    }
}

// spec: X-ADMIN X-AUDIT
#[tokio::test]
async fn a_policy_is_set_for_the_own_section_alone_and_recorded_in_one_line() {
    let place = Place::new().await;
    let before = place.settings("other").await;
    let more = &[
        ("access", "one-time-code"),
        ("keep_days", "14"),
        ("denied_destinations", "rival.example\r\n*.rival.example"),
    ];
    let answer = place.send(Part::Recipients, more).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/section/settings?lang=ja&done=policies-changed")
    );
    let settings = place.settings("acme").await;
    assert_eq!(settings.access.ways().collect::<Vec<_>>(), [Way::OneTimeCode]);
    assert_eq!((settings.keep_days, settings.denied_destinations.len()), (14, 2));
    assert_eq!(
        settings,
        Settings {
            access: settings.access,
            keep_days: 14,
            denied_destinations: settings.denied_destinations.clone(),
            ..Settings::default()
        }
    );
    assert_eq!(place.settings("other").await, before);
    let section = place.house.store.section(&"acme".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(
        (section.domains.clone(), section.name.as_str()),
        (fubako_testkit::section("acme").domains, "アクメ銀行")
    );
    let page = place.look("/section/settings?lang=ja&done=policies-changed").await;
    for words in ["14日間", "rival.example", "受取人にメールで送る確認コード", "保存しました"] {
        assert!(page.text().contains(words), "{words}");
    }
    // The same once more changes nothing, and no line says that it did.
    assert_eq!(place.send(Part::Recipients, &[]).await.status.as_u16(), 303);
    let lines = place.house.exchange.audit_lines(&"acme".parse().unwrap(), &Search::default(), None, 50).await.unwrap();
    let lines: Vec<_> = lines.iter().filter(|line| line.event == "settings-changed" && line.actor == "kanri").collect();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line.object, "section");
    for words in [
        "~ section acme; ",
        "keep_days: 7 → 14",
        "access: password-in-mail → one-time-code",
        "rival.example, *.rival.example",
    ] {
        assert!(line.detail.contains(words), "{}", line.detail);
    }
    assert!(!line.detail.contains("max_recipients"), "only what differs: {}", line.detail);
}

// spec: X-ADMIN X-LANG
#[tokio::test]
async fn each_fault_stands_beside_its_field_and_nothing_that_was_typed_is_lost() {
    let place = Place::new().await;
    let more = &[
        ("access", ""),
        ("keep_days", "いつまでも<b>"),
        ("max_tries", "2"),
        ("allowed_destinations", "good.example\nno good"),
    ];
    let answer = place.send(Part::Recipients, more).await;
    assert_eq!(answer.status.as_u16(), 400);
    let page = answer.text();
    for field in ["access", "keep_days", "max_tries", "allowed_destinations"] {
        assert!(
            page.contains(&format!("id=\"{field}-wrong\"")) && page.contains(&format!("href=\"#{field}\"")),
            "{field}"
        );
        let described = format!("{field}-wrong\"");
        assert!(
            page.split("aria-describedby=\"").skip(1).any(|rest| rest.split_once('>').unwrap().0.contains(&described))
        );
    }
    assert!(!page.contains("id=\"lock_minutes-wrong\""));
    assert!(
        page.contains("value=\"いつまでも&#60;b&#62;\"") && page.contains("good.example\nno good</textarea>"),
        "{page}"
    );
    assert!(page.contains("「no good」は、メールアドレスでもドメインでもありません。"), "{page}");
    let english = page.contains("1〜365の整数で入力してください。");
    assert!(english, "{page}");
    assert_eq!(place.settings("acme").await, Settings::default());
}

// spec: X-ADMIN
#[tokio::test]
async fn a_form_that_was_open_for_long_undoes_nothing_that_was_changed_meanwhile() {
    let place = Place::new().await;
    let open = place.look("/section/settings/files").await.seen();
    place.put(Settings { max_files: 3, ..Settings::default() }).await;
    let typed = &[("max_files", "20"), ("max_subject", "100")];
    let refused = place.send_as_seen(Part::Files, &open, typed).await;
    assert_eq!(refused.status.as_u16(), 409);
    assert!(refused.text().contains("いまの設定は「3件」、入力は「20件」です。"), "{}", refused.text());
    assert!(refused.text().contains("いまの設定は「200文字」、入力は「100文字」です。"), "{}", refused.text());
    assert_eq!(place.settings("acme").await.max_files, 3);
    // Without what it was made from, none is taken; who has seen how it is may have it so.
    assert_eq!(place.send_as_seen(Part::Files, "", typed).await.status.as_u16(), 409);
    assert_eq!(place.send_as_seen(Part::Files, &refused.seen(), typed).await.status.as_u16(), 303);
    assert_eq!(place.settings("acme").await.max_files, 20);
    // Another part, or a user, is no reason to refuse.
    let open = place.look("/section/settings/files").await.seen();
    place.put(Settings { keep_days: 9, ..place.settings("acme").await }).await;
    assert_eq!(place.send_as_seen(Part::Files, &open, &[("max_files", "5")]).await.status.as_u16(), 303);
    let settings = place.settings("acme").await;
    assert_eq!((settings.max_files, settings.keep_days), (5, 9));
}

// spec: X-ADMIN X-ACCOUNTS
#[tokio::test]
async fn nobody_shuts_themselves_out() {
    let place = Place::new().await;
    let refused = place.send(Part::People, &[("screen_networks", "203.0.113.0/24")]).await;
    assert_eq!(refused.status.as_u16(), 400);
    assert!(refused.text().contains("ご自身が画面を利用できなくなります"), "{}", refused.text());
    assert!(refused.text().contains("203.0.113.0/24</textarea>"), "{}", refused.text());
    assert!(place.settings("acme").await.screen_networks.0.is_empty());
    let own = refused.text().split("いまの接続元（").nth(1).unwrap().split('）').next().unwrap().to_owned();
    let both = format!("203.0.113.0/24\n{own}");
    assert_eq!(
        place.send(Part::People, &[("screen_networks", &both), ("password_days", "90")]).await.status.as_u16(),
        303
    );
    let settings = place.settings("acme").await;
    assert_eq!((settings.screen_networks.0.len(), settings.password_days), (2, Some(90)));
    assert_eq!(place.look("/section/settings").await.status.as_u16(), 200);
}

// spec: X-ADMIN X-APPROVAL
#[tokio::test]
async fn where_nobody_could_approve_the_page_says_so() {
    let place = Place::new().await;
    let title = "承認できる人がいません";
    assert!(!place.look("/section/settings?lang=ja").await.text().contains(title));
    assert_eq!(place.send(Part::Approval, &[("approval", "one"), ("approval_days", "３")]).await.status.as_u16(), 303);
    let settings = place.settings("acme").await;
    assert_eq!((settings.approval, settings.approval_days), (ApprovalRule::One, 3));
    let page = place.look("/section/settings?lang=ja").await;
    assert!(page.text().contains(title) && page.text().contains("<bdi>mail-link</bdi>"), "{}", page.text());
}

// spec: X-ADMIN MAIL-NOTICE
#[tokio::test]
async fn the_notice_is_looked_at_before_it_is_saved() {
    let place = Place::new().await;
    let words = "代表番号 <総務部> 'style=\"color:red\"";
    let typed = &[("notice_wording", words), ("language", "en"), ("preview", "yes")];
    let seen = place.look("/section/settings/notice").await.seen();
    let form = form(&place.house.form_key(place.kanri()).await, &Settings::default(), Part::Notice, typed);
    let path = "/section/settings/notice?lang=ja";
    let shown = place.house.post(path, &[("cookie", place.kanri())], &format!("{form}{seen}&preview=yes")).await;
    assert_eq!(shown.status.as_u16(), 200);
    let page = shown.text();
    assert!(page.contains("まだ保存していません") && page.contains("すべてのメール"), "{page}");
    assert!(page.contains("The attachments") || page.contains("attachment"), "{page}");
    // In the piece of HTML, in the text and in the form: as words, nowhere as more.
    assert!(page.matches("代表番号").count() == 3 && !page.contains("<総務部>"), "{page}");
    let policy = shown.header("content-security-policy");
    assert!(
        policy.contains("style-src 'self' 'unsafe-hashes' 'sha256-") && !policy.contains("unsafe-inline"),
        "{policy}"
    );
    assert_eq!(place.settings("acme").await, Settings::default());
    // Who looks at it again has the form that they opened, whatever somebody else has changed: it is refused when it is saved.
    place.put(Settings { time_zone: "UTC".to_owned(), ..Settings::default() }).await;
    let again = place.house.post(path, &[("cookie", place.kanri())], &format!("{form}{seen}&preview=yes")).await;
    assert_eq!((again.status.as_u16(), again.seen()), (200, seen.clone()));
    let saved = form.replace("&preview=yes", "");
    let refused = place.house.post(path, &[("cookie", place.kanri())], &format!("{saved}{seen}")).await;
    assert_eq!(refused.status.as_u16(), 409);
    assert!(refused.text().contains("いまの設定は「UTC」、入力は「Asia/Tokyo」です。"), "{}", refused.text());
    place.put(Settings::default()).await;
    // What cannot be had has no preview.
    let wrong = format!("{}&preview=yes", form.replace("time_zone=Asia%2FTokyo", "time_zone=Mars"));
    let refused = place.house.post(path, &[("cookie", place.kanri())], &wrong).await;
    assert_eq!(refused.status.as_u16(), 400);
    assert!(
        refused.text().contains("「Mars」というタイムゾーンはありません。") && !refused.text().contains("<template")
    );
    // Saved, the page shows it too.
    assert_eq!(place.send(Part::Notice, typed).await.status.as_u16(), 303);
    assert_eq!(place.settings("acme").await.notice_wording.as_deref(), Some(words));
    assert!(place.look("/section/settings/notice").await.text().contains("<template shadowrootmode=\"open\">"));
    // Every other page has the policy that all have.
    assert!(!place.look("/section/settings/files").await.header("content-security-policy").contains("unsafe-hashes"));
}
