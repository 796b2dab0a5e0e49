//! A section's users and groups, for its administrators (spec X-ADMIN). Everybody else hears that there is no such page.

mod import;

use std::{collections::HashSet, sync::Arc};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, Query, Request, State, rejection::PathRejection},
    http::{StatusCode, Uri},
    response::Response,
    routing::{get, post},
};
use fubako_base::section::ApprovalRule;
use fubako_exchange::{
    account::Person,
    domain::{
        address::address_as_kept,
        lists::sought,
        members::{Edit, Fault, Found},
    },
    members::{Group, Member, MembersError, Roll, User},
};
use serde::Deserialize;

use crate::{
    WebState,
    counter::{Bare, Caller, Counter, Fields, First, HasKey, either, form},
    pages::{
        Message,
        account::Done,
        encoded,
        members::{self as pages, GroupForm, UserForm, UserList},
    },
};

const USERS: &str = "/section/users";
const GROUPS: &str = "/section/groups";
/// Users on a page.
const PAGE: usize = 100;
/// Octets of a form with many approvers.
const MAX_FORM: usize = 256 * 1024;

type Named = Result<Path<String>, PathRejection>;

/// The routes.
pub(crate) fn routes() -> Router<Arc<WebState>> {
    Router::new()
        .route(USERS, get(users))
        .route("/section/users/new", get(new_user).post(add_user))
        .route("/section/user/{name}", get(user).post(put_user))
        .route("/section/user/{name}/invite", post(invite).get(lead_to_user))
        .route("/section/user/{name}/unlock", post(unlock).get(lead_to_user))
        .route("/section/user/{name}/second-factor", post(take_second_factor).get(lead_to_user))
        .route("/section/user/{name}/remove", get(ask_user).post(remove_user))
        .route(GROUPS, get(groups))
        .route("/section/groups/new", get(new_group).post(add_group))
        .route("/section/group/{name}", get(group).post(put_group))
        .route("/section/group/{name}/remove", get(ask_group).post(remove_group))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .merge(import::routes())
}

form!(UserFields {
    seen,
    login_id,
    address,
    name,
    group,
    administrator,
    approver,
    default_user,
    password_never_expires
});

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    q: String,
    after: String,
}

/// The administrator who comes, and their section's people.
struct Visit {
    person: Person,
    roll: Roll,
    zone: String,
    form_key: String,
}

impl Visit {
    /// Else the answer.
    async fn of(counter: &Counter<'_>, person: Person) -> Result<Self, First> {
        let person = counter.administrator(person)?;
        let roll = counter.exchange().roll(&person, counter.now).await.map_err(|error| away(counter, &error))?;
        let zone = counter.oneself(&person.known).time_zone;
        Ok(Self { person, roll, zone, form_key: counter.form_key() })
    }

    async fn looking(counter: &Counter<'_>) -> Result<Self, First> {
        Self::of(counter, counter.person(USERS).await?).await
    }

    async fn with<T: serde::de::DeserializeOwned + HasKey>(
        counter: &Counter<'_>,
        request: Request,
    ) -> Result<(Self, T), First> {
        let (person, form) = counter.own_form(USERS, request).await?;
        Ok((Self::of(counter, person).await?, form))
    }

    fn member(&self, counter: &Counter<'_>, login_id: &str) -> Result<&Member, First> {
        self.roll.members.iter().find(|member| member.user.login_id == login_id).ok_or_else(|| no_page(counter))
    }

    fn group(&self, counter: &Counter<'_>, name: &str) -> Result<&Group, First> {
        self.roll.groups.iter().find(|group| group.name == name).ok_or_else(|| no_page(counter))
    }

    /// A user of whom nothing is known.
    fn nobody(&self) -> User {
        User {
            section: self.section(),
            login_id: String::new(),
            address: String::new(),
            name: String::new(),
            group: None,
            default_user: false,
            administrator: false,
            approver: false,
            password_never_expires: false,
        }
    }

    fn section(&self) -> fubako_base::ids::SectionId {
        // An administrator has one.
        let section = self.person.known.section.as_ref();
        section.map_or_else(fubako_base::ids::SectionId::installation, |section| section.id.clone())
    }

    /// Makes one edit, or says what is wrong with it: the faults, and whether somebody else changed the section meanwhile.
    async fn make(&self, counter: &Counter<'_>, edit: Edit) -> Result<Result<(), (Vec<Fault>, bool)>, First> {
        let peer = counter.caller.peer.to_string();
        match counter.exchange().edit_members(&self.person, &[edit], &peer, counter.now).await {
            Ok(_) => Ok(Ok(())),
            Err(MembersError::Faults(found)) => Ok(Err((faults(found), false))),
            Err(MembersError::Changed) => Ok(Err((Vec::new(), true))),
            Err(error) => Err(away(counter, &error)),
        }
    }

    /// The page of one user, or of a new one, with the form as it was filled in where that was not taken.
    fn user_page(&self, counter: &Counter<'_>, entered: &User, is_new: bool, wrong: &(Vec<Fault>, bool)) -> Response {
        let member = self.roll.members.iter().find(|member| !is_new && member.user.login_id == entered.login_id);
        let form = UserForm {
            entered,
            member,
            groups: &self.roll.groups,
            faults: &wrong.0,
            changed: wrong.1,
            form_key: &self.form_key,
            zone: &self.zone,
            own: self.person.known.account.login_id == entered.login_id,
            done: counter.caller.done,
        };
        counter.page(status(wrong), |frame| pages::user(frame, &form))
    }

    fn group_page(&self, counter: &Counter<'_>, entered: &Group, is_new: bool, wrong: &(Vec<Fault>, bool)) -> Response {
        let form = GroupForm {
            entered,
            group: self.roll.groups.iter().find(|group| !is_new && group.name == entered.name),
            members: &self.roll.members,
            faults: &wrong.0,
            changed: wrong.1,
            form_key: &self.form_key,
            done: counter.caller.done,
        };
        counter.page(status(wrong), |frame| pages::group(frame, &form))
    }
}

fn faults(found: Vec<Found>) -> Vec<Fault> {
    let mut seen = HashSet::new();
    found.into_iter().map(|found| found.fault).filter(|fault| seen.insert(fault.clone())).collect()
}

/// Whether somebody else changed what a form was made from.
fn is_stale(faults: &[Fault]) -> bool {
    faults.contains(&Fault::Stale)
}

fn status(wrong: &(Vec<Fault>, bool)) -> StatusCode {
    match (wrong.1 || is_stale(&wrong.0), wrong.0.is_empty()) {
        (true, _) => StatusCode::CONFLICT,
        (false, true) => StatusCode::OK,
        (false, false) => StatusCode::BAD_REQUEST,
    }
}

/// What is said where something cannot be done. Private causes go to the log.
fn away(counter: &Counter<'_>, error: &MembersError) -> First {
    Box::new(counter.said(match error {
        MembersError::NotFound => Message::NoPage,
        error => {
            tracing::warn!(%error, "users and groups cannot be worked on");
            Message::Busy
        }
    }))
}

fn no_page(counter: &Counter<'_>) -> First {
    Box::new(counter.said(Message::NoPage))
}

fn named(counter: &Counter<'_>, name: Named) -> Result<String, First> {
    name.map(|Path(name)| name).map_err(|_| no_page(counter))
}

fn user_path(login_id: &str) -> String {
    format!("/section/user/{}", encoded(login_id))
}

fn group_path(name: &str) -> String {
    format!("/section/group/{}", encoded(name))
}

/// `GET /section/users`.
async fn users(State(state): State<Arc<WebState>>, caller: Caller, uri: Uri) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let visit = Visit::looking(&counter).await?;
        let wanted = Query::<Wanted>::try_from_uri(&uri).map(|Query(wanted)| wanted).unwrap_or_default();
        let wanted_text = sought(&wanted.q);
        let search = wanted_text.to_lowercase();
        let is_wanted = |member: &&Member| {
            let user = &member.user;
            let group = user.group.as_deref().unwrap_or_default();
            let texts = [user.login_id.as_str(), &user.name, &user.address, group];
            texts.iter().any(|text| text.to_lowercase().contains(&search))
        };
        let found: Vec<&Member> = visit.roll.members.iter().filter(is_wanted).collect();
        let from = found.partition_point(|member| member.user.login_id <= wanted.after);
        let rest = found.get(from..).unwrap_or_default();
        let list = UserList {
            search: &wanted_text,
            first: from == 0,
            members: rest.iter().take(PAGE).copied().collect(),
            more: rest.len() > PAGE,
            found: found.len(),
            zone: &visit.zone,
            done: caller.done,
        };
        Ok(counter.page(StatusCode::OK, |frame| pages::users(frame, &list)))
    };
    either(answer.await)
}

/// `GET /section/users/new`.
async fn new_user(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let visit = Visit::looking(&counter).await?;
        let link = visit.roll.groups.iter().find(|group| group.mail_link);
        let entered = User { group: link.map(|group| group.name.clone()), ..visit.nobody() };
        Ok(visit.user_page(&counter, &entered, true, &(Vec::new(), false)))
    };
    either(answer.await)
}

/// `POST /section/users/new`.
async fn add_user(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (visit, fields): (_, UserFields) = Visit::with(&counter, request).await?;
        let user = User { login_id: fields.login_id.trim().to_owned(), ..visit.nobody() };
        let user = filled_in(user, &fields);
        match visit.make(&counter, Edit::AddUser(user.clone())).await? {
            Ok(()) => Ok(counter.lead_to(&user_path(&user.login_id), Some(Done::UserAdded))),
            Err(wrong) => Ok(visit.user_page(&counter, &user, true, &wrong)),
        }
    };
    either(answer.await)
}

/// The user as the form has them.
fn filled_in(user: User, fields: &UserFields) -> User {
    let address = fields.address.trim();
    User {
        // What cannot be kept stays as it is, and is told as a fault.
        address: address_as_kept(address).unwrap_or_else(|| address.to_owned()),
        name: fields.name.trim().to_owned(),
        group: (!fields.group.is_empty()).then(|| fields.group.clone()),
        administrator: !fields.administrator.is_empty(),
        approver: !fields.approver.is_empty(),
        default_user: !fields.default_user.is_empty(),
        password_never_expires: !fields.password_never_expires.is_empty(),
        ..user
    }
}

/// `GET /section/user/{login_id}`.
async fn user(State(state): State<Arc<WebState>>, caller: Caller, name: Named) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let visit = Visit::looking(&counter).await?;
        let member = visit.member(&counter, &named(&counter, name)?)?;
        Ok(visit.user_page(&counter, &member.user, false, &(Vec::new(), false)))
    };
    either(answer.await)
}

/// `POST /section/user/{login_id}`.
async fn put_user(State(state): State<Arc<WebState>>, caller: Caller, name: Named, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (visit, fields): (_, UserFields) = Visit::with(&counter, request).await?;
        let member = visit.member(&counter, &named(&counter, name)?)?;
        let user = filled_in(member.user.clone(), &fields);
        match visit.make(&counter, Edit::ChangeUser(user.clone(), fields.seen)).await? {
            Ok(()) => Ok(counter.lead_to(&user_path(&user.login_id), Some(Done::UserChanged))),
            Err(wrong) => Ok(visit.user_page(&counter, &user, false, &wrong)),
        }
    };
    either(answer.await)
}

/// `POST /section/user/{login_id}/invite`.
async fn invite(State(state): State<Arc<WebState>>, caller: Caller, name: Named, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (visit, _): (_, Bare) = Visit::with(&counter, request).await?;
        let name = named(&counter, name)?;
        let peer = caller.peer.to_string();
        let invited = counter.exchange().invite_member(&visit.person, &name, &peer, counter.now);
        invited.await.map_err(|error| away(&counter, &error))?;
        Ok(counter.lead_to(&user_path(&name), Some(Done::UserInvited)))
    };
    either(answer.await)
}

/// `POST /section/user/{login_id}/unlock`.
async fn unlock(State(state): State<Arc<WebState>>, caller: Caller, name: Named, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (visit, _): (_, Bare) = Visit::with(&counter, request).await?;
        let name = named(&counter, name)?;
        let peer = caller.peer.to_string();
        let unlocked = counter.exchange().unlock_member(&visit.person, &name, &peer, counter.now);
        unlocked.await.map_err(|error| away(&counter, &error))?;
        Ok(counter.lead_to(&user_path(&name), Some(Done::UserUnlocked)))
    };
    either(answer.await)
}

/// `POST /section/user/{login_id}/second-factor`: takes it away.
async fn take_second_factor(
    State(state): State<Arc<WebState>>,
    caller: Caller,
    name: Named,
    request: Request,
) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (visit, _): (_, Bare) = Visit::with(&counter, request).await?;
        let name = named(&counter, name)?;
        let peer = caller.peer.to_string();
        let taken = counter.exchange().take_second_factor(&visit.person, &name, &peer, counter.now);
        taken.await.map_err(|error| away(&counter, &error))?;
        Ok(counter.lead_to(&user_path(&name), Some(Done::UserSecondFactorOff)))
    };
    either(answer.await)
}

/// `GET` where only a POST does something.
async fn lead_to_user(State(state): State<Arc<WebState>>, caller: Caller, name: Named) -> Response {
    let path = name.map_or_else(|_| USERS.to_owned(), |Path(name)| user_path(&name));
    Counter::new(&state, &caller).lead_to(&path, None)
}

/// `GET /section/user/{login_id}/remove`: asks once more.
async fn ask_user(State(state): State<Arc<WebState>>, caller: Caller, name: Named) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let visit = Visit::looking(&counter).await?;
        let member = visit.member(&counter, &named(&counter, name)?)?;
        let path = user_path(&member.user.login_id);
        Ok(counter.page(StatusCode::OK, |frame| pages::ask_user(frame, &member.user, &path, &visit.form_key, &[])))
    };
    either(answer.await)
}

/// `POST /section/user/{login_id}/remove`.
async fn remove_user(State(state): State<Arc<WebState>>, caller: Caller, name: Named, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (visit, _): (_, Bare) = Visit::with(&counter, request).await?;
        let user = &visit.member(&counter, &named(&counter, name)?)?.user;
        match visit.make(&counter, Edit::RemoveUser(user.login_id.clone())).await? {
            Ok(()) => Ok(counter.lead_to(USERS, Some(Done::UserRemoved))),
            Err((faults, _)) => {
                let path = user_path(&user.login_id);
                let write = |frame: &_| pages::ask_user(frame, user, &path, &visit.form_key, &faults);
                Ok(counter.page(StatusCode::BAD_REQUEST, write))
            }
        }
    };
    either(answer.await)
}

/// `GET /section/groups`.
async fn groups(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let Visit { roll, .. } = Visit::looking(&counter).await?;
        Ok(counter.page(StatusCode::OK, |frame| pages::groups(frame, &roll.groups, &roll.members, caller.done)))
    };
    either(answer.await)
}

/// `GET /section/groups/new`.
async fn new_group(State(state): State<Arc<WebState>>, caller: Caller) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let visit = Visit::looking(&counter).await?;
        let entered = empty_group(&visit, "");
        Ok(visit.group_page(&counter, &entered, true, &(Vec::new(), false)))
    };
    either(answer.await)
}

fn empty_group(visit: &Visit, name: &str) -> Group {
    Group {
        section: visit.section(),
        name: name.to_owned(),
        mail_link: false,
        approval: None,
        approvers: None,
        access: None,
    }
}

/// The group as the form has it. Approvers are those who are chosen, where it is not all of the section's.
fn group_filled_in(group: Group, fields: &Fields) -> Group {
    let chosen = fields.one("whose") == "chosen";
    Group {
        mail_link: !fields.one("mail_link").is_empty(),
        approval: fields.one("approval").parse::<ApprovalRule>().ok(),
        approvers: chosen.then(|| fields.all("approvers")),
        ..group
    }
}

/// `POST /section/groups/new`.
async fn add_group(State(state): State<Arc<WebState>>, caller: Caller, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (visit, fields): (_, Fields) = Visit::with(&counter, request).await?;
        let group = group_filled_in(empty_group(&visit, fields.one("name").trim()), &fields);
        match visit.make(&counter, Edit::AddGroup(group.clone())).await? {
            Ok(()) => Ok(counter.lead_to(GROUPS, Some(Done::GroupAdded))),
            Err(wrong) => Ok(visit.group_page(&counter, &group, true, &wrong)),
        }
    };
    either(answer.await)
}

/// `GET /section/group/{name}`.
async fn group(State(state): State<Arc<WebState>>, caller: Caller, name: Named) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let visit = Visit::looking(&counter).await?;
        let group = visit.group(&counter, &named(&counter, name)?)?;
        Ok(visit.group_page(&counter, group, false, &(Vec::new(), false)))
    };
    either(answer.await)
}

/// `POST /section/group/{name}`.
async fn put_group(State(state): State<Arc<WebState>>, caller: Caller, name: Named, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (visit, fields): (_, Fields) = Visit::with(&counter, request).await?;
        let group = visit.group(&counter, &named(&counter, name)?)?;
        let group = group_filled_in(group.clone(), &fields);
        match visit.make(&counter, Edit::ChangeGroup(group.clone(), fields.one("seen").to_owned())).await? {
            Ok(()) => Ok(counter.lead_to(&group_path(&group.name), Some(Done::GroupChanged))),
            Err(wrong) => Ok(visit.group_page(&counter, &group, false, &wrong)),
        }
    };
    either(answer.await)
}

/// `GET /section/group/{name}/remove`: asks once more.
async fn ask_group(State(state): State<Arc<WebState>>, caller: Caller, name: Named) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let visit = Visit::looking(&counter).await?;
        let group = visit.group(&counter, &named(&counter, name)?)?;
        let path = group_path(&group.name);
        Ok(counter.page(StatusCode::OK, |frame| pages::ask_group(frame, group, &path, &visit.form_key, &[])))
    };
    either(answer.await)
}

/// `POST /section/group/{name}/remove`.
async fn remove_group(State(state): State<Arc<WebState>>, caller: Caller, name: Named, request: Request) -> Response {
    let counter = Counter::new(&state, &caller);
    let answer = async {
        let (visit, _): (_, Bare) = Visit::with(&counter, request).await?;
        let group = visit.group(&counter, &named(&counter, name)?)?;
        match visit.make(&counter, Edit::RemoveGroup(group.name.clone())).await? {
            Ok(()) => Ok(counter.lead_to(GROUPS, Some(Done::GroupRemoved))),
            Err((faults, _)) => {
                let path = group_path(&group.name);
                let write = |frame: &_| pages::ask_group(frame, group, &path, &visit.form_key, &faults);
                Ok(counter.page(StatusCode::BAD_REQUEST, write))
            }
        }
    };
    either(answer.await)
}
