//! A section's users and groups, from its administrators' side (spec X-ADMIN).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{House, encoded, request, user};
use fubako_base::ids::SectionId;
use fubako_exchange::audit::Search;
use fubako_store::sections::{Change, User};
use fubako_testkit::house;
use fubako_vault::scanner::Scanner;
use futures::future::join_all;
use http::Method;

/// Who comes: nobody, the operator, a user, the administrator, and an administrator of another section.
const VISITORS: [&str; 5] = ["", "root", "acme/taro", "acme/kanri", "other/kanri"];

struct Place {
    house: House,
    cookies: Vec<String>,
}

impl Place {
    async fn new() -> Self {
        let (house, cookies) = House::visited(Scanner::None, &VISITORS).await;
        let jiro = Change::PutUser(user("other", "jiro", false));
        house.store.apply(&[jiro], &[], house.now()).await.unwrap();
        Self { house, cookies }
    }

    fn cookie(&self, name: &str) -> &str {
        &self.cookies[VISITORS.iter().position(|visitor| *visitor == name).unwrap()]
    }

    /// Sends a form as the administrator; gives the status and the page.
    async fn send(&self, path: &str, form: &str) -> (u16, String) {
        let cookie = self.cookie("acme/kanri");
        let seen = self.house.get(path, &[("cookie", cookie)]).await.seen();
        let form = format!("form={}{seen}&{form}", encoded(&self.house.form_key(cookie).await));
        let answer = self.house.post(path, &[("cookie", cookie)], &form).await;
        (answer.status.as_u16(), answer.text().to_owned())
    }

    async fn look(&self, path: &str) -> String {
        self.house.get(path, &[("cookie", self.cookie("acme/kanri"))]).await.text().to_owned()
    }

    async fn users(&self, section: &str) -> Vec<User> {
        self.house.store.users(&section.parse::<SectionId>().unwrap()).await.unwrap()
    }

    async fn user(&self, login_id: &str) -> User {
        self.users("acme").await.into_iter().find(|user| user.login_id == login_id).unwrap()
    }

    /// Sends a file of users; `more` are the fields beside it.
    async fn import(&self, file: &[u8], more: &[(&str, &str)]) -> (u16, String) {
        let cookie = self.cookie("acme/kanri");
        let key = self.house.form_key(cookie).await;
        let mut body = Vec::new();
        for (name, value) in [("form", key.as_str())].iter().chain(more) {
            let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(head.as_bytes());
        }
        body.extend_from_slice(b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"u.csv\"\r\n\r\n");
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--b--\r\n");
        let headers = [("cookie", cookie), ("content-type", "multipart/form-data; boundary=b")];
        let request = request(Method::POST, "/section/users/import", &headers, "").map(|_| body.into());
        let answer = self.house.ask(request).await;
        (answer.status.as_u16(), answer.text().to_owned())
    }
}

/// Every route × nobody, an operator, a user, the administrator, another section's administrator.
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let place = Place::new().await;
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let user = "address=taro%40acme.example&name=Taro&group=mail-link";
    // Of another section there is nobody called taro.
    let table: &[(&Method, &str, &str, [u16; 5])] = &[
        (&get, "/section/users", "", [303, 404, 404, 200, 200]),
        (&get, "/section/users?q=taro&after=a", "", [303, 404, 404, 200, 200]),
        (&put, "/section/users", "", [405; 5]),
        (&get, "/section/users.csv", "", [303, 404, 404, 200, 200]),
        (&get, "/section/users/new", "", [303, 404, 404, 200, 200]),
        (&post, "/section/users/new", "login_id=a%2Fb", [303, 404, 404, 400, 400]),
        (&get, "/section/users/import", "", [303, 404, 404, 200, 200]),
        (&get, "/section/user/taro", "", [303, 404, 404, 200, 404]),
        (&get, "/section/user/jiro", "", [303, 404, 404, 404, 200]),
        (&get, "/section/user/%ff", "", [303, 404, 404, 404, 404]),
        (&post, "/section/user/taro", user, [303, 404, 404, 303, 404]),
        (&get, "/section/user/taro/invite", "", [303; 5]),
        (&post, "/section/user/taro/unlock", "", [303, 404, 404, 303, 404]),
        (&get, "/section/user/taro/unlock", "", [303; 5]),
        (&get, "/section/user/taro/remove", "", [303, 404, 404, 200, 404]),
        (&post, "/section/user/nobody/remove", "", [303, 404, 404, 404, 404]),
        (&get, "/section/groups", "", [303, 404, 404, 200, 200]),
        (&get, "/section/groups/new", "", [303, 404, 404, 200, 200]),
        (&post, "/section/groups/new", "name=", [303, 404, 404, 400, 400]),
        (&get, "/section/group/mail-link", "", [303, 404, 404, 200, 200]),
        (&get, "/section/group/none", "", [303, 404, 404, 404, 404]),
        (&post, "/section/group/none", "", [303, 404, 404, 404, 404]),
        (&post, "/section/group/mail-link", "mail_link=yes", [303, 404, 404, 303, 303]),
        (&get, "/section/group/mail-link/remove", "", [303, 404, 404, 200, 200]),
        (&post, "/section/group/mail-link/remove", "", [303, 404, 404, 400, 400]),
    ];
    for (method, path, form, expected) in table {
        for (cookie, status) in place.cookies.iter().zip(expected) {
            let key = if cookie.is_empty() { String::new() } else { place.house.form_key(cookie).await };
            let seen = place.house.get(path, &[("cookie", cookie)]).await.seen();
            let form = format!("form={}{seen}&{form}", encoded(&key));
            let answer = place.house.ask(request((*method).clone(), path, &[("cookie", cookie)], &form)).await;
            assert_eq!(answer.status.as_u16(), *status, "{method} {path} {cookie}: {}", answer.text());
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        // A form that no page of hers made.
        if *method == post {
            let answer = place.house.post(path, &[("cookie", place.cookie("acme/kanri"))], form).await;
            assert_eq!(answer.status.as_u16(), 403, "{path}");
        }
    }
    assert_eq!(place.user("taro").await.name, "Taro");
    assert_eq!(place.users("other").await.len(), 3, "with its default user");
    // Last, since it takes the cookies away.
    for (index, status) in [(4, 404), (2, 404), (1, 404), (0, 303), (3, 303)] {
        let cookie = &place.cookies[index];
        let key = if cookie.is_empty() { String::new() } else { place.house.form_key(cookie).await };
        let form = format!("form={}", encoded(&key));
        let answer = place.house.post("/section/user/taro/invite", &[("cookie", cookie)], &form).await;
        assert_eq!(answer.status.as_u16(), status, "{cookie}");
    }
}

// spec: X-ADMIN X-ACCOUNTS X-AUDIT
#[tokio::test]
async fn a_user_is_added_and_invited_and_works_with_what_they_are_given() {
    let place = Place::new().await;
    let form =
        "login_id=hanako&address=hanako%40ACME.example&name=%3Cb%3E%E8%8A%B1%E5%AD%90&group=mail-link&approver=yes";
    assert_eq!(place.send("/section/users/new", form).await.0, 303);
    let hanako = place.user("hanako").await;
    assert_eq!((hanako.address.as_str(), hanako.name.as_str()), ("hanako@acme.example", "<b>花子"));
    assert_eq!((hanako.approver, hanako.administrator, hanako.default_user), (true, false, false));
    assert!(place.look("/section/users").await.contains("&#60;b&#62;花子"));
    // Twice: the form comes back as it was filled in.
    let (status, page) = place.send("/section/users/new", form).await;
    assert_eq!(status, 400);
    assert!(page.contains("value=\"hanako\"") && page.contains("role=\"alert\""), "{page}");

    assert_eq!(place.send("/section/user/hanako/invite", "").await.0, 303);
    let mails = place.house.posted().await;
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(mail.recipient, "hanako@acme.example");
    assert!(mail.outgoing.prefix.starts_with(b"X-Signed-For: acme"), "unsigned");
    assert!(mail.text.contains("acme/hanako") && mail.text.contains("アクメ銀行"), "{}", mail.text);
    let link = mail.text.split_whitespace().find(|word| word.contains("/invitation/")).unwrap();
    assert!(mail.html.contains(link));
    let path = link.strip_prefix("https://files.acme.example").unwrap();
    let cookie = place.house.accept(path, "hanako@acme.example").await;
    assert_eq!(place.house.get("/me", &[("cookie", &cookie)]).await.status.as_u16(), 200);
    // Reset: the session ends with the password.
    assert!(place.look("/section/user/hanako").await.contains("パスワードをリセットする"));
    assert_eq!(place.send("/section/user/hanako/invite", "").await.0, 303);
    assert_eq!(place.house.get("/me", &[("cookie", &cookie)]).await.status.as_u16(), 303);

    // Made an administrator, and removed.
    let form = "address=hanako%40acme.example&name=&group=&administrator=yes";
    assert_eq!(place.send("/section/user/hanako", form).await.0, 303);
    assert!(place.user("hanako").await.administrator);
    assert_eq!(place.send("/section/user/hanako/remove", "").await.0, 303);
    assert!(place.users("acme").await.iter().all(|user| user.login_id != "hanako"));
    // One cannot take it from oneself.
    assert_eq!(place.send("/section/user/kanri", "address=kanri%40acme.example").await.0, 400);
    assert_eq!(place.send("/section/user/kanri/remove", "").await.0, 400);

    let lines = place.house.exchange.audit_lines(&"acme".parse().unwrap(), &Search::default(), None, 50).await.unwrap();
    let changes: Vec<(&str, &str)> = lines
        .iter()
        .filter(|line| line.event == "settings-changed" && line.actor == "kanri")
        .map(|line| (line.object.as_str(), line.detail.as_str()))
        .collect();
    let [(removed, _), (_, changed), (_, added)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(*removed, "user hanako");
    assert!(changed.contains("administrator:  → yes") && !changed.contains("address"), "{changed}");
    assert!(added.contains("+ user hanako") && added.contains("<b>花子"), "{added}");
    assert_eq!(lines.iter().filter(|line| line.event == "invited" && line.object == "acme/hanako").count(), 2);
}

// spec: X-ADMIN
#[tokio::test]
async fn two_administrators_who_take_each_other_s_administration_away_at_once_leave_one() {
    let place = Place::new().await;
    place.house.store.apply(&[Change::PutUser(user("acme", "hanako", true))], &[], place.house.now()).await.unwrap();
    for remove in [false, true] {
        let sent = [("acme/kanri", "hanako"), ("acme/hanako", "kanri")].map(async |(by, whom)| {
            let cookie = place.house.sign_in(by).await;
            let seen = place.house.get(&format!("/section/user/{whom}"), &[("cookie", &cookie)]).await.seen();
            (cookie.clone(), whom, place.house.form_key(&cookie).await, seen)
        });
        let [one, other] = sent;
        let both = [one.await, other.await];
        let posts = both.iter().map(|(cookie, whom, key, seen)| {
            let path = format!("/section/user/{whom}{}", if remove { "/remove" } else { "" });
            let form = format!("form={}{seen}&address={whom}%40acme.example", encoded(key));
            let place = &place;
            async move { place.house.post(&path, &[("cookie", cookie)], &form).await.status.as_u16() }
        });
        let mut came = join_all(posts).await;
        came.sort_unstable();
        let left = place.users("acme").await.into_iter().filter(|user| user.administrator).count();
        assert_eq!((left, came), (1, vec![303, 404]), "removing: {remove}");
        let again = ["kanri", "hanako"].map(|login_id| Change::PutUser(user("acme", login_id, true)));
        place.house.store.apply(&again, &[], place.house.now()).await.unwrap();
    }
}

// spec: X-ADMIN MAIL-SENDER
#[tokio::test]
async fn a_group_says_whose_files_must_be_approved_and_by_whom() {
    let place = Place::new().await;
    assert_eq!(
        place.send("/section/groups/new", "name=%E5%96%B6%E6%A5%AD%2F1%E8%AA%B2&approval=one&whose=all").await.0,
        303
    );
    let groups = place.house.store.groups(&"acme".parse().unwrap()).await.unwrap();
    let made = groups.iter().find(|one| one.name == "営業/1課").unwrap();
    assert_eq!((made.approval.map(|rule| rule.name()), &made.approvers), (Some("one"), &None));
    let path = format!("/section/group/{}", encoded("営業/1課"));
    assert!(place.look("/section/groups").await.contains(&path), "the name can stand in an address");
    // Approvers are users who are.
    let (status, page) = place.send(&path, "approval=&whose=chosen&approvers=taro").await;
    assert_eq!(status, 400);
    assert!(page.contains("ユーザ taro は、グループ"), "{page}");
    assert_eq!(place.send("/section/user/taro", "address=taro%40acme.example&approver=yes&group=").await.0, 303);
    assert_eq!(
        place.send("/section/user/kanri", "address=kanri%40acme.example&approver=yes&administrator=yes").await.0,
        303
    );
    assert_eq!(place.send(&path, "whose=chosen&approvers=taro&approvers=kanri&mail_link=yes").await.0, 303);
    let groups = place.house.store.groups(&"acme".parse().unwrap()).await.unwrap();
    let made = groups.iter().find(|one| one.name == "営業/1課").unwrap();
    assert_eq!(made.approvers.as_deref(), Some(&["taro".to_owned(), "kanri".to_owned()][..]));
    assert_eq!(groups.iter().filter(|one| one.mail_link).count(), 1, "it was taken from the other");
    // Who is named stays an approver; a group with users stays.
    assert_eq!(place.send("/section/user/taro/remove", "").await.0, 400);
    assert_eq!(
        place
            .send(
                "/section/user/taro",
                &format!("address=taro%40acme.example&approver=yes&group={}", encoded("営業/1課"))
            )
            .await
            .0,
        303
    );
    assert_eq!(place.send(&format!("{path}/remove"), "").await.0, 400);
    assert_eq!(place.send(&path, "whose=all").await.0, 303);
    assert_eq!(place.send("/section/user/taro", "address=taro%40acme.example&group=").await.0, 303);
    assert_eq!(place.send(&format!("{path}/remove"), "").await.0, 303);
}

// spec: X-ADMIN
#[tokio::test]
async fn a_form_that_was_open_for_long_undoes_nothing_that_was_changed_meanwhile() {
    let place = Place::new().await;
    let cookie = place.cookie("acme/kanri");
    let put = async |change: Change| place.house.store.apply(&[change], &[], place.house.now()).await.unwrap();
    put(Change::PutUser(user("acme", "taro", true))).await;
    let open = place.house.get("/section/user/taro", &[("cookie", cookie)]).await.seen();
    // The administration is withdrawn; the form still has it.
    put(Change::PutUser(user("acme", "taro", false))).await;
    let key = encoded(&place.house.form_key(cookie).await);
    let entered = "address=taro%40acme.example&name=%E5%A4%AA%E9%83%8E&group=mail-link&administrator=yes";
    let form = format!("form={key}{open}&{entered}");
    let refused = place.house.post("/section/user/taro?lang=ja", &[("cookie", cookie)], &form).await;
    assert_eq!(refused.status.as_u16(), 409);
    let page = refused.text();
    assert!(page.contains("管理者：いまの設定は「なし」、入力は「はい」です。"), "what is, and what was typed: {page}");
    assert!(
        page.contains("名前：いまの設定は「なし」、入力は「太郎」です。") && page.contains("value=\"太郎\""),
        "{page}"
    );
    assert!(!page.contains("メールアドレス：いまの"), "only what differs: {page}");
    assert!(!place.user("taro").await.administrator && place.user("taro").await.name.is_empty());
    // Without what it was made from, none is taken.
    let bare = place.house.post("/section/user/taro", &[("cookie", cookie)], &format!("form={key}&{entered}")).await;
    assert_eq!(bare.status.as_u16(), 409);
    // Who has seen how it is may have it so.
    let again = format!("form={key}{}&{entered}", refused.seen());
    let taken = place.house.post("/section/user/taro", &[("cookie", cookie)], &again).await;
    assert_eq!(taken.status.as_u16(), 303);
    assert!(place.user("taro").await.administrator);

    // A group's is the same.
    assert_eq!(place.send("/section/groups/new", "name=Law&approval=one&whose=all").await.0, 303);
    let open = place.house.get("/section/group/Law", &[("cookie", cookie)]).await.seen();
    assert_eq!(place.send("/section/group/Law", "approval=none&whose=all").await.0, 303);
    let form = format!("form={key}{open}&approval=one&whose=all&mail_link=yes");
    let refused = place.house.post("/section/group/Law?lang=ja", &[("cookie", cookie)], &form).await;
    assert_eq!(refused.status.as_u16(), 409);
    assert!(refused.text().contains("メール連携：いまの設定は「なし」、入力は「はい」です。"), "{}", refused.text());
    let groups = place.house.store.groups(&"acme".parse().unwrap()).await.unwrap();
    let law = groups.iter().find(|group| group.name == "Law").unwrap();
    assert_eq!((law.approval.map(|rule| rule.name()), law.mail_link), (Some("none"), false));
}

// spec: X-ADMIN, X-ACCOUNTS, X-AUDIT
#[tokio::test]
async fn another_address_is_for_whoever_reads_what_is_sent_there() {
    let place = Place::new().await;
    let first = "/section/user/taro";
    let link = |mail: &house::Posted| {
        let link = mail.text.split_whitespace().find(|word| word.contains("/invitation/")).unwrap();
        link.strip_prefix("https://files.acme.example").unwrap().to_owned()
    };
    let in_there = async |cookie: &str| place.house.get("/me", &[("cookie", cookie)]).await.status.as_u16() == 200;
    let taro = place.cookie("acme/taro");
    assert!(in_there(taro).await && place.look(first).await.contains("アドレスを変えると"));
    // The same address, otherwise written, is no other one.
    assert_eq!(place.send(first, "address=TARO%40acme.example&group=mail-link").await.0, 303);
    assert!(in_there(taro).await && place.house.posted().await.is_empty());
    assert_eq!(place.send(first, "address=jiro%40acme.example&group=mail-link").await.0, 303);
    assert!(!in_there(taro).await, "whoever had the old one is out");
    let mails = place.house.posted().await;
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!(mail.recipient, "jiro@acme.example");
    // Before anybody took that invitation the address changes again: then it opens nothing.
    assert_eq!(place.send(first, "address=goro%40acme.example&group=mail-link").await.0, 303);
    assert_eq!(place.house.get(&link(mail), &[]).await.status.as_u16(), 404);
    let mails = place.house.posted().await;
    assert_eq!(mails[0].recipient, "goro@acme.example");
    assert!(in_there(&place.house.accept(&link(&mails[0]), "acme/taro").await).await);
    // Who was never invited has nothing to lose, and is not invited.
    assert_eq!(place.send("/section/users/new", "login_id=kumi&address=kumi%40acme.example").await.0, 303);
    assert!(!place.look("/section/user/kumi").await.contains("アドレスを変えると"));
    assert_eq!(place.send("/section/user/kumi", "address=k%40acme.example").await.0, 303);
    assert!(place.house.posted().await.is_empty());
    // By a file it is the same, and the file's page says so before.
    let file = "login_id,address\ntaro,saburo@acme.example\nkumi,kumi@acme.example\n";
    let (status, page) = place.import(file.as_bytes(), &[]).await;
    assert_eq!((status, page.matches("アドレスを変えると").count()), (200, 1), "{page}");
    let shown = page.split("name=\"shown\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(place.import(file.as_bytes(), &[("shown", &shown)]).await.0, 303);
    assert_eq!(place.house.posted().await[0].recipient, "saburo@acme.example");

    let lines = place.house.exchange.audit_lines(&"acme".parse().unwrap(), &Search::default(), None, 50).await.unwrap();
    let invited = lines.iter().filter(|line| line.event == "invited" && line.actor == "kanri");
    let invited: Vec<(&str, &str)> = invited.map(|line| (line.object.as_str(), line.detail.as_str())).collect();
    assert_eq!(invited, [("acme/taro", "{\"reason\":\"address-changed\"}"); 3]);
    let void = lines.iter().filter(|line| line.detail.contains("sessions are void, invited anew"));
    assert_eq!(void.count(), 3);
}

// spec: X-ADMIN
#[tokio::test]
async fn a_file_of_users_changes_what_it_was_shown_to_change_and_nothing_else() {
    let place = Place::new().await;
    let csv = place.house.get("/section/users.csv", &[("cookie", place.cookie("acme/kanri"))]).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"users-acme.csv\"");
    let before = place.users("acme").await;
    // As it was written it changes nothing.
    let (status, page) = place.import(csv.octets.as_slice(), &[]).await;
    assert_eq!(status, 200);
    assert!(page.contains("変わるものはありません") && !page.contains("name=\"shown\""), "{page}");

    let file = "login_id,name,address\r\ntaro,\"太郎, 部長\",\r\nkumi,<b>久美,kumi@acme.example\r\n";
    let (status, page) = place.import(file.as_bytes(), &[]).await;
    assert_eq!(status, 400, "no address: {page}");
    assert!(page.contains("2行目"), "{page}");
    let file = file.replace("部長\",", "部長\",taro@acme.example");
    let (status, page) = place.import(file.as_bytes(), &[]).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("追加 1 件、変更 1 件、削除 0 件") && page.contains("&#60;b&#62;久美"), "{page}");
    assert_eq!(place.users("acme").await, before, "nothing yet");
    let field = |name: &str| {
        let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        after.split('"').next().unwrap().to_owned()
    };
    let (shown, text) =
        (field("shown"), field("text").replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">"));
    // Somebody changed something that was shown: it is shown again.
    assert_eq!(place.send("/section/user/taro", "address=taro%40acme.example&name=T").await.0, 303);
    let (status, page) = place.import(text.as_bytes(), &[("shown", &shown)]).await;
    assert_eq!(status, 400);
    assert!(page.contains("role=\"alert\"") && page.contains("name=\"shown\""), "{page}");
    assert_eq!(place.user("taro").await.name, "T");
    let shown = page.split("name=\"shown\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(place.import(text.as_bytes(), &[("shown", &shown)]).await.0, 303);
    assert_eq!(place.user("taro").await.name, "太郎, 部長");
    assert_eq!(place.user("kumi").await.address, "kumi@acme.example");
    assert_eq!(place.users("acme").await.len(), before.len() + 1);

    // Whoever is not in the file goes only where that was asked for, and never whoever asks.
    let (_, page) = place.import(b"login_id\nkanri\n", &[]).await;
    assert!(page.contains("変わるものはありません"), "{page}");
    let (_, page) = place.import(b"login_id\nkanri\n", &[("remove", "yes")]).await;
    assert!(page.contains("追加 0 件、変更 0 件、削除 3 件"), "{page}");
    let (status, page) = place.import(b"login_id\ntaro\n", &[("remove", "yes")]).await;
    assert_eq!(status, 400, "{page}");
    // Without the key that her pages carry, nothing.
    let cookie = place.cookie("acme/kanri");
    let headers = [("cookie", cookie), ("content-type", "multipart/form-data; boundary=b")];
    let body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"u\"\r\n\r\nlogin_id\r\n--b--\r\n";
    let answer = place.house.ask(request(Method::POST, "/section/users/import", &headers, body)).await;
    assert_eq!(answer.status.as_u16(), 403);
}
