//! A stage that is a plain function: it opens its channels by hand, and knows no messages.

use pipewright::{Error, Invocation, Result, StageRequest};
use serde_json::Value;

/// The name of a function without pipewright.
pub(super) const FOREIGN: &str = "random::foreign";

pub(super) async fn foreign(request: StageRequest, invocation: Invocation) -> Result<Value> {
    let worker = invocation.worker();
    let (Some(reader), Some(writer)) = (request.reader_ref, request.writer_ref) else {
        return Err(Error::msg("it needs both refs"));
    };
    let (mut reader, mut writer) = (worker.reader(&reader), worker.writer(&writer).plain());
    while let Some(bytes) = reader.next_bytes().await? {
        writer.write(bytes).await?;
        writer.flush().await?;
    }
    writer.close().await?;
    Ok(Value::Null)
}
