//! `/v1/people`, `/v1/accounts/{account}/members`, `/v1/tokens`: who may do what.

use std::collections::BTreeSet;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tenure_access::{Action, Role};
use tenure_domain::book::{Entry, Event};
use tenure_domain::name::{AccountId, PersonId};
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::request::{IssueToken, PageQuery, SetRoles};
use tenure_wire::view::{Page, PersonView, TokenView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(set_person))
        .routes(routes!(set_member))
        .routes(routes!(issue_token))
}

fn check(roles: &BTreeSet<String>, members: bool) -> Result<(), Failure> {
    let wrong = roles.iter().find(|name| !name.parse::<Role>().is_ok_and(|role| role.is_members() == members));
    let Some(wrong) = wrong else { return Ok(()) };
    let known: Vec<&str> =
        Role::ALL.iter().filter(|role| role.is_members() == members).map(|role| role.as_str()).collect();
    Err(Problem::new("invalid-request", "The request is not valid", 422)
        .fault("/roles", format!("{wrong:?} is not one of {}", known.join(", ")))
        .into())
}

/// List the people of the provider with their roles.
#[utoipa::path(get, path = "/v1/people", tag = "people", params(PageQuery),
    responses((status = 200, body = Page<PersonView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(call: Call, query: Query<PageQuery>) -> Result<Json<Page<PersonView>>, Failure> {
    call.may_at_provider(Action::ReadBook)?;
    let shelf = call.engine.shelf();
    let mut people: Vec<PersonView> = shelf
        .people()
        .map(|(id, roles)| PersonView { id: id.to_string(), roles: roles.iter().map(ToString::to_string).collect() })
        .collect();
    people.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Json(page::slice(people.into_iter(), &query.0)?))
}

/// Set the roles of a person of the provider.
#[utoipa::path(put, path = "/v1/people/{person}", tag = "people", params(("person" = String, Path)),
    request_body = SetRoles, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn set_person(call: Call, Path(person): Path<PersonId>, body: Body<SetRoles>) -> Result<Response, Failure> {
    check(&body.value.roles, false)?;
    let id = person.to_string();
    let event = Event::PersonSet { person: person.clone(), roles: body.value.roles };
    let act = Act::Book(Entry::Person(person), event);
    Writing::new(&call, body.hash).submit(act, false, move |_| (id.clone(), format!("/v1/people/{id}"))).await
}

/// Set the roles of a member of an account.
#[utoipa::path(put, path = "/v1/accounts/{account}/members/{member}", tag = "people",
    params(("account" = String, Path), ("member" = String, Path)), request_body = SetRoles,
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn set_member(
    call: Call,
    Path((account, member)): Path<(AccountId, PersonId)>,
    body: Body<SetRoles>,
) -> Result<Response, Failure> {
    check(&body.value.roles, true)?;
    let (id, href) = (member.to_string(), format!("/v1/accounts/{account}/members/{member}"));
    let entry = Entry::Member(account.clone(), member.clone());
    let event = Event::MemberSet { account, member, roles: body.value.roles };
    Writing::new(&call, body.hash).submit(Act::Book(entry, event), false, move |_| (id.clone(), href.clone())).await
}

/// Issue a token. Its secret is shown this once, so a repeated request issues another one.
#[utoipa::path(post, path = "/v1/tokens", tag = "people", request_body = IssueToken,
    responses((status = 201, body = TokenView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn issue_token(call: Call, body: Body<IssueToken>) -> Result<Response, Failure> {
    call.may_at_provider(Action::IssueToken)?;
    let subject = body.value.subject;
    if call.engine.shelf().principal_of(&subject).is_none() {
        return Err(Problem::new("invalid-request", "The request is not valid", 422)
            .fault("/subject", "no such person or member: set the roles first")
            .into());
    }
    let token = call.engine.issue_token(call.caller(), subject.clone()).await?;
    Ok((StatusCode::CREATED, Json(TokenView { token, subject: subject.to_string() })).into_response())
}
