//! Spans of a run, as any subscriber of `tracing` sees them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use pipewright::{Pipeline, Worker, pipeline_stage, remote};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use crate::engine::{engine, url};

/// Collects every ended span of this crate, with its fields and its parent's name.
#[derive(Clone, Default)]
struct Ended(Arc<Mutex<Vec<Seen>>>);

#[derive(Clone, Debug, Default)]
struct Seen {
    name: &'static str,
    parent: Option<&'static str>,
    fields: BTreeMap<&'static str, String>,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Ended {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        let mut seen = Seen {
            name: span.name(),
            parent: span.parent().map(|parent| parent.name()),
            fields: BTreeMap::new(),
        };
        attributes.record(&mut seen);
        span.extensions_mut().insert(seen);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        if let Some(seen) = span.extensions_mut().get_mut::<Seen>() {
            values.record(seen);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let seen = span.extensions().get::<Seen>().cloned();
        self.0.lock().unwrap().extend(seen);
    }
}

impl Ended {
    /// The only span with a field of this value.
    #[track_caller]
    fn one(&self, name: &str, field: &str, value: &str) -> Seen {
        let all = self.0.lock().unwrap();
        let has = |seen: &&Seen| seen.fields.get(field).is_some_and(|is| is == value);
        let found: Vec<_> = all
            .iter()
            .filter(|seen| seen.name == name)
            .filter(has)
            .collect();
        assert_eq!(found.len(), 1, "{name} {field}={value} in {all:#?}");
        found[0].clone()
    }
}

#[pipeline_stage(id = "spans::double")]
async fn double(n: u32) -> u32 {
    2 * n
}

#[pipeline_stage(id = "spans::fail")]
async fn fail(n: u32) -> pipewright::Result<u32> {
    match n {
        5 => Err(pipewright::Error::msg("five")),
        n => Ok(n),
    }
}

#[tokio::test]
async fn run_stages_and_streams_share_one_trace() {
    let ended = Ended::default();
    let guard = tracing::subscriber::set_default(Registry::default().with(ended.clone()));
    let engine = engine().await;
    let here = Worker::connect(&*url(&engine)).await.unwrap();
    let there = Worker::connect(&*url(&engine)).await.unwrap();
    there.register(double).unwrap();
    there.registered().await.unwrap();
    let pipeline = Pipeline::from_iter(0..10_u32).then(remote::<u32, u32>("spans::double"));
    let run = pipeline.start(&here).await.unwrap();
    assert_eq!(run.collect::<Vec<_>>().await.unwrap().len(), 10);
    here.shutdown().await.unwrap();
    there.shutdown().await.unwrap();
    drop(guard);

    let run = ended.one("pipeline.run", "pipewright.stages", "2");
    assert_eq!(run.parent, None);
    assert!(!run.fields.contains_key("otel.status_code"));
    let trace = &run.fields["trace_id"];
    assert!(trace.len() == 32 && trace.chars().any(|digit| digit != '0'));
    let call = ended.one("call", "rpc.method", "spans::double");
    assert_eq!(&call.fields["trace_id"], trace);
    assert_eq!(call.fields["otel.kind"], "server");
    let stage = ended.one("stage", "pipewright.stage", "spans::double");
    assert_eq!(stage.parent, Some("pipeline.run"));
    assert_eq!(stage.fields["otel.kind"], "client");
    assert_eq!(stage.fields["pipewright.items_in"], "10");
    assert_eq!(stage.fields["pipewright.items_out"], "10");
    // Two channels: source to stage, stage to run.
    let streams: Vec<_> = ended.0.lock().unwrap().clone();
    let streams = streams
        .iter()
        .filter(|seen| seen.name.starts_with("channel."));
    let mut streams: Vec<_> = streams
        .filter(|seen| seen.fields["pipewright.items"] == "10")
        .map(|seen| (seen.name, seen.parent, &*seen.fields["pipewright.verdict"]))
        .collect();
    streams.sort_unstable();
    let complete = "complete";
    assert_eq!(
        streams,
        [
            ("channel.read", Some("call"), complete),
            ("channel.read", Some("pipeline.run"), complete),
            ("channel.write", Some("call"), complete),
            ("channel.write", Some("stage"), complete),
        ]
    );
    for seen in ended.0.lock().unwrap().iter() {
        let mut values = seen.fields.values();
        assert!(values.all(|value| !value.contains("key")), "{seen:?}");
    }
}

#[tokio::test]
async fn spans_of_what_fails_say_so() {
    let ended = Ended::default();
    let guard = tracing::subscriber::set_default(Registry::default().with(ended.clone()));
    let engine = engine().await;
    let worker = Worker::connect(&*url(&engine)).await.unwrap();
    worker.register(fail).unwrap();
    let pipeline = Pipeline::from_iter(0..10_u32).then(remote::<u32, u32>("spans::fail"));
    let run = pipeline.start(&worker).await.unwrap();
    run.collect::<Vec<_>>().await.unwrap_err();
    worker.shutdown().await.unwrap();
    drop(guard);
    for (name, field, value) in [
        ("pipeline.run", "pipewright.stages", "2"),
        ("stage", "pipewright.stage", "spans::fail"),
        ("call", "rpc.method", "spans::fail"),
    ] {
        let seen = ended.one(name, field, value);
        assert_eq!(seen.fields["otel.status_code"], "ERROR", "{name}");
        assert_eq!(seen.fields["error.type"], "stage_failed", "{name}");
    }
}
