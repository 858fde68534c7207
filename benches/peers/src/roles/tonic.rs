use std::pin::Pin;
use std::sync::Mutex;

use anyhow::{Context, Result};
use futures::{Stream, stream};
use records::relay_client::RelayClient;
use records::relay_server::{Relay, RelayServer};
use records::{Nothing, Record};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

use super::Gate;

#[allow(clippy::pedantic)] // Made by tonic.
mod records {
    tonic::include_proto!("records");
}

/// Records that wait in the relay.
const QUEUED: usize = 1024;

type Pushed = Result<Record, Status>;

/// Hands what one client pushes to another that has asked before.
#[derive(Default)]
struct Exchange {
    puller: Mutex<Option<Sender<Pushed>>>,
}

#[tonic::async_trait]
impl Relay for Exchange {
    type PullStream = Pin<Box<dyn Stream<Item = Pushed> + Send>>;

    async fn push(&self, pushed: Request<Streaming<Record>>) -> Result<Response<Nothing>, Status> {
        let puller = self.puller.lock().expect("no panic before").take();
        let puller = puller.ok_or_else(|| Status::failed_precondition("nobody pulls"))?;
        let mut pushed = pushed.into_inner();
        while let Some(record) = pushed.message().await? {
            let gone = |_| Status::cancelled("the puller has gone");
            puller.send(Ok(record)).await.map_err(gone)?;
        }
        Ok(Response::new(Nothing {}))
    }

    async fn pull(&self, _: Request<Nothing>) -> Result<Response<Self::PullStream>, Status> {
        let (sender, receiver) = channel(QUEUED);
        *self.puller.lock().expect("no panic before") = Some(sender);
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

/// A service that relays.
pub(super) async fn relay(gate: Gate) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    gate.say(format!("http://{}", listener.local_addr()?));
    let service = RelayServer::new(Exchange::default());
    let incoming = TcpListenerStream::new(listener);
    Ok(Server::builder()
        .add_service(service)
        .serve_with_incoming(incoming)
        .await?)
}

/// Pushes `amount` records as a client stream.
pub(super) async fn send(mut gate: Gate, address: &str, amount: &str) -> Result<()> {
    let mut client = RelayClient::connect(address.to_owned()).await?;
    let amount: u64 = amount.parse()?;
    let record = crate::record::Record::new(1 << 20);
    gate.ready().await?;
    let records = (0..amount).map(move |id| {
        let record = record.clone();
        Record {
            id,
            name: record.name,
            value: record.value,
            tags: record.tags,
        }
    });
    client.push(stream::iter(records)).await?;
    Ok(())
}

/// Pulls records to the end of the server stream and counts them.
pub(super) async fn receive(gate: Gate, address: &str) -> Result<()> {
    let mut client = RelayClient::connect(address.to_owned()).await?;
    let mut pulled = client.pull(Nothing {}).await?.into_inner();
    gate.say("");
    let mut items = 0_u64;
    while let Some(record) = pulled.message().await.context("the relay is there")? {
        assert_eq!(record.id, items, "records come in order");
        items += 1;
    }
    gate.say(items);
    Ok(())
}
