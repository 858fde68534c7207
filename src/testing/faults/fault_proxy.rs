use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use super::connection::Connection;
use super::proxy_state::{ProxyState, Settings};
use super::{Fault, FaultPlan, InjectedFault, Way};

/// A TCP proxy between clients and an engine that injects faults. It works with any client and any
/// engine.
///
/// It listens on a free loopback port and forwards TCP connections to the engine unchanged, except
/// for the faults of its plan and those that are triggered explicitly. It parses requests only if
/// the plan is restricted to [some connections](FaultPlan::of).
///
/// It can also restart an engine at the same address: see [`lead_to`](Self::lead_to).
///
/// **Dropping** it ends every connection.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "engine")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> pipewright::Result<()> {
/// use pipewright::testing::faults::{Fault, FaultPlan, FaultProxy, Sockets, Way};
/// use pipewright::{Engine, Worker};
///
/// let engine = Engine::builder().listen("127.0.0.1:0").start().await?;
/// let url = engine.url().map(ToString::to_string).unwrap_or_default();
///
/// // Readers lose their connection after 1000 bytes.
/// let plan = FaultPlan::new().of(Sockets::Readers).after(1000, Way::ToClient, Fault::Cut);
/// let proxy = FaultProxy::start(&url, plan).await?;
/// let worker = Worker::connect(proxy.url()).await?;
///
/// let mut channel = worker.create_channel(None).await?;
/// channel.writer.write(vec![7; 5000]).await?;
/// channel.writer.close().await?;
/// assert!(channel.reader.read_all().await.unwrap_err().is_truncated());
/// assert_eq!(proxy.strikes()[0].fault, Fault::Cut);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "engine"))]
/// # fn main() {}
/// ```
pub struct FaultProxy {
    url: String,
    line: Arc<ProxyState>,
    /// Aborts the accepting task, and all connections with it, when dropped.
    _accepting: JoinSet<()>,
}

impl FaultProxy {
    /// Starts a proxy to the engine at `engine`, a URL such as `ws://127.0.0.1:49134`.
    ///
    /// # Errors
    ///
    /// Fails if `engine` is not a URL with a host, or if no port is available.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing running.
    pub async fn start(engine: &str, plan: FaultPlan) -> io::Result<Self> {
        let target = Some(target(engine)?);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = through(engine, listener.local_addr()?)?;
        let line = Arc::new(ProxyState::new(Settings { target, plan }));
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&line)));
        Ok(Self {
            url,
            line,
            _accepting: accepting,
        })
    }

    /// The address for clients: the engine's URL with the host and port of the proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sets the plan of new connections; existing ones keep theirs.
    pub fn set_plan(&self, plan: FaultPlan) {
        self.line.settings().plan = plan;
    }

    /// Injects a fault now, into every existing connection that its plan [applies
    /// to](FaultPlan::of).
    pub fn strike(&self, way: Way, fault: Fault) {
        self.line.order(way, fault);
    }

    /// Like [`strike`](Self::strike), in both directions.
    pub fn strike_each(&self, fault: Fault) {
        for way in Way::BOTH {
            self.strike(way, fault);
        }
    }

    /// Cuts every connection. New connections are closed immediately, until
    /// [`lead_to`](Self::lead_to) is called.
    pub fn cut_off(&self) {
        self.line.settings().target = None;
        self.strike_each(Fault::Cut);
    }

    /// Directs new connections to the engine at `engine` and cuts existing ones.
    ///
    /// # Errors
    ///
    /// Fails if `engine` is not a URL with a host.
    pub fn lead_to(&self, engine: &str) -> io::Result<()> {
        self.line.settings().target = Some(target(engine)?);
        self.strike_each(Fault::Cut);
        Ok(())
    }

    /// The faults that have occurred, in order.
    pub fn strikes(&self) -> Vec<InjectedFault> {
        self.line.strikes().borrow().clone()
    }

    /// Waits until `count` faults have occurred.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn struck(&self, count: usize) {
        let mut strikes = self.line.strikes();
        // The watched state lives as long as the proxy.
        let _ = strikes.wait_for(|strikes| strikes.len() >= count).await;
    }

    /// Waits until `bytes` bytes were forwarded, counting all connections, both directions and
    /// handshakes. Use it to time a fault that is injected elsewhere.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn carried(&self, bytes: u64) {
        let mut carried = self.line.carried();
        // As above.
        let _ = carried.wait_for(|carried| *carried >= bytes).await;
    }
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.line.settings().clone();
        f.debug_struct("FaultProxy")
            .field("listens", &self.url.split('?').next())
            .field("target", &settings.target)
            .field("plan", &settings.plan)
            .field("strikes", &self.strikes())
            .finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, line: Arc<ProxyState>) {
    // Bounded by the number of clients in a test.
    let mut connections = JoinSet::new();
    let mut number = 0;
    while let Ok((near, _)) = listener.accept().await {
        let connection = Connection {
            number,
            near,
            orders: [line.orders(), line.orders()],
            line: Arc::clone(&line),
        };
        connections.spawn(connection.run());
        number += 1;
        while connections.try_join_next().is_some() {}
    }
}

fn parse(engine: &str) -> io::Result<Url> {
    let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidInput, reason);
    let url =
        Url::parse(engine).map_err(|error| invalid(format!("no URL of an engine: {error}")))?;
    match url.host() {
        Some(_) => Ok(url),
        None => Err(invalid("the URL of the engine has no host".to_owned())),
    }
}

/// The host and port of an engine.
fn target(engine: &str) -> io::Result<String> {
    let url = parse(engine)?;
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    Ok(format!("{host}:{port}"))
}

/// The URL of an engine, with `address` as its host and port.
fn through(engine: &str, address: SocketAddr) -> io::Result<String> {
    let mut url = parse(engine)?;
    // A loopback address is valid, and a URL with a host accepts a port.
    let _ = url.set_ip_host(address.ip());
    let _ = url.set_port(Some(address.port()));
    Ok(url.to_string())
}
