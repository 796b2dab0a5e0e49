//! The pages of a section's users and groups (spec X-ADMIN).

use askama::Template;
use fubako_base::{
    Lang,
    lang::{Value, text},
    section::ApprovalRule,
    shown::{self, visible},
};
use fubako_exchange::{
    domain::{
        account::State,
        members::{
            Fault, Found, LONGEST_LOGIN_ID, LONGEST_NAME, MOST_USERS,
            csv::{Trouble, Unread},
            fields::{mark, of_group, of_user},
        },
    },
    members::{Difference, Group, Import, Member, Standing, User},
};

use super::{Alert, Choice, Frame, account::Done, encoded, render};

/// Differences, and faults, that are shown; of more it says how many.
const SHOWN: usize = 200;

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// A page of the list of users.
#[derive(Debug, Clone)]
pub struct UserList<'a> {
    /// What was searched for.
    pub search: &'a str,
    /// Whether it is the first page.
    pub first: bool,
    /// Who is on it.
    pub members: Vec<&'a Member>,
    /// Whether there are more.
    pub more: bool,
    /// How many were found.
    pub found: usize,
    /// The time zone of all times.
    pub zone: &'a str,
    /// What was done before.
    pub done: Option<Done>,
}

struct UserRow {
    path: String,
    login_id: String,
    name: String,
    address: String,
    group: Option<String>,
    roles: Vec<String>,
    stands: Stands,
}

/// How an account stands, in words and as a mark.
struct Stands {
    words: String,
    good: bool,
}

fn stands(frame: &Frame, member: &Member, zone: &str) -> Stands {
    let said = |id: &str| Stands { words: frame.t(id), good: false };
    let invited = |id: &str| match member.invited_until {
        Some(until) => {
            let time = shown::moment(until, zone, frame.lang).words;
            Stands { words: frame.with("web-user-invited-until", "time", &time), good: false }
        }
        None => said(id),
    };
    match member.standing {
        Standing::NoAccount => said("web-user-no-account"),
        Standing::Account(State::Good) => Stands { words: frame.t("web-user-good"), good: true },
        Standing::Account(State::Locked) => said("web-user-locked"),
        Standing::Account(State::Invited) => invited("web-user-not-used"),
        Standing::Account(State::Reset) => invited("web-user-reset"),
        Standing::Account(State::Expired) => said("web-user-expired"),
        Standing::Account(State::SectionOff) => said("web-user-off"),
    }
}

fn roles(frame: &Frame, user: &User) -> Vec<String> {
    let all = [
        (user.administrator, "web-user-administrator"),
        (user.approver, "web-user-approver"),
        (user.default_user, "web-user-default"),
    ];
    all.into_iter().filter(|(has, _)| *has).map(|(_, id)| frame.t(id)).collect()
}

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage<'a> {
    f: &'a Frame,
    l: &'a UserList<'a>,
    rows: Vec<UserRow>,
    found: String,
    more: Option<String>,
    done: Option<String>,
}

/// The list of users.
#[must_use]
pub fn users(frame: &Frame, list: &UserList<'_>) -> String {
    let row = |member: &&Member| UserRow {
        path: format!("/section/user/{}", encoded(&member.user.login_id)),
        login_id: visible(&member.user.login_id),
        name: visible(&member.user.name),
        address: visible(&member.user.address),
        group: member.user.group.as_deref().map(visible),
        roles: roles(frame, &member.user),
        stands: stands(frame, member, list.zone),
    };
    let more = list.members.last().filter(|_| list.more).map(|last| {
        let search = if list.search.is_empty() { String::new() } else { format!("&q={}", encoded(list.search)) };
        format!("/section/users?after={}{search}", encoded(&last.user.login_id))
    });
    render(&UsersPage {
        f: frame,
        l: list,
        rows: list.members.iter().map(row).collect(),
        found: frame.count("web-users-found", &count(list.found)),
        more,
        done: list.done.map(|done| done.words(frame)),
    })
}

/// The page of one user, or of a new one.
#[derive(Debug, Clone, Copy)]
pub struct UserForm<'a> {
    /// The user as the form has them.
    pub entered: &'a User,
    /// The user as they are; none for a new one.
    pub member: Option<&'a Member>,
    /// The section's groups.
    pub groups: &'a [Group],
    /// What is wrong with what was entered.
    pub faults: &'a [Fault],
    /// Somebody else changed the section meanwhile.
    pub changed: bool,
    /// What its forms carry.
    pub form_key: &'a str,
    /// The time zone of all times.
    pub zone: &'a str,
    /// Whether the user is who looks.
    pub own: bool,
    /// What was done before.
    pub done: Option<Done>,
}

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage<'a> {
    f: &'a Frame,
    u: &'a UserForm<'a>,
    path: String,
    title: String,
    /// From what the form is made.
    seen: Option<String>,
    groups: Vec<Choice>,
    alert: Option<Alert>,
    stands: Option<Stands>,
    /// Whether they have a password that inviting them takes away.
    has_password: bool,
    locked: bool,
    /// Whether another address takes away by what they sign in.
    has_account: bool,
    /// Since when they have a second factor.
    second: Option<shown::Moment>,
    done: Option<String>,
}

/// One user.
#[must_use]
pub fn user(frame: &Frame, form: &UserForm<'_>) -> String {
    let entered = form.entered;
    let path = match form.member {
        Some(member) => format!("/section/user/{}", encoded(&member.user.login_id)),
        None => "/section/users/new".to_owned(),
    };
    let title = match form.member {
        Some(member) if !member.user.name.is_empty() => visible(&member.user.name),
        Some(member) => visible(&member.user.login_id),
        None => frame.t("web-user-new"),
    };
    let choice = |group: &Group| Choice {
        value: group.name.clone(),
        words: match group.mail_link {
            true => frame.with("web-group-mail-link", "name", &visible(&group.name)),
            false => visible(&group.name),
        },
        chosen: entered.group.as_ref() == Some(&group.name),
    };
    let stale =
        form.member.map_or_else(Vec::new, |is| stale(frame, form.faults, &Difference::of_users(&is.user, entered)));
    let standing = form.member.map(|member| member.standing);
    let second = form.member.and_then(|member| member.second_factor_at);
    render(&UserPage {
        f: frame,
        u: form,
        path,
        title,
        groups: form.groups.iter().map(choice).collect(),
        seen: form.member.map(|member| mark(&of_user(&member.user))),
        alert: alert(frame, form.faults, form.changed, stale),
        stands: form.member.map(|member| stands(frame, member, form.zone)),
        has_password: matches!(standing, Some(Standing::Account(State::Good | State::Expired | State::Locked))),
        has_account: standing.is_some_and(|standing| standing != Standing::NoAccount),
        locked: standing == Some(Standing::Account(State::Locked)),
        second: second.map(|at| shown::moment(at, form.zone, frame.lang)),
        done: form.done.map(|done| done.words(frame)),
    })
}

/// Where the form was made from what is not so any more: each field that is otherwise than it was entered.
fn stale(frame: &Frame, faults: &[Fault], difference: &Difference) -> Vec<String> {
    if !faults.contains(&Fault::Stale) {
        return Vec::new();
    }
    let value = |text: &str| match text {
        "" => frame.t("web-stale-none"),
        "yes" => frame.t("web-stale-yes"),
        text => visible(text),
    };
    let line = |(name, is, entered): (&'static str, &str, &str)| {
        let name = frame.t(&format!("web-field-{name}"));
        let (is, entered) = (value(is), value(entered));
        let values = [("name", name.as_str().into()), ("is", is.as_str().into()), ("entered", entered.as_str().into())];
        text(frame.lang, "web-stale-field", &values)
    };
    difference.fields().into_iter().map(line).collect()
}

fn alert(frame: &Frame, faults: &[Fault], changed: bool, stale: Vec<String>) -> Option<Alert> {
    let mut lines: Vec<String> = faults.iter().map(|fault| words(frame, fault)).collect();
    lines.extend(stale);
    if changed {
        lines.push(frame.t("web-members-changed"));
    }
    (!lines.is_empty()).then(|| Alert { title: frame.t("web-members-fault-title"), lines, seconds: None })
}

fn words(frame: &Frame, fault: &Fault) -> String {
    let number = |id: &str, number: usize| text(frame.lang, id, &[("count", Value::from(count(number)))]);
    match fault {
        Fault::LoginId => number("web-member-fault-login-id", LONGEST_LOGIN_ID),
        Fault::LoginIdTaken => frame.t("web-member-fault-login-id-taken"),
        Fault::Address => frame.t("web-member-fault-address"),
        Fault::AddressTaken(by) => frame.with("web-member-fault-address-taken", "name", &visible(by)),
        Fault::Name => number("web-member-fault-name", LONGEST_NAME),
        Fault::GroupTaken => frame.t("web-member-fault-group-taken"),
        Fault::NoGroup(name) => frame.with("web-member-fault-no-group", "name", &visible(name)),
        Fault::GroupInUse(users) => number("web-member-fault-group-in-use", *users),
        Fault::GroupAwaited(deposits) => number("web-member-fault-group-awaited", *deposits),
        Fault::NoApprover { login_id, group } => {
            let (name, group) = (visible(login_id), visible(group));
            text(
                frame.lang,
                "web-member-fault-no-approver",
                &[("name", name.as_str().into()), ("group", group.as_str().into())],
            )
        }
        Fault::Stale => frame.t("web-member-fault-stale"),
        Fault::Oneself => frame.t("web-member-fault-oneself"),
        Fault::NoUser => frame.t("web-member-fault-no-user"),
        Fault::TwoDefaults => frame.t("web-member-fault-two-defaults"),
        Fault::TooMany => number("web-member-fault-too-many", MOST_USERS),
        Fault::AndMore => frame.t("web-member-fault-more"),
    }
}

#[derive(Template)]
#[template(path = "member_remove.html")]
struct AskPage<'a> {
    f: &'a Frame,
    title: String,
    means: String,
    name: String,
    more: String,
    path: &'a str,
    form_key: &'a str,
    alert: Option<Alert>,
}

/// The question before a user is removed.
#[must_use]
pub fn ask_user(frame: &Frame, user: &User, path: &str, form_key: &str, faults: &[Fault]) -> String {
    let named = if user.name.is_empty() { &user.login_id } else { &user.name };
    render(&AskPage {
        f: frame,
        title: frame.t("web-user-remove-ask"),
        means: frame.t("web-user-remove-means"),
        name: visible(named),
        more: visible(&user.address),
        path,
        form_key,
        alert: alert(frame, faults, false, Vec::new()),
    })
}

/// The question before a group is removed.
#[must_use]
pub fn ask_group(frame: &Frame, group: &Group, path: &str, form_key: &str, faults: &[Fault]) -> String {
    render(&AskPage {
        f: frame,
        title: frame.t("web-group-remove-ask"),
        means: frame.t(if group.mail_link { "web-group-remove-link" } else { "web-group-remove-means" }),
        name: visible(&group.name),
        more: String::new(),
        path,
        form_key,
        alert: alert(frame, faults, false, Vec::new()),
    })
}

struct GroupRow {
    path: String,
    name: String,
    mail_link: bool,
    users: String,
    approval: String,
}

#[derive(Template)]
#[template(path = "groups.html")]
struct GroupsPage<'a> {
    f: &'a Frame,
    rows: Vec<GroupRow>,
    no_link: bool,
    done: Option<String>,
}

/// The list of groups.
#[must_use]
pub fn groups(frame: &Frame, groups: &[Group], members: &[Member], done: Option<Done>) -> String {
    let row = |group: &Group| {
        let users = members.iter().filter(|member| member.user.group.as_ref() == Some(&group.name)).count();
        GroupRow {
            path: format!("/section/group/{}", encoded(&group.name)),
            name: visible(&group.name),
            mail_link: group.mail_link,
            users: frame.count("web-group-users", &count(users)),
            approval: frame.t(rule(group.approval)),
        }
    };
    render(&GroupsPage {
        f: frame,
        rows: groups.iter().map(row).collect(),
        no_link: !groups.iter().any(|group| group.mail_link),
        done: done.map(|done| done.words(frame)),
    })
}

const fn rule(approval: Option<ApprovalRule>) -> &'static str {
    match approval {
        None => "web-group-approval-section",
        Some(ApprovalRule::None) => "web-group-approval-none",
        Some(ApprovalRule::One) => "web-group-approval-one",
    }
}

/// The page of one group, or of a new one.
#[derive(Debug, Clone, Copy)]
pub struct GroupForm<'a> {
    /// The group as the form has it.
    pub entered: &'a Group,
    /// The group as it is; none for a new one.
    pub group: Option<&'a Group>,
    /// The section's users.
    pub members: &'a [Member],
    /// What is wrong with what was entered.
    pub faults: &'a [Fault],
    /// Somebody else changed the section meanwhile.
    pub changed: bool,
    /// What its form carries.
    pub form_key: &'a str,
    /// What was done before.
    pub done: Option<Done>,
}

#[derive(Template)]
#[template(path = "group.html")]
struct GroupPage<'a> {
    f: &'a Frame,
    g: &'a GroupForm<'a>,
    path: String,
    title: String,
    /// From what the form is made.
    seen: Option<String>,
    rules: Vec<Choice>,
    approvers: Vec<Choice>,
    alert: Option<Alert>,
    done: Option<String>,
}

/// One group.
#[must_use]
pub fn group(frame: &Frame, form: &GroupForm<'_>) -> String {
    let entered = form.entered;
    let stale =
        form.group.map_or_else(Vec::new, |group| stale(frame, form.faults, &Difference::of_groups(group, entered)));
    let rules = [None, Some(ApprovalRule::None), Some(ApprovalRule::One)].map(|approval| Choice {
        value: approval.map_or("", ApprovalRule::name).to_owned(),
        words: frame.t(rule(approval)),
        chosen: entered.approval == approval,
    });
    let listed = entered.approvers.as_deref().unwrap_or_default();
    let approvers = form.members.iter().map(|member| &member.user).filter(|user| user.approver);
    let approver = |user: &User| Choice {
        value: user.login_id.clone(),
        words: if user.name.is_empty() { visible(&user.login_id) } else { visible(&user.name) },
        chosen: listed.contains(&user.login_id),
    };
    render(&GroupPage {
        f: frame,
        g: form,
        path: match form.group {
            None => "/section/groups/new".to_owned(),
            Some(group) => format!("/section/group/{}", encoded(&group.name)),
        },
        title: form.group.map_or_else(|| frame.t("web-group-new"), |group| visible(&group.name)),
        seen: form.group.map(|group| mark(&of_group(group))),
        rules: rules.into(),
        approvers: approvers.map(approver).collect(),
        alert: alert(frame, form.faults, form.changed, stale),
        done: form.done.map(|done| done.words(frame)),
    })
}

/// A file of users: the form, and what a file changes.
#[derive(Debug, Clone)]
pub struct ImportPage<'a> {
    /// What its form carries.
    pub form_key: &'a str,
    /// Whether whoever is not in the file is removed.
    pub remove: bool,
    /// What the file changes.
    pub import: Option<Import>,
    /// The file's text, where it can be taken.
    pub text: String,
    /// What cannot be had, by line.
    pub faults: Vec<Found>,
    /// What cannot be read, by line.
    pub troubles: Vec<Trouble>,
    /// The section is not as it was when the differences were shown.
    pub changed: bool,
}

impl<'a> ImportPage<'a> {
    /// The form alone.
    #[must_use]
    pub const fn empty(form_key: &'a str) -> Self {
        Self {
            form_key,
            remove: false,
            import: None,
            text: String::new(),
            faults: Vec::new(),
            troubles: Vec::new(),
            changed: false,
        }
    }
}

struct DifferenceRow {
    what: String,
    name: String,
    fields: Vec<(String, String, String)>,
    moves: bool,
    gone: bool,
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportView<'a> {
    f: &'a Frame,
    i: &'a ImportPage<'a>,
    rows: Vec<DifferenceRow>,
    more: Option<String>,
    confirm: String,
    summary: String,
    alert: Option<Alert>,
}

/// A file of users.
#[must_use]
pub fn import(frame: &Frame, page: &ImportPage<'_>) -> String {
    let differences = page.import.as_ref().map_or(&[][..], |import| &import.differences);
    let changes = differences.len();
    let mut lines: Vec<String> = page.troubles.iter().map(|trouble| trouble_words(frame, trouble)).collect();
    lines.extend(page.faults.iter().map(|found| at_line(frame, count(found.edit), &words(frame, &found.fault))));
    let over = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if over > 0 {
        lines.push(frame.count("web-import-more-faults", &count(over)));
    }
    let title = if page.changed { "web-import-changed-title" } else { "web-import-fault-title" };
    if page.changed {
        lines.push(frame.t("web-import-changed"));
    }
    let more = changes.saturating_sub(SHOWN);
    render(&ImportView {
        f: frame,
        i: page,
        rows: differences.iter().take(SHOWN).map(|difference| difference_row(frame, difference)).collect(),
        more: (more > 0).then(|| frame.count("web-import-more", &count(more))),
        confirm: frame.count("web-import-do", &count(changes)),
        summary: summary(frame, differences),
        alert: (!lines.is_empty()).then(|| Alert { title: frame.t(title), lines, seconds: None }),
    })
}

fn summary(frame: &Frame, differences: &[Difference]) -> String {
    let of = |is: fn(&Difference) -> bool| count(differences.iter().filter(|difference| is(difference)).count());
    let values = [
        ("added", of(|one| one.old.is_none())),
        ("changed", of(|one| one.old.is_some() && one.new.is_some())),
        ("removed", of(|one| one.new.is_none())),
    ];
    text(frame.lang, "web-import-summary", &values.map(|(name, value)| (name, Value::from(value))))
}

fn difference_row(frame: &Frame, difference: &Difference) -> DifferenceRow {
    let id = match (&difference.old, &difference.new) {
        (None, _) => "web-import-added",
        (_, None) => "web-import-removed",
        _ => "web-import-differs",
    };
    let field = |(name, old, new): (&'static str, &str, &str)| {
        (frame.t(&format!("web-field-{name}")), visible(old), visible(new))
    };
    let gone = difference.new.is_none();
    DifferenceRow {
        what: frame.t(id),
        name: visible(&difference.name),
        moves: difference.moves,
        fields: if gone { Vec::new() } else { difference.fields().into_iter().map(field).collect() },
        gone,
    }
}

fn at_line(frame: &Frame, line: u64, words: &str) -> String {
    if line == 0 {
        return words.to_owned();
    }
    text(frame.lang, "web-import-line", &[("line", Value::from(line)), ("words", Value::from(words))])
}

fn trouble_words(frame: &Frame, trouble: &Trouble) -> String {
    let words = match &trouble.unread {
        Unread::Fields => frame.t("web-unread-fields"),
        Unread::Column(name) => frame.with("web-unread-column", "name", &visible(name)),
        Unread::ColumnTwice(name) => frame.with("web-unread-column-twice", "name", name),
        Unread::NoLoginIds => frame.t("web-unread-no-login-ids"),
        Unread::YesOrNo(column, word) => {
            let word = visible(word);
            text(frame.lang, "web-unread-yes-or-no", &[("name", (*column).into()), ("word", word.as_str().into())])
        }
        Unread::Twice(login_id) => frame.with("web-unread-twice", "name", &visible(login_id)),
        Unread::TooLong(column) => frame.with("web-unread-too-long", "name", column),
        Unread::Stopped => frame.t("web-unread-stopped"),
        Unread::TooMany => frame.count("web-member-fault-too-many", &count(MOST_USERS)),
    };
    at_line(frame, trouble.line, &words)
}

#[cfg(test)]
mod tests;
