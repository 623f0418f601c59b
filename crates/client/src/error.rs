//! Why a call gave no answer.

use tenure_wire::Problem;
use tenure_wire::problem::GuardView;

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server answered with a problem.
    #[error("{}: {}{}{}", .0.title, .0.detail.as_deref().unwrap_or_default(), faults(.0), request(.0))]
    Problem(Box<Problem>),
    /// The server could not be reached, or the connection was cut.
    #[error("the server at {url} could not be reached: {source}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What happened.
        source: reqwest::Error,
    },
    /// The answer is not what the API promises.
    #[error("the server's answer to {url} is not as promised: {detail}")]
    Answer {
        /// What was asked for.
        url: String,
        /// What is wrong.
        detail: String,
    },
}

fn faults(problem: &Problem) -> String {
    let faults = problem.faults.iter().map(|f| format!(" [{}: {}]", f.at, f.detail));
    let guards = problem.guards.iter().map(|g| format!(" [{}: {}]", g.guard, g.detail));
    faults.chain(guards).collect()
}

fn request(problem: &Problem) -> String {
    problem.request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default()
}

impl ClientError {
    /// The last part of the problem's type, such as `refused`; none where the server answered with no problem.
    pub fn kind(&self) -> Option<&str> {
        self.problem().and_then(|problem| problem.kind.strip_prefix(tenure_wire::problem::BASE))
    }

    /// The guards that are not met, where the request was refused.
    pub fn guards(&self) -> &[GuardView] {
        self.problem().map(|problem| problem.guards.as_slice()).unwrap_or_default()
    }

    /// The request's id, for the provider's support and the server's log.
    pub fn request_id(&self) -> Option<&str> {
        self.problem().and_then(|problem| problem.request_id.as_deref())
    }

    /// Whether the same request can be answered otherwise a while later: the server could not be reached, or said so.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Problem(problem) => matches!(problem.status, 408 | 429 | 503),
            Self::Answer { .. } => false,
        }
    }

    /// The problem, where the server answered with one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            Self::Unreachable { .. } | Self::Answer { .. } => None,
        }
    }
}
