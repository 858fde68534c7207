//! Copies a file through a channel, with `tokio::io::copy` at both ends.
//!
//! ```console
//! $ cargo run --example file_copy [SOURCE [TARGET]]
//! ```
//!
//! Without arguments it copies its own source to the directory for temporary files. It prints:
//!
//! ```text
//! 1739 bytes sent, 1739 bytes received; complete, verified: true
//! ```

use std::env;
use std::path::PathBuf;

use pipewright::{Error, Result, Worker};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let source = arguments
        .next()
        .unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/examples/file_copy.rs").into());
    let target = arguments
        .next()
        .unwrap_or_else(|| env::temp_dir().join("file_copy.out"));

    let worker = Worker::embedded().await?;
    let channel = worker.create_channel(None).await?;
    let (mut writer, mut reader) = (channel.writer, channel.reader);

    let sending = async {
        let copied = tokio::io::copy(&mut File::open(source).await?, &mut writer).await?;
        // Only this completes the stream. Without it, the reader gets an error, not the end.
        writer.shutdown().await?;
        Ok::<_, Error>(copied)
    };
    let receiving = async {
        let mut file = File::create(target).await?;
        let copied = tokio::io::copy(&mut reader, &mut file).await?;
        file.sync_all().await?;
        Ok(copied)
    };
    let (sent, received) = tokio::try_join!(sending, receiving)?;

    let verified = reader
        .report()
        .verdict
        .is_some_and(|verdict| verdict.is_verified());
    println!("{sent} bytes sent, {received} bytes received; complete, verified: {verified}");
    Ok(())
}
