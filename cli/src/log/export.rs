use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use pipewright::Error;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use crate::failure::Failure;
use crate::terminal::print_error::print_error;

/// Setting any of these enables the export (OpenTelemetry Protocol Exporter, "Endpoint URLs for
/// OTLP/HTTP").
const ASKED_BY: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
];

/// Exports spans to a collector with OTLP over HTTP.
pub(super) struct Export(SdkTracerProvider);

impl Export {
    /// Configured by the environment; `None` if it is not enabled.
    pub(super) fn from_env() -> Result<Option<Self>, Failure> {
        let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if !ASKED_BY.iter().any(is_set) {
            return Ok(None);
        }
        let exporter = SpanExporter::builder().with_http().build().map_err(|error| {
            Failure::from(Error::from(error))
                .hint("OTEL_EXPORTER_OTLP_ENDPOINT asks for an export of spans; see docs/observability.md")
        })?;
        // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
        let resource = Resource::builder();
        let resource = match std::env::var_os("OTEL_SERVICE_NAME") {
            Some(_) => resource,
            None => resource.with_service_name("pipewright"),
        };
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.with_attribute(version).build());
        Ok(Some(Self(provider.build())))
    }

    /// Exports all spans of this program, regardless of the log level.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("pipewright"))
            .with_filter(Targets::new().with_target("pipewright", Level::INFO))
    }

    /// Exports the remaining spans. Must be called outside of a runtime, because it blocks.
    pub(super) fn end(self) {
        if let Err(error) = self.0.shutdown() {
            print_error(format_args!("note: some spans were not exported: {error}"));
        }
    }
}
