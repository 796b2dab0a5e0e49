//! Sections on the operator's screens: listed, made, changed, switched off and on (spec X-OPERATOR).
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Answer, House, encoded, request};
use fubako_base::section::{Section, Settings};
use fubako_exchange::audit::{Line, Search};
use http::Method;

const LIST: &str = "/operator/sections";
const NEW: &str = "/operator/sections/new";
const KEYS: &str = "/operator/section/acme/dkim/acme.example";
const ACME: &str = "/operator/section/acme";

/// A house with an operator, a user, an administrator, and one of another section; and their cookies.
async fn house() -> (House, [String; 4]) {
    let house = House::new("https://files.acme.example").await;
    let cookies = house.visitors(&["root", "acme/staff", "acme/kanri", "beta/kanri"]).await;
    (house, cookies.try_into().unwrap())
}

/// All that there is of sections, users and keys.
async fn all(house: &House) -> Vec<(Section, usize)> {
    let mut all = Vec::new();
    for section in house.store.sections().await.unwrap() {
        let users = house.store.users(&section.id).await.unwrap().len();
        let keys = house.store.domains_with_keys(&section.domains).await.unwrap().len();
        all.push((section, users + keys));
    }
    all
}

async fn there(house: &House, id: &str) -> Section {
    house.store.section(&id.parse().unwrap()).await.unwrap().unwrap()
}

/// The lines of a section's log with this in them, the newest first.
async fn lines(house: &House, id: &str, text: &str) -> Vec<Line> {
    let search = Search { text: Some(text.to_owned()), ..Search::default() };
    house.exchange.audit_lines(&id.parse().unwrap(), &search, None, 50).await.unwrap()
}

/// What a form has of this section, with some of it otherwise.
fn form(section: &Section, more: &[(&str, &str)]) -> String {
    let size = section.settings.max_deposit_size.to_string();
    let mut fields = vec![
        ("name", section.name.clone()),
        ("domains", section.domains.join("\r\n")),
        ("max_deposit_size", size),
        ("unit", "B".to_owned()),
        ("mail_link", if section.mail_link { "yes" } else { "" }.to_owned()),
        ("autopilot", if section.autopilot { "yes" } else { "" }.to_owned()),
    ];
    for (name, value) in more {
        fields.retain(|(field, _)| field != name);
        fields.push((name, (*value).to_owned()));
    }
    fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

const ADMINISTRATOR: [(&str, &str); 3] = [("id", "neu"), ("login_id", "kanri"), ("address", "kanri@neu.example")];

fn making(more: &[(&str, &str)]) -> String {
    let blank = Section {
        name: "新会社".to_owned(),
        domains: vec!["neu.example".to_owned()],
        ..fubako_testkit::section("neu")
    };
    form(&blank, &[&ADMINISTRATOR[..], more].concat())
}

struct Desk<'a> {
    house: &'a House,
    cookie: &'a str,
}

impl Desk<'_> {
    async fn look(&self, path: &str) -> Answer {
        self.house.get(&format!("{path}?lang=en"), &[("cookie", self.cookie)]).await
    }

    async fn send(&self, path: &str, form: &str) -> Answer {
        let key = encoded(&self.house.form_key(self.cookie).await);
        self.house.post(&format!("{path}?lang=en"), &[("cookie", self.cookie)], &format!("form={key}&{form}")).await
    }

    /// Sends a section's form as its page is now, with some of it otherwise.
    async fn change(&self, more: &[(&str, &str)]) -> Answer {
        let seen = self.look(ACME).await.seen();
        self.send(ACME, &format!("{}{seen}", form(&there(self.house, "acme").await, more))).await
    }
}

/// Every route × nobody, the operator, a user, an administrator, one of another section; with a form of one's own, where one is signed in.
// spec: X-OPERATOR
#[tokio::test]
async fn each_route_has_an_expectation_for_each_visitor() {
    let (house, [root, staff, kanri, other]) = house().await;
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let operators = [303, 200, 404, 404, 404];
    let nothing = [303, 404, 404, 404, 404];
    let seen = Desk { house: &house, cookie: &root }.look(ACME).await.seen();
    let good = format!("{}{seen}", form(&there(&house, "acme").await, &[("name", "another name")]));
    let bad = format!("{}{seen}", form(&there(&house, "acme").await, &[("name", "")]));
    let (off, on) = (format!("{ACME}/off"), format!("{ACME}/on"));
    let table: &[(&Method, &str, &str, [u16; 5])] = &[
        (&get, LIST, "", operators),
        (&get, "/operator/sections?q=%ff&after=%00", "", operators),
        (&put, LIST, "", [405; 5]),
        (&post, LIST, &good, [405; 5]),
        (&get, NEW, "", operators),
        (&post, NEW, "", [303, 400, 404, 404, 404]),
        (&post, NEW, &making(&[]), [303, 303, 404, 404, 404]),
        (&post, NEW, &making(&[]), [303, 400, 404, 404, 404]),
        (&get, ACME, "", operators),
        (&put, ACME, "", [405; 5]),
        (&get, "/operator/section/absent", "", nothing),
        (&get, "/operator/section/installation", "", nothing),
        (&get, "/operator/section/NO-ID", "", nothing),
        (&get, "/operator/section/%ff", "", nothing),
        (&get, "/operator/section/absent/off", "", nothing),
        (&get, "/operator/section/absent/on", "", nothing),
        (&post, "/operator/section/absent", &good, nothing),
        (&post, "/operator/section/absent/off", "", nothing),
        (&post, "/operator/section/absent/on", "", nothing),
        (&post, "/operator/section/%ff/on", "", nothing),
        (&post, ACME, &bad, [303, 400, 404, 404, 404]),
        (&post, ACME, &good, [303, 303, 404, 404, 404]),
        (&post, ACME, &good, [303, 409, 404, 404, 404]),
        (&get, KEYS, "", operators),
        (&get, "/operator/section/acme/dkim/other.example", "", nothing),
        (&get, "/operator/section/absent/dkim/acme.example", "", nothing),
        (&get, "/operator/section/acme/dkim/%ff", "", nothing),
        (&post, "/operator/section/acme/dkim/other.example", "", nothing),
        (&post, "/operator/section/absent/dkim/acme.example", "", nothing),
        (&post, KEYS, "", [303, 303, 404, 404, 404]),
        (&get, &on, "", [303, 303, 404, 404, 404]),
        (&get, &off, "", operators),
        // Nobody of the section can sign in from then on: they are led to where one does.
        (&post, &off, "", [303, 303, 404, 404, 404]),
        (&get, &off, "", [303, 303, 303, 303, 404]),
        (&get, &on, "", [303, 200, 303, 303, 404]),
        (&post, &on, "", [303, 303, 303, 303, 404]),
    ];
    for (method, path, form, expected) in table {
        // The operator last.
        for (visitor, place) in [("", 0), (&staff, 2), (&kanri, 3), (&other, 4), (&root, 1)] {
            let key = if visitor.is_empty() { String::new() } else { house.form_key(visitor).await };
            let before = all(&house).await;
            let form = format!("form={}&{form}", encoded(&key));
            let answer = house.ask(request((*method).clone(), path, &[("cookie", visitor)], &form)).await;
            assert_eq!(answer.status.as_u16(), expected[place], "{method} {path} {form} {visitor}");
            assert_eq!(answer.header("cache-control"), "no-store");
            let may = place == 1 && *method == post && answer.status.as_u16() == 303;
            assert_eq!(before != all(&house).await, may, "{method} {path} {form} by {visitor}");
        }
        // An operator's form that no page of theirs made.
        if *method == post && *path != LIST {
            let answer = house.post(path, &[("cookie", &root)], form).await;
            assert_eq!(answer.status.as_u16(), 403, "{path}");
        }
    }
}

// spec: X-OPERATOR
#[tokio::test]
async fn the_list_is_searched_and_paged_and_shows_no_file() {
    let (house, [root, ..]) = house().await;
    house.deposit("k", "a secret subject", "n", &[("secret.txt", "text/plain", b"the content")]).await;
    for number in 0..60 {
        let section = Section { enabled: number > 0, ..fubako_testkit::section(&format!("s{number:02}")) };
        house.put_section(Section { name: format!("Company {number}"), ..section }).await;
    }
    let desk = Desk { house: &house, cookie: &root };
    let page = async |query: &str| {
        let path = format!("{LIST}?lang=en{query}");
        house.get(&path, &[("cookie", &root)]).await.text().to_owned()
    };
    let first = page("").await;
    assert!(first.contains("62 sections") && first.contains("Switched off"), "{first}");
    assert!(first.contains("kanri &#60;kanri@acme.example&#62;") && first.contains("1 file kept (11 B)"), "{first}");
    assert!(first.contains("2.0 GB contracted") && first.contains("acme.example"), "{first}");
    assert_eq!(first.matches("href=\"/operator/section/").count(), 50);
    let next = first.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let rest = house.get(&next, &[("cookie", &root)]).await.text().to_owned();
    assert_eq!(rest.matches("href=\"/operator/section/").count(), 12, "{rest}");
    assert!(!rest.contains("rel=\"next\"") && rest.contains("/s59?"), "{rest}");
    for (search, found) in [("COMPANY%207", 1), ("s1", 10), ("beta.EXAMPLE", 1), ("nobody", 0)] {
        let page = page(&format!("&q={search}")).await;
        assert_eq!(page.matches("href=\"/operator/section/").count(), found, "{search}: {page}");
    }
    for path in [LIST, ACME, "/operator/section/acme/off"] {
        let page = desk.look(path).await;
        for hidden in ["secret.txt", "a secret subject", "the content", "hanako"] {
            assert!(!page.text().contains(hidden), "{path} shows {hidden}");
        }
    }
}

// spec: X-OPERATOR X-AUDIT
#[tokio::test]
async fn what_is_changed_is_recorded_with_what_was_and_binds_the_section() {
    let (house, [root, _, kanri, _]) = house().await;
    let desk = Desk { house: &house, cookie: &root };
    let before = there(&house, "acme").await;
    let answer = desk
        .change(&[
            ("name", "アクメ商事"),
            ("domains", "acme.example\r\n営業.example"),
            ("autopilot", ""),
            ("max_deposit_size", "５"),
            ("unit", "MB"),
        ])
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/operator/section/acme?lang=en&done=section-changed")
    );
    let after = there(&house, "acme").await;
    assert_eq!(after.domains, ["acme.example", "xn--j2rs27b.example"]);
    assert_eq!((after.name.as_str(), after.mail_link, after.autopilot), ("アクメ商事", true, false));
    // Nothing else of its settings.
    assert_eq!(after.settings, Settings { max_deposit_size: 5 << 20, ..before.settings.clone() });
    let [line] = &lines(&house, "acme", "max_deposit_size").await[..] else { panic!() };
    assert_eq!(
        (line.event.as_str(), line.actor_kind.as_str(), line.actor.as_str()),
        ("settings-changed", "operator", "root")
    );
    for part in [
        "name: アクメ銀行 → アクメ商事",
        "domains: acme.example → acme.example, xn--j2rs27b.example",
        "autopilot: yes → no",
        "max_deposit_size: 2147483648 → 5242880",
    ] {
        assert!(line.detail.contains(part), "{part}: {}", line.detail);
    }
    assert!(!line.detail.contains("mail_link"), "{}", line.detail);
    // What is as it was is not recorded.
    assert_eq!(desk.change(&[]).await.status.as_u16(), 303);
    assert_eq!(lines(&house, "acme", "~ section").await.len(), 1);

    // Its administrators see the contracted size, and cannot change it by any of their forms.
    let page = house.get("/section/settings?lang=en", &[("cookie", &kanri)]).await;
    assert!(page.text().contains("5.0 MB"), "{}", page.text());
    let key = encoded(&house.form_key(&kanri).await);
    for part in ["recipients", "files", "approval", "people", "notice"] {
        let path = format!("/section/settings/{part}?lang=en");
        let page = house.get(&path, &[("cookie", &kanri)]).await;
        assert!(!page.text().contains("max_deposit_size"), "{part}");
        let form = format!("form={key}{}&max_deposit_size=99999999999&max_files=20&domains=beta.example", page.seen());
        house.post(&path, &[("cookie", &kanri)], &form).await;
        let is = there(&house, "acme").await;
        assert_eq!((is.settings.max_deposit_size, is.domains), (5 << 20, after.domains.clone()), "{part}");
    }
}

// spec: X-OPERATOR RCV-TENANT
#[tokio::test]
async fn what_cannot_be_had_is_told_beside_its_field_and_nothing_typed_is_lost() {
    let (house, [root, ..]) = house().await;
    let desk = Desk { house: &house, cookie: &root };
    let before = all(&house).await;
    for (name, value, said) in [
        ("name", "", "Please enter a name on one line"),
        ("domains", "acme.example\r\nbeta.example", "Section beta has “beta.example” already"),
        ("domains", "Beta.EXAMPLE", "Section beta has “beta.example” already"),
        ("domains", "no domain", "“no domain” is not a domain"),
        ("domains", "*.acme.example", "cannot be registered"),
        ("max_deposit_size", "0", "from 1 byte to 1,024 TB"),
        ("max_deposit_size", "-1", "from 1 byte to 1,024 TB"),
        ("unit", "XB", "from 1 byte to 1,024 TB"),
    ] {
        for answer in [desk.change(&[(name, value)]).await, desk.send(NEW, &making(&[(name, value)])).await] {
            let text = answer.text();
            assert_eq!(answer.status.as_u16(), 400, "{name} {value}");
            let field = if name == "unit" { "max_deposit_size" } else { name };
            let beside =
                text.split(&format!("id=\"{field}-wrong\"")).nth(1).and_then(|rest| rest.split("</div>").next());
            assert!(beside.is_some_and(|beside| beside.contains(said)), "{name} {value}: {text}");
            assert_eq!(text.matches("aria-invalid=\"true\"").count(), 1, "{text}");
            if name == "domains" {
                assert!(text.contains(&value.replace("\r\n", "\n")) || text.contains(value), "{text}");
            }
        }
    }
    for (name, value, said) in [
        ("id", "acme", "There is a section with this ID already"),
        ("id", "Not An Id", "not beginning with a hyphen"),
        ("id", "installation", "This ID cannot be used"),
        ("login_id", "a b", "A login ID has letters"),
        ("address", "nobody", "This is not a mail address"),
    ] {
        let answer = desk.send(NEW, &making(&[(name, value)])).await;
        assert_eq!(answer.status.as_u16(), 400, "{name} {value}");
        let text = answer.text();
        let beside = text.split(&format!("id=\"{name}-wrong\"")).nth(1).and_then(|rest| rest.split("</div>").next());
        assert!(beside.is_some_and(|beside| beside.contains(said)), "{name} {value}: {text}");
        assert!(text.contains(&format!("value=\"{value}\"")) && text.contains("value=\"新会社\""), "{text}");
        assert!(text.contains("neu.example</textarea>"), "{text}");
    }
    assert_eq!(before, all(&house).await);
    assert!(house.posted().await.is_empty(), "nobody is invited");
}

// spec: X-OPERATOR X-ACCOUNTS X-AUDIT
#[tokio::test]
async fn a_new_section_s_administrator_is_invited_and_gets_to_work() {
    let (house, [root, ..]) = house().await;
    house.posted().await;
    let desk = Desk { house: &house, cookie: &root };
    let page = desk.look(NEW).await;
    assert!(
        page.text().contains("name=\"max_deposit_size\"") && page.text().contains("value=\"2\""),
        "{}",
        page.text()
    );
    let answer = desk.send(NEW, &making(&[("max_deposit_size", "3"), ("unit", "GB"), ("mail_link", "")])).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/operator/section/neu?lang=en&done=section-made")
    );
    let made = there(&house, "neu").await;
    assert_eq!((made.enabled, made.mail_link, made.autopilot), (true, false, true));
    assert_eq!(made.settings, Settings { max_deposit_size: 3 << 30, ..Settings::default() });
    let [mail] = &house.posted().await[..] else { panic!("one invitation") };
    assert_eq!((mail.recipient.as_str(), mail.outgoing.section.as_str()), ("kanri@neu.example", "neu"));
    let path = mail.text.split_whitespace().find_map(|word| word.strip_prefix("https://files.acme.example")).unwrap();
    let cookie = house.accept(path, "neu/kanri").await;
    let settings = house.get("/section/settings?lang=en", &[("cookie", &cookie)]).await;
    assert!(settings.status.as_u16() == 200 && settings.text().contains("3.0 GB"), "{}", settings.text());
    let all = lines(&house, "neu", "").await;
    let by_root: Vec<(&str, &str)> = all
        .iter()
        .filter(|line| line.actor == "root" && line.actor_kind == "operator")
        .map(|line| (line.event.as_str(), line.object.as_str()))
        .collect();
    assert_eq!(
        by_root,
        [("invited", "neu/kanri"), ("settings-changed", "user kanri"), ("settings-changed", "section")]
    );
    let line = all.iter().find(|line| line.object == "section").unwrap();
    assert!(
        line.detail.contains("+ section neu; name: 新会社; domains: neu.example; mail_link: no"),
        "{}",
        line.detail
    );
}

// spec: X-OPERATOR X-ADMIN
#[tokio::test]
async fn a_page_that_was_open_for_long_writes_over_nothing() {
    let (house, [root, _, kanri, _]) = house().await;
    let desk = Desk { house: &house, cookie: &root };
    let old = desk.look(ACME).await.seen();
    let section = there(&house, "acme").await;
    // Its administrator changes what is theirs, and it is switched off and on: that is in nobody's way, and stays.
    let path = "/section/settings/approval";
    let seen = house.get(path, &[("cookie", &kanri)]).await.seen();
    let form_key = encoded(&house.form_key(&kanri).await);
    let form_of = format!("form={form_key}{seen}&approval=one&approval_days=9");
    assert_eq!(house.post(path, &[("cookie", &kanri)], &form_of).await.status.as_u16(), 303);
    for word in ["off", "on"] {
        assert_eq!(desk.send(&format!("{ACME}/{word}"), "").await.status.as_u16(), 303);
    }
    let answer = desk.send(ACME, &format!("{}{old}", form(&section, &[("name", "second")]))).await;
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.text());
    let is = there(&house, "acme").await;
    assert_eq!((is.name.as_str(), is.settings.approval_days), ("second", 9));
    // Another operator was quicker: what is and what was entered are shown, and nothing is saved.
    let answer = desk.send(ACME, &format!("{}{old}", form(&section, &[("name", "third"), ("mail_link", "")]))).await;
    let text = answer.text();
    assert_eq!(answer.status.as_u16(), 409);
    assert!(text.contains("Somebody has changed this section") && text.contains("value=\"third\""), "{text}");
    assert!(text.contains("it is now “second”; you entered “third”"), "{text}");
    assert!(text.contains("it is now “On”; you entered “Off”"), "{text}");
    assert_eq!(there(&house, "acme").await, is);
    // Whoever has seen that may save it.
    let again = form(&section, &[("name", "third"), ("mail_link", "")]);
    assert_eq!(desk.send(ACME, &format!("{again}{}", answer.seen())).await.status.as_u16(), 303);
    assert_eq!(there(&house, "acme").await.name, "third");
    // A form that says nothing of what it was made from is one that was made from nothing of ours.
    assert_eq!(desk.send(ACME, &form(&section, &[])).await.status.as_u16(), 409);
}

// spec: X-OPERATOR X-ACCOUNTS X-RECEIVE
#[tokio::test]
async fn who_switches_a_section_off_is_told_what_happens_and_it_does() {
    let (house, [root, staff, ..]) = house().await;
    let desk = Desk { house: &house, cookie: &root };
    let [token, _] = house.deposit("k", "s", "n", &[("a.txt", "text/plain", b"the content")]).await;
    let link = format!("/d/{token}");
    let asked = desk.look(&format!("{ACME}/off")).await;
    for said in ["550", "cannot fetch files", "can sign in", "use the API", "are not deleted"] {
        assert!(asked.text().contains(said), "{said}: {}", asked.text());
    }
    let status = async |path: &str, cookie: &str| house.get(path, &[("cookie", cookie)]).await.status.as_u16();
    assert_eq!((status(&link, "").await, status("/me", &staff).await), (200, 200));
    let answer = desk.send(&format!("{ACME}/off"), "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/operator/section/acme?lang=en&done=section-off")
    );
    assert_eq!((status(&link, "").await, status("/me", &staff).await), (404, 303));
    assert!(desk.look(LIST).await.text().contains("Switched off"));
    // Twice is once.
    assert_eq!(desk.send(&format!("{ACME}/off"), "").await.status.as_u16(), 303);
    assert_eq!(lines(&house, "acme", "enabled: yes → no").await.len(), 1);
    let answer = desk.send(&format!("{ACME}/on"), "").await;
    assert_eq!(answer.header("location"), "/operator/section/acme?lang=en&done=section-on");
    assert_eq!((status(&link, "").await, status("/me", &staff).await), (200, 200), "nothing was deleted");
    assert_eq!(lines(&house, "acme", "enabled: no → yes").await.len(), 1);
}

// spec: X-OPERATOR MAIL-SIGN X-AUDIT
#[tokio::test]
async fn keys_are_made_once_where_an_operator_wants_them_and_are_the_domain_s() {
    let (house, [root, ..]) = house().await;
    let desk = Desk { house: &house, cookie: &root };
    let (with, without) = (">has keys</span>", ">no keys</span>");
    let page = desk.look(ACME).await.text().to_owned();
    assert!(
        page.contains(&format!("href=\"{KEYS}?lang=en\"")) && page.contains(without) && !page.contains(with),
        "{page}"
    );
    let before = desk.look(KEYS).await.text().to_owned();
    assert!(before.contains("<button type=\"submit\"") && !before.contains("_domainkey"), "{before}");
    for _ in 0..2 {
        let made = desk.send(KEYS, "").await;
        assert_eq!(made.header("location"), format!("{KEYS}?lang=en&done=keys-made"));
        let page = desk.look(KEYS).await.text().to_owned();
        assert!(
            page.contains("fubako-rsa._domainkey.acme.example") && !page.contains("<button type=\"submit\""),
            "{page}"
        );
        // The second time there was nothing to make.
        let told = lines(&house, "acme", "+ DKIM keys of acme.example").await;
        assert_eq!(told.len(), 1);
    }
    let page = desk.look(ACME).await.text().to_owned();
    assert!(page.contains(with) && !page.contains(without), "{page}");

    // Another section has the domain from then on: there the keys are, and here there is no such page.
    let moved = Section { domains: Vec::new(), ..there(&house, "acme").await };
    house.put_section(moved).await;
    let domains = vec!["acme.example".to_owned(), "mail.beta.example".to_owned()];
    house.put_section(Section { domains, ..fubako_testkit::section("gamma") }).await;
    assert_eq!(desk.look(KEYS).await.status.as_u16(), 404);
    assert_eq!(desk.send(KEYS, "").await.status.as_u16(), 404);
    let there = desk.look("/operator/section/gamma/dkim/acme.example").await.text().to_owned();
    assert!(there.contains("fubako-rsa._domainkey.acme.example"), "{there}");
}

// spec: X-OPERATOR RCV-ALIGN
#[tokio::test]
async fn a_domain_above_or_below_another_section_s_is_told_on_both_pages() {
    let (house, [root, ..]) = house().await;
    let desk = Desk { house: &house, cookie: &root };
    let none = desk.look(ACME).await.text().to_owned();
    assert!(!none.contains("Domains above or below"), "{none}");
    let domains = vec!["mail.acme.example".to_owned(), "xacme.example".to_owned()];
    house.put_section(Section { domains, ..fubako_testkit::section("gamma") }).await;
    let above = desk.look(ACME).await.text().to_owned();
    assert!(above.contains("“mail.acme.example” lies below “acme.example”, but is section gamma’s"), "{above}");
    let below = desk.look("/operator/section/gamma").await.text().to_owned();
    assert!(below.contains("“mail.acme.example” lies below “acme.example” of section acme."), "{below}");
    assert_eq!(below.matches("lies below").count(), 1, "xacme.example lies beside: {below}");
}
