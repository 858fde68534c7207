/// Runs a blocking or long computation on a thread for blocking work.
///
/// A call that has started is not stopped when the run is cancelled; its result is dropped.
///
/// # Panics
///
/// Panics if the call panics, or if the runtime is shutting down.
pub async fn blocking<R: Send + 'static>(call: impl FnOnce() -> R + Send + 'static) -> R {
    match tokio::task::spawn_blocking(call).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("the runtime is shutting down: {error}"),
        },
    }
}
