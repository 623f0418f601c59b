//! The settings: one table, from which the file's reader, the names in the environment, the flags, the schema and the
//! commented example are made.

use std::time::Duration;

/// What a setting's text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text that is not blank.
    Text,
    /// A file or folder; a relative one counts from the folder that the program was started in.
    Path,
    /// An address to listen on, such as `127.0.0.1:7070`.
    Address,
    /// The same, or `off`.
    AddressOrOff,
    /// An `http:` URL.
    HttpUrl,
    /// The URL of a database, which can hold a password.
    DatabaseUrl,
    /// Exact time as an ISO 8601 duration such as `PT10S`, within these bounds.
    Time(Duration, Duration),
    /// A whole number within these bounds.
    Number(u64, u64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// What is logged: a level, or directives by module such as `info,tenure_engine=debug`.
    Filter,
}

/// A setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its path in the file: `field` or `group.field`.
    pub path: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What holds where nothing is written; none where it has to be written or has no value then.
    pub default: Option<&'static str>,
    /// What the commented example shows.
    pub example: &'static str,
    /// What it is for.
    pub about: &'static str,
}

/// The path of the setting that names where everything is kept.
pub const DATA: &str = "data";
/// The path of the database's URL.
pub const DATABASE_URL: &str = "database.url";
/// The path of the file that holds the database's URL.
pub const DATABASE_URL_FILE: &str = "database.urlFile";

/// All settings, in the order of the file.
pub const SETTINGS: &[Setting] = &[
    Setting {
        path: DATA,
        kind: Kind::Path,
        default: None,
        example: "/var/lib/tenure",
        about: "The data folder: the log's key, the mail drop and, where no database is named, the database. Only its owner may be able to read it. It has to be set.",
    },
    Setting {
        path: "listen",
        kind: Kind::Address,
        default: Some("127.0.0.1:7070"),
        example: "127.0.0.1:7070",
        about: "Where the API is served, in plain HTTP: TLS is for a proxy in front of it.",
    },
    Setting {
        path: DATABASE_URL,
        kind: Kind::DatabaseUrl,
        default: None,
        example: "sqlite:/var/lib/tenure/tenure.db",
        about: "The database. Where neither this nor urlFile is set it is SQLite in the data folder.",
    },
    Setting {
        path: DATABASE_URL_FILE,
        kind: Kind::Path,
        default: None,
        example: "/run/credentials/tenured.service/database-url",
        about: "A file that holds the database's URL and nothing else, for a URL with a password.",
    },
    Setting {
        path: "letters.folder",
        kind: Kind::Path,
        default: None,
        example: "/etc/tenure/letters",
        about: "A folder with letters of your own: letter.txt, letter.html, brief.txt (letters without a statement of reasons), these in LOCALE/, LOCALE/words.json, and reasons/*.txt, texts that give no reason because you write them in any case. Where it is not set, letters are Tenure's.",
    },
    Setting {
        path: "letters.locale",
        kind: Kind::Text,
        default: Some("en"),
        example: "en",
        about: "The language in which letters go out, as a language tag; en and de come with Tenure. What it has no words for is said in English.",
    },
    Setting {
        path: "letters.contact",
        kind: Kind::Text,
        default: None,
        example: "abuse@provider.example",
        about: "Who answers questions about a notice: every letter names it.",
    },
    Setting {
        path: "ledger.origin",
        kind: Kind::Text,
        default: None,
        example: "tenure.example/log",
        about: "The log's name for those who verify it: a host and path of yours, without scheme, spaces or `+`. It never changes. It has to be set.",
    },
    Setting {
        path: "ledger.mostBehind",
        kind: Kind::Number(1, 1_000_000),
        default: Some("10000"),
        example: "10000",
        about: "How many events may wait for the log before nothing new is restricted.",
    },
    Setting {
        path: "leader.silence",
        kind: Kind::Time(Duration::from_secs(1), Duration::from_mins(5)),
        default: Some("PT5S"),
        example: "PT5S",
        about: "How long a leader that is silent is waited for before another process on the same database leads. The same for all of them.",
    },
    Setting {
        path: "cluster.kind",
        kind: Kind::Word(&["kubeconfig", "inCluster", "none"]),
        default: None,
        example: "kubeconfig",
        about: "Which cluster carries workloads out: the one of a kubeconfig, the one the server runs in, or none. It has to be set.",
    },
    Setting {
        path: "cluster.kubeconfig",
        kind: Kind::Path,
        default: None,
        example: "/etc/tenure/kubeconfig",
        about: "The kubeconfig; where it is not set, the one that KUBECONFIG or the home folder names.",
    },
    Setting {
        path: "cluster.context",
        kind: Kind::Text,
        default: None,
        example: "production",
        about: "The kubeconfig's context; where it is not set, its current one.",
    },
    Setting {
        path: "cluster.server",
        kind: Kind::Text,
        default: None,
        example: "https://kubernetes.provider.example:6443",
        about: "The URL at which tenants reach the cluster's API, for their kubeconfigs; where it is not set, the one at which the server reaches it.",
    },
    Setting {
        path: "cluster.certificateAuthority",
        kind: Kind::Path,
        default: None,
        example: "/etc/tenure/cluster-ca.pem",
        about: "The certificates (PEM) by which tenants know that URL. Where neither this nor cluster.server is set, those by which the server knows it; where only that is set, those that every machine knows.",
    },
    Setting {
        path: "cluster.ingressNamespaces",
        kind: Kind::Text,
        default: None,
        example: "ingress-nginx, gateways",
        about: "The namespaces of the cluster's ingress controllers, with commas between them: their pods reach those of open environments. Where it is not set, none do.",
    },
    Setting {
        path: "cluster.networkPolicies",
        kind: Kind::Word(&["enforced", "ignored", "unknown"]),
        default: Some("unknown"),
        example: "unknown",
        about: "Whether the cluster's network plugin follows network policies, which its API does not tell. Where they are ignored, a measure that nothing else enforces is refused when it is proposed; where it is unknown, receipts say that policies were stored and not observed.",
    },
    Setting {
        path: "cluster.loadBalancers",
        kind: Kind::Word(&["provided", "missing", "unknown"]),
        default: Some("unknown"),
        example: "unknown",
        about: "Whether the cluster gives addresses to Services of the type LoadBalancer, which its API does not tell.",
    },
    Setting {
        path: "cluster.tlsAnnotations",
        kind: Kind::Text,
        default: None,
        example: "cert-manager.io/cluster-issuer=letsencrypt",
        about: "What is written as annotations on an ingress for whose hostnames a workload asks for a certificate, as NAME=VALUE with commas between them: by it, whatever issues certificates in the cluster knows what to do. Where it is not set, nothing is written, and a certificate comes about only if something there sees to it anyhow.",
    },
    Setting {
        path: "cluster.suspendedPage",
        kind: Kind::Text,
        default: None,
        example: "suspended.provider.svc.cluster.local:80",
        about: "What visitors come to of hostnames from which they are kept, as HOST:PORT: a page of the provider's that answers 503 in plain HTTP, under a name that the cluster's ingress controllers resolve and follow in a service of the type ExternalName. Where it is not set, they come to a service without addresses, for which ingress controllers answer 503 themselves.",
    },
    Setting {
        path: "cluster.gateway",
        kind: Kind::Text,
        default: None,
        example: "gateways/public",
        about: "The gateway that visitors come to, as NAMESPACE/NAME: where the cluster serves the Gateway API, routes to it are written for the hostnames that were proved, one for each. Its listeners have to allow routes of all namespaces of tenants. Where it is not set, or the cluster lacks that API, ingresses are written.",
    },
    Setting {
        path: "cluster.simulation",
        kind: Kind::Word(&["refused", "allowed"]),
        default: Some("refused"),
        example: "refused",
        about: "Whether a cluster that says it is a simulation will do. Receipts of one prove nothing.",
    },
    Setting {
        path: "freezeWebhook.listen",
        kind: Kind::AddressOrOff,
        default: Some("off"),
        example: "off",
        about: "Where the freeze webhook is served, such as 0.0.0.0:8443, in TLS by certificates that it makes and replaces itself; or off. Where it is served, the cluster asks it about changes in open environments from which deploy is withheld, and refuses them while nobody answers; it asks about no others.",
    },
    Setting {
        path: "freezeWebhook.url",
        kind: Kind::Text,
        default: None,
        example: "https://10.0.0.5:8443",
        about: "The URL at which the cluster's API server reaches the freeze webhook. This or freezeWebhook.service has to be set where it is served.",
    },
    Setting {
        path: "freezeWebhook.service",
        kind: Kind::Text,
        default: None,
        example: "tenure/freeze:443",
        about: "The cluster's service through which the API server reaches the freeze webhook, as NAMESPACE/NAME:PORT.",
    },
    Setting {
        path: "fetch.privateAddresses",
        kind: Kind::Word(&["refused", "allowed"]),
        default: Some("refused"),
        example: "refused",
        about: "Whether a place that an account says is gone may be looked for at addresses that are not of the public internet.",
    },
    Setting {
        path: "fetch.hosts",
        kind: Kind::Text,
        default: None,
        example: "www.shop.example=10.0.0.7:80",
        about: "Names that are asked for at other addresses than the domain name system says, as NAME=ADDRESS:PORT with commas between them, where hostnames are proved and places are looked at: for a machine that sees other names than the world does.",
    },
    Setting {
        path: "caps.casesPerHour",
        kind: Kind::Number(1, 1_000_000),
        default: Some("100"),
        example: "100",
        about: "How many cases one person may open within one hour of UTC (legal time), over all accounts. What is more is refused until the next one.",
    },
    Setting {
        path: "caps.casesPerDay",
        kind: Kind::Number(1, 1_000_000),
        default: Some("200"),
        example: "200",
        about: "How many cases one person may open within one day of UTC (legal time), over all accounts. What is more is refused until the next one.",
    },
    Setting {
        path: "caps.measuresPerHour",
        kind: Kind::Number(1, 1_000_000),
        default: Some("100"),
        example: "100",
        about: "How many measures one person may propose within one hour of UTC (legal time), over all accounts. What is more is refused until the next one.",
    },
    Setting {
        path: "caps.measuresPerDay",
        kind: Kind::Number(1, 1_000_000),
        default: Some("200"),
        example: "200",
        about: "How many measures one person may propose within one day of UTC (legal time), over all accounts. What is more is refused until the next one.",
    },
    Setting {
        path: "caps.emergenciesPerHour",
        kind: Kind::Number(1, 1_000_000),
        default: Some("5"),
        example: "5",
        about: "How many emergency measures one person may apply within one hour of UTC (legal time), over all accounts. What is more is refused until the next one.",
    },
    Setting {
        path: "caps.emergenciesPerDay",
        kind: Kind::Number(1, 1_000_000),
        default: Some("10"),
        example: "10",
        about: "How many emergency measures one person may apply within one day of UTC (legal time), over all accounts. What is more is refused until the next one.",
    },
    Setting {
        path: "limits.requestTime",
        kind: Kind::Time(Duration::from_secs(1), Duration::from_mins(10)),
        default: Some("PT30S"),
        example: "PT30S",
        about: "How long a request may take.",
    },
    Setting {
        path: "limits.headerTime",
        kind: Kind::Time(Duration::from_secs(1), Duration::from_mins(5)),
        default: Some("PT10S"),
        example: "PT10S",
        about: "How long a request's header may take, and so how long a connection may be idle.",
    },
    Setting {
        path: "limits.headerBytes",
        kind: Kind::Number(8_192, 1_048_576),
        default: Some("32768"),
        example: "32768",
        about: "The largest header of a request, in bytes.",
    },
    Setting {
        path: "limits.connections",
        kind: Kind::Number(1, 100_000),
        default: Some("1024"),
        example: "1024",
        about: "How many connections are served at once; more wait.",
    },
    Setting {
        path: "stop.drain",
        kind: Kind::Time(Duration::ZERO, Duration::from_mins(5)),
        default: Some("PT5S"),
        example: "PT5S",
        about: "How long the server goes on serving after it was told to stop, while /readyz answers 503, so that whoever balances the load looks elsewhere.",
    },
    Setting {
        path: "stop.grace",
        kind: Kind::Time(Duration::ZERO, Duration::from_mins(10)),
        default: Some("PT30S"),
        example: "PT30S",
        about: "How long requests under way may take once no new connection is accepted.",
    },
    Setting {
        path: "log.level",
        kind: Kind::Filter,
        default: Some("info,kube_client=off"),
        example: "info,kube_client=off",
        about: "What is logged to standard error: error, warn, info, debug or trace, also by module as in info,tenure_engine=debug.",
    },
    Setting {
        path: "log.format",
        kind: Kind::Word(&["json", "text"]),
        default: Some("json"),
        example: "json",
        about: "How it is logged: a JSON object or a text a line.",
    },
    Setting {
        path: "metrics.listen",
        kind: Kind::AddressOrOff,
        default: Some("127.0.0.1:9464"),
        example: "127.0.0.1:9464",
        about: "Where /metrics is served for Prometheus, without authentication; or off.",
    },
    Setting {
        path: "otlp.endpoint",
        kind: Kind::HttpUrl,
        default: None,
        example: "http://127.0.0.1:4318",
        about: "Where spans are sent (OTLP over HTTP, protobuf, to /v1/traces below it). Where it is not set, nowhere.",
    },
];

impl Setting {
    /// The setting at a path.
    pub fn at(path: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.path == path)
    }

    /// Its group and its field's name; no group for a field at the top.
    pub fn place(&self) -> (Option<&'static str>, &'static str) {
        match self.path.split_once('.') {
            Some((group, field)) => (Some(group), field),
            None => (None, self.path),
        }
    }

    /// Its name in the environment, such as `TENURE_LIMITS_HEADER_TIME`.
    pub fn env(&self) -> String {
        format!("TENURE_{}", self.words("_").to_uppercase())
    }

    /// Its flag without the dashes, such as `limits-header-time`.
    pub fn flag(&self) -> String {
        self.words("-")
    }

    fn words(&self, between: &str) -> String {
        let mut text = String::new();
        for c in self.path.chars() {
            match c {
                '.' => text.push_str(between),
                c if c.is_ascii_uppercase() => {
                    text.push_str(between);
                    text.push(c.to_ascii_lowercase());
                }
                c => text.push(c),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_setting_has_a_name_of_its_own_in_the_environment_and_among_the_flags() {
        let setting = Setting::at("limits.headerTime").unwrap();
        assert_eq!(
            (setting.env().as_str(), setting.flag().as_str()),
            ("TENURE_LIMITS_HEADER_TIME", "limits-header-time")
        );
        let envs: BTreeSet<_> = SETTINGS.iter().map(Setting::env).collect();
        let flags: BTreeSet<_> = SETTINGS.iter().map(Setting::flag).collect();
        assert_eq!((envs.len(), flags.len()), (SETTINGS.len(), SETTINGS.len()));
    }
}
