use std::cell::Cell;
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use pipewright::testing::faults::{FaultPlan, FaultProxy, Sockets};
use pipewright::{Error, Result, Worker};
use tokio::time::{sleep, timeout};

use super::content::Summary;
use super::harm::Harm;
use super::outcome::Outcome;
use super::part::Part;
use super::patience;
use super::process::Process;
use super::scenario::Scenario;
use super::worker::Order;

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
        let struck = self.proxies().any(|proxy| !proxy.strikes().is_empty());
        (outcome.unwrap_or_else(hangs), struck || self.struck.get())
    }

    /// Streams the content and collects the results.
    async fn flow(&self) -> Outcome {
        match self.summaries().await {
            Err(error) => Outcome::Reported(format!("{error:#}")),
            Ok(said) => {
                let consumed = said.iter().find(|(part, _)| *part == Part::Consumer);
                let truth = self.scenario.truth();
                if let Some((_, Ok(summary))) = consumed
                    && *summary != truth
                {
                    return Outcome::Silent(format!("{summary:?} instead of {truth:?}"));
                }
                let failed: Vec<_> = said
                    .iter()
                    .filter_map(|(part, said)| {
                        let error = said.as_ref().err()?;
                        Some(format!("{}: {error:#}", part.role()))
                    })
                    .collect();
                if failed.is_empty() {
                    Outcome::Complete
                } else {
                    Outcome::Reported(failed.join("; "))
                }
            }
        }
    }

    /// The result of each part.
    async fn summaries(&self) -> Result<Vec<(Part, Result<Summary>)>> {
        let first = self.worker.create_channel(None).await?;
        let second = self.worker.create_channel(None).await?;
        let calls = Part::WORKERS.map(async |part| {
            let (reader, writer) = match part {
                Part::Producer => (None, Some(&first.writer_ref)),
                Part::Stage => (Some(&first.reader_ref), Some(&second.writer_ref)),
                _ => (Some(&second.reader_ref), None),
            };
            let order = Order {
                seed: self.scenario.seed,
                reader: reader.cloned(),
                writer: writer.cloned(),
            };
            let said = self.worker.call::<Summary>(part.role(), &order).await;
            (part, said.map_err(Error::from))
        });
        Ok(join_all(calls).await)
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
