//! Spans of a run, as OpenTelemetry exports them.

use opentelemetry::trace::{SpanId, SpanKind, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use pipewright::{Invocation, Pipeline, Worker, pipeline_stage, remote};
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

use crate::engine::{engine, url};

#[pipeline_stage(id = "traces::double")]
async fn double(n: u32) -> u32 {
    2 * n
}

/// The only span of this name for which `is` returns true.
fn one<'a>(spans: &'a [SpanData], name: &str, is: impl Fn(&SpanData) -> bool) -> &'a SpanData {
    let mut found = spans.iter().filter(|span| span.name == name && is(span));
    let one = found
        .next()
        .unwrap_or_else(|| panic!("no {name} in {spans:#?}"));
    assert!(found.next().is_none(), "{name} twice in {spans:#?}");
    one
}

fn says(span: &SpanData, key: &str, value: &str) -> bool {
    let mut attributes = span.attributes.iter();
    attributes.any(|pair| pair.key.as_str() == key && pair.value.as_str() == value)
}

#[tokio::test]
async fn run_is_one_trace_below_the_users_span() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let guard = tracing::subscriber::set_default(Registry::default().with(layer));
    let engine = engine().await;
    let here = Worker::connect(&*url(&engine)).await.unwrap();
    let there = Worker::connect(&*url(&engine)).await.unwrap();
    there.register(double).unwrap();
    there
        .register_function("traces::inner", async |(): ()| ())
        .unwrap();
    there
        .register_function("traces::outer", async |(): (), invocation: Invocation| {
            invocation.trigger("traces::inner", &()).await.map(|_| ())
        })
        .unwrap();
    there.registered().await.unwrap();
    let user = async {
        let pipeline = Pipeline::from_iter(0..10_u32).then(remote::<u32, u32>("traces::double"));
        let run = pipeline.start(&here).await.unwrap();
        assert_eq!(run.collect::<Vec<_>>().await.unwrap().len(), 10);
        here.call::<()>("traces::outer", &()).await.unwrap();
    };
    user.instrument(tracing::info_span!("the user's")).await;
    here.shutdown().await.unwrap();
    there.shutdown().await.unwrap();
    drop(guard);
    provider.force_flush().unwrap();

    let spans = exporter.get_finished_spans().unwrap();
    let root = one(&spans, "the user's", |_| true);
    assert_eq!(root.parent_span_id, SpanId::INVALID);
    for span in &spans {
        let trace_id = span.span_context.trace_id();
        assert_eq!(trace_id, root.span_context.trace_id(), "{span:#?}");
    }
    let is_below = |child: &SpanData, parent: &SpanData| {
        assert_eq!(
            child.parent_span_id,
            parent.span_context.span_id(),
            "{child:#?}"
        );
    };
    let run = one(&spans, "pipeline.run", |_| true);
    is_below(run, root);
    let double = "traces::double";
    let stage = one(&spans, "stage", |span| {
        says(span, "pipewright.stage", double)
    });
    is_below(stage, run);
    assert_eq!(stage.span_kind, SpanKind::Client);
    let call = |id: &str| one(&spans, "call", |span| says(span, "rpc.method", id));
    is_below(call(double), stage);
    assert_eq!(call(double).span_kind, SpanKind::Server);
    let read = one(&spans, "channel.read", |span| {
        span.parent_span_id == call(double).span_context.span_id()
            && says(span, "pipewright.items", "10")
    });
    assert_eq!(read.span_kind, SpanKind::Consumer);
    is_below(call("traces::outer"), root);
    is_below(call("traces::inner"), call("traces::outer"));
}
