#![allow(clippy::unwrap_used)]
use fubako_base::section::ApprovalRule;

use super::{
    csv::{LONGEST_FIELD, MOST_TROUBLES, Row, Trouble, Unread, read, write},
    *,
};

fn acme() -> SectionId {
    "acme".parse().unwrap()
}

fn user(login_id: &str) -> User {
    User {
        section: acme(),
        login_id: login_id.to_owned(),
        address: format!("{login_id}@acme.example"),
        name: String::new(),
        group: None,
        default_user: false,
        administrator: false,
        approver: false,
        password_never_expires: false,
    }
}

fn group(name: &str) -> Group {
    Group { section: acme(), name: name.to_owned(), mail_link: false, approval: None, approvers: None, access: None }
}

/// `kanri` administers, `taro` is the default user and in the mail-link group Sales, `sato` approves for the group Law.
fn there() -> Members {
    Members {
        groups: vec![
            Group { approvers: Some(vec!["sato".to_owned()]), ..group("Law") },
            Group { mail_link: true, ..group("Sales") },
            group("Board"),
        ],
        users: vec![
            User { administrator: true, ..user("kanri") },
            User { approver: true, ..user("sato") },
            User { default_user: true, group: Some("Sales".to_owned()), ..user("taro") },
        ],
        awaited: [("Board".to_owned(), 2)].into(),
    }
}

/// A group to be changed, by whoever saw it as it is.
fn change(group: Group) -> Edit {
    let mark = there().groups.iter().find(|one| one.name == group.name).map(|one| mark(&of_group(one)));
    Edit::ChangeGroup(group, mark.unwrap_or_default())
}

fn faults(edits: &[Edit]) -> Vec<(usize, Fault)> {
    let found = plan(&acme(), &there(), edits, "kanri").err().unwrap_or_default();
    found.into_iter().map(|found| (found.edit, found.fault)).collect()
}

// spec: X-ADMIN
#[test]
fn what_cannot_be_had_is_told_all_at_once_and_where() {
    let put = |user: User| Edit::PutUser(user);
    let not =
        |login_id: &str, group: &str| Fault::NoApprover { login_id: login_id.to_owned(), group: group.to_owned() };
    let long = "あ".repeat(LONGEST_NAME + 1);
    let table: Vec<(Edit, Vec<Fault>)> = vec![
        (Edit::AddUser(user("hanako")), vec![]),
        (Edit::AddUser(user("山田.太郎-1")), vec![]),
        (Edit::AddUser(user("taro")), vec![Fault::LoginIdTaken]),
        (Edit::AddUser(User { address: "x@acme.example".into(), ..user("a/b") }), vec![Fault::LoginId]),
        (Edit::AddUser(User { address: "x@acme.example".into(), ..user("") }), vec![Fault::LoginId]),
        (Edit::AddUser(User { address: "x@acme.example".into(), ..user(&"a".repeat(65)) }), vec![Fault::LoginId]),
        (put(User { address: "nobody".into(), ..user("hanako") }), vec![Fault::Address]),
        (put(User { address: "x@ACME.example".into(), ..user("hanako") }), vec![Fault::Address]),
        (put(User { name: long.clone(), ..user("hanako") }), vec![Fault::Name]),
        (put(User { name: "a\nb".into(), ..user("hanako") }), vec![Fault::Name]),
        (put(User { address: "SATO@acme.example".into(), ..user("hanako") }), vec![Fault::AddressTaken("sato".into())]),
        (put(User { group: Some("Nowhere".into()), ..user("hanako") }), vec![Fault::NoGroup("Nowhere".into())]),
        (put(user("kanri")), vec![Fault::Oneself]),
        (Edit::RemoveUser("kanri".into()), vec![Fault::Oneself]),
        (put(user("sato")), vec![not("sato", "Law")]),
        (Edit::RemoveUser("sato".into()), vec![not("sato", "Law")]),
        (Edit::RemoveUser("nobody".into()), vec![Fault::NoUser]),
        (Edit::RemoveUser("taro".into()), vec![]),
        (Edit::AddGroup(group("Law")), vec![Fault::GroupTaken]),
        (Edit::AddGroup(group(" ")), vec![Fault::Name]),
        (Edit::AddGroup(group(&long)), vec![Fault::Name]),
        (change(group("Nowhere")), vec![Fault::NoGroup("Nowhere".into())]),
        (change(Group { approvers: Some(vec!["taro".into()]), ..group("Law") }), vec![not("taro", "Law")]),
        (Edit::RemoveGroup("Nowhere".into()), vec![Fault::NoGroup("Nowhere".into())]),
        (Edit::RemoveGroup("Sales".into()), vec![Fault::GroupInUse(1)]),
        (Edit::RemoveGroup("Board".into()), vec![Fault::GroupAwaited(2)]),
        (Edit::RemoveGroup("Law".into()), vec![]),
    ];
    for (edit, expected) in &table {
        let found: Vec<Fault> = faults(std::slice::from_ref(edit)).into_iter().map(|(_, fault)| fault).collect();
        assert_eq!(&found, expected, "{edit:?}");
    }
    // Of several, each at its place.
    let both = [Edit::AddUser(user("hanako")), put(User { address: "x".into(), ..user("jiro") }), put(user("kanri"))];
    assert_eq!(faults(&both), [(1, Fault::Address), (2, Fault::Oneself)]);
}

// spec: X-ADMIN
#[test]
fn what_was_made_from_what_is_not_so_any_more_is_refused() {
    let there = there();
    let (sato, law) = (&there.users[1], &there.groups[0]);
    let wanted = User { name: "佐藤".into(), ..sato.clone() };
    assert_eq!(faults(&[Edit::ChangeUser(wanted.clone(), mark(&of_user(sato)))]), []);
    assert_eq!(faults(&[Edit::ChangeUser(wanted.clone(), String::new())]), [(0, Fault::Stale)]);
    assert_eq!(faults(&[Edit::ChangeUser(user("nobody"), mark(&of_user(sato)))]), [(0, Fault::NoUser)]);
    // Whatever it was that differed, alone.
    let seen = [
        User { name: "S".into(), ..sato.clone() },
        User { address: "s@acme.example".into(), ..sato.clone() },
        User { group: Some("Law".into()), ..sato.clone() },
        User { administrator: true, ..sato.clone() },
        User { approver: false, ..sato.clone() },
        User { default_user: true, ..sato.clone() },
        User { password_never_expires: true, ..sato.clone() },
    ];
    for seen in seen {
        let edit = Edit::ChangeUser(wanted.clone(), mark(&of_user(&seen)));
        assert_eq!(faults(&[edit]), [(0, Fault::Stale)], "{seen:?}");
    }
    let seen = [
        Group { mail_link: true, ..law.clone() },
        Group { approval: Some(ApprovalRule::One), ..law.clone() },
        Group { approvers: None, ..law.clone() },
        Group { approvers: Some(Vec::new()), ..law.clone() },
    ];
    for seen in seen {
        let stale = Edit::ChangeGroup(law.clone(), mark(&of_group(&seen)));
        assert_eq!(faults(&[stale]), [(0, Fault::Stale)], "{seen:?}");
    }
}

// spec: X-ADMIN
#[test]
fn what_was_named_together_is_looked_at_together() {
    // Addresses change places; a group is made with its first user; an approver goes with the list that names him.
    let swapped = [
        Edit::PutUser(User { address: "taro@acme.example".into(), approver: true, ..user("sato") }),
        Edit::PutUser(User { address: "sato@acme.example".into(), ..user("taro") }),
    ];
    assert_eq!(faults(&swapped), []);
    let made = [Edit::AddGroup(group("New")), Edit::AddUser(User { group: Some("New".into()), ..user("hanako") })];
    assert_eq!(faults(&made), []);
    assert_eq!(faults(&[Edit::RemoveUser("sato".into()), change(group("Law"))]), []);
    let twice = ["a", "b"].map(|login_id| Edit::AddUser(User { default_user: true, ..user(login_id) }));
    assert_eq!(faults(&twice), [(1, Fault::TwoDefaults)]);
    let many: Vec<Edit> = (0..MOST_USERS).map(|n| Edit::AddUser(user(&format!("u{n}")))).collect();
    assert_eq!(faults(&many), [(MOST_USERS - 1, Fault::TooMany)]);
}

// spec: X-ADMIN
#[test]
fn only_what_differs_is_changed_and_a_place_that_one_has_is_taken_from_who_had_it() {
    let changes = |edits: &[Edit]| plan(&acme(), &there(), edits, "kanri").unwrap();
    assert_eq!(changes(&there().users.into_iter().map(Edit::PutUser).collect::<Vec<_>>()), []);
    let hanako = User { default_user: true, ..user("hanako") };
    let taro = User { group: Some("Sales".to_owned()), ..user("taro") };
    assert_eq!(
        changes(&[Edit::AddUser(hanako.clone())]),
        [Change::PutUser(hanako), Change::PutUser(taro)],
        "one default user"
    );
    let law = Group { mail_link: true, approvers: Some(vec!["sato".to_owned()]), ..group("Law") };
    assert_eq!(
        changes(&[change(law.clone())]),
        [Change::PutGroup(law), Change::PutGroup(group("Sales"))],
        "one mail-link group"
    );
    assert_eq!(
        changes(&[Edit::RemoveUser("taro".into()), Edit::RemoveGroup("Sales".into())]),
        [Change::RemoveUser(acme(), "taro".into()), Change::RemoveGroup(acme(), "Sales".into())]
    );
}

fn rows(file: &[u8], remove: bool) -> Vec<Row> {
    read(&acme(), &there(), file, remove).unwrap()
}

fn troubles(file: &str) -> Vec<(u64, Unread)> {
    let troubles = read(&acme(), &there(), file.as_bytes(), false).unwrap_err();
    troubles.into_iter().map(|Trouble { line, unread }| (line, unread)).collect()
}

// spec: X-ADMIN
#[test]
fn a_file_that_was_written_changes_nothing_when_it_is_read() {
    let mut there = there();
    there.users[0].name = "=cmd|' /C calc'!A1".to_owned();
    there.users[1].name = "佐藤 \"花子\", 部長".to_owned();
    there.users[2].name = "'=quoted".to_owned();
    let file = write(&there.users);
    assert!(file.starts_with("\u{feff}login_id,name,address,group,administrator,"), "{file}");
    assert!(file.contains("\"kanri\",\"'=cmd|"), "no formula: {file}");
    let rows = read(&acme(), &there, file.as_bytes(), true).unwrap();
    assert_eq!(rows.len(), 3);
    let edits: Vec<Edit> = rows.into_iter().map(|row| row.edit).collect();
    assert_eq!(plan(&acme(), &there, &edits, "kanri").unwrap(), []);
}

// spec: X-ADMIN
#[test]
fn columns_stand_in_any_order_and_what_has_none_stays() {
    let file = "Address , login_id\r\nTARO@acme.example,taro\r\n\r\nx@例え.jp,hanako\r\n";
    let taro =
        User { address: "TARO@acme.example".into(), default_user: true, group: Some("Sales".into()), ..user("taro") };
    let hanako = User { address: "x@xn--r8jz45g.jp".into(), ..user("hanako") };
    assert_eq!(
        rows(file.as_bytes(), false),
        [Row { line: 2, edit: Edit::PutUser(taro) }, Row { line: 4, edit: Edit::PutUser(hanako) }]
    );
    // Whoever is not in the file is no user any more, where that was asked for.
    let edits: Vec<Edit> = rows(b"login_id\nkanri\nsato\n", true).into_iter().map(|row| row.edit).collect();
    assert_eq!(edits[2..], [Edit::RemoveUser("taro".into())]);
    // Shift_JIS, as an older Excel writes it.
    let sjis = b"login_id,name,approver\r\nkanri,\x8e\x52\x93\x63\x91\xbe\x98\x59,\x82\xcd\x82\xa2\r\n";
    let [Row { edit: Edit::PutUser(read), .. }] = &rows(sjis, false)[..] else { panic!() };
    assert_eq!((read.name.as_str(), read.approver), ("山田太郎", true));
}

// spec: X-ADMIN
#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    let yes_or_no = |column, word: &str| Unread::YesOrNo(column, word.to_owned());
    let table: Vec<(&str, Vec<(u64, Unread)>)> = vec![
        ("", vec![(1, Unread::NoLoginIds)]),
        ("name\nx\n", vec![(1, Unread::NoLoginIds)]),
        ("login_id,shoe size\n", vec![(1, Unread::Column("shoe size".into()))]),
        ("login_id,name,Name\n", vec![(1, Unread::ColumnTwice("name".into()))]),
        ("login_id,name\na,b,c\nd\ne,f\n", vec![(2, Unread::Fields), (3, Unread::Fields)]),
        ("login_id\na\nb\na\n", vec![(4, Unread::Twice("a".into()))]),
        (
            "login_id,approver,administrator\na,maybe,yes\nb,no,2\n",
            vec![(2, yes_or_no("approver", "maybe")), (3, yes_or_no("administrator", "2"))],
        ),
    ];
    for (file, expected) in table {
        assert_eq!(troubles(file), expected, "{file:?}");
    }
    let many: String =
        std::iter::once("login_id\n".to_owned()).chain((0..=MOST_USERS).map(|n| format!("u{n}\n"))).collect();
    assert!(matches!(troubles(&many)[..], [(_, Unread::TooMany)]));
}

// spec: X-ADMIN
#[test]
fn a_file_of_nothing_but_bad_lines_is_not_read_to_its_end() {
    let bad = |line: &str, times: usize| format!("login_id,name\n{}", line.repeat(times));
    // What cannot be read at all, named twice, or repeats itself.
    for line in ["a,b,c\n", "a,b\n"] {
        assert_eq!(troubles(&bad(line, MOST_TROUBLES)).iter().filter(|(_, one)| *one == Unread::Stopped).count(), 0);
        let found = troubles(&bad(line, 5000));
        assert_eq!((found.len(), found.last().unwrap()), (MOST_TROUBLES + 1, &(0, Unread::Stopped)), "{line}");
    }
    assert_eq!(troubles(&bad(",\n", 2 * MOST_USERS + 1)).last().unwrap().1, Unread::TooMany);
    assert_eq!(read(&acme(), &there(), bad(",\n", 2 * MOST_USERS).as_bytes(), false), Ok(vec![]));
    let columns = format!("login_id{}\n", ",x".repeat(100_000));
    assert!(troubles(&columns).len() <= MOST_TROUBLES);
    // What is too long is not carried on.
    let long = "a".repeat(LONGEST_FIELD + 1);
    assert_eq!(troubles(&format!("login_id,name\na,{long}\n")), [(2, Unread::TooLong("name"))]);
    let found = troubles(&format!("login_id,approver\n{long},yes\n{long},yes\na,{}\n", "あ".repeat(300)));
    let repeated = [(3, Unread::Twice("a".repeat(40))), (4, Unread::YesOrNo("approver", "あ".repeat(40)))];
    assert_eq!(found, [vec![(2, Unread::TooLong("login_id"))], repeated.to_vec()].concat());
    // Faults of lines that can be read are as many at most.
    let file: String = (0..MOST_USERS - 3).map(|n| format!("u{n},nobody,yes\n")).collect();
    let file = format!("login_id,address,default_user\n{file}");
    let edits: Vec<Edit> = rows(file.as_bytes(), false).into_iter().map(|row| row.edit).collect();
    let found = faults(&edits);
    assert_eq!((found.len(), found.last()), (MOST_FAULTS + 1, Some(&(33, Fault::AndMore))));
}
