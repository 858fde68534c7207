use anyhow::Result;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Gate, PIECE, trips};

/// States on a new connection which of two streams it belongs to, and whether it reads that stream.
#[derive(Clone, Copy)]
enum End {
    Writes(u8),
    Reads(u8),
}

impl End {
    async fn connect(self, address: &str) -> Result<TcpStream> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (Self::Writes(number) | Self::Reads(number)) = self;
        let reads = u8::from(matches!(self, Self::Reads(_)));
        stream.write_all(&[number, reads]).await?;
        // The relay has registered the connection.
        stream.read_u8().await?;
        Ok(stream)
    }
}

/// A plain relay: reads into a buffer of 64 KiB and writes everything.
pub(super) async fn relay(gate: Gate) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    gate.say(listener.local_addr()?);
    let mut waiting: [[Option<TcpStream>; 2]; 2] = Default::default();
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let [number, reads] = [stream.read_u8().await?, stream.read_u8().await?].map(usize::from);
        stream.write_u8(0).await?;
        let pair = &mut waiting[number];
        pair[reads] = Some(stream);
        if let [Some(_), Some(_)] = pair
            && let [Some(from), Some(to)] = std::mem::take(pair)
        {
            tokio::spawn(pass(from, to));
        }
    }
}

async fn pass(mut from: TcpStream, mut to: TcpStream) -> Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(to.shutdown().await?);
        }
        to.write_all(&buffer[..read]).await?;
    }
}

/// Writes `amount` bytes, 64 KiB at a time.
pub(super) async fn write(mut gate: Gate, address: &str, amount: &str) -> Result<()> {
    let mut stream = End::Writes(0).connect(address).await?;
    let piece = vec![7; PIECE];
    let pieces = amount.parse::<usize>()? / PIECE;
    gate.ready().await?;
    for _ in 0..pieces {
        stream.write_all(&piece).await?;
    }
    Ok(stream.shutdown().await?)
}

/// Copies a file to the relay.
pub(super) async fn copy(mut gate: Gate, address: &str, file: &str) -> Result<()> {
    let mut stream = End::Writes(0).connect(address).await?;
    let mut file = File::open(file).await?;
    gate.ready().await?;
    tokio::io::copy(&mut file, &mut stream).await?;
    Ok(stream.shutdown().await?)
}

/// Reads to the end and counts bytes.
pub(super) async fn read(gate: Gate, address: &str) -> Result<()> {
    let mut stream = End::Reads(0).connect(address).await?;
    gate.say("");
    let mut buffer = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        match stream.read(&mut buffer).await? {
            0 => break,
            read => bytes += read,
        }
    }
    gate.say(bytes);
    Ok(())
}

/// Echoes what it receives, over another stream of the relay.
pub(super) async fn echo(gate: Gate, address: &str) -> Result<()> {
    let reader = End::Reads(0).connect(address).await?;
    let writer = End::Writes(1).connect(address).await?;
    gate.say("");
    trips::answer(reader, writer).await
}

/// Measures round trips over two streams of the relay.
pub(super) async fn ping(mut gate: Gate, address: &str, trips: &str) -> Result<()> {
    let reader = End::Reads(1).connect(address).await?;
    let writer = End::Writes(0).connect(address).await?;
    gate.ready().await?;
    gate.say(trips::measure(reader, writer, trips.parse()?).await?);
    Ok(())
}
