use std::path::PathBuf;

use bytes::Bytes;
use pipewright::format::Raw;
use pipewright::{Receiver, Result, pipeline_stage};
use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// The destination of a side branch.
#[derive(Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) file: PathBuf,
}

/// Writes a side branch to an existing file.
#[pipeline_stage(id = "tee")]
pub(super) async fn save(mut bytes: Receiver<Bytes, Raw>, params: Place) -> Result<()> {
    let mut file = File::options().append(true).open(&params.file).await?;
    while let Some(piece) = bytes.recv().await? {
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    Ok(())
}
