//! Hostnames: their challenges, looking for the answers, and whose each is over all accounts.

use std::collections::BTreeSet;

use serde_json::json;
use sha2::{Digest, Sha256};
use tenure_domain::account::Account;
use tenure_domain::account::command::Command;
use tenure_domain::account::provision::Provision;
use tenure_domain::hostname::{ANSWER_MAX, Answered, ClaimState, challenge_url};
use tenure_domain::name::Hostname;
use tenure_domain::refusal::{Guard, Unmet};
use tenure_store::{StoreError, Write};

use crate::EngineError;
use crate::engine::Engine;
use crate::kept::Kept;

impl Engine {
    /// The command that claims a hostname, with a new challenge.
    pub fn claim_hostname(&self, hostname: Hostname) -> Result<Provision, EngineError> {
        let token = hex::encode(self.inner.entropy.draw_16()?);
        let token = token.parse().map_err(|e| EngineError::defect("a challenge's token", &e))?;
        Ok(Provision::ClaimHostname { hostname, token })
    }

    /// The command that proves a hostname, with what answers there now; what was seen is kept with it. A name of which
    /// nothing is to be proved any more is not looked for.
    pub async fn prove_hostname(
        &self,
        account: &Account,
        hostname: Hostname,
        kept: &mut Kept,
    ) -> Result<Provision, EngineError> {
        let claim = account.hostname(&hostname)?;
        let token = claim.token.clone();
        let waits = matches!(claim.state, ClaimState::Claimed { .. });
        let url = challenge_url(&hostname, &token);
        let looked = if waits { Some(self.inner.fetcher.look(&url).await) } else { None };
        let at = self.inner.clock.now().to_string();
        let (answered, evidence) = match looked {
            Some(Ok(answer)) => {
                let evidence = json!({
                    "asked": answer.asked,
                    "address": answer.address.to_string(),
                    "at": at,
                    "status": answer.status,
                    "bytesRead": answer.body.len(),
                    "sha256": hex::encode(Sha256::digest(&answer.body)),
                });
                // What is longer is another text, whatever it begins with.
                let text = if answer.body.len() <= ANSWER_MAX { answer.body.as_slice() } else { &[] };
                let text = String::from_utf8_lossy(text).into_owned();
                (Answered::With { status: answer.status, text }, evidence)
            }
            Some(Err(error)) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                let why =
                    [Some(error.to_string()), source].into_iter().flatten().collect::<Vec<_>>().join(": ");
                let evidence = json!({"asked": [url], "at": at, "nothing": why});
                (Answered::Nothing { why }, evidence)
            }
            None => {
                (Answered::Nothing { why: "it was not asked".to_owned() }, json!({"asked": [], "at": at}))
            }
        };
        let evidence = kept.blob("application/json", evidence.to_string().into_bytes());
        Ok(Provision::ProveHostname { hostname, token, answered, evidence })
    }
}

/// The hostnames that are an account's and nobody else's.
pub(crate) fn of(account: Option<&Account>) -> BTreeSet<String> {
    account.into_iter().flat_map(Account::proved_hostnames).map(ToString::to_string).collect()
}

fn counter(hostname: &str) -> String {
    format!("hostname/{hostname}")
}

/// Counts who has which hostname, over all accounts.
pub(crate) async fn count(
    write: &mut Write,
    before: &BTreeSet<String>,
    after: &BTreeSet<String>,
) -> Result<(), StoreError> {
    for hostname in before.difference(after) {
        write.count(&counter(hostname), -1).await?;
    }
    for hostname in after.difference(before) {
        write.count(&counter(hostname), 1).await?;
    }
    Ok(())
}

/// Nobody claims or proves what another account has proved. Whose it is, is not said.
pub(crate) async fn taken(
    write: &mut Write,
    state: Option<&Account>,
    command: &Command,
) -> Result<Option<Unmet>, StoreError> {
    let Command::Provision(
        Provision::ClaimHostname { hostname, .. } | Provision::ProveHostname { hostname, .. },
    ) = command
    else {
        return Ok(None);
    };
    let is_own = state.is_some_and(|account| account.proved_hostnames().any(|name| name == hostname));
    if is_own || write.count(&counter(hostname.as_str()), 0).await? <= 0 {
        return Ok(None);
    }
    let detail = format!("{hostname} is proved by another account of this provider");
    let then =
        "claim another hostname; where this one is yours now, the provider has the other account release it";
    Ok(Some(Unmet::new(Guard::NameFree, detail, then)))
}
