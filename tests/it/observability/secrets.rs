//! Nothing that this crate or its dependencies log contains an access key or a token.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, Once};

use pipewright::{Address, Channel, Engine, Worker};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

const TOKEN: &str = "s3cret-t0ken";

/// The logged text.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<String>>);

struct Text<'t>(&'t mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl<S: tracing::Subscriber> Layer<S> for Logged {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        attributes.record(&mut Text(&mut self.0.lock().unwrap()));
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        values.record(&mut Text(&mut self.0.lock().unwrap()));
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        event.record(&mut Text(&mut self.0.lock().unwrap()));
    }
}

/// Collects messages of the crate `log` that look like the secret of a test.
static RECORDS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Records;

impl log::Log for Records {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let text = record.args().to_string();
        if text.contains("key=") || text.contains(TOKEN) || text.starts_with("Request") {
            RECORDS.lock().unwrap().push(text);
        }
    }

    fn flush(&self) {}
}

fn log_records() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Records).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// A single thread, so that everything logs to the subscriber of this test.
#[test]
fn no_access_key_and_no_token_is_logged() {
    log_records();
    let logged = Logged::default();
    let subscriber = Registry::default().with(logged.clone());
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let keys = tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let engine = Engine::builder().listen("127.0.0.1:0").bearer_token(TOKEN);
            let engine = engine.start().await.unwrap();
            let url = engine.url().unwrap().to_string();
            let url = url.replace("ws://", &format!("ws://user:{TOKEN}@"));
            let address: Address = format!("{url}/?secret={TOKEN}").parse().unwrap();
            let worker = Worker::connect(address.bearer_token(TOKEN)).await.unwrap();
            let channel: Channel<u8> = worker.channel(None).await.unwrap();
            let (mut sender, mut receiver) = (channel.sender, channel.receiver);
            sender.send(1).await.unwrap();
            sender.close().await.unwrap();
            assert_eq!(receiver.recv().await.unwrap(), Some(1));
            assert_eq!(receiver.recv().await.unwrap(), None);
            let wrong: Address = url.parse().unwrap();
            let error = Worker::connect(wrong.bearer_token("s3cret-wrong"))
                .await
                .unwrap_err();
            let error = format!("{error} {error:?}");
            assert!(!error.contains("s3cret"), "{error}");
            let refs = [
                channel.reader_ref.into_inner(),
                channel.writer_ref.into_inner(),
            ];
            refs.map(|end| {
                serde_json::to_value(end).unwrap()["access_key"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
        })
    });
    let mut all = RECORDS.lock().unwrap().clone();
    assert!(
        !all.is_empty(),
        "the library of the handshake logs its requests"
    );
    all.push(logged.0.lock().unwrap().clone());
    for text in all {
        for secret in keys.iter().map(String::as_str).chain(["s3cret"]) {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
