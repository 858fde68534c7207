use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::channel::WriterWatch;
use crate::stage::{Control, RemoteCancel, StageError, StageReport, StageRequest};

/// A running stage.
pub(super) struct Running {
    pub(super) name: String,
    /// The edges that it reads and writes.
    pub(super) inputs: Vec<usize>,
    pub(super) outputs: Vec<usize>,
    pub(super) work: BoxFuture<'static, Result<StageReport, StageError>>,
    pub(super) place: Host,
}

/// How to notify a stage of events at its neighbours.
pub(super) enum Host {
    /// A stage of this process, with a watch for each of its inputs.
    Here {
        control: Control,
        watches: Vec<WriterWatch>,
    },
    /// A stage on another worker, with the channel that controls it, until it has ended or should
    /// end.
    Elsewhere {
        remote_cancel: Option<Box<RemoteCancel>>,
        request: StageRequest,
    },
}

/// State shared by the run's own end and its supervisor.
#[derive(Clone, Debug, Default)]
pub(super) struct Output {
    pub(super) watch: WriterWatch,
    /// Whether the output is being awaited, or has ended, so that nothing downstream delays the
    /// stages.
    pub(super) awaited: Arc<AtomicBool>,
    /// Set when the output is no longer read.
    pub(super) over: CancellationToken,
}
