use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::channel::WriterWatch;
use crate::stage::{Control, Leash, StageError, StageReport, StageRequest};

/// A stage under way.
pub(super) struct Running {
    pub(super) name: String,
    /// The edges that it reads and writes.
    pub(super) inputs: Vec<usize>,
    pub(super) outputs: Vec<usize>,
    pub(super) work: BoxFuture<'static, Result<StageReport, StageError>>,
    pub(super) place: Place,
}

/// How a stage is told what happens around it.
pub(super) enum Place {
    /// A stage of this process, with a watch for each of its inputs.
    Here {
        control: Control,
        watches: Vec<WriterWatch>,
    },
    /// A stage on another worker: it is held by a leash, until it has ended or is to end.
    Elsewhere {
        leash: Option<Box<Leash>>,
        request: StageRequest,
    },
}

/// What the run's own end and its supervisor tell each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Output {
    pub(super) watch: WriterWatch,
    /// Whether somebody waits for what comes out, or it is over: nothing holds back the stages.
    pub(super) awaited: Arc<AtomicBool>,
    /// Set when nothing more is read of what comes out.
    pub(super) over: CancellationToken,
}
