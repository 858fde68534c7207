use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::test_engine::TestEngine;

/// A stretch of network between workers and an engine that can be cut.
///
/// Also the way to restart an engine under the same address without a fixed port.
pub(super) struct Relay {
    address: SocketAddr,
    line: Arc<watch::Sender<Line>>,
    _accepting: JoinSet<()>,
}

/// Where connections go. Every change cuts those there are.
#[derive(Clone)]
struct Line {
    target: Option<String>,
}

impl Relay {
    pub(super) async fn to(engine: &TestEngine) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let line = Arc::new(watch::Sender::new(Line {
            target: Some(host(engine)),
        }));
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&line)));
        Self {
            address,
            line,
            _accepting: accepting,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Ends every connection without a word; new ones are ended at once.
    pub(super) fn cut(&self) {
        self.line.send_replace(Line { target: None });
    }

    /// Leads new connections to `engine`, and ends those there are.
    pub(super) fn lead_to(&self, engine: &TestEngine) {
        self.line.send_replace(Line {
            target: Some(host(engine)),
        });
    }
}

fn host(engine: &TestEngine) -> String {
    let url = engine.url();
    url.trim_start_matches("ws://").to_owned()
}

async fn accept(listener: TcpListener, line: Arc<watch::Sender<Line>>) {
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let mut line = line.subscribe();
        connections.spawn(async move {
            let Some(target) = line.borrow_and_update().target.clone() else {
                return;
            };
            let Ok(mut far) = TcpStream::connect(target).await else {
                return;
            };
            let _ = near.set_nodelay(true);
            let _ = far.set_nodelay(true);
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                _ = line.changed() => {}
            }
        });
    }
}
