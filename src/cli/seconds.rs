use std::time::Duration;

/// Reads a length of time in seconds, such as `30` or `0.5`.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let told = || format!("`{text}` is not a number of seconds, such as 30 or 0.5");
    let seconds = text.parse::<f64>().map_err(|_| told())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| told())
}
