//! The operator's log, lines on standard error as JSON or as text, and the spans that go to a collector.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::{EnvFilter, LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, fmt};

use crate::config::LogFormat;

/// What is logged where nothing else is said, by everything but `serve`.
const QUIET: &str = "warn,kube_client=off";

/// The parts whose spans are sent. All that these hold are names, numbers and ids.
const TRACED: [&str; 2] = ["tenure_api", "tenure_engine"];

/// Spans on their way to a collector.
#[derive(Debug)]
pub struct Spans(SdkTracerProvider);

impl Spans {
    /// Sends what is left. Blocks for as long as the collector may take, a few seconds.
    pub fn end(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Starts the log for people, filtered by `TENURE_LOG`.
pub fn for_people() {
    let filter = EnvFilter::try_from_env("TENURE_LOG").unwrap_or_else(|_| EnvFilter::new(QUIET));
    let log = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    // Another subscriber is there already in tests only.
    drop(Registry::default().with(log.with_filter(filter)).try_init());
}

/// Starts the server's log, and the sending of spans where they have somewhere to go.
pub fn for_server(filter: &str, format: LogFormat, collector: Option<&str>) -> anyhow::Result<Option<Spans>> {
    let spans = collector.map(spans).transpose()?;
    let sent = spans.as_ref().map(|Spans(provider)| {
        let ours = TRACED.iter().map(|target| (*target, LevelFilter::INFO));
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("tenure"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_filter(ours.collect::<Targets>())
    });
    let log = fmt::layer().with_writer(std::io::stderr);
    let log = match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => log.json().flatten_event(true).with_current_span(false).boxed(),
    };
    let all = Registry::default().with(sent).with(log.with_filter(EnvFilter::new(filter)));
    // Another subscriber is there already in tests only.
    drop(all.try_init());
    Ok(spans)
}

fn spans(collector: &str) -> anyhow::Result<Spans> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{collector}/v1/traces"))
        .build()
        .context("otlp.endpoint")?;
    let resource = Resource::builder_empty().with_service_name("tenured").build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    Ok(Spans(provider))
}
