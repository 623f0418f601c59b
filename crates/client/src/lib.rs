//! Typed HTTP client of Tenure's API.
//!
//! Every write carries an idempotency key, so that one that was cut off can be sent again safely; with
//! [`Client::patient`] the client does so by itself.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tenure_wire::Problem;
use tenure_wire::request::{
    Amend, ConfirmClock, Consent, CreateEnvironment, DecideAppeal, DecideCure, FileAppeal, FileReport,
    IssueNotice, IssueToken, MoveClock, OpenAccount, OpenCase, PlaceHold, ProposeMeasure, Reason,
    RecordOrder, Remediate, SetRoles, SubmitCure, Workload,
};
use tenure_wire::view::{
    AccountView, CaseView, ClockState, ClockView, EventView, JoinedView, LegalView, MeasureView, NoticeView, Page,
    PreviewView, ReceiptView, ReportView, StandingView, TokenView, WorkloadView, Written,
};

pub use tenure_wire as wire;

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server answered with a problem.
    #[error("{}: {}{}", .0.title, .0.detail.as_deref().unwrap_or_default(), faults(.0))]
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

impl ClientError {
    /// The problem, where the server answered with one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            Self::Unreachable { .. } | Self::Answer { .. } => None,
        }
    }
}

/// A client that speaks with one token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
    patience: Duration,
}

/// Without the token.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

/// How long a request may take; moving the simulated clock can take a while.
const REQUEST_TIME: Duration = Duration::from_mins(3);

/// A body on its way out, kept so that it can be sent again.
#[derive(Clone)]
enum Payload {
    None,
    Bytes(String, Vec<u8>),
}

impl Client {
    /// A client of the server at `base`, such as `http://127.0.0.1:7070`.
    pub fn new(base: &str, token: &str) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .timeout(REQUEST_TIME)
            .build()
            .map_err(|source| ClientError::Unreachable { url: base.to_owned(), source })?;
        Ok(Self {
            http,
            base: base.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
            patience: Duration::ZERO,
        })
    }

    /// The same client speaking with another token.
    #[must_use]
    pub fn speaking_with(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The same client, trying again for so long while the server cannot be reached.
    #[must_use]
    pub fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        payload: Payload,
        headers: &[(&str, String)],
    ) -> Result<Vec<u8>, ClientError> {
        let url = format!("{}{path}", self.base);
        let mut waited = Duration::ZERO;
        loop {
            let mut request = self.http.request(method.clone(), &url).bearer_auth(&self.token);
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            if let Payload::Bytes(media_type, bytes) = payload.clone() {
                request = request.header("content-type", media_type).body(bytes);
            }
            let result = async {
                let response = request.send().await?;
                let status = response.status();
                Ok::<_, reqwest::Error>((status, response.bytes().await?))
            };
            match result.await {
                Ok((status, body)) if status.is_success() => return Ok(body.to_vec()),
                Ok((status, body))
                    if status != StatusCode::SERVICE_UNAVAILABLE || waited >= self.patience =>
                {
                    let problem: Problem = serde_json::from_slice(&body).map_err(|e| {
                        ClientError::Answer { url: url.clone(), detail: format!("status {status}: {e}") }
                    })?;
                    return Err(ClientError::Problem(Box::new(problem)));
                }
                Err(source) if waited >= self.patience => {
                    return Err(ClientError::Unreachable { url, source });
                }
                Ok(_) | Err(_) => {}
            }
            let pause = Duration::from_millis(50);
            tokio::time::sleep(pause).await;
            waited += pause;
        }
    }

    /// Reads what is at a path.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let body = self.send(Method::GET, path, Payload::None, &[]).await?;
        self.read(path, &body)
    }

    fn read<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, ClientError> {
        serde_json::from_slice(body)
            .map_err(|e| ClientError::Answer { url: format!("{}{path}", self.base), detail: e.to_string() })
    }

    /// Reads text at a path.
    pub async fn text(&self, path: &str) -> Result<String, ClientError> {
        let body = self.send(Method::GET, path, Payload::None, &[]).await?;
        String::from_utf8(body)
            .map_err(|e| ClientError::Answer { url: format!("{}{path}", self.base), detail: e.to_string() })
    }

    /// Writes JSON under an idempotency key.
    pub async fn post<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        body: &B,
    ) -> Result<T, ClientError> {
        let headers = [("idempotency-key", key.to_owned())];
        let answer = self.send(Method::POST, path, self.json(path, body)?, &headers).await?;
        self.read(path, &answer)
    }

    /// Writes without a body under an idempotency key.
    pub async fn post_nothing<T: DeserializeOwned>(&self, path: &str, key: &str) -> Result<T, ClientError> {
        let headers = [("idempotency-key", key.to_owned())];
        let answer = self.send(Method::POST, path, Payload::None, &headers).await?;
        self.read(path, &answer)
    }

    fn json<B: Serialize>(&self, path: &str, body: &B) -> Result<Payload, ClientError> {
        let bytes = serde_json::to_vec(body).map_err(|e| ClientError::Answer {
            url: format!("{}{path}", self.base),
            detail: e.to_string(),
        })?;
        Ok(Payload::Bytes("application/json".to_owned(), bytes))
    }

    /// Writes bytes of a media type under an idempotency key.
    pub async fn upload(
        &self,
        path: &str,
        key: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Written, ClientError> {
        let payload = Payload::Bytes(media_type.to_owned(), bytes.to_vec());
        let answer = self.send(Method::POST, path, payload, &[("idempotency-key", key.to_owned())]).await?;
        self.read(path, &answer)
    }

    /// Replaces what is at a path.
    pub async fn put<B: Serialize>(
        &self,
        path: &str,
        body: &B,
        headers: &[(&str, String)],
    ) -> Result<Written, ClientError> {
        let answer = self.send(Method::PUT, path, self.json(path, body)?, headers).await?;
        self.read(path, &answer)
    }
}

macro_rules! posts {
    ($($(#[$doc:meta])* $name:ident($($arg:ident),*) $path:literal $body:ty => $answer:ty;)*) => {
        impl Client {$(
            $(#[$doc])*
            pub async fn $name(&self, key: &str, $($arg: &str,)* body: &$body) -> Result<$answer, ClientError> {
                self.post(&format!($path, $($arg = $arg),*), key, body).await
            }
        )*}
    };
}

macro_rules! gets {
    ($($(#[$doc:meta])* $name:ident($($arg:ident),*) $path:literal => $answer:ty;)*) => {
        impl Client {$(
            $(#[$doc])*
            pub async fn $name(&self, $($arg: &str,)*) -> Result<$answer, ClientError> {
                self.get(&format!($path, $($arg = $arg),*)).await
            }
        )*}
    };
}

posts! {
    /// Opens an account.
    open_account() "/v1/accounts" OpenAccount => Written;
    /// Creates an environment.
    create_environment(account) "/v1/accounts/{account}/environments" CreateEnvironment => Written;
    /// Issues a token.
    issue_token() "/v1/tokens" IssueToken => TokenView;
    /// Brings a report in.
    file_report() "/v1/reports" FileReport => Written;
    /// Answers a report.
    remediate(report) "/v1/reports/{report}/remediation" Remediate => Written;
    /// Opens a case.
    open_case() "/v1/cases" OpenCase => Written;
    /// Issues a notice.
    issue_notice(case) "/v1/cases/{case}/notices" IssueNotice => Written;
    /// Hands a cure in.
    submit_cure(case) "/v1/cases/{case}/cures" SubmitCure => Written;
    /// Decides on a cure.
    decide_cure(case, item) "/v1/cases/{case}/cures/{item}/decision" DecideCure => Written;
    /// Proposes a measure, or applies one in an emergency.
    propose_measure(case) "/v1/cases/{case}/measures" ProposeMeasure => Written;
    /// Names another moment of effect.
    amend_measure(measure) "/v1/measures/{measure}/amendment" Amend => Written;
    /// Approves a measure.
    approve(measure) "/v1/measures/{measure}/approvals" Consent => Written;
    /// Ratifies an emergency measure.
    ratify(measure) "/v1/measures/{measure}/ratification" Consent => Written;
    /// Ends a measure.
    lift(measure) "/v1/measures/{measure}/lift" Reason => Written;
    /// Challenges a measure.
    file_appeal(measure) "/v1/measures/{measure}/appeals" FileAppeal => Written;
    /// Decides an appeal.
    decide_appeal(appeal) "/v1/appeals/{appeal}/decision" DecideAppeal => Written;
    /// Records an order.
    record_order() "/v1/orders" RecordOrder => Written;
    /// Records that an order no longer stands.
    vacate_order(order) "/v1/orders/{order}/vacatur" Reason => Written;
    /// Places a hold.
    place_hold() "/v1/holds" PlaceHold => Written;
    /// Releases a hold.
    release_hold(hold) "/v1/holds/{hold}/release" Reason => Written;
    /// Confirms that the machine's clock is right.
    confirm_clock() "/v1/clock/confirmation" ConfirmClock => Written;
    /// Moves the simulated clock.
    move_clock() "/dev/clock" MoveClock => ClockView;
}

gets! {
    /// An account.
    account(account) "/v1/accounts/{account}" => AccountView;
    /// Where an account stands.
    standing(account) "/v1/accounts/{account}/standing" => StandingView;
    /// A workload.
    workload(account, environment, workload) "/v1/accounts/{account}/environments/{environment}/workloads/{workload}" => WorkloadView;
    /// A report.
    report(report) "/v1/reports/{report}" => ReportView;
    /// What says the same as a report and was joined to it.
    joined(report) "/v1/reports/{report}/joined?pageSize=200" => Page<JoinedView>;
    /// A case.
    case(case) "/v1/cases/{case}" => CaseView;
    /// The cases against an account.
    cases(account) "/v1/cases?account={account}" => Page<CaseView>;
    /// A notice.
    notice(account, notice) "/v1/accounts/{account}/notices/{notice}" => NoticeView;
    /// An account's inbox.
    notices(account) "/v1/accounts/{account}/notices?pageSize=200" => Page<NoticeView>;
    /// A measure.
    measure(measure) "/v1/measures/{measure}" => MeasureView;
    /// What a measure would do now.
    preview(measure) "/v1/measures/{measure}/preview" => PreviewView;
    /// An order.
    order(order) "/v1/orders/{order}" => LegalView;
    /// The legal clock and the machine's, and whether the machine's is believed.
    clock_state() "/v1/clock" => ClockState;
    /// The legal clock, where it is simulated.
    clock() "/dev/clock" => ClockView;
}

impl Client {
    /// Publishes terms (YAML).
    pub async fn publish_terms(&self, key: &str, yaml: &str) -> Result<Written, ClientError> {
        self.upload("/v1/terms", key, "application/yaml", yaml.as_bytes()).await
    }

    /// Publishes a rule (YAML).
    pub async fn publish_rule(&self, key: &str, yaml: &str) -> Result<Written, ClientError> {
        self.upload("/v1/rules", key, "application/yaml", yaml.as_bytes()).await
    }

    /// Uploads evidence.
    pub async fn upload_evidence(
        &self,
        key: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Written, ClientError> {
        self.upload("/v1/evidence", key, media_type, bytes).await
    }

    /// Brings a report in as XARF v4.
    pub async fn file_xarf(&self, key: &str, account: &str, report: &[u8]) -> Result<Written, ClientError> {
        self.upload(&format!("/v1/reports/xarf?account={account}"), key, "application/json", report).await
    }

    /// Brings a report in as ARF mail (RFC 5965).
    pub async fn file_arf(&self, key: &str, account: &str, mail: &[u8]) -> Result<Written, ClientError> {
        self.upload(&format!("/v1/reports/arf?account={account}"), key, "message/rfc822", mail).await
    }

    /// Sets the roles of a person of the provider.
    pub async fn set_person(&self, person: &str, roles: &[&str]) -> Result<Written, ClientError> {
        let body = SetRoles { roles: roles.iter().map(ToString::to_string).collect() };
        self.put(&format!("/v1/people/{person}"), &body, &[]).await
    }

    /// Sets the roles of a member of an account.
    pub async fn set_member(
        &self,
        account: &str,
        member: &str,
        roles: &[&str],
    ) -> Result<Written, ClientError> {
        let body = SetRoles { roles: roles.iter().map(ToString::to_string).collect() };
        self.put(&format!("/v1/accounts/{account}/members/{member}"), &body, &[]).await
    }

    /// Declares a workload that must not exist yet.
    pub async fn create_workload(
        &self,
        account: &str,
        environment: &str,
        workload: &str,
        key: &str,
        spec: &Workload,
    ) -> Result<Written, ClientError> {
        let path = format!("/v1/accounts/{account}/environments/{environment}/workloads/{workload}");
        let headers = [("if-none-match", "*".to_owned()), ("idempotency-key", key.to_owned())];
        self.put(&path, spec, &headers).await
    }

    /// Changes a workload, if the account is still at this version.
    pub async fn replace_workload(
        &self,
        account: &str,
        environment: &str,
        workload: &str,
        version: u64,
        spec: &Workload,
    ) -> Result<Written, ClientError> {
        let path = format!("/v1/accounts/{account}/environments/{environment}/workloads/{workload}");
        self.put(&path, spec, &[("if-match", format!("\"{version}\""))]).await
    }

    /// Confirms having a notice.
    pub async fn acknowledge(&self, key: &str, account: &str, notice: &str) -> Result<Written, ClientError> {
        self.post_nothing(&format!("/v1/accounts/{account}/notices/{notice}/acknowledgement"), key).await
    }

    /// Takes a case back.
    pub async fn withdraw_case(&self, key: &str, case: &str) -> Result<Written, ClientError> {
        self.post_nothing(&format!("/v1/cases/{case}/withdrawal"), key).await
    }

    /// The events of a stream from its beginning, one page.
    pub async fn stream(
        &self,
        stream: &str,
        page_token: Option<&str>,
    ) -> Result<Page<EventView>, ClientError> {
        let token = page_token.map(|t| format!("&pageToken={t}")).unwrap_or_default();
        self.get(&format!("/v1/events?stream={}&pageSize=200{token}", stream.replace('/', "%2F"))).await
    }

    /// The proof that an event is in the log.
    pub async fn receipt(&self, stream: &str, n: u64) -> Result<ReceiptView, ClientError> {
        self.get(&format!("/v1/events/{}/{n}/receipt", stream.replace('/', "%2F"))).await
    }

    /// The log's last signed checkpoint.
    pub async fn checkpoint(&self) -> Result<String, ClientError> {
        self.text("/ledger/checkpoint").await
    }

    /// The key with which the log is verified.
    pub async fn log_key(&self) -> Result<String, ClientError> {
        self.text("/ledger/key").await
    }
}
