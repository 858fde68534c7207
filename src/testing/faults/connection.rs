use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::time::timeout;

use super::dead_line::DeadLine;
use super::proxy_state::{ManualFault, ProxyState};
use super::pump::{Ended, Pump, State};
use super::{FaultPlan, Sockets, Way};

/// How long both sides have to notice a cut before the connection is dropped.
const CUT: Duration = Duration::from_secs(1);

/// Maximum length of a request's header section; a longer one is not parsed.
const HEAD: usize = 16 << 10;

/// One connection through a proxy.
pub(super) struct Connection {
    pub(super) number: u64,
    pub(super) near: TcpStream,
    pub(super) line: Arc<ProxyState>,
    /// One receiver for each direction, created before the settings are read so that no fault is
    /// missed.
    pub(super) orders: [broadcast::Receiver<ManualFault>; 2],
}

impl Connection {
    /// Forwards bytes until both directions have ended.
    pub(super) async fn run(mut self) {
        let settings = self.line.settings().clone();
        let Some(target) = settings.target else {
            return;
        };
        // If there is no engine, end the client's connection as well.
        if let Ok(far) = TcpStream::connect(target).await {
            let _ = self.near.set_nodelay(true);
            let _ = far.set_nodelay(true);
            let _ = self.serve(&settings.plan, far).await;
        }
    }

    async fn serve(&mut self, plan: &FaultPlan, mut far: TcpStream) -> io::Result<()> {
        let mut head = BytesMut::new();
        let mut found = Sockets::Any;
        if plan.looks() {
            head = read_head(&mut self.near).await?;
            found = Sockets::of_request(&head);
        }
        match self.pump(plan, found, head, &mut far).await {
            Ended::Finished => {}
            Ended::Cut => {
                let _ = timeout(CUT, end(&mut self.near, &mut far)).await;
            }
            Ended::Reset => {
                self.near.set_zero_linger()?;
                far.set_zero_linger()?;
            }
        }
        Ok(())
    }

    async fn pump(
        &mut self,
        plan: &FaultPlan,
        found: Sockets,
        head: BytesMut,
        far: &mut TcpStream,
    ) -> Ended {
        let (number, line) = (self.number, &*self.line);
        let dead = DeadLine::default();
        let [orders_up, orders_down] = &mut self.orders;
        let (from_client, to_client) = self.near.split();
        let (from_engine, to_engine) = far.split();
        let pump = |way, from, to, received, orders| Pump {
            from,
            to,
            way,
            connection: number,
            sockets: found,
            line,
            dead: &dead,
            orders,
            obeys: plan.means(found),
            steps: plan.steps(found, way).into_iter(),
            received,
            state: State::new(plan.skips_head()),
        };
        let to_engine = pump(Way::ToEngine, from_client, to_engine, head, orders_up);
        let to_client = pump(
            Way::ToClient,
            from_engine,
            to_client,
            BytesMut::new(),
            orders_down,
        );
        let (to_engine, to_client) = (to_engine.run(), to_client.run());
        tokio::pin!(to_engine, to_client);
        let (first, engine_first) = tokio::select! {
            ended = &mut to_engine => (ended, true),
            ended = &mut to_client => (ended, false),
        };
        match first {
            Ended::Finished if engine_first => to_client.await,
            Ended::Finished => to_engine.await,
            broken => broken,
        }
    }
}

/// Reads until a request is complete, or too long for one.
async fn read_head(near: &mut TcpStream) -> io::Result<BytesMut> {
    let mut head = BytesMut::new();
    while memmem::find(&head, b"\r\n\r\n").is_none() && head.len() < HEAD {
        if near.read_buf(&mut head).await? == 0 {
            break;
        }
    }
    Ok(head)
}

/// Ends both directions and drains remaining input. Closing a socket with unread input would reset
/// the connection and lose data that was already forwarded.
async fn end(near: &mut TcpStream, far: &mut TcpStream) {
    tokio::join!(end_one(near), end_one(far));
}

async fn end_one(side: &mut TcpStream) {
    let mut discarded = [0; 4096];
    // A peer that has disconnected needs no notification.
    if side.shutdown().await.is_ok() {
        while side.read(&mut discarded).await.is_ok_and(|read| read > 0) {}
    }
}
