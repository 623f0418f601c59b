//! The forms of names and texts, as the API's document tells them. The types that are read check the same.

use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

macro_rules! form {
    ($($(#[doc = $doc_text:literal])* $name:ident $pattern:literal, $least:literal to $most:literal, $example:literal;)*) => {$(
        $(#[doc = $doc_text])*
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let object = ObjectBuilder::new().schema_type(Type::String).description(Some(concat!($($doc_text),*).trim()));
                let object = object.pattern(Some($pattern)).min_length(Some($least)).max_length(Some($most));
                object.examples([$example]).into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

form! {
    /// A name that never changes: a DNS label (RFC 1123) of at most 28 characters without `--`.
    Slug "^[a-z0-9](-?[a-z0-9])*$", 1 to 28, "parley";
    /// The name of a namespace: a DNS label (RFC 1123).
    NamespaceName "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", 1 to 63, "shop";
    /// The UID by which a cluster tells an object from others of its name.
    ObjectUid "^[A-Za-z0-9-]+$", 1 to 64, "6f2c1f0e-8a57-4b8e-9c0b-0e2d6a0d5f11";
    /// A reason code.
    GroundCode "^[a-z][a-z0-9_]*$", 1 to 64, "incitement";
    /// A clause's number as the agreement prints it.
    Clause "^[!-~]+$", 1 to 64, "6.1";
    /// A part of an account: `account`, `environment/NAME`, `workload/ENVIRONMENT/NAME` or
    /// `hostname/ENVIRONMENT/WORKLOAD/NAME`.
    ScopeName "^(account|environment/[a-z0-9](-?[a-z0-9]){0,27}|workload/[a-z0-9](-?[a-z0-9]){0,27}/[a-z0-9](-?[a-z0-9]){0,27}|hostname/[a-z0-9](-?[a-z0-9]){0,27}/[a-z0-9](-?[a-z0-9]){0,27}/[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?([.][a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+)$", 7 to 320, "workload/web/feed";
    /// A hostname of the public domain name system, in lower case and with the A-labels of IDNA.
    HostnameText "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?([.][a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*[.][a-z]([a-z0-9-]{0,61}[a-z0-9])?$", 3 to 253, "www.parley.example";
    /// A report's id.
    ReportName "^[a-z0-9](-?[a-z0-9]){0,27}\\.r[1-9][0-9]{0,8}$", 4 to 39, "parley.r1";
    /// An invoice's number, as the billing system gives it.
    InvoiceNumber "^[A-Za-z0-9][A-Za-z0-9._-]*$", 1 to 64, "2021-0117";
    /// A currency, by its code of ISO 4217.
    CurrencyCode "^[A-Z]{3}$", 3 to 3, "EUR";
    /// A date.
    Day "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", 10 to 10, "2021-01-31";
    /// The SHA-256 of a document's exact bytes.
    Digest "^[0-9a-f]{64}$", 64 to 64, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    /// Kept bytes, by their SHA-256.
    BlobName "^sha256:[0-9a-f]{64}$", 71 to 71, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    /// Words that a person wrote: not only blanks, without NUL.
    Text "^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$", 1 to 20_000, "Three posts that call for violence are still up";
    /// Who can hold a token: `person/NAME` or `member/ACCOUNT/NAME`.
    Holder "^(person/[a-z0-9](-?[a-z0-9]){0,27}|member/[a-z0-9](-?[a-z0-9]){0,27}/[a-z0-9](-?[a-z0-9]){0,27})$", 8 to 64, "person/ines";
    /// A word of a command, without NUL.
    Word "^[^\\u0000]*$", 0 to 256, "httpd";
    /// How long, as terms write it: `P30D`, `P2W`, `P6M`, `PT24H`, or business days such as `2bd`.
    Length "^(P(([0-9]{1,3}|[0-2][0-9]{3}|3[0-5][0-9]{2})D|([0-9]{1,2}|[0-4][0-9]{2})W|([0-9]{1,2}|1[01][0-9])M)|PT([0-9]{1,4}H)?([0-9]{1,6}M)?([0-9]{1,7}S)?|([0-9]{1,3}|[01][0-9]{3}|2[0-5][0-9]{2})bd)$", 3 to 24, "P7D";
    /// An ISO 8601 duration of weeks, days, hours, minutes and seconds.
    Span "^P([0-9]{1,4}D)?(T[0-9]{1,4}[HMS])?$", 3 to 20, "P3D";
}

/// The name of a role. People of the provider hold `support`, `reporter`, `analyst`, `approver`, `legal`, `enforcer`, `platform`,
/// `billing`, `auditor` and `administrator`; members of an account `owner`, `developer` and `viewer`.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleName {
    /// Answers accounts; reads.
    Support,
    /// Brings reports in.
    Reporter,
    /// Runs cases, proposes measures, acts in emergencies.
    Analyst,
    /// Consents, ratifies, reviews appeals.
    Approver,
    /// Records orders and holds.
    Legal,
    /// Another system, which withholds what it enforces and says so.
    Enforcer,
    /// Provisions accounts.
    Platform,
    /// Says what is owed.
    Billing,
    /// Reads the whole record.
    Auditor,
    /// Keeps the provider's book and its people.
    Administrator,
    /// Acts for the account.
    Owner,
    /// Deploys in the account.
    Developer,
    /// Reads in the account.
    Viewer,
}

/// What is found in a namespace that is to be imported, and has to be accepted.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConcernName {
    /// More is used there than the environment's share, or than one container may: what ends does not come back.
    OverShare,
    /// Pods that the plan's Pod Security level refuses: what ends does not come back.
    PodSecurity,
    /// Traffic that the default deny ends.
    DefaultDeny,
    /// Network policies of others, which open what the environment's close.
    Openings,
    /// Quotas and limits of others, which bind beside the environment's.
    Bounds,
    /// Role bindings of others: who holds them keeps rights that no measure takes away.
    Rights,
    /// Pods that nothing makes again: a suspension loses them.
    BarePods,
    /// Kinds that cannot be seen, so that nobody knows what is there.
    Unseen,
}

/// What an account can ask to be withheld from itself, or an order can command.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresetName {
    /// Nothing; it only stands on the record.
    Warn,
    /// Less of everything; nobody enforces it.
    Throttle,
    /// Nothing new is deployed.
    Freeze,
    /// No payouts.
    WithholdPayments,
    /// Cut off from the network, still running.
    Isolate,
    /// Stopped; data kept.
    Suspend,
    /// Ended.
    Terminate,
    /// A list that a power writes.
    Listed,
}

/// A way to deliver a notice.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChannelName {
    /// Mail to the account's contacts.
    Email,
    /// The account's inbox in Tenure.
    Inbox,
}

/// What an account can ask to be withheld from itself.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedPresetName {
    /// Nothing new runs.
    Freeze,
    /// No payouts.
    WithholdPayments,
    /// Cut off from the network, still running.
    Isolate,
    /// Stopped; data kept.
    Suspend,
}

/// Something that an account can do.
#[derive(Debug, ToSchema)]
pub enum CapabilityName {
    /// Change what runs.
    #[serde(rename = "deploy")]
    Deploy,
    /// Run pods.
    #[serde(rename = "compute")]
    Compute,
    /// Be reached.
    #[serde(rename = "ingress")]
    Ingress,
    /// Reach out.
    #[serde(rename = "egress")]
    Egress,
    /// Write to storage.
    #[serde(rename = "storage.write")]
    StorageWrite,
    /// Read from storage.
    #[serde(rename = "storage.read")]
    StorageRead,
    /// Receive payouts and take payments.
    #[serde(rename = "payments")]
    Payments,
}

/// What an order commands.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderKindName {
    /// Nothing restrictive takes effect.
    Stay,
    /// What was restricted is given back.
    Reinstate,
    /// Nothing is deleted.
    Preserve,
    /// Content goes, within an hour.
    Remove,
    /// The account is not told yet.
    Gag,
}

/// How an appeal ends.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeName {
    /// The measure stays.
    Upheld,
    /// A lesser one takes its place.
    Modified,
    /// The measure and its case are undone.
    Overturned,
}
