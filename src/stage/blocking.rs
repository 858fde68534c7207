/// Runs a call that blocks or computes for long on a thread kept for that.
///
/// A call that has begun is not stopped when the run is cancelled; its result is then dropped.
///
/// # Panics
///
/// As the call does, and when the runtime is shutting down.
pub async fn blocking<R: Send + 'static>(call: impl FnOnce() -> R + Send + 'static) -> R {
    match tokio::task::spawn_blocking(call).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("the runtime is shutting down: {error}"),
        },
    }
}
