//! `/v1/people`, `/v1/accounts/{account}/members`: who may do what.

use std::collections::BTreeSet;

use axum::Json;
use axum::response::Response;
use tenure_access::{Action, Principal, Role};
use tenure_domain::account::Actor;
use tenure_domain::book::{Entry, Event};
use tenure_domain::name::{AccountId, PersonId};
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::request::{PageQuery, SetRoles};
use tenure_wire::view::{Page, PersonView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get_person, set_person))
        .routes(routes!(get_member, set_member))
}

fn check(roles: &BTreeSet<String>, members: bool) -> Result<(), Failure> {
    let wrong =
        roles.iter().find(|name| !name.parse::<Role>().is_ok_and(|role| role.is_members() == members));
    let Some(wrong) = wrong else { return Ok(()) };
    let known: Vec<&str> =
        Role::ALL.iter().filter(|role| role.is_members() == members).map(|role| role.as_str()).collect();
    Err(Failure::invalid("/roles", format!("{wrong:?} is not one of {}", known.join(", "))))
}

/// List the people of the provider with their roles.
#[utoipa::path(get, operation_id = "listPeople", path = "/v1/people", tag = "people", params(PageQuery),
    responses((status = 200, body = Page<PersonView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(call: Call, query: Query<PageQuery>) -> Result<Json<Page<PersonView>>, Failure> {
    call.may_at_provider(Action::ReadBook)?;
    let shelf = call.engine.shelf();
    let mut people: Vec<PersonView> = shelf.people().map(|(id, roles)| view(id.as_str(), roles)).collect();
    people.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Json(page::slice(people.into_iter(), &query.0, |p| p.id.clone())?))
}

fn view(id: &str, roles: &BTreeSet<Role>) -> PersonView {
    PersonView { id: id.to_owned(), roles: roles.iter().map(ToString::to_string).collect() }
}

/// Read a person of the provider.
#[utoipa::path(get, operation_id = "getPerson", path = "/v1/people/{person}", tag = "people", params(("person" = String, Path)),
    responses((status = 200, body = PersonView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get_person(call: Call, Path(person): Path<PersonId>) -> Result<Response, Failure> {
    call.may_at_provider(Action::ReadBook)?;
    read(&call, &Entry::Person(person.clone()), &Actor::Person(person)).await
}

/// Read a member of an account.
#[utoipa::path(get, operation_id = "getMember", path = "/v1/accounts/{account}/members/{member}", tag = "people",
    params(("account" = String, Path), ("member" = String, Path)),
    responses((status = 200, body = PersonView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get_member(
    call: Call,
    Path((account, member)): Path<(AccountId, PersonId)>,
) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, &account)?;
    let entry = Entry::Member(account.clone(), member.clone());
    read(&call, &entry, &Actor::Member(account, member)).await
}

async fn read(call: &Call, entry: &Entry, who: &Actor) -> Result<Response, Failure> {
    match call.engine.shelf().principal_of(who) {
        Some(Principal::Person { name, roles } | Principal::Member { name, roles, .. }) => {
            // The book in memory follows a moment behind the version that it is read at here.
            let version = call.engine.version_of(entry).await?.ok_or_else(Failure::not_found)?;
            call.show(version, &view(&name, &roles))
        }
        None => Err(Failure::not_found()),
    }
}

/// Set the roles of a person of the provider.
#[utoipa::path(put, operation_id = "setPerson", path = "/v1/people/{person}", tag = "people", params(("person" = String, Path)),
    request_body = SetRoles, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn set_person(
    call: Call,
    Path(person): Path<PersonId>,
    body: Body<SetRoles>,
) -> Result<Response, Failure> {
    call.may_at_provider(Action::SetPerson)?;
    check(&body.value.roles, false)?;
    let id = person.to_string();
    let event = Event::PersonSet { person: person.clone(), roles: body.value.roles };
    let act = Act::Book(Entry::Person(person), event);
    Writing::new(&call, body.hash).submit(act, false, move |_| (id.clone(), format!("/v1/people/{id}"))).await
}

/// Set the roles of a member of an account.
#[utoipa::path(put, operation_id = "setMember", path = "/v1/accounts/{account}/members/{member}", tag = "people",
    params(("account" = String, Path), ("member" = String, Path)), request_body = SetRoles,
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn set_member(
    call: Call,
    Path((account, member)): Path<(AccountId, PersonId)>,
    body: Body<SetRoles>,
) -> Result<Response, Failure> {
    call.sees(&account)?;
    call.may_at_provider(Action::SetMember)?;
    check(&body.value.roles, true)?;
    let (id, href) = (member.to_string(), format!("/v1/accounts/{account}/members/{member}"));
    let entry = Entry::Member(account.clone(), member.clone());
    let event = Event::MemberSet { account, member, roles: body.value.roles };
    Writing::new(&call, body.hash)
        .submit(Act::Book(entry, event), false, move |_| (id.clone(), href.clone()))
        .await
}
