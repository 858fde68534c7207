use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::future::try_join_all;
use futures::{FutureExt, StreamExt};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::outcome::Outcome;
use super::plan::{Edge, Node, NodeEnds, Plan, Work};
use super::run::RunSource;
use super::run_error::RunError;
use super::run_span::{RunSpan, within};
use super::segment::Segment;
use super::supervisor::{Running, Supervisor};
use crate::error::Error;
use crate::stage::{
    Flow, Incoming, Leash, StageContext, StageError, StageRequest, all_verified, check_order,
    trigger_stage,
};
use crate::wire::StreamChannelRef;
use crate::worker::Worker;

/// The name of the run's own end in errors.
pub(super) const RUN: &str = "run";

/// The refs of an edge: writer and reader.
type Refs = (StreamChannelRef, StreamChannelRef);

/// A run over channels, as [`Run`](super::Run) drives it.
pub struct ChannelRun<P: Segment> {
    output: Incoming<P::Out, P::Format>,
    outcome: JoinHandle<Outcome>,
    cancelled: CancellationToken,
    /// Cancels the run when it is dropped.
    _guard: DropGuard,
}

impl<P: Segment> fmt::Debug for ChannelRun<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelRun")
            .field("ended", &self.outcome.is_finished())
            .finish_non_exhaustive()
    }
}

/// Makes a channel of every edge and starts every node.
pub(super) async fn launch<P: Segment>(
    head: P,
    worker: &Worker,
    context: &StageContext,
    deadline: Option<Duration>,
) -> Result<ChannelRun<P>, RunError> {
    let trace = RunSpan::begin(worker);
    let mut plan = Plan::default();
    let last = head.draw(&mut plan);
    let labels = plan.labels(&Uuid::new_v4().to_string(), RUN);
    let refs = try_join_all(labels.iter().map(|label| worker.create_edge(label)))
        .await
        .map_err(no_channels)?;
    // Opened at once, so that the engine knows when the run is dropped.
    let mut reader = trace.span().in_scope(|| worker.reader(&refs[last.0].1));
    reader.connect().await.map_err(no_channels)?;
    let cancelled = context.cancellation().clone();
    let mut supervisor = Supervisor::new(worker.clone(), cancelled.clone(), deadline);
    for node in plan.nodes {
        let running = prepare(node, &refs, worker, context, &trace).await?;
        supervisor.start(running);
    }
    Ok(ChannelRun {
        output: Incoming::new(context.receiver(reader), RUN),
        outcome: tokio::spawn(trace.over(supervisor.supervise())),
        _guard: cancelled.clone().drop_guard(),
        cancelled,
    })
}

fn no_channels(error: impl Into<Error>) -> RunError {
    let reason = format!("{:#}", error.into());
    let failure = StageError::new(RunError::NO_CHANNELS, RUN, reason);
    RunError::from(failure)
}

/// Opens the ends of a node that runs here, or writes the request for one that is triggered.
async fn prepare(
    node: Node,
    refs: &[Refs],
    worker: &Worker,
    context: &StageContext,
    trace: &RunSpan,
) -> Result<Running, RunError> {
    let Node {
        name,
        inputs,
        outputs,
        work,
    } = node;
    let readers: Vec<_> = inputs.iter().map(|&Edge(at)| refs[at].1.clone()).collect();
    let writers: Vec<_> = outputs.iter().map(|&Edge(at)| refs[at].0.clone()).collect();
    let all = readers.iter().chain(&writers).cloned().collect();
    match work {
        Work::Here(code) => {
            let (span, _) = trace.stage(&name, false);
            let ends = span.in_scope(|| NodeEnds {
                readers: readers.iter().map(|end| worker.reader(end)).collect(),
                writers: writers.iter().map(|end| worker.writer(end)).collect(),
            });
            let context = context.for_stage(&name).with_worker(worker.clone());
            Ok(Running {
                name,
                takes_input: !inputs.is_empty(),
                work: within(span, code(ends, context)),
                refs: all,
                leash: None,
            })
        }
        Work::Registered {
            id,
            params,
            in_order,
        } => {
            let leash = Leash::new(worker).await.map_err(no_channels)?;
            let request = StageRequest {
                reader_ref: readers.into_iter().next(),
                writer_ref: writers.into_iter().next(),
                cancel_ref: Some(leash.cancel_ref()),
                progress_ms: context.progress_ms(),
                params,
            };
            let worker = worker.clone();
            let (span, traceparent) = trace.stage(&name, true);
            let work = async move {
                if in_order {
                    check_order(&worker, &id).await?;
                }
                trigger_stage(&worker, &id, &request, Some(traceparent)).await
            };
            Ok(Running {
                name,
                takes_input: !inputs.is_empty(),
                work: within(span, work.boxed()),
                refs: all,
                leash: Some(leash),
            })
        }
    }
}

impl<P: Segment> RunSource for ChannelRun<P> {
    type Item = P::Out;

    fn poll_flow(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<P::Out>>> {
        self.get_mut().output.poll_next_unpin(cx)
    }

    fn poll_outcome(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let this = self.get_mut();
        let mut outcome = match ready!(this.outcome.poll_unpin(cx)) {
            Ok(outcome) => outcome,
            Err(error) => {
                let reason = format!("the run's supervisor ended by itself: {error}");
                let failure = StageError::new(StageError::PANICKED, "pipewright", reason);
                Outcome {
                    failures: vec![failure],
                    ..Outcome::default()
                }
            }
        };
        outcome.verified = all_verified([outcome.verified, this.output.verified()]);
        Poll::Ready(outcome)
    }

    fn cancel(&self) {
        self.cancelled.cancel();
    }
}
