//! From file, environment and flags to a [`Config`], with the source of every value.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command};
use secrecy::ExposeSecret as _;
use tenure_api::Limits;
use tenure_cluster::Said;
use tenure_domain::cluster::{LoadBalancers, NetworkPolicies};
use tenure_domain::document::{DocumentErrors, Fields, Item, Node};
use tenure_domain::name::ClusterId;
use tenure_engine::{Cap, LogKey, OperatorCaps};
use tenure_freeze::Reached;
use tenure_store::masked;

use super::clusters::{self, CLUSTERS, NamedCluster};
use super::settings::{self, Kind, SETTINGS, Setting};
use super::value::Value;
use super::{
    ClusterConfig, Config, DATABASE, DatabaseConfig, FreezeConfig, LettersConfig, LogFormat, ReachConfig,
};

/// Variables that begin like a setting's and are none.
const OTHER_VARIABLES: [&str; 2] = ["TENURE_CONFIG", "TENURE_LOG"];

/// Where a value was written. Later ones override earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nowhere.
    Default,
    /// In the file, on this line.
    File(PathBuf, u32),
    /// In the environment, under this name.
    Environment(String),
    /// On the command line, as this flag.
    Flag(String),
}

impl Source {
    fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(..) => 1,
            Self::Environment(_) => 2,
            Self::Flag(_) => 3,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// Everything that is wrong, one fault a line. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(Vec<String>);

impl Faults {
    #[cfg(test)]
    pub(super) fn of(faults: Vec<String>) -> Self {
        Self(faults)
    }

    /// The faults.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Faults {}

/// The settings among a command's flags.
#[derive(Debug, Clone, Default)]
pub struct Flags(BTreeMap<&'static str, String>);

impl clap::Args for Flags {
    fn augment_args(command: Command) -> Command {
        let flag = |setting: &Setting| {
            Arg::new(setting.path)
                .long(setting.flag())
                .value_name(setting.place().1)
                .help(setting.about)
                .help_heading("Settings")
        };
        command.args(SETTINGS.iter().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |setting: &'static Setting| {
            matches.get_one::<String>(setting.path).map(|text| (setting.path, text.clone()))
        };
        Ok(Self(SETTINGS.iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A value as it counts, and where it was written.
#[derive(Debug, Clone)]
struct Given {
    value: Value,
    source: Source,
}

/// A configuration, with the source of every value.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    given: BTreeMap<&'static str, Given>,
}

impl Loaded {
    /// One line for every setting that has a value: the setting, its value without secrets, its source.
    pub fn lines(&self) -> Vec<String> {
        let line = |setting: &Setting| {
            let Given { value, source } = self.given.get(setting.path)?;
            let shown = match value {
                Value::Secret(url) => masked(url.expose_secret()),
                Value::Text(text) => text.clone(),
                Value::Path(path) => path.display().to_string(),
                Value::Address(Some(address)) => address.to_string(),
                Value::Address(None) => "off".to_owned(),
                Value::Time(time) => super::value::shown(*time),
                Value::Number(n) => n.to_string(),
            };
            Some(format!("{:<50}  # {source}", format!("{}: {shown}", setting.path)))
        };
        let named = self.config.clusters.iter().map(|(name, of)| {
            let ClusterConfig::Kubeconfig { path, context } = &of.cluster else { return String::new() };
            let path =
                path.as_ref().map_or("the usual kubeconfig".to_owned(), |path| path.display().to_string());
            let context = context.as_ref().map(|context| format!(", {context}")).unwrap_or_default();
            format!("{:<50}  # in the file", format!("{CLUSTERS}: {name}: {path}{context}"))
        });
        SETTINGS.iter().filter_map(line).chain(named).collect()
    }
}

/// Reads what is written and puts it together. Reads the file, and the file that holds the database's URL; nothing else.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    flags: &Flags,
) -> Result<Loaded, Faults> {
    let mut loading = Loading::default();
    for setting in SETTINGS {
        if let Some(text) = setting.default {
            loading.take(setting, text, Source::Default);
        }
    }
    if let Some(path) = file {
        loading.file(path);
    }
    loading.environment(environment);
    for (path, text) in &flags.0 {
        if let Some(setting) = Setting::at(path) {
            loading.take(setting, text, Source::Flag(setting.flag()));
        }
    }
    loading.finish()
}

#[derive(Default)]
struct Loading {
    given: BTreeMap<&'static str, Given>,
    /// The clusters beside the first one.
    clusters: BTreeMap<ClusterId, NamedCluster>,
    /// The settings that are written and have a fault.
    wrong: BTreeSet<String>,
    faults: Vec<String>,
}

impl Loading {
    fn take(&mut self, setting: &'static Setting, text: &str, source: Source) {
        match setting.kind.read(text) {
            Ok(value) => {
                self.given.insert(setting.path, Given { value, source });
            }
            Err(message) => {
                self.wrong.insert(setting.path.to_owned());
                self.faults.push(format!("{source}: {message}"));
            }
        }
    }

    fn file(&mut self, path: &Path) {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let hint = "name another with --config, or write one: tenured config example";
                return self.faults.push(format!("{} cannot be read: {error}; {hint}", path.display()));
            }
        };
        match read(&text) {
            Ok(Read { settings, clusters }) => {
                self.clusters = clusters;
                for (setting, value, line) in settings {
                    self.given
                        .insert(setting.path, Given { value, source: Source::File(path.to_owned(), line) });
                }
            }
            Err(errors) => {
                for error in &errors {
                    self.wrong.insert(error.field.clone());
                    self.faults.push(format!("{}, {error}", path.display()));
                }
            }
        }
    }

    fn environment(&mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) {
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with("TENURE_")) else { continue };
            match (SETTINGS.iter().find(|setting| setting.env() == name), value.to_str()) {
                (Some(setting), Some(text)) => self.take(setting, text, Source::Environment(name.to_owned())),
                (Some(_), None) => self.faults.push(format!("{name}: this is not UTF-8")),
                (None, _) if OTHER_VARIABLES.contains(&name) || is_linked(name) => {}
                (None, _) => self.faults.push(format!(
                    "{name}: no setting has this name; `tenured config example` shows them all"
                )),
            }
        }
    }

    fn rank(&self, path: &str) -> u8 {
        self.given.get(path).map_or(0, |given| given.source.rank())
    }

    fn at(&self, path: &str) -> String {
        match self.given.get(path).map(|given| &given.source) {
            Some(Source::File(file, line)) => format!("{}, line {line}, {path}", file.display()),
            Some(source) => source.to_string(),
            None => path.to_owned(),
        }
    }

    fn text(&self, path: &str) -> Option<&str> {
        match &self.given.get(path)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn path(&self, path: &str) -> Option<PathBuf> {
        match &self.given.get(path)?.value {
            Value::Path(path) => Some(path.clone()),
            _ => None,
        }
    }

    fn time(&self, path: &str) -> std::time::Duration {
        match self.given.get(path).map(|given| &given.value) {
            Some(Value::Time(time)) => *time,
            _ => std::time::Duration::ZERO,
        }
    }

    fn cap(&self, hour: &str, day: &str) -> Cap {
        Cap { per_hour: self.number(hour), per_day: self.number(day) }
    }

    fn number(&self, path: &str) -> u64 {
        match self.given.get(path).map(|given| &given.value) {
            Some(Value::Number(n)) => *n,
            _ => 0,
        }
    }

    fn address(&self, path: &str) -> Option<std::net::SocketAddr> {
        match self.given.get(path).map(|given| &given.value) {
            Some(Value::Address(address)) => *address,
            _ => None,
        }
    }

    /// A setting that has to be written somewhere.
    fn need(&mut self, path: &'static str) {
        let is_there = self.given.contains_key(path) || self.wrong.contains(path);
        if !is_there && let Some(setting) = Setting::at(path) {
            self.faults.push(format!(
                "{path}: this is missing; write it in the file, as {} or as --{}, such as {}",
                setting.env(),
                setting.flag(),
                setting.example
            ));
        }
    }

    fn database(&mut self, data: &Path) -> DatabaseConfig {
        let (url, file) = (settings::DATABASE_URL, settings::DATABASE_URL_FILE);
        if self.given.contains_key(url) && self.given.contains_key(file) {
            match self.rank(url).cmp(&self.rank(file)) {
                std::cmp::Ordering::Less => drop(self.given.remove(url)),
                std::cmp::Ordering::Greater => drop(self.given.remove(file)),
                std::cmp::Ordering::Equal => {
                    let fault = format!("{}: {url} is written too; write one of them", self.at(file));
                    self.faults.push(fault);
                }
            }
        }
        if let Some(Given { value: Value::Secret(text), source }) = self.given.get(url) {
            let plain = text.expose_secret();
            let text = text.clone();
            if matches!(source, Source::Flag(_)) && has_password(plain) {
                self.faults.push(
                    "--database-url: others on this machine can read a password here; write the URL to a file and name it with --database-url-file".to_owned(),
                );
            }
            return DatabaseConfig::Url(text);
        }
        let Some(path) = self.path(file) else { return DatabaseConfig::File(data.join(DATABASE)) };
        let text = fs::read_to_string(&path).map_err(|error| error.to_string());
        match text.and_then(|text| Kind::DatabaseUrl.read(text.trim())) {
            Ok(Value::Secret(text)) => return DatabaseConfig::Url(text),
            Ok(_) => {}
            Err(message) => {
                let fault = format!("{}: {}: {message}", self.at(file), path.display());
                self.faults.push(fault);
            }
        }
        DatabaseConfig::File(data.join(DATABASE))
    }

    fn cluster(&mut self) -> ClusterConfig {
        let kind = self.text("cluster.kind").unwrap_or_default().to_owned();
        if kind != "kubeconfig" && !kind.is_empty() {
            for path in ["cluster.kubeconfig", "cluster.context"] {
                let is_overridden = self.rank(path) < self.rank("cluster.kind");
                if self.given.contains_key(path) && !is_overridden {
                    let fault = format!("{}: cluster.kind is {kind}, so leave this out", self.at(path));
                    self.faults.push(fault);
                }
                self.given.remove(path);
            }
        }
        match kind.as_str() {
            "kubeconfig" => ClusterConfig::Kubeconfig {
                path: self.path("cluster.kubeconfig"),
                context: self.text("cluster.context").map(str::to_owned),
            },
            "inCluster" => ClusterConfig::InCluster,
            _ => ClusterConfig::None,
        }
    }

    fn reach(&mut self) -> ReachConfig {
        let server = self.text("cluster.server").map(str::to_owned);
        if let Some(Err(fault)) = server.as_deref().map(clusters::url) {
            self.faults.push(format!("{}: {fault}", self.at("cluster.server")));
        }
        let namespaces = clusters::namespaces(self.text("cluster.ingressNamespaces").unwrap_or_default());
        let namespaces = namespaces.unwrap_or_else(|fault| {
            self.faults.push(format!("{}: {fault}", self.at("cluster.ingressNamespaces")));
            BTreeSet::new()
        });
        let certificate_authority = self.path("cluster.certificateAuthority");
        let tls_annotations = self.read("cluster.tlsAnnotations", clusters::annotations).unwrap_or_default();
        let said = Said {
            network_policies: self
                .text("cluster.networkPolicies")
                .and_then(NetworkPolicies::of)
                .unwrap_or_default(),
            load_balancers: self
                .text("cluster.loadBalancers")
                .and_then(LoadBalancers::of)
                .unwrap_or_default(),
        };
        let suspended_page = self.read("cluster.suspendedPage", clusters::suspended_page);
        let gateway = self.read("cluster.gateway", clusters::gateway);
        ReachConfig {
            server,
            certificate_authority,
            ingress_namespaces: namespaces,
            tls_annotations,
            suspended_page,
            gateway,
            said,
        }
    }

    /// What a text says, where it is set and right.
    fn read<T>(&mut self, path: &'static str, of: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match of(self.text(path)?) {
            Ok(read) => Some(read),
            Err(wrong) => {
                self.faults.push(format!("{}: {wrong}", self.at(path)));
                None
            }
        }
    }

    fn fetch_hosts(&mut self) -> BTreeMap<String, std::net::SocketAddr> {
        let path = "fetch.hosts";
        let mut hosts = BTreeMap::new();
        let told = clusters::pairs(self.text(path).unwrap_or_default(), "www.shop.example=10.0.0.7:80");
        let (pairs, wrong) = match told {
            Ok(pairs) => (pairs, None),
            Err(wrong) => (Vec::new(), Some(wrong)),
        };
        let mut faults: Vec<String> = wrong.into_iter().collect();
        for (name, address) in pairs {
            match address.parse() {
                Ok(address) => drop(hosts.insert(name.to_owned(), address)),
                Err(_) => faults.push(format!("{address:?} is no address with a port")),
            }
        }
        let at = self.at(path);
        self.faults.extend(faults.into_iter().map(|fault| format!("{at}: {fault}")));
        hosts
    }

    fn freeze(&mut self) -> Option<FreezeConfig> {
        let listen = self.address("freezeWebhook.listen")?;
        let reached = match (self.text("freezeWebhook.url"), self.text("freezeWebhook.service")) {
            (Some(url), None) => Reached::url(url).map_err(|error| ("freezeWebhook.url", error.to_string())),
            (None, Some(service)) => {
                Reached::service(service).map_err(|error| ("freezeWebhook.service", error.to_string()))
            }
            _ => Err((
                "freezeWebhook.listen",
                "write freezeWebhook.url or freezeWebhook.service too, and one of them only".to_owned(),
            )),
        };
        match reached {
            Ok(reached) => Some(FreezeConfig { listen, reached }),
            Err((path, fault)) => {
                let fault = format!("{}: {fault}", self.at(path));
                self.faults.push(fault);
                None
            }
        }
    }

    fn finish(mut self) -> Result<Loaded, Faults> {
        for path in [settings::DATA, "ledger.origin", "cluster.kind"] {
            self.need(path);
        }
        let data = self.path(settings::DATA).unwrap_or_default();
        let database = self.database(&data);
        let (cluster, reach, freeze) = (self.cluster(), self.reach(), self.freeze());
        if cluster == ClusterConfig::None
            && !self.clusters.is_empty()
            && self.given.contains_key("cluster.kind")
        {
            let fault =
                "cluster.kind is none: name the first cluster there, and only the others under clusters";
            self.faults.push(format!("{CLUSTERS}: {fault}"));
        }
        let fetch_hosts = self.fetch_hosts();
        let origin = self.text("ledger.origin").unwrap_or_default().to_owned();
        // The rule for names is the key's; which key does not matter to it.
        if !origin.is_empty()
            && let Err(error) = LogKey::new(&origin, &[1; 32])
        {
            let fault =
                format!("{}: {error}; write a name such as tenure.example/log", self.at("ledger.origin"));
            self.faults.push(fault);
        }
        let (listen, metrics) = (self.address("listen"), self.address("metrics.listen"));
        if listen.is_some_and(|address| address.port() != 0) && listen == metrics {
            let fault =
                format!("{}: this is the API's address; write another, or off", self.at("metrics.listen"));
            self.faults.push(fault);
        }
        let config = Config {
            data,
            listen: listen.unwrap_or(std::net::SocketAddr::from(([127, 0, 0, 1], 0))),
            database,
            letters: LettersConfig {
                folder: self.path("letters.folder"),
                locale: self.text("letters.locale").unwrap_or_default().to_owned(),
                contact: self.text("letters.contact").map(str::to_owned),
            },
            origin,
            most_behind: self.number("ledger.mostBehind"),
            caps: OperatorCaps {
                cases: self.cap("caps.casesPerHour", "caps.casesPerDay"),
                measures: self.cap("caps.measuresPerHour", "caps.measuresPerDay"),
                emergencies: self.cap("caps.emergenciesPerHour", "caps.emergenciesPerDay"),
            },
            cluster,
            reach,
            clusters: std::mem::take(&mut self.clusters),
            freeze,
            fetch_private: self.text("fetch.privateAddresses") == Some("allowed"),
            fetch_hosts,
            simulation_allowed: self.text("cluster.simulation") == Some("allowed"),
            limits: Limits {
                header_time: self.time("limits.headerTime"),
                header_bytes: usize::try_from(self.number("limits.headerBytes")).unwrap_or(usize::MAX),
                connections: usize::try_from(self.number("limits.connections")).unwrap_or(usize::MAX),
                request_time: self.time("limits.requestTime"),
                grace: self.time("stop.grace"),
                ..Limits::default()
            },
            drain: self.time("stop.drain"),
            silence: self.time("leader.silence"),
            log_filter: self.text("log.level").unwrap_or_default().to_owned(),
            log_format: match self.text("log.format") {
                Some("text") => LogFormat::Text,
                _ => LogFormat::Json,
            },
            metrics,
            otlp: self.text("otlp.endpoint").map(str::to_owned),
        };
        if self.faults.is_empty() {
            Ok(Loaded { config, given: self.given })
        } else {
            Err(Faults(self.faults))
        }
    }
}

fn has_password(url: &str) -> bool {
    let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
    masked(address) != address || parameters.contains("password")
}

/// Variables that Kubernetes makes for a Service named `tenure…`.
fn is_linked(name: &str) -> bool {
    name.ends_with("_PORT")
        || ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT_"].iter().any(|part| name.contains(part))
}

/// What a file says: each setting that is written, with its line, and the clusters beside the first one.
#[derive(Default)]
struct Read {
    settings: Vec<(&'static Setting, Value, u32)>,
    clusters: BTreeMap<ClusterId, NamedCluster>,
}

/// Reads a file's text.
fn read(text: &str) -> Result<Read, DocumentErrors> {
    let node = Node::read(text)?;
    let mut faults = tenure_domain::document::Faults::default();
    let mut read = Read::default();
    let mut top: Vec<&str> = Vec::new();
    for setting in SETTINGS {
        let (group, field) = setting.place();
        let name = group.unwrap_or(field);
        if !top.contains(&name) {
            top.push(name);
        }
    }
    top.push(CLUSTERS);
    let root = node.root();
    if let Some(fields) = root.fields(&top, &mut faults) {
        for name in top {
            let Some(item) = fields.optional(name, &mut faults) else { continue };
            if name == CLUSTERS {
                read.clusters = clusters::read(&item, &mut faults);
                continue;
            }
            if let Some(setting) = Setting::at(name) {
                read.settings.extend(leaf(setting, &item, &mut faults));
                continue;
            }
            let of_group: Vec<&Setting> = SETTINGS.iter().filter(|s| s.place().0 == Some(name)).collect();
            let known: Vec<&str> = of_group.iter().map(|s| s.place().1).collect();
            let Some(inner) = item.fields(&known, &mut faults) else { continue };
            read.settings
                .extend(of_group.iter().filter_map(|setting| in_group(setting, &inner, &mut faults)));
        }
    }
    faults.into_result(Some(read))
}

fn in_group(
    setting: &'static Setting,
    fields: &Fields<'_>,
    faults: &mut tenure_domain::document::Faults,
) -> Option<(&'static Setting, Value, u32)> {
    let item = fields.optional(setting.place().1, faults)?;
    leaf(setting, &item, faults)
}

fn leaf(
    setting: &'static Setting,
    item: &Item<'_>,
    faults: &mut tenure_domain::document::Faults,
) -> Option<(&'static Setting, Value, u32)> {
    let value = match setting.kind {
        Kind::Number(least, most) => Value::Number(item.integer(least, most, faults)?),
        kind => match kind.read(item.text(faults)?) {
            Ok(value) => value,
            Err(message) => {
                faults.at(item, message);
                return None;
            }
        },
    };
    Some((setting, value, item.line()))
}
