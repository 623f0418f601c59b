//! Hostnames.

use tenure_domain::account::Account;
use tenure_domain::hostname::{Claim, ClaimState, challenge_text, challenge_url};
use tenure_domain::name::Hostname;
use tenure_wire::hostname::{ChallengeView, HostnameView};

pub fn hostname(account: &Account, name: &Hostname, claim: &Claim) -> HostnameView {
    let workload = account.declares(name).map(|(environment, workload)| format!("{environment}/{workload}"));
    let mut view = HostnameView {
        hostname: name.to_string(),
        state: claim.state.name().to_owned(),
        claimed_at: claim.claimed_at,
        lapses_at: None,
        challenge: None,
        proved_at: None,
        lapsed_at: None,
        workload,
    };
    match &claim.state {
        ClaimState::Claimed { lapses } => {
            view.lapses_at = Some(*lapses);
            view.challenge = Some(ChallengeView {
                url: challenge_url(name, &claim.token),
                text: challenge_text(&account.id, name, &claim.token),
            });
        }
        ClaimState::Proved { at, .. } => view.proved_at = Some(*at),
        ClaimState::Lapsed { at } => view.lapsed_at = Some(*at),
    }
    view
}
