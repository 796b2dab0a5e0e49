#![allow(clippy::unwrap_used)]

use super::*;

fn mx(records: &[(u16, &str)]) -> Result<Vec<Mx>, DnsFailure> {
    Ok(records.iter().map(|(preference, host)| Mx { preference: *preference, host: (*host).to_owned() }).collect())
}

fn status<T>(result: Result<T, Refused>) -> (u8, u16, u16) {
    result.err().unwrap().status
}

// spec: MAIL-RELAY
#[test]
fn a_recipients_domain_is_read_as_dns_has_it() {
    for (recipient, domain) in [
        ("a@Example.JP", "example.jp"),
        ("\"a@b\"@example.jp.", "example.jp"),
        ("a@日本語.jp", "xn--wgv71a119e.jp"),
        ("あ@bücher.example", "xn--bcher-kva.example"),
        ("a..b.@old-carrier.ne.jp", "old-carrier.ne.jp"),
    ] {
        assert_eq!(next_hop(recipient), Ok(NextHop::Domain(domain.to_owned())), "{recipient}");
    }
    assert_eq!(next_hop("a@[192.0.2.9]"), Ok(NextHop::Address("192.0.2.9".parse().unwrap())));
    assert_eq!(next_hop("a@[ipv6:2001:db8::1]"), Ok(NextHop::Address("2001:db8::1".parse().unwrap())));
    for bad in ["a", "a@", "a@b..c", "a@[300.1.1.1]", "a@[2001:db8::1]", "a@b c", "a@[192.0.2.1", "a@x/y", "a@.jp"] {
        assert_eq!(status(next_hop(bad)), (5, 1, 3), "{bad}");
    }
}

// spec: MAIL-RELAY
#[test]
fn hosts_come_by_preference_and_by_chance_within_one() {
    let records = mx(&[(20, "c"), (10, "b"), (10, "a"), (30, "d")]);
    let mut numbers = [5, 2, 1, 0].into_iter();
    assert_eq!(exchangers("x", records.clone(), &[], || numbers.next().unwrap()).unwrap(), ["a", "b", "c", "d"]);
    let mut numbers = [5, 1, 2, 0].into_iter();
    assert_eq!(exchangers("x", records, &[], || numbers.next().unwrap()).unwrap(), ["b", "a", "c", "d"]);
    assert_eq!(exchangers("x", mx(&[]), &[], || 0).unwrap(), ["x"], "implicit MX");
    let many: Vec<(u16, String)> = (0..100).map(|n| (n, format!("h{n}"))).collect();
    let many = Ok(many.into_iter().map(|(preference, host)| Mx { preference, host }).collect());
    assert_eq!(exchangers("x", many, &[], || 0).unwrap().len(), MAX_HOSTS);
}

// spec: MAIL-RELAY
#[test]
fn what_dns_says_is_permanent_or_passes() {
    assert_eq!(status(exchangers("x", mx(&[(0, "")]), &[], || 0)), (5, 1, 10));
    assert_eq!(exchangers("x", mx(&[(0, ""), (5, "a")]), &[], || 0).unwrap(), ["a"], "not a null MX");
    assert_eq!(status(exchangers("x", Err(DnsFailure::NoSuchName), &[], || 0)), (5, 1, 2));
    let trouble = exchangers("x", Err(DnsFailure::Temporary("SERVFAIL".into())), &[], || 0);
    assert_eq!(status(trouble.clone()), (4, 4, 3));
    assert!(!trouble.err().unwrap().permanent);
}

// spec: MAIL-RELAY
#[test]
fn a_mail_never_goes_to_ourselves_or_past_ourselves() {
    let own = ["gw.example.jp".to_owned()];
    let list = mx(&[(10, "best"), (20, "GW.example.jp"), (20, "equal"), (30, "worse")]);
    assert_eq!(exchangers("x", list, &own, || 0).unwrap(), ["best"]);
    assert_eq!(status(exchangers("x", mx(&[(10, "gw.example.jp"), (20, "b")]), &own, || 0)), (5, 4, 6));
    assert_eq!(status(exchangers("gw.example.jp", mx(&[]), &own, || 0)), (5, 4, 6));
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let answers = |first: &str| {
        vec![("a".to_owned(), Ok(vec![ip(first)].into())), ("b".to_owned(), Ok(vec![ip("192.0.2.2")].into()))]
    };
    let listening = ["192.0.2.1:25".parse().unwrap()];
    assert_eq!(status(addresses("x", answers("192.0.2.1"), false, 25, &listening)), (5, 4, 6));
    assert_eq!(addresses("x", answers("192.0.2.3"), false, 25, &listening).unwrap().len(), 2);
    assert_eq!(
        addresses("x", answers("192.0.2.1"), false, 2525, &listening).unwrap().len(),
        2,
        "another port is another server"
    );
}

// spec: MAIL-RELAY
#[test]
fn addresses_come_in_the_order_of_their_hosts() {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let hosts = addresses(
        "x",
        vec![
            ("gone".into(), Err(DnsFailure::NoSuchName)),
            ("slow".into(), Err(DnsFailure::Temporary("timeout".into()))),
            ("a".into(), Ok(vec![ip("2001:db8::1"), ip("192.0.2.1")].into())),
            ("b".into(), Ok(vec![ip("192.0.2.2")].into())),
        ],
        false,
        25,
        &[],
    )
    .unwrap();
    let shown: Vec<String> = hosts.iter().map(|host| format!("{} {}", host.name, host.address)).collect();
    assert_eq!(shown, ["a 192.0.2.1:25", "a [2001:db8::1]:25", "b 192.0.2.2:25"]);

    let gone = || ("gone".to_owned(), Err(DnsFailure::NoSuchName));
    let slow = || ("slow".to_owned(), Err(DnsFailure::Temporary("timeout".into())));
    let bare = || ("bare".to_owned(), Ok(vec![].into()));
    assert_eq!(status(addresses("x", vec![gone()], false, 25, &[])), (5, 1, 2));
    assert_eq!(status(addresses("x", vec![gone(), bare()], false, 25, &[])), (5, 4, 4));
    assert_eq!(status(addresses("x", vec![gone(), slow(), bare()], false, 25, &[])), (4, 4, 3));
}

#[test]
fn a_smarthost_is_a_host_and_perhaps_a_port() {
    let read = |text: &str| text.parse::<Smarthost>().map(|s| (s.host, s.port));
    assert_eq!(read("127.0.0.1:2602"), Ok(("127.0.0.1".into(), Some(2602))));
    assert_eq!(read("Mail.Example.JP"), Ok(("mail.example.jp".into(), None)));
    assert_eq!(read("postfix:25"), Ok(("postfix".into(), Some(25))));
    assert_eq!(read("[::1]:25"), Ok(("::1".into(), Some(25))));
    assert_eq!(read("2001:db8::1"), Ok(("2001:db8::1".into(), None)));
    for bad in ["", ":25", "a:", "a:0", "a:70000", "[::1", "[x]:1", "a b:1", "a:25:26"] {
        assert_eq!(read(bad), Err(InvalidSmarthost), "{bad}");
    }
}

// spec: MAIL-RELAY
#[test]
fn a_host_is_authentic_if_both_its_name_and_its_addresses_are() {
    let answer = |authentic| Ok(Answer { records: vec![IpAddr::from([192, 0, 2, 1])], authentic });
    for (names, addresses_too, whole) in [(true, true, true), (true, false, false), (false, true, false)] {
        let hosts = addresses("x", vec![("a".to_owned(), answer(addresses_too))], names, 25, &[]).unwrap();
        assert_eq!(hosts[0].authentic, whole);
    }
}
