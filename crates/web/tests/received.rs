//! What people with accounts received, and links that their accounts open (spec X-RECEIVE, ACCESS 3).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Answer, House, encoded, request};
use fubako_base::{
    audit::Actor,
    ids::{DepositId, LinkId},
    section::{Access, ApprovalRule, Section, Settings, Way},
};
use fubako_exchange::{
    audit::{By, Search},
    domain::{NewDeposit, NewFile, Whence},
};
use fubako_store::sections::{Change, User};
use fubako_testkit::{clamd::Clamd, house, section};
use fubako_vault::scanner::Scanner;
use http::Method;

const URL: &str = "https://files.acme.example";
const SECRET: &str = "a long enough secret";

/// Who comes: nobody; the operator; the recipient, who is of another section and has an address of its domain; an administrator and approver of the section
/// that sent; a user of that section's whom it gave a partner's address; one of the other section's whom that gave the same address.
const VISITORS: [&str; 6] = ["", "root", "beta/hanako", "acme/kanri", "acme/partner", "beta/evil"];
const HANAKO: &str = "hanako@beta.example";
const PARTNER: &str = "partner@outside.example";

/// The section that sends, as it lets recipients prove themselves.
fn acme(ways: &[Way]) -> Section {
    let settings = Settings { access: Access::of(ways).unwrap(), password_days: Some(30), ..Settings::default() };
    Section { settings, ..section("acme") }
}

async fn put_user(house: &House, of: &str, login_id: &str, address: &str) {
    let user = User {
        section: of.parse().unwrap(),
        login_id: login_id.to_owned(),
        address: address.to_owned(),
        name: String::new(),
        group: None,
        default_user: false,
        administrator: login_id == "kanri",
        approver: login_id == "kanri",
        password_never_expires: false,
    };
    house.store.apply(&[Change::PutUser(user)], &[], house.now()).await.unwrap();
}

struct Place {
    house: House,
    cookies: Vec<String>,
}

impl Place {
    async fn new() -> Self {
        Self::with(Scanner::None).await
    }

    async fn with(scanner: Scanner) -> Self {
        let house = House::of(house::House::at(URL, scanner, acme(&[Way::Account])).await);
        house.put_section(section("beta")).await;
        for (of, login_id, address) in [
            ("beta", "hanako", HANAKO),
            ("acme", "kanri", "kanri@acme.example"),
            ("acme", "partner", PARTNER),
            ("beta", "evil", PARTNER),
        ] {
            put_user(&house, of, login_id, address).await;
        }
        let mut place = Self { house, cookies: Vec::new() };
        for name in VISITORS {
            let cookie = if name.is_empty() { String::new() } else { place.sign_in(name, "/sign-in").await.0 };
            place.cookies.push(cookie);
        }
        place
    }

    /// Invites somebody, who sets the password and signs in at this address: their cookie, and the answer.
    async fn sign_in(&self, name: &str, at: &str) -> (String, Answer) {
        let (house, by) = (&self.house, By::command("test"));
        let invitation = match name {
            "root" => house.exchange.add_operator("root", "root@ops.example", &by, house.now()).await.unwrap(),
            name => house.exchange.reset_account(name, &by, house.now()).await.unwrap(),
        };
        let path = invitation.link.strip_prefix(URL).unwrap();
        house.post(path, &[], &format!("password={0}&again={0}", encoded(SECRET))).await;
        self.sign_in_again(name, SECRET, at).await
    }

    async fn sign_in_again(&self, name: &str, password: &str, at: &str) -> (String, Answer) {
        let form = format!("name={}&password={}", encoded(name), encoded(password));
        let answer = self.house.post(at, &[], &form).await;
        (answer.header("set-cookie").split(';').next().unwrap().to_owned(), answer)
    }

    fn cookie(&self, name: &str) -> &str {
        &self.cookies[VISITORS.iter().position(|visitor| *visitor == name).unwrap()]
    }

    async fn get(&self, name: &str, path: &str) -> Answer {
        self.house.get(path, &[("cookie", self.cookie(name)), ("accept-language", "en")]).await
    }

    async fn post(&self, name: &str, path: &str) -> Answer {
        let page = self.get(name, "/me").await;
        let after = page.text().split("name=\"form\" value=\"").nth(1).unwrap_or_default();
        let form = format!("form={}", after.split('"').next().unwrap());
        self.house.post(path, &[("cookie", self.cookie(name)), ("accept-language", "en")], &form).await
    }

    /// Begins a deposit of one file, and sends it.
    async fn send(&self, key: &str, to: &[&str]) -> DepositId {
        let (house, whence) = (&self.house, Whence::Within);
        let wanted = NewDeposit { subject: format!("subject <{key}>"), ..house::request(to, 1) };
        let (begun, _) = house.exchange.begin(key, &wanted, whence, house.now()).await.unwrap();
        let file = NewFile { number: 1, name: "a.txt".into(), media_type: "text/plain".into() };
        house.exchange.put(begun.id, file, &mut house::content(b"alpha"), whence, house.now()).await.unwrap();
        house.exchange.send(begun.id, whence, house.now()).await.unwrap();
        begun.id
    }

    /// A deposit of one file for these recipients: the token and the id of each one's link.
    async fn deposit(&self, key: &str, to: &[&str]) -> Vec<(String, LinkId)> {
        let id = self.send(key, to).await;
        let sent = self.house.store.sent_deposit(&"acme".parse().unwrap(), id).await.unwrap().unwrap();
        let tokens: Vec<String> = self.house.posted().await.iter().map(|mail| mail.token()).collect();
        tokens.into_iter().zip(sent.links.iter().map(|link| link.id)).collect()
    }

    /// What downloads the sender sees of the newest deposit of the section.
    async fn downloads(&self) -> Vec<(LinkId, bool, usize)> {
        let acme = "acme".parse().unwrap();
        let query = fubako_store::sent::SentQuery {
            section: acme,
            depositor: None,
            search: String::new(),
            before: None,
            limit: 1,
        };
        let deposit = self.house.store.sent(&query).await.unwrap()[0].deposit.id;
        let sent = self.house.store.sent_deposit(&query.section, deposit).await.unwrap().unwrap();
        sent.links.iter().map(|link| (link.id, link.opened_at.is_some(), link.downloads.len())).collect()
    }

    /// The details of the log's lines of one kind, the newest first.
    async fn log(&self, event: &str) -> Vec<(String, String)> {
        let lines = self.house.exchange.audit_lines(&"acme".parse().unwrap(), &Search::default(), None, 100).await;
        let lines = lines.unwrap().into_iter().filter(|line| line.event == event);
        lines.map(|line| (format!("{} {}", line.actor_kind, line.actor), line.detail)).collect()
    }
}

/// Each new route × each visitor: of what hanako received, of what the partner received, of what is not there.
// spec: ACCESS, X-RECEIVE
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let place = Place::new().await;
    let links = place.deposit("k", &[HANAKO, PARTNER]).await;
    let [(hers, her_id), (theirs, their_id)] = &links[..] else { panic!() };
    let absent = LinkId::generate();
    let (get, post, head) = (Method::GET, Method::POST, Method::HEAD);
    // nobody, operator, hanako of beta, administrator of acme, partner by acme, the same address by beta
    let (her_own, their_own) = ([303, 404, 200, 404, 404, 404], [303, 404, 404, 404, 200, 404]);
    let (nobody_s, signed_in) = ([303, 404, 404, 404, 404, 404], [200, 303, 303, 303, 303, 303]);
    let table: &[(&Method, String, [u16; 6])] = &[
        (&get, "/received".into(), [303, 404, 200, 200, 200, 200]),
        (&get, "/received?before=x".into(), [303, 404, 200, 200, 200, 200]),
        (&get, format!("/received?before={their_id}"), [303, 404, 200, 200, 200, 200]),
        (&post, "/received".into(), [405; 6]),
        (&get, format!("/received/{her_id}"), her_own),
        (&get, format!("/received/{her_id}/files/1"), her_own),
        (&head, format!("/received/{her_id}/all.zip"), her_own),
        (&get, format!("/received/{her_id}/files/2"), nobody_s),
        (&get, format!("/received/{her_id}/files/x"), nobody_s),
        (&get, format!("/received/{their_id}"), their_own),
        (&get, format!("/received/{their_id}/all.zip"), their_own),
        (&head, format!("/received/{their_id}/files/1"), their_own),
        (&post, format!("/received/{their_id}"), [405; 6]),
        (&post, format!("/received/{their_id}/files/1"), [405; 6]),
        (&get, format!("/received/{absent}"), nobody_s),
        (&get, format!("/received/{absent}/files/1"), nobody_s),
        (&get, format!("/received/{absent}/all.zip"), nobody_s),
        (&get, "/received/x".into(), nobody_s),
        (&get, "/received/%ff".into(), nobody_s),
        (&get, "/received/".into(), [404; 6]),
        (&get, format!("/d/{hers}"), [200, 200, 303, 200, 200, 200]),
        (&get, format!("/d/{theirs}"), [200, 200, 200, 200, 303, 200]),
        // An account has no session of the link: its files are at the account's own address.
        (&get, format!("/d/{hers}/files/1"), [403; 6]),
        (&get, format!("/d/{hers}/all.zip"), [403; 6]),
        (&get, format!("/d/{}", "A".repeat(43)), [404; 6]),
        (&get, format!("/sign-in/d/{hers}"), signed_in),
        (&post, format!("/sign-in/d/{hers}"), [400; 6]),
        (&get, "/sign-in/received".into(), signed_in),
        (&post, "/sign-in/received".into(), [400; 6]),
        (&get, format!("/sign-in/received/{her_id}"), signed_in),
        (&post, format!("/sign-in/received/{absent}"), [400; 6]),
    ];
    for (method, path, statuses) in table {
        for (name, status) in VISITORS.iter().zip(statuses) {
            let headers = [("cookie", place.cookie(name))];
            let answer = place.house.ask(request((*method).clone(), path, &headers, "")).await;
            assert_eq!(answer.status.as_u16(), *status, "{method} {path} by {name:?}");
        }
    }
    // What is another's and what is not there are the same to the octet.
    let absent = place.get("beta/evil", &format!("/received/{absent}")).await;
    for others in [her_id, their_id] {
        assert_eq!(place.get("beta/evil", &format!("/received/{others}")).await.octets, absent.octets);
    }
    // To whom a link is that is somebody else's is not told by who is signed in: its page is the same for all of them, but for their names.
    let page = async |name: &str| {
        let text = place.get(name, &format!("/d/{theirs}")).await.text().replace(name, "NAME");
        let (before, after) = text.split_once("name=\"form\" value=\"").unwrap();
        format!("{before}{}", after.split_once('"').unwrap().1)
    };
    assert_eq!(page("beta/evil").await, page("acme/kanri").await);
    assert_eq!(page("beta/evil").await, page("root").await);
}

// spec: ACCESS, X-RECEIVE
#[tokio::test]
async fn signing_in_leads_back_to_the_link_and_nowhere_else() {
    let place = Place::new().await;
    let links = place.deposit("k", &[HANAKO, PARTNER]).await;
    let [(hers, her_id), (theirs, _)] = &links[..] else { panic!() };
    let page = place.get("", &format!("/d/{hers}")).await;
    assert!(page.text().contains(&format!("href=\"{URL}/sign-in/d/{hers}\"")), "{}", page.text());
    assert!(!page.text().contains("<form"), "{}", page.text());
    let sign_in = format!("/sign-in/d/{hers}");
    let form = place.get("", &sign_in).await;
    assert!(form.text().contains(&format!("action=\"{sign_in}\"")), "{}", form.text());
    let (_, wrong) = place.sign_in_again("beta/hanako", "another secret", &sign_in).await;
    assert!(wrong.status.as_u16() == 403 && wrong.text().contains(&format!("action=\"{sign_in}\"")));
    // Right, it leads back to the link, that to the files.
    let (cookie, back) = place.sign_in_again("beta/hanako", SECRET, &sign_in).await;
    assert_eq!((back.status.as_u16(), back.header("location")), (303, &*format!("/d/{hers}")));
    let on = place.house.get(&format!("/d/{hers}?lang=en"), &[("cookie", &cookie)]).await;
    assert_eq!(on.header("location"), format!("/received/{her_id}?lang=en"));
    assert_eq!(on.headers.get("set-cookie"), None);
    let files = place.house.get(on.header("location"), &[("cookie", &cookie)]).await;
    assert!(files.text().contains("a.txt") && files.text().contains(HANAKO), "{}", files.text());
    // With somebody else's nothing opens, and it says so.
    let (cookie, back) = place.sign_in_again("beta/hanako", SECRET, &format!("/sign-in/d/{theirs}")).await;
    assert_eq!(back.header("location"), format!("/d/{theirs}"));
    let page = place.house.get(&format!("/d/{theirs}"), &[("cookie", &cookie), ("accept-language", "en")]).await;
    assert!(page.status.as_u16() == 200 && !page.text().contains("a.txt"), "{}", page.text());
    assert!(page.text().contains("beta/hanako, whose account does not open these files"), "{}", page.text());
    // What is no page of ours leads to oneself.
    let long = format!("/sign-in/d/{hers}x");
    for odd in ["/sign-in/d/x", "/sign-in/d/%2F%2Fevil.example", "/sign-in/received/https:", long.as_str()] {
        let (_, back) = place.sign_in_again("beta/hanako", SECRET, odd).await;
        assert_eq!((back.status.as_u16(), back.header("location")), (303, "/me"), "{odd}");
    }
    let (_, back) = place.sign_in_again("beta/hanako", SECRET, &format!("{sign_in}?next=//evil.example")).await;
    assert_eq!(back.header("location"), format!("/d/{hers}"));
}

/// A section's own domain has its links and no accounts: one signs in under the installation's name.
// spec: ACCESS, X-NOTICE
#[tokio::test]
async fn under_an_own_domain_one_is_led_to_where_accounts_are() {
    let installation = "https://files.example.jp";
    let settings = Settings { link_url: Some(URL.to_owned()), ..acme(&[Way::Account]).settings };
    let house = House::of(house::House::at(installation, Scanner::None, Section { settings, ..section("acme") }).await);
    let [token, _] = house.deposit("k", "s", "n", &[("a.txt", "text/plain", b"alpha")]).await;
    let page = house.get(&format!("/d/{token}?lang=ja"), &[]).await;
    assert!(page.text().contains(&format!("href=\"{installation}/sign-in/d/{token}?lang=ja\"")), "{}", page.text());
    for path in [format!("/sign-in/d/{token}"), "/received".to_owned(), format!("/received/{}", LinkId::generate())] {
        assert_eq!(house.get(&path, &[]).await.status.as_u16(), 404, "{path}");
    }
}

// spec: X-RECEIVE, ACCESS
#[tokio::test]
async fn the_list_has_what_the_account_receives_the_newest_first() {
    let place = Place::new().await;
    place.deposit("one", &["HANAKO@beta.example", PARTNER]).await;
    // What was allowed when it began counts.
    place.house.put_section(acme(&[Way::PasswordInMail])).await;
    let closed = place.deposit("two", &[HANAKO]).await;
    place.house.put_section(acme(&[Way::Account])).await;
    let list = place.get("beta/hanako", "/received").await;
    let list = list.text();
    let (one, two) = (list.find("subject &#60;one&#62;").unwrap(), list.find("subject &#60;two&#62;").unwrap());
    assert!(two < one && list.contains("taro@acme.example") && list.contains(HANAKO), "{list}");
    assert!(place.get("acme/partner", "/received").await.text().contains("subject &#60;one&#62;"));
    for other in ["beta/evil", "acme/kanri"] {
        let page = place.get(other, "/received").await;
        assert!(page.text().contains("You have not received any files"), "{other}");
    }
    // What an account is no way to open is opened by its link.
    let path = format!("/received/{}", closed[0].1);
    let shown = place.get("beta/hanako", &path).await;
    assert!(shown.text().contains("by the URL in the deposit notice") && !shown.text().contains("a.txt"));
    for path in [format!("{path}/files/1"), format!("{path}/all.zip")] {
        assert_eq!(place.get("beta/hanako", &path).await.status.as_u16(), 404, "{path}");
    }
    let page = place.get("beta/hanako", &format!("/d/{}", closed[0].0)).await;
    assert!(page.status.as_u16() == 200 && !page.text().contains("beta/hanako"), "{}", page.text());
    // Pages have 25 at most.
    for number in 0..25 {
        place.deposit(&format!("more-{number}"), &[HANAKO]).await;
    }
    let first = place.get("beta/hanako", "/received").await;
    assert_eq!(first.text().matches("href=\"/received/").count(), 25);
    let older = first.text().split("href=\"/received?before=").nth(1).unwrap().split('"').next().unwrap();
    let second = place.get("beta/hanako", &format!("/received?before={older}")).await;
    assert_eq!(second.text().matches("href=\"/received/").count(), 2);
    assert!(!second.text().contains("before=") && second.text().contains("subject &#60;one&#62;"));
}

/// A section has the addresses of its domains and of those below, but for what another section registered there.
// spec: ACCESS
#[tokio::test]
async fn an_address_is_of_the_section_that_registered_the_nearest_domain() {
    let place = Place::new().await;
    let below = vec!["gamma.beta.example".to_owned()];
    place.house.put_section(Section { domains: below, ..section("gamma") }).await;
    let (near, far) = ("jiro@tokyo.beta.example", "jiro@gamma.beta.example");
    let links = place.deposit("k", &[near, far]).await;
    for (of, login_id, address) in [("beta", "near", near), ("beta", "far", far), ("gamma", "jiro", far)] {
        put_user(&place.house, of, login_id, address).await;
        let (cookie, _) = place.sign_in(&format!("{of}/{login_id}"), "/sign-in").await;
        let theirs = if address == near { &links[0] } else { &links[1] };
        let opens = login_id != "far";
        let path = format!("/received/{}", theirs.1);
        let found = place.house.get(&path, &[("cookie", &cookie)]).await.status.as_u16();
        let list = place.house.get("/received", &[("cookie", &cookie)]).await.text().contains(&path);
        assert_eq!((found, list), (if opens { 200 } else { 404 }, opens), "{of}/{login_id}");
    }
}

// spec: X-RECEIVE, X-CANCEL, X-AUDIT
#[tokio::test]
async fn each_download_is_seen_by_the_sender_and_in_the_log() {
    let place = Place::new().await;
    let links = place.deposit("k", &[HANAKO, PARTNER]).await;
    let her_id = links[0].1;
    let path = format!("/received/{her_id}");
    place.get("beta/hanako", &path).await;
    assert_eq!(place.downloads().await, [(her_id, false, 0), (links[1].1, false, 0)], "looking is no download");
    for _ in 0..2 {
        assert_eq!(place.get("beta/hanako", &format!("{path}/files/1")).await.octets, b"alpha");
    }
    // One a session, as by the link.
    assert_eq!(place.downloads().await, [(her_id, true, 1), (links[1].1, false, 0)]);
    let (cookie, _) = place.sign_in_again("beta/hanako", SECRET, "/sign-in").await;
    place.house.get(&format!("{path}/all.zip"), &[("cookie", &cookie)]).await;
    assert_eq!(place.downloads().await, [(her_id, true, 2), (links[1].1, false, 0)]);
    let log = place.log("downloaded").await;
    assert_eq!(log.len(), 2, "{log:?}");
    for (who, detail) in log {
        assert_eq!(who, "user beta/hanako", "whose account it was, whatever address it has");
        assert!(detail.contains(&format!("\"recipient\":\"{HANAKO}\"")), "{detail}");
        assert!(detail.contains("\"way\":\"account\"") && detail.contains("\"file\":\"a.txt\""), "{detail}");
    }
    // Of the section's own it is the login id alone; the sender sees who it was beside the recipient.
    place.get("acme/partner", &format!("/received/{}/files/1", links[1].1)).await;
    assert_eq!(place.log("downloaded").await.iter().filter(|(who, _)| who == "user partner").count(), 1);
    let id = place.house.store.link_by_id(her_id).await.unwrap().unwrap().1.id;
    let page = place.get("acme/kanri", &format!("/section/deposits/{id}?lang=en")).await;
    assert_eq!(page.text().matches("signed in as beta/hanako").count(), 2, "{}", page.text());
    assert_eq!(page.text().matches("signed in as partner").count(), 1);
}

// spec: X-RECEIVE, X-EXPIRY, X-CANCEL, X-APPROVAL, X-ACCOUNTS
#[tokio::test]
async fn what_ends_a_link_ends_it_for_accounts_too() {
    let place = Place::new().await;
    let at =
        async |name: &str, link: LinkId| place.get(name, &format!("/received/{link}/files/1")).await.status.as_u16();
    let listed = async |key: &str| {
        place.get("beta/hanako", "/received").await.text().contains(&format!("subject &#60;{key}&#62;"))
    };
    // Taken back for one recipient, then for all.
    let one = place.deposit("one", &[HANAKO, PARTNER]).await;
    let id = place.house.store.link_by_id(one[0].1).await.unwrap().unwrap().1.id;
    assert_eq!((at("beta/hanako", one[0].1).await, listed("one").await), (200, true));
    let cancel = format!("/section/deposits/{id}/cancel/{}", one[0].1);
    assert_eq!(place.post("acme/kanri", &cancel).await.status.as_u16(), 303);
    assert_eq!((at("beta/hanako", one[0].1).await, listed("one").await), (410, false));
    assert_eq!(at("acme/partner", one[1].1).await, 200);
    assert_eq!(place.post("acme/kanri", &format!("/section/deposits/{id}/cancel")).await.status.as_u16(), 303);
    assert_eq!(at("acme/partner", one[1].1).await, 410);
    // What waits for approval is not there before it is approved.
    let approval = Settings { approval: ApprovalRule::One, ..acme(&[Way::Account]).settings };
    place.house.put_section(Section { settings: approval, ..section("acme") }).await;
    let waiting = place.send("two", &[HANAKO]).await;
    assert!(!listed("two").await);
    assert_eq!(place.post("acme/kanri", &format!("/approvals/{waiting}/approve")).await.status.as_u16(), 303);
    assert!(listed("two").await);
    // A section that is switched off, and on again.
    place.house.put_section(Section { enabled: false, ..acme(&[Way::Account]) }).await;
    assert!(!listed("two").await);
    place.house.put_section(acme(&[Way::Account])).await;
    // Over, it is in the list as such, and nothing leads to it.
    place.house.posted().await;
    let three = place.deposit("three", &[HANAKO]).await;
    place.house.pass_seconds(8 * 86_400);
    let (cookie, _) = place.sign_in_again("beta/hanako", SECRET, "/sign-in").await;
    let over = place.house.get("/received", &[("cookie", &cookie)]).await;
    assert!(over.text().contains("subject &#60;three&#62;") && !over.text().contains("href=\"/received/"));
    for path in [format!("/received/{}", three[0].1), format!("/received/{}/files/1", three[0].1)] {
        assert_eq!(place.house.get(&path, &[("cookie", &cookie)]).await.status.as_u16(), 410, "{path}");
    }
}

// spec: ACCESS, X-ACCOUNTS
#[tokio::test]
async fn what_ends_a_session_ends_it_for_the_files() {
    let place = Place::new().await;
    let links = place.deposit("k", &[HANAKO, PARTNER]).await;
    let (token, link) = &links[1];
    let path = format!("/received/{link}/files/1");
    let at = async |cookie: &str| {
        let answer = place.house.get(&path, &[("cookie", cookie)]).await;
        (answer.status.as_u16(), answer.header("location").split('?').next().unwrap().to_owned())
    };
    let sign_in = (303, format!("/sign-in/received/{link}"));
    assert_eq!(at(place.cookie("acme/partner")).await, (200, String::new()));
    // Signed out, nothing of it is left in the browser: neither the files nor the link's page.
    assert_eq!(place.post("acme/partner", "/sign-out").await.status.as_u16(), 303);
    assert_eq!(at(place.cookie("acme/partner")).await, sign_in);
    assert_eq!(place.get("acme/partner", &format!("/d/{token}")).await.status.as_u16(), 200);
    // Reset.
    let (cookie, _) = place.sign_in_again("acme/partner", SECRET, "/sign-in").await;
    assert_eq!(at(&cookie).await.0, 200);
    let by = By::command("test");
    place.house.exchange.reset_account("acme/partner", &by, place.house.now()).await.unwrap();
    assert_eq!(at(&cookie).await, sign_in);
    // Locked: nobody signs in.
    let (cookie, _) = place.sign_in("acme/partner", "/sign-in").await;
    assert_eq!(at(&cookie).await.0, 200);
    for _ in 0..Settings::default().sign_in_tries {
        place.sign_in_again("acme/partner", "another secret", "/sign-in").await;
    }
    let (locked, answer) = place.sign_in_again("acme/partner", SECRET, &format!("/sign-in/d/{token}")).await;
    assert_eq!((answer.status.as_u16(), at(&locked).await), (403, sign_in.clone()));
    // Given another address, nobody is in who was: it is for whoever reads what is sent there.
    place.house.exchange.unlock_account("acme/partner", &by, place.house.now()).await.unwrap();
    let (cookie, _) = place.sign_in_again("acme/partner", SECRET, "/sign-in").await;
    assert_eq!(at(&cookie).await.0, 200);
    put_user(&place.house, "acme", "partner", "another@outside.example").await;
    assert_eq!(at(&cookie).await, sign_in);
    let link = place.house.exchange.reset_account("acme/partner", &by, place.house.now()).await.unwrap().link;
    let path = link.strip_prefix(place.house.exchange.public_url()).unwrap();
    let cookie = place.house.accept(path, "acme/partner").await;
    assert_eq!(at(&cookie).await.0, 404, "and the account is no recipient any more");
}

/// Whoever's password is too old chooses another one first.
// spec: ACCESS, X-ACCOUNTS
#[tokio::test]
async fn an_account_whose_password_expired_opens_nothing() {
    let place = Place::new().await;
    place.house.pass_seconds(31 * 86_400);
    let links = place.deposit("k", &[PARTNER]).await;
    let (cookie, back) = place.sign_in_again("acme/partner", SECRET, &format!("/sign-in/d/{}", links[0].0)).await;
    assert_eq!(back.status.as_u16(), 303);
    let path = format!("/received/{}", links[0].1);
    for path in ["/received", &path, &format!("{path}/files/1"), &format!("{path}/all.zip")] {
        let answer = place.house.get(path, &[("cookie", &cookie)]).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/me/password"), "{path}");
    }
}

// spec: X-RECEIVE, KEEP-VIRUS, X-OPERATOR
#[tokio::test]
async fn no_virus_is_handed_over_and_nothing_while_closed() {
    let clamd = Clamd::start().await;
    let place = Place::with(clamd.scanner()).await;
    let links = place.deposit("k", &[HANAKO]).await;
    let path = format!("/received/{}", links[0].1);
    clamd.learn(b"alpha", "stream: Bad FOUND");
    for file in ["files/1", "all.zip"] {
        let answer = place.get("beta/hanako", &format!("{path}/{file}?lang=en")).await;
        assert_eq!(answer.status.as_u16(), 403, "{file}");
        assert!(answer.text().contains("A virus was found"), "{}", answer.text());
        assert!(answer.text().contains(&format!("href=\"{path}?lang=en\"")), "{}", answer.text());
    }
    let now = place.house.now();
    let by = By::at(Actor::Operator("root".into()), "");
    place.house.exchange.add_maintenance(now, now.plus_seconds(3600), &by, now).await.unwrap();
    for (path, status) in [
        (path.clone(), 503),
        (format!("{path}/files/1"), 503),
        (format!("{path}/all.zip"), 503),
        (format!("/d/{}", links[0].0), 503),
        ("/received".to_owned(), 200),
    ] {
        assert_eq!(place.get("beta/hanako", &path).await.status.as_u16(), status, "{path}");
    }
}
