use std::fmt;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::future::{select, try_join_all};
use futures::{FutureExt, StreamExt};
use tokio::task::JoinHandle;
use tokio_util::sync::{DropGuard, WaitForCancellationFutureOwned};
use uuid::Uuid;

use super::outcome::Outcome;
use super::plan::{Edge, Node, NodeEnds, Plan, Work};
use super::run::{DrainHandle, RunSource, without_policy};
use super::run_error::{RUN, RunError};
use super::run_span::{RunSpan, within};
use super::running::{Host, Output, Running};
use super::segment::Segment;
use super::supervisor::Supervisor;
use crate::channel::{StreamStats, WriterWatch};
use crate::error::Error;
use crate::stage::{
    Control, Flow, Incoming, RemoteCancel, StageContext, StageError, StageRequest, all_verified,
    check_order, end_with_worker, trigger_stage,
};
use crate::wire::StreamChannelRef;
use crate::worker::Worker;

/// The refs of an edge: writer and reader.
type Refs = (StreamChannelRef, StreamChannelRef);

/// A run over channels, as driven by [`Run`](super::Run).
pub struct ChannelRun<P: Segment> {
    /// `None` after a failure of the output.
    incoming: Option<Incoming<P::Out, P::Format>>,
    output: Output,
    outcome: JoinHandle<Outcome>,
    control: Control,
    /// Completes when the run was ended from outside.
    over: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Cancels the run when dropped.
    _guard: DropGuard,
}

impl<P: Segment> fmt::Debug for ChannelRun<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelRun")
            .field("ended", &self.outcome.is_finished())
            .finish_non_exhaustive()
    }
}

/// Creates a channel for every edge, connects every end in this process, and starts every node.
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
    let control = context.control();
    let cancelled = control.run().clone();
    let guard = cancelled.clone().drop_guard();
    let output = Output::default();
    let reader = trace.span().in_scope(|| worker.reader(&refs[last.0].1));
    let mut reader = reader
        .metered(StreamStats::of_run(control.activity()))
        .watching(output.watch.clone());
    // Every end connects before any code runs. An end that connects late would look as if it was
    // never opened, and would not notice when its peer leaves.
    let preparing = plan
        .nodes
        .into_iter()
        .map(|node| prepare(node, &refs, worker, context, &trace));
    let connecting = async { reader.connect().await.map_err(no_channels) };
    let (prepared, ()) = futures::try_join!(try_join_all(preparing), connecting)?;
    let (stops, stopped) = (worker.clone(), control.clone());
    let over = cancelled.clone().cancelled_owned();
    tokio::spawn(async move {
        let ending = end_with_worker(&stops, &stopped, RUN);
        select(pin!(over), pin!(ending)).await;
    });
    let mut supervisor = Supervisor::new(worker.clone(), control.clone(), output.clone(), deadline);
    for running in prepared {
        supervisor.start(running);
    }
    Ok(ChannelRun {
        incoming: Some(Incoming::new(context.receiver(reader), RUN)),
        output,
        outcome: tokio::spawn(trace.over(supervisor.supervise())),
        over: Box::pin(cancelled.cancelled_owned()),
        _guard: guard,
        control: control.clone(),
    })
}

fn no_channels(error: impl Into<Error>) -> RunError {
    let reason = format!("{:#}", error.into());
    let failure = StageError::new(RunError::NO_CHANNELS, RUN, reason);
    RunError::from(failure)
}

/// Connects the ends of a node that runs here, or creates the request of a remote one.
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
    let readers = inputs.iter().map(|&Edge(at)| &refs[at].1);
    let writers = outputs.iter().map(|&Edge(at)| &refs[at].0);
    let (work, place) = match work {
        Work::Here(code) => {
            let (span, _) = trace.stage(&name, false);
            let watches: Vec<_> = readers.clone().map(|_| WriterWatch::default()).collect();
            let mut ends = span.in_scope(|| NodeEnds {
                readers: readers
                    .zip(&watches)
                    .map(|(end, watch)| worker.reader(end).watching(watch.clone()))
                    .collect(),
                writers: writers.map(|end| worker.writer(end)).collect(),
            });
            ends.connect().await.map_err(no_channels)?;
            let context = context
                .for_stage(&name)
                .with_own_input()
                .with_worker(worker.clone());
            if watches.len() != 1 {
                // Without a header, the metadata of the run applies.
                context.stream_metadata().set(None);
            }
            let control = context.control().clone();
            let work = within(span, code(ends, context));
            (work, Host::Here { control, watches })
        }
        Work::Registered {
            id,
            params,
            in_order,
        } => {
            let remote_cancel = RemoteCancel::new(worker).await.map_err(no_channels)?;
            let request = StageRequest {
                reader_ref: { readers }.next().cloned(),
                writer_ref: { writers }.next().cloned(),
                cancel_ref: Some(remote_cancel.cancel_ref()),
                progress_ms: context.progress_ms(),
                params,
            };
            let (span, traceparent) = trace.stage(&name, true);
            let (worker, asked) = (worker.clone(), request.clone());
            let work = async move {
                if in_order {
                    check_order(&worker, &id).await?;
                }
                trigger_stage(&worker, &id, &asked, Some(traceparent)).await
            };
            let remote_cancel = Some(Box::new(remote_cancel));
            let place = Host::Elsewhere {
                remote_cancel,
                request,
            };
            (within(span, work.boxed()), place)
        }
    };
    Ok(Running {
        name,
        inputs: inputs.into_iter().map(|Edge(at)| at).collect(),
        outputs: outputs.into_iter().map(|Edge(at)| at).collect(),
        work,
        place,
    })
}

impl<P: Segment> RunSource for ChannelRun<P> {
    type Item = P::Out;

    fn poll_flow(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<P::Out>>> {
        let this = self.get_mut();
        // A stopped run ends immediately, regardless of its output.
        let flow = match this.over.poll_unpin(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => match &mut this.incoming {
                Some(incoming) => incoming
                    .poll_next_unpin(cx)
                    .map(|flow| flow.map(without_policy)),
                None => Poll::Ready(None),
            },
        };
        if let Poll::Ready(Some(Err(_))) = flow {
            // A reader that stays open without reading would hold up the stages.
            this.incoming = None;
        }
        let goes_on = matches!(flow, Poll::Ready(Some(Ok(_))));
        this.output.awaited.store(!goes_on, Relaxed);
        if flow.is_ready() && !goes_on {
            this.output.over.cancel();
        }
        flow
    }

    fn poll_outcome(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let this = self.get_mut();
        let mut outcome = match ready!(this.outcome.poll_unpin(cx)) {
            Ok(outcome) => outcome,
            Err(error) => {
                let reason = format!("the run's supervisor ended by itself: {error}");
                let mut outcome = Outcome::default();
                let failure = StageError::new(StageError::PANICKED, "pipewright", reason);
                outcome.ending.failed(failure);
                outcome
            }
        };
        let read = this.incoming.as_ref().and_then(Incoming::verified);
        outcome.verified = all_verified([outcome.verified, read]);
        Poll::Ready(outcome)
    }

    fn cancel(&self) {
        self.control.run().cancel();
    }

    fn drain_handle(&self) -> DrainHandle {
        DrainHandle::new(self.control.clone())
    }
}
