#![allow(clippy::unwrap_used)]

use super::*;

// spec: MAIL-RELAY
#[test]
fn a_record_names_the_policy() {
    let id = |records: &[&str]| policy_id(&records.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
    for good in [
        "v=STSv1; id=20160831085700Z;",
        "v=STSv1;id=20160831085700Z",
        "v=STSv1 ; \tid = 20160831085700Z ;",
        "v=STSv1; ext=what ever; id=20160831085700Z;",
        "v=STSv1; id=20160831085700Z; id=other",
    ] {
        assert_eq!(id(&[good]).as_deref(), Some("20160831085700Z"), "{good}");
    }
    assert_eq!(id(&["v=spf1 -all", "v=STSv1; id=a1;"]).as_deref(), Some("a1"), "others are none of its business");
    let long = format!("v=STSv1; id={}", "a".repeat(33));
    for bad in [
        "v=STSv1",
        "v=STSv1;",
        "v=STSv1; id=",
        "v=STSv1; id=a-b",
        "v=STSv1; id=a b",
        "v=STSv1; junk; id=a",
        "v=STSv12; id=a",
        "V=STSv1; id=a",
        " v=STSv1; id=a",
        "v=STSv2; id=a",
        long.as_str(),
    ] {
        assert_eq!(id(&[bad]), None, "{bad}");
    }
    assert_eq!(id(&["v=STSv1; id=a;", "v=STSv1; id=b;"]), None, "two are none");
    assert_eq!(id(&[]), None);
}

// spec: MAIL-RELAY
#[test]
fn a_policy_is_read_strictly() {
    let text = "version: STSv1\r\nmode: enforce\r\nmx: mail.Example.com\r\nmx: *.example.net\r\nmx:backup.example.com \r\nmax_age: 604800\r\n";
    let policy = Policy::parse(text).unwrap();
    assert_eq!(
        policy,
        Policy {
            mode: Mode::Enforce,
            hosts: ["mail.example.com", "*.example.net", "backup.example.com"].map(str::to_owned).to_vec(),
            max_age: 604_800,
        }
    );
    assert_eq!(Policy::parse(&text.replace("\r\n", "\n")).unwrap(), policy);
    assert_eq!(Policy::parse(text.trim_end()).unwrap(), policy, "the last line needs no end");
    assert_eq!(
        Policy::parse(&format!("x-new.field: a: b\n{text}mode: none\nmax_age: 1\n")).unwrap(),
        policy,
        "the first counts"
    );
    let none = Policy::parse("version: STSv1\nmode: none\nmax_age: 0\n").unwrap();
    assert_eq!((none.mode, none.max_age), (Mode::None, 0));
    let old = Policy::parse("version: STSv1\nmode: testing\nmx: a\nmax_age: 9999999999\n").unwrap();
    assert_eq!((old.mode, old.max_age), (Mode::Testing, MAX_AGE));

    for (bad, why) in [
        ("", "empty"),
        ("mode: enforce\nmx: a.example\nmax_age: 1\n", "no version"),
        ("version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1\n", "another version"),
        ("version: STSv1\nmx: a.example\nmax_age: 1\n", "no mode"),
        ("version: STSv1\nmode: Enforce\nmx: a.example\nmax_age: 1\n", "modes are in lower case"),
        ("version: STSv1\nmode: enforce\nmax_age: 1\n", "no host"),
        ("version: STSv1\nmode: testing\nmax_age: 1\n", "no host"),
        ("version: STSv1\nmode: enforce\nmx: a.example\n", "no age"),
        ("version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1\n", "an age below nothing"),
        ("version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1d\n", "an age in words"),
        ("version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 99999999999\n", "too long an age"),
        ("version: STSv1\nmode: enforce\nmx: a.*.example\nmax_age: 1\n", "a wildcard within"),
        ("version: STSv1\nmode: enforce\nmx: *\nmax_age: 1\n", "everybody"),
        ("version: STSv1\nmode: enforce\nmx: *.*.example\nmax_age: 1\n", "two wildcards"),
        ("version: STSv1\nmode: enforce\nmx: x*.example\nmax_age: 1\n", "half a wildcard"),
        ("version: STSv1\nmode: enforce\nmx:\nmax_age: 1\n", "an empty host"),
        ("version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1\nrubbish\n", "no field"),
        ("version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1\n: x\n", "no name"),
        ("<html>version: STSv1</html>", "a page"),
    ] {
        assert!(Policy::parse(bad).is_err(), "{why}: {bad}");
    }
    let many = format!("version: STSv1\nmode: enforce\nmax_age: 1\n{}", "mx: a.example\n".repeat(MAX_HOSTS + 1));
    assert!(Policy::parse(&many).is_err());
}

// spec: MAIL-RELAY
#[test]
fn a_wildcard_stands_for_one_label() {
    let policy = Policy {
        mode: Mode::Enforce,
        hosts: ["mail.example.com", "*.example.net", "xn--wgv71a119e.jp"].map(str::to_owned).to_vec(),
        max_age: 1,
    };
    for host in ["mail.example.com", "MAIL.example.com.", "a.example.net", "日本語.jp"] {
        assert!(policy.lists(host), "{host}");
    }
    for host in [
        "example.com",
        "a.mail.example.com",
        "example.net",
        "a.b.example.net",
        ".example.net",
        "aexample.net",
        "",
        "127.0.0.1",
    ] {
        assert!(!policy.lists(host), "{host}");
    }
}
