#![allow(clippy::unwrap_used)]

use fubako_store::accounts::Account;

use super::*;

const SEED: &[u8; KEY] = b"12345678901234567890";
/// 2026-11-21 14:30:16 UTC, 16 seconds into a step.
const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

fn step(away: i64) -> i64 {
    NOW.0 / 30_000_000 + away
}

fn code(away: i64) -> String {
    totp(SEED).build_noncompliant().generate(u64::try_from(step(away) * 30).unwrap()).to_string()
}

fn factor(last_step: Option<i64>, recovery: Vec<[u8; 32]>) -> SecondFactor {
    SecondFactor { sealed_secret: vec![1], made_at: NOW, confirmed_at: Some(NOW), last_step, recovery }
}

fn known(failures: u32, second_factor_at: Option<Timestamp>) -> Known {
    let account = Account {
        id: AccountId::generate(),
        section: None,
        login_id: "root".into(),
        member: None,
        address: "root@ops.example".into(),
        name: String::new(),
        administrator: false,
        approver: false,
        password_hash: Some("$argon2id$".into()),
        password_set_at: Some(NOW),
        never_expires: false,
        reset_at: None,
        failures,
        locked_at: None,
        invitation_until: None,
        second_factor_at,
    };
    Known { account, section: None }
}

// spec: X-ACCOUNTS. RFC 6238, appendix B (SHA-1; the last 6 of its 8 digits).
#[test]
fn codes_are_those_of_the_rfc() {
    for (seconds, digits) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        assert_eq!(step_of(SEED, digits, Timestamp(seconds * 1_000_000)), Some(seconds / 30), "{seconds}");
    }
    assert_eq!(step_of(SEED, "287082", Timestamp(-1)), None);
}

/// How far the code's step is from now × the last step that was used.
// spec: X-ACCOUNTS
#[test]
fn a_code_is_good_in_its_step_and_its_neighbours_and_once() {
    let id = AccountId::generate();
    for away in -3..=3i64 {
        let typed = Some(Typed::App(code(away)));
        let is_near = away.abs() <= 1;
        let of = |last| check(id, &factor(last, Vec::new()), SEED, typed.as_ref(), NOW);
        assert_eq!(of(None), if is_near { Ok(Used::Step(step(away))) } else { Err(Refusal::WrongCode) }, "{away}");
        for last in -3..=3i64 {
            let wanted = match is_near {
                false => Err(Refusal::WrongCode),
                true if away > last => Ok(Used::Step(step(away))),
                true => Err(Refusal::UsedCode),
            };
            assert_eq!(of(Some(step(last))), wanted, "{away} after {last}");
        }
    }
    let other = check(id, &factor(None, Vec::new()), b"12345678901234567891", Some(&Typed::App(code(0))), NOW);
    assert_eq!(other, Err(Refusal::WrongCode));
    assert_eq!(check(id, &factor(None, Vec::new()), SEED, None, NOW), Err(Refusal::WrongCode));
}

// spec: X-ACCOUNTS
#[test]
fn a_recovery_code_is_its_account_s_and_good_while_it_is_kept() {
    let (id, other) = (AccountId::generate(), AccountId::generate());
    let codes = recovery_codes().unwrap();
    assert_eq!(codes.len(), RECOVERY_CODES);
    let mut seen = codes.clone();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), RECOVERY_CODES);
    let hashes = recovery_hashes(id, &codes);
    for (code, hash) in codes.iter().zip(&hashes) {
        assert_eq!(code.len(), 19, "{code}");
        let typed = typed(code);
        assert_eq!(check(id, &factor(None, hashes.clone()), SEED, typed.as_ref(), NOW), Ok(Used::Recovery(*hash)));
        // Used, or another's.
        let rest: Vec<[u8; 32]> = hashes.iter().copied().filter(|kept| kept != hash).collect();
        assert_eq!(check(id, &factor(None, rest), SEED, typed.as_ref(), NOW), Err(Refusal::WrongCode));
        assert_eq!(check(other, &factor(None, hashes.clone()), SEED, typed.as_ref(), NOW), Err(Refusal::WrongCode));
    }
}

// spec: X-ACCOUNTS
#[test]
fn codes_are_read_as_people_type_them() {
    for (text, digits) in [
        ("287082", Some("287082")),
        (" 287 082\r\n", Some("287082")),
        ("287-082", Some("287082")),
        ("２８７０８２", Some("287082")),
        ("287\u{3000}082", Some("287082")),
        ("287ー082", Some("287082")),
        ("28708", None),
        ("2870822", None),
        ("28708a", None),
        ("+87082", None),
        ("٢٨٧٠٨٢", None),
        ("", None),
    ] {
        assert!(typed(text) == digits.map(|digits| Typed::App(digits.to_owned())), "{text:?}");
    }
    for (text, code) in [
        ("ABCD-EFGH-IJKL-MN23", Some("ABCDEFGHIJKLMN23")),
        (" abcd efgh ijkl mn23", Some("ABCDEFGHIJKLMN23")),
        ("ＡＢＣＤ－ＥＦＧＨ－ｉｊｋｌ－ｍｎ２３", Some("ABCDEFGHIJKLMN23")),
        ("A8CD-EFGH-1JKL-MN2O", Some("ABCDEFGHIJKLMN2O")),
        ("A8CD-EFGH-1JKL-MN20", Some("ABCDEFGHIJKLMN2O")),
        ("ABCD-EFGH-IJKL-MN2", None),
        ("ABCD-EFGH-IJKL-MN231", None),
        ("ABCD-EFGH-IJKL-MN29", None),
        ("ABCD-EFGH-IJKL-MN2é", None),
        (&"A".repeat(1000), None),
    ] {
        assert!(typed(text) == code.map(|code| Typed::Recovery(code.to_owned())), "{text:?}");
    }
}

// spec: X-ACCOUNTS
#[test]
fn the_key_is_shown_as_apps_read_it() {
    assert_eq!(shown_key(SEED), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    let uri = key_uri(SEED, "文箱: & Co", "acme/taro:x").unwrap();
    assert!(uri.starts_with("otpauth://totp/%E6%96%87%E7%AE%B1%20%20%26%20Co:acme%2Ftaro%20x?"), "{uri}");
    assert!(uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{uri}");
    assert!(uri.contains("issuer=%E6%96%87%E7%AE%B1%20%20%26%20Co"), "{uri}");
    assert!(key_uri(SEED, "x", "").is_err());
}

// spec: X-ACCOUNTS
#[test]
fn a_wrong_code_costs_what_a_wrong_password_does() {
    for why in [Refusal::WrongCode, Refusal::UsedCode] {
        assert_eq!(refusal(&known(0, Some(NOW)), why, NOW), why);
        assert_eq!(refusal(&known(8, Some(NOW)), why, NOW), why);
        assert_eq!(refusal(&known(9, Some(NOW)), why, NOW), Refusal::WrongCodeLocked, "the tenth");
    }
}

// spec: X-ACCOUNTS
#[test]
fn what_is_half_open_or_begun_is_so_for_a_while() {
    let half = |ago: i64| Half { hash: [1; 32], made_at: NOW.plus_seconds(-ago), address: String::new() };
    let on = known(0, Some(NOW));
    for (ago, good) in [(0, true), (HALF_SECONDS - 1, true), (HALF_SECONDS, false)] {
        assert_eq!(half_is_good(&half(ago), &on, NOW), good, "{ago}");
    }
    assert!(!half_is_good(&half(0), &known(0, None), NOW), "it was taken away");
    let mut reset = on.clone();
    reset.account.password_hash = None;
    assert!(!half_is_good(&half(0), &reset, NOW));
    let begun = |ago: i64, confirmed_at| SecondFactor {
        made_at: NOW.plus_seconds(-ago),
        confirmed_at,
        ..factor(None, Vec::new())
    };
    for (ago, confirmed, may) in
        [(0, None, true), (BEGUN_SECONDS - 1, None, true), (BEGUN_SECONDS, None, false), (0, Some(NOW), false)]
    {
        assert_eq!(may_confirm(&begun(ago, confirmed), NOW), may, "{ago}");
    }
}
