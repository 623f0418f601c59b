//! Keyset pages: a page token is the key of the last item, so that lists neither skip nor repeat.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tenure_access::Principal;
use tenure_domain::name::AccountId;
use tenure_wire::request::PageQuery;
use tenure_wire::view::Page;
use utoipa::IntoParams;

use crate::call::Call;
use crate::problem::Failure;

const MOST: u32 = 200;
const USUAL: u32 = 50;

/// How many items a page has.
pub fn size(query: &PageQuery) -> Result<u32, Failure> {
    match query.page_size {
        None => Ok(USUAL),
        Some(n) if (1..=MOST).contains(&n) => Ok(n),
        Some(_) => Err(Failure::parameter("pageSize", format!("use 1 to {MOST}"))),
    }
}

/// The key after which the page begins.
pub fn after<K: FromStr>(query: &PageQuery) -> Result<Option<K>, Failure> {
    let Some(token) = &query.page_token else { return Ok(None) };
    let wrong = || Failure::parameter("pageToken", "send the nextPageToken of the page before, unchanged");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    text.parse().map(Some).map_err(|_| wrong())
}

/// A page of the first `size` items of a list that was read with one more.
pub fn page<T>(mut items: Vec<T>, size: u32, key: impl Fn(&T) -> String) -> Page<T> {
    let more = items.len() > size as usize;
    items.truncate(size as usize);
    let next_page_token =
        if more { items.last().map(|last| URL_SAFE_NO_PAD.encode(key(last))) } else { None };
    Page { items, next_page_token }
}

/// A page of a list that is at hand as a whole, in the order of `key`.
pub fn slice<T, K: Ord + FromStr + Display>(
    items: impl Iterator<Item = T>,
    query: &PageQuery,
    key: impl Fn(&T) -> K,
) -> Result<Page<T>, Failure> {
    let size = size(query)?;
    let after: Option<K> = after(query)?;
    let rest = items.filter(|item| after.as_ref().is_none_or(|after| key(item) > *after));
    Ok(page(rest.take(size as usize + 1).collect(), size, |item| key(item).to_string()))
}

/// A page of items that were chosen already; `last` is the key of the last one where there are more.
pub fn keyed<T>(items: Vec<T>, last: Option<u32>) -> Page<T> {
    Page { items, next_page_token: last.map(|key| URL_SAFE_NO_PAD.encode(key.to_string())) }
}

/// Which page of a list about one account.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountQuery {
    /// About which account; members see what is about their own without it.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    account: Option<AccountId>,
    /// How many, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    page_size: Option<u32>,
    /// Where to go on: the `nextPageToken` of the page before.
    #[serde(default)]
    page_token: Option<String>,
}

impl AccountQuery {
    /// The account it is about, and the page.
    pub fn of(self, call: &Call) -> Result<(AccountId, PageQuery), Failure> {
        let account = match (self.account, &call.principal) {
            (Some(account), _) => account,
            (None, Principal::Member { account, .. }) => account.parse().map_err(|_| Failure::not_found())?,
            (None, Principal::Person { .. }) => {
                return Err(Failure::parameter("account", "say which account"));
            }
        };
        Ok((account, PageQuery { page_size: self.page_size, page_token: self.page_token }))
    }
}
