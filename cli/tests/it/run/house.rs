use pipewright::Worker;

use super::stages;
use crate::program::Program;

/// An engine in a separate process, and the stages in this one.
pub(crate) struct Stages {
    pub(crate) engine: Program,
    pub(crate) url: String,
    pub(crate) worker: Worker,
}

impl Stages {
    pub(crate) async fn new() -> Self {
        let (engine, url) = Program::engine().await;
        let worker = Worker::connect(url.as_str()).await.unwrap();
        stages::register(&worker);
        // An answer shows that the engine has read everything before it on this connection.
        worker.create_channel(None).await.unwrap();
        Self {
            engine,
            url,
            worker,
        }
    }
}
