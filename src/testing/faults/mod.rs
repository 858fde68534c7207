//! Fault injection, to test how a worker reacts to a network that breaks, hangs or corrupts data,
//! and to programs that are killed or stopped.
//!
//! [`FaultProxy`] sits between any client and any engine. A [`FaultPlan`] describes the faults step
//! by step or derives them from a seed, so that a failure can be reproduced. Faults can also be
//! triggered explicitly. [`ProcessFault`] affects a whole process.
//!
//! The property to test: everything that was sent arrives, or an error explains why it did not.
//!
//! ```
//! # #[cfg(feature = "engine")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> pipewright::Result<()> {
//! use pipewright::testing::faults::{FaultPlan, FaultProxy, Sockets};
//! use pipewright::{Engine, Worker};
//!
//! let engine = Engine::builder().listen("127.0.0.1:0").start().await?;
//! let url = engine.url().map(ToString::to_string).unwrap_or_default();
//! for seed in 0..20 {
//!     let plan = FaultPlan::from_seed(seed).of(Sockets::Readers);
//!     let proxy = FaultProxy::start(&url, plan.clone()).await?;
//!     let worker = Worker::connect(proxy.url()).await?;
//!     let mut channel = worker.create_channel(None).await?;
//!     let writing = tokio::spawn(async move {
//!         channel.writer.write(vec![7; 100_000]).await?;
//!         channel.writer.close().await
//!     });
//!     let reading = channel.reader.read_all();
//!     match tokio::time::timeout(std::time::Duration::from_secs(1), reading).await {
//!         Ok(Ok(bytes)) => assert_eq!(bytes, vec![7; 100_000]),
//!         Ok(Err(error)) => println!("{plan:?}: {error}"),
//!         Err(_) => println!("{plan:?}: the line hangs"),
//!     }
//!     writing.abort();
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "engine"))]
//! # fn main() {}
//! ```

mod connection;
mod dead_line;
mod fault;
mod fault_plan;
mod fault_proxy;
mod process_fault;
mod proxy_state;
mod pump;
mod seeded_rng;
mod sockets;

pub use fault::{Fault, InjectedFault, Way};
pub use fault_plan::FaultPlan;
pub use fault_proxy::FaultProxy;
pub use process_fault::ProcessFault;
pub use sockets::Sockets;
