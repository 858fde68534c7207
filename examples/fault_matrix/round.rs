use std::cell::Cell;
use std::time::Duration;

use futures::future::try_join_all;
use pipewright::testing::faults::{FaultPlan, FaultProxy, Sockets};
use pipewright::{Error, Result, RunError, Worker};
use tokio::time::{sleep, timeout};

use super::harm::Harm;
use super::outcome::Outcome;
use super::part::Part;
use super::patience;
use super::process::Process;
use super::scenario::Scenario;
use super::stages;

/// The processes of a round and the network between them.
pub(crate) struct Round {
    scenario: Scenario,
    engine: Process,
    /// The worker processes, each with its own proxy to the engine.
    workers: Vec<(Part, FaultProxy, Process)>,
    /// The proxy of this process to the engine.
    own: FaultProxy,
    worker: Worker,
    /// Whether a process fault was applied.
    struck: Cell<bool>,
}

impl Round {
    /// Starts everything, without a fault.
    pub(crate) async fn start(scenario: Scenario) -> Result<Self> {
        let engine = Process::start(&["engine"]).await?;
        let url = &engine.line;
        let workers = Part::WORKERS.map(async |part| {
            let proxy = FaultProxy::start(url, FaultPlan::new()).await?;
            let process = Process::start(&[part.role(), proxy.url()]).await?;
            Ok::<_, Error>((part, proxy, process))
        });
        let workers = try_join_all(workers).await?;
        let own = FaultProxy::start(url, FaultPlan::new()).await?;
        let worker = patience::worker(own.url())?.connect().await?;
        Ok(Self {
            scenario,
            engine,
            workers,
            own,
            worker,
            struck: Cell::new(false),
        })
    }

    /// Runs the round with its fault, and compares the result with what was sent. Also returns
    /// whether the fault occurred before the end.
    pub(crate) async fn run(self) -> (Outcome, bool) {
        let flows = async {
            tokio::select! {
                biased;
                outcome = self.flow() => outcome,
                never = self.strike() => match never {
                    Ok(never) => never,
                    Err(error) => Outcome::Silent(format!("cannot strike: {error:#}")),
                },
            }
        };
        let outcome = timeout(patience::HANGS, flows).await;
        let hangs = |_| Outcome::Silent(format!("hangs for {:?}", patience::HANGS));
        (outcome.unwrap_or_else(hangs), self.is_struck())
    }

    /// Runs the pipeline and compares what its consumer received.
    async fn flow(&self) -> Outcome {
        match stages::run(&self.worker, self.scenario).await {
            Ok(summary) => {
                let truth = self.scenario.truth();
                if summary == truth {
                    Outcome::Complete
                } else {
                    Outcome::Silent(format!("{summary:?} instead of {truth:?}"))
                }
            }
            Err(error) => match error.downcast_ref::<RunError>() {
                Some(failure) => Outcome::Reported {
                    reason: format!("{}: {failure:#}", failure.first_cause().code),
                    is_right: self
                        .is_struck()
                        .then(|| self.scenario.is_cause(failure))
                        .flatten(),
                },
                None => Outcome::Silent(format!("the output is unreadable: {error:#}")),
            },
        }
    }

    /// Whether the fault has occurred.
    fn is_struck(&self) -> bool {
        self.struck.get() || self.proxies().any(|proxy| !proxy.strikes().is_empty())
    }

    /// Applies the fault when its moment has come; never returns if it was harmless.
    async fn strike(&self) -> Result<Outcome> {
        let Scenario {
            part, harm, moment, ..
        } = self.scenario;
        let struck: Vec<&FaultProxy> = match part {
            Part::Engine => self.proxies().collect(),
            _ => self.proxy(part).into_iter().collect(),
        };
        match harm {
            Harm::Channels(way, fault) => {
                let plan = FaultPlan::new()
                    .of(Sockets::Channels)
                    .after(moment, way, fault);
                for proxy in struck {
                    proxy.set_plan(plan.clone());
                }
            }
            Harm::Network(fault) => {
                self.reached(part, moment).await;
                for proxy in struck {
                    proxy.strike_each(fault);
                }
            }
            Harm::Process(fault, goes_on) => {
                self.reached(part, moment).await;
                let process = match part {
                    Part::Engine => &self.engine,
                    _ => self
                        .process(part)
                        .ok_or_else(|| Error::msg("no such part"))?,
                };
                process.strike(fault)?;
                self.struck.set(true);
                if let Some(after) = goes_on {
                    sleep(after.max(Duration::from_millis(1))).await;
                    process.strike(pipewright::testing::faults::ProcessFault::Continue)?;
                }
            }
        }
        std::future::pending().await
    }

    /// Waits until this many bytes have passed the part; for the engine, measured at the stage.
    async fn reached(&self, part: Part, moment: u64) {
        let watched = if part == Part::Engine {
            Part::Stage
        } else {
            part
        };
        if let Some(proxy) = self.proxy(watched) {
            proxy.carried(moment).await;
        }
    }

    fn proxies(&self) -> impl Iterator<Item = &FaultProxy> {
        let workers = self.workers.iter().map(|(_, proxy, _)| proxy);
        workers.chain([&self.own])
    }

    fn proxy(&self, wanted: Part) -> Option<&FaultProxy> {
        let worker = self.workers.iter().find(|(part, ..)| *part == wanted);
        worker.map(|(_, proxy, _)| proxy)
    }

    fn process(&self, wanted: Part) -> Option<&Process> {
        let worker = self.workers.iter().find(|(part, ..)| *part == wanted);
        worker.map(|(.., process)| process)
    }
}
