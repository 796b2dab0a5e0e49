#![allow(clippy::unwrap_used)]

use fubako_base::{ids::AccountId, network::Networks};

use super::{super::tests::section, *};

const NOW: Timestamp = Timestamp(1_795_271_416_000_000);
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2Fs$kept";

fn operator() -> Known {
    Known {
        account: Account {
            id: AccountId::generate(),
            section: None,
            login_id: "root.op".into(),
            member: None,
            address: "Op@ops.example".into(),
            name: String::new(),
            administrator: false,
            approver: false,
            password_hash: Some(HASH.into()),
            password_set_at: Some(NOW.plus_seconds(-100 * 86_400)),
            never_expires: false,
            reset_at: None,
            failures: 0,
            locked_at: None,
            invitation_until: None,
            second_factor_at: None,
        },
        section: None,
    }
}

fn user() -> Known {
    let mut section = section(true, true);
    section.settings =
        Settings { password_days: Some(90), sign_in_tries: 3, password_length: 10, ..Settings::default() };
    let account = Account {
        section: Some(section.id.clone()),
        login_id: "taro".into(),
        member: None,
        address: "taro.yamada@acme.example".into(),
        name: "山田 太郎がくえん".into(),
        password_set_at: Some(NOW.plus_seconds(-89 * 86_400)),
        ..operator().account
    };
    Known { account, section: Some(section) }
}

/// How an account stands, for the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    Nobody,
    Good,
    LastTry,
    Expired,
    NeverExpires,
    NoDate,
    Locked,
    Invited,
    Reset,
    Off,
}

impl Stands {
    const ALL: [Self; 10] = [
        Self::Nobody,
        Self::Good,
        Self::LastTry,
        Self::Expired,
        Self::NeverExpires,
        Self::NoDate,
        Self::Locked,
        Self::Invited,
        Self::Reset,
        Self::Off,
    ];

    fn known(self) -> Option<Known> {
        let mut known = user();
        let account = &mut known.account;
        let old = Some(NOW.plus_seconds(-90 * 86_400));
        match self {
            Self::Nobody => return None,
            Self::Good => {}
            Self::LastTry => account.failures = 2,
            Self::Expired => account.password_set_at = old,
            Self::NeverExpires => (account.password_set_at, account.never_expires) = (old, true),
            Self::NoDate => account.password_set_at = None,
            Self::Locked => (account.failures, account.locked_at) = (3, Some(NOW.plus_seconds(-1))),
            Self::Invited => account.password_hash = None,
            Self::Reset => (account.password_hash, account.reset_at) = (None, Some(NOW)),
            Self::Off => known.section.as_mut().unwrap().enabled = false,
        }
        Some(known)
    }

    /// The table.
    fn wanted(self, right: bool) -> Result<Passed, Refusal> {
        match (self, right) {
            (Self::Nobody, _) => Err(Refusal::Unknown),
            (Self::Off, _) => Err(Refusal::SectionOff),
            (Self::Locked, _) => Err(Refusal::Locked),
            (Self::Invited | Self::Reset, _) => Err(Refusal::NoPassword),
            (Self::LastTry, false) => Err(Refusal::NowLocked),
            (_, false) => Err(Refusal::Wrong),
            (Self::Good | Self::LastTry | Self::NeverExpires | Self::Expired | Self::NoDate, true) => Ok(Passed::In),
        }
    }
}

// spec: X-ACCOUNTS
#[test]
fn the_whole_table_of_sign_ins() {
    for stands in Stands::ALL {
        let known = stands.known();
        for right in [false, true] {
            assert_eq!(sign_in(known.as_ref(), true, right, NOW), stands.wanted(right), "{stands:?}, right {right}");
            // A second factor changes nothing but what a right password opens.
            let secured = known.clone().map(with_second_factor);
            let wanted = stands.wanted(right).map(|_| Passed::Code);
            assert_eq!(sign_in(secured.as_ref(), true, right, NOW), wanted, "{stands:?}, right {right}");
        }
        let (hash, refused) = compared_with(known.as_ref(), true, NOW);
        // Where the password cannot help, it is not looked at: nothing is learnt of it, and as much time is spent.
        let closed = matches!(stands, Stands::Nobody | Stands::Off | Stands::Locked | Stands::Invited | Stands::Reset);
        assert_eq!((hash, refused.is_some()), if closed { (NOBODY, true) } else { (HASH, false) }, "{stands:?}");
        let locks = known.as_ref().and_then(|known| price(known, NOW));
        assert_eq!(locks, matches!(stands, Stands::LastTry | Stands::Locked).then_some(NOW), "{stands:?}");
    }
}

// spec: X-ACCOUNTS
#[test]
fn from_where_nobody_may_come_no_password_is_looked_at() {
    for stands in Stands::ALL {
        let known = stands.known();
        let wanted = known.as_ref().map_or(Refusal::Unknown, |_| Refusal::Elsewhere);
        for right in [false, true] {
            assert_eq!(sign_in(known.as_ref(), false, right, NOW), Err(wanted), "{stands:?}");
        }
        // Whatever is typed costs nothing: nobody is locked out from there.
        assert_eq!(compared_with(known.as_ref(), false, NOW), (NOBODY, Some(wanted)), "{stands:?}");
    }
}

// spec: X-ACCOUNTS
#[test]
fn each_is_under_the_list_of_their_own() {
    let list = |network: &str| Networks(vec![network.parse().unwrap()]);
    let (office, ops) = ("192.0.2.9".parse().unwrap(), "198.51.100.9".parse().unwrap());
    let operators = list("198.51.100.0/24");
    let mut known = user();
    assert!(known.permits(&operators, office) && known.permits(&operators, ops), "a section without a list");
    known.section.as_mut().unwrap().settings.screen_networks = list("192.0.2.0/24");
    known.section.as_mut().unwrap().settings.api_networks = list("198.51.100.0/24");
    assert_eq!((known.permits(&operators, office), known.permits(&operators, ops)), (true, false));
    assert_eq!((operator().permits(&operators, office), operator().permits(&operators, ops)), (false, true));
    assert!(operator().permits(&Networks::default(), office));
}

// spec: X-ACCOUNTS
#[test]
fn an_operator_is_under_the_defaults_and_of_no_section() {
    let known = operator();
    assert_eq!((known.role(), known.rules()), (Role::Operator, Rules { least: 12, days: None, tries: 10 }));
    assert_eq!(sign_in(Some(&known), true, true, NOW), Ok(Passed::In));
    assert_eq!(entry(&known, SecondFactor::Optional, NOW), Entry::Open);
    let mut known = user();
    assert_eq!(known.role(), Role::User);
    known.account.administrator = true;
    assert_eq!(known.role(), Role::Administrator);
}

fn with_second_factor(mut known: Known) -> Known {
    known.account.second_factor_at = Some(NOW);
    known
}

/// Whose rule it is × whether there is a second factor × whether the password is too old.
// spec: X-ACCOUNTS
#[test]
fn whoever_must_do_something_first_does_nothing_else() {
    use SecondFactor::{Optional, Required};
    for (section, operators, who, has, expired, wanted) in [
        (Optional, Optional, user(), false, false, Entry::Open),
        (Optional, Required, user(), false, false, Entry::Open),
        (Required, Optional, user(), false, false, Entry::MustSecure),
        (Required, Optional, user(), true, false, Entry::Open),
        (Required, Optional, user(), false, true, Entry::MustChange),
        (Required, Optional, user(), true, true, Entry::MustChange),
        (Required, Optional, operator(), false, false, Entry::Open),
        (Optional, Required, operator(), false, false, Entry::MustSecure),
        (Optional, Required, operator(), true, false, Entry::Open),
    ] {
        let mut known = if has { with_second_factor(who) } else { who };
        if let Some(own) = &mut known.section {
            own.settings.second_factor = section;
        }
        if expired {
            known.account.password_set_at = Some(NOW.plus_seconds(-90 * 86_400));
        }
        let row = format!("{section:?} {operators:?} {:?} {has} {expired}", known.role());
        assert_eq!(entry(&known, operators, NOW), wanted, "{row}");
    }
}

// spec: X-ACCOUNTS
#[test]
fn a_session_ends_with_rest_with_the_day_and_with_its_account() {
    let session = |made: i64, seen: i64| Session {
        hash: [1; 32],
        made_at: NOW.plus_seconds(-made),
        seen_at: NOW.plus_seconds(-seen),
        address: "192.0.2.1".into(),
        browser: String::new(),
    };
    for (made, seen, good) in [
        (0, 0, true),
        (SESSION_IDLE, SESSION_IDLE - 1, true),
        (SESSION_IDLE, SESSION_IDLE, false),
        (SESSION_LONGEST - 1, 1, true),
        (SESSION_LONGEST, 1, false),
    ] {
        assert_eq!(session_is_good(&session(made, seen), &user(), NOW), good, "{made} {seen}");
    }
    for stands in Stands::ALL {
        let Some(known) = stands.known() else { continue };
        let good = !matches!(stands, Stands::Invited | Stands::Reset | Stands::Off);
        assert_eq!(session_is_good(&session(0, 0), &known, NOW), good, "{stands:?}");
    }
}

// spec: X-ACCOUNTS
#[test]
fn a_password_is_long_enough_and_neither_a_name_nor_common() {
    let known = user();
    let long = "あいうえおかきくけこ".repeat(26);
    for (password, fault) in [
        ("", Some(Fault::TooShort(10))),
        ("abcdefghi", Some(Fault::TooShort(10))),
        ("abcdefghij", Some(Fault::Common)),
        ("Ｑｗｅｒｔｙ123456", Some(Fault::Common)),
        ("qwerty123456-", None),
        ("ひみつのことばですよね", None),
        // Ten code points of which NFC makes five.
        ("か\u{3099}き\u{3099}く\u{3099}け\u{3099}こ\u{3099}", Some(Fault::TooShort(10))),
        (&long, Some(Fault::TooLong)),
        ("ACME/taro-not", None),
        ("Taro.Yamada", Some(Fault::IsName)),
        ("taro.yamada@ACME.example", Some(Fault::IsName)),
        // The name, typed on a keyboard that gives it in NFD.
        ("山田 太郎か\u{3099}くえん", Some(Fault::TooShort(10))),
        ("abcdabcdabcd", Some(Fault::TooSimple)),
        ("aaaaaaaaaaaaaaaaaa", Some(Fault::TooSimple)),
        ("abcdeabcde", None),
    ] {
        assert_eq!(check_password(&known, password).err(), fault, "{password}");
    }
    let mut known = known;
    known.account.name = "がくえん学園がくえん学園".into();
    assert_eq!(check_password(&known, "か\u{3099}くえん学園か\u{3099}くえん学園"), Err(Fault::IsName));
    assert_eq!(nfc("か\u{3099}"), "が");
}

// spec: X-ACCOUNTS
#[test]
fn what_is_typed_names_one_account_and_no_section_can_take_another_s() {
    let acme: SectionId = "acme".parse().unwrap();
    let of = |typed| Name::read(typed);
    assert_eq!(of(" root.op \n"), Some(Name::Operator("root.op".into())));
    assert_eq!(of("acme/taro"), Some(Name::User(acme.clone(), "taro".into())));
    assert_eq!(of("acme/taro/x"), Some(Name::User(acme, "taro/x".into())));
    let domains = ["sub.acme.example", "acme.example", "example"].map(str::to_owned).to_vec();
    assert_eq!(of("Taro@Sub.ACME.example"), Some(Name::Address("Taro@Sub.ACME.example".into(), domains)));
    let long = "x".repeat(LONGEST_NAME + 1);
    for nobody in ["", "  ", "acme/", "a\u{7}b", &long] {
        assert_eq!(of(nobody), None, "{nobody:?}");
    }
    // A name of a section that cannot be one is an operator's, of which there is none.
    assert_eq!(of("ACME/taro"), Some(Name::Operator("ACME/taro".into())));
    assert_eq!(
        (sign_in_name(&operator().account), sign_in_name(&user().account)),
        ("root.op".into(), "acme/taro".into())
    );
}

// spec: X-ACCOUNTS
#[test]
fn an_operator_s_login_id_can_be_typed() {
    assert!(check_operator("root.op_1-x", "op@ops.example").is_ok());
    for (login_id, address) in
        [("", "a@b.example"), ("Root", "a@b.example"), ("a/b", "a@b.example"), ("a@b", "a@b.example"), ("a", "nobody")]
    {
        assert!(check_operator(login_id, address).is_err(), "{login_id} {address}");
    }
}
