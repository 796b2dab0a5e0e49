#![allow(clippy::unwrap_used)]
use fubako_base::Timestamp;

use super::*;

const NOW: Timestamp = Timestamp(1_795_271_416_000_000);

fn member(login_id: &str, standing: Standing) -> Member {
    let user = User {
        section: "acme".parse().unwrap(),
        login_id: login_id.to_owned(),
        address: "\"<i>\"@acme.example".to_owned(),
        name: "<b>山田".to_owned(),
        group: Some("<u>営業".to_owned()),
        default_user: true,
        administrator: true,
        approver: true,
        password_never_expires: true,
    };
    Member { user, standing, invited_until: Some(NOW), second_factor_at: Some(NOW) }
}

fn group_of(name: &str, approval: Option<ApprovalRule>) -> Group {
    let approvers = approval.map(|_| vec!["<i>taro".to_owned()]);
    Group {
        section: "acme".parse().unwrap(),
        name: name.to_owned(),
        mail_link: approval.is_none(),
        approval,
        approvers,
        access: None,
    }
}

fn every_fault() -> Vec<Fault> {
    vec![
        Fault::LoginId,
        Fault::LoginIdTaken,
        Fault::Address,
        Fault::AddressTaken("<b>x".into()),
        Fault::Name,
        Fault::GroupTaken,
        Fault::NoGroup("<b>x".into()),
        Fault::GroupInUse(2),
        Fault::GroupAwaited(3),
        Fault::NoApprover { login_id: "<b>x".into(), group: "<i>y".into() },
        Fault::Stale,
        Fault::Oneself,
        Fault::NoUser,
        Fault::TwoDefaults,
        Fault::TooMany,
        Fault::AndMore,
    ]
}

fn every_trouble() -> Vec<Trouble> {
    let all = [
        Unread::Fields,
        Unread::Column("<b>x".into()),
        Unread::ColumnTwice("name".into()),
        Unread::NoLoginIds,
        Unread::YesOrNo("approver", "<b>maybe".into()),
        Unread::Twice("<b>x".into()),
        Unread::TooMany,
        Unread::TooLong("name"),
        Unread::Stopped,
    ];
    all.into_iter().zip(1..).map(|(unread, line)| Trouble { line, unread }).collect()
}

fn members() -> Vec<Member> {
    let states = [State::Good, State::Locked, State::Invited, State::Reset, State::Expired, State::SectionOff];
    let mut members: Vec<Member> = states.map(|state| member("<i>taro", Standing::Account(state))).into();
    members.push(member("hanako", Standing::NoAccount));
    members.push(Member { invited_until: None, ..member("jiro", Standing::Account(State::Invited)) });
    members.push(Member { invited_until: None, ..member("saburo", Standing::Account(State::Reset)) });
    members
}

fn some_groups() -> [Group; 3] {
    [None, Some(ApprovalRule::None), Some(ApprovalRule::One)].map(|rule| group_of("<u>営業", rule))
}

fn lists(frame: &Frame) -> Vec<String> {
    let (members, groups) = (members(), some_groups());
    let list = UserList {
        search: "<script>",
        first: false,
        members: members.iter().collect(),
        more: true,
        found: 9,
        zone: "Asia/Tokyo",
        done: Some(Done::UserRemoved),
    };
    vec![users(frame, &list), self::groups(frame, &groups, &members, None), self::groups(frame, &[], &[], None)]
}

fn user_pages(frame: &Frame) -> Vec<String> {
    let (members, groups, faults) = (members(), some_groups(), every_fault());
    let page = |member| {
        let form = UserForm {
            entered: &members[0].user,
            member,
            groups: &groups,
            faults: &faults,
            changed: true,
            form_key: "the-key",
            zone: "Asia/Tokyo",
            own: false,
            done: None,
        };
        user(frame, &form)
    };
    let mut all: Vec<String> = members.iter().map(Some).chain([None]).map(page).collect();
    all.push(ask_user(frame, &members[0].user, "/section/user/taro", "the-key", &faults));
    all
}

fn group_pages(frame: &Frame) -> Vec<String> {
    let (members, groups, faults) = (members(), some_groups(), every_fault());
    let page = |entered, group| {
        let form = GroupForm {
            entered,
            group,
            members: &members,
            faults: &faults,
            changed: true,
            form_key: "the-key",
            done: None,
        };
        self::group(frame, &form)
    };
    let pages = |one| {
        let asked = ask_group(frame, one, "/section/group/x", "the-key", &[]);
        [asked, page(one, None), page(one, groups.first())]
    };
    groups.iter().flat_map(pages).collect()
}

fn import_pages(frame: &Frame) -> Vec<String> {
    let found = every_fault().into_iter().zip(0..).map(|(fault, edit)| Found { edit, fault }).collect();
    let bad = ImportPage { faults: found, troubles: every_trouble(), changed: true, ..ImportPage::empty("the-key") };
    let good = [differences(), Vec::new()].map(|differences| ImportPage {
        import: Some(Import { differences, digest: "d".into() }),
        text: "login_id\n<b>x".into(),
        remove: true,
        ..ImportPage::empty("the-key")
    });
    let all = [ImportPage::empty("the-key"), bad].into_iter().chain(good);
    all.map(|page| import(frame, &page)).collect()
}

/// One of each kind, and more than are shown.
fn differences() -> Vec<Difference> {
    let names = ["name", "address", "group", "administrator", "approver", "default_user", "password_never_expires"];
    let names = [&names[..], &["mail_link", "approval", "approvers"]].concat();
    let value = |text: &str| Some(names.iter().map(|name| (*name, text.to_owned())).collect::<Vec<_>>());
    let difference = |old: Option<&str>, new: Option<&str>| Difference {
        of_group: false,
        name: "<b>x".into(),
        old: old.and_then(value),
        new: new.and_then(value),
        moves: old.is_some() && new.is_some(),
    };
    let mut all = vec![
        difference(None, Some("<b>new")),
        difference(Some("<b>old"), Some("<i>new")),
        difference(Some("<i>old"), None),
    ];
    all.extend(std::iter::repeat_n(difference(None, Some("x")), SHOWN));
    all
}

fn every_page(lang: Lang) -> Vec<String> {
    let frame = Frame { lang, brand: "Brand & Co".to_owned(), unscanned: false, chosen: true, announced: Vec::new() };
    [lists(&frame), user_pages(&frame), group_pages(&frame), import_pages(&frame)].concat()
}

// spec: X-LANG, X-ADMIN
#[test]
fn every_page_has_all_its_words_in_both_languages_and_runs_no_stranger_s() {
    for lang in Lang::ALL {
        for page in every_page(lang) {
            assert!(!page.contains("web-") && !page.contains("{$") && !page.contains("{ $"), "{page}");
            assert_eq!(page.matches("<h1").count(), 1, "{page}");
            assert_eq!(page.matches("<script").count(), 1, "{page}");
            for markup in ["<b>", "<i>", "<u>"] {
                assert!(!page.contains(markup), "{markup}: {page}");
            }
            let japanese = page.chars().filter(|c| matches!(c, '\u{3041}'..='\u{30ff}')).count();
            assert_eq!(japanese > 20, lang == Lang::Ja, "{page}");
            let keys = page.matches("name=\"form\" value=\"the-key\"").count();
            assert_eq!(keys, page.matches("method=\"post\"").count(), "each form of hers carries her key: {page}");
        }
    }
}

// spec: X-ADMIN
#[test]
fn of_many_differences_it_says_how_many_more_there_are() {
    let pages = every_page(Lang::En);
    assert!(pages.iter().any(|page| page.contains("and 3 more") && page.contains("Make these 203 changes")));
    assert!(pages.iter().any(|page| page.contains("This file changes nothing.") && !page.contains("name=\"shown\"")));
}
