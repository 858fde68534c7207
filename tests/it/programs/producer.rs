use pipewright::{StreamChannelRef, Worker};
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use super::Program;
use crate::support::within;

/// The example `producer`, which streams a long file of zeros to any reader.
pub(crate) struct Producer {
    pub(crate) program: Program,
    pub(crate) reader_ref: StreamChannelRef,
    _file: NamedTempFile,
}

impl Producer {
    /// Starts it at the engine at `url`, to which `worker` is connected, with its functions in
    /// `namespace`.
    pub(crate) async fn start(
        worker: &Worker,
        url: &str,
        namespace: Option<&str>,
        len: u64,
    ) -> Self {
        let (found, mut finds) = mpsc::unbounded_channel();
        let transform = move |payload: Value| {
            found.send(payload["readerRef"].clone()).unwrap();
            std::future::pending::<()>()
        };
        worker
            .register_function("demo::transform", transform)
            .unwrap();
        let consume = |_: Value| std::future::pending::<()>();
        worker.register_function("demo::consume", consume).unwrap();
        worker.registered().await.unwrap();

        let file = NamedTempFile::new().unwrap();
        file.as_file().set_len(len).unwrap();
        let arguments = [url, file.path().to_str().unwrap()];
        let program = Program::example_in(namespace, "producer", &arguments);
        let reader_ref = within(finds.recv()).await.unwrap();
        Self {
            program,
            reader_ref: serde_json::from_value(reader_ref).unwrap(),
            _file: file,
        }
    }
}
