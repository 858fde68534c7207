use std::io::{self, Write};
use std::process::{Command, Stdio};

use crate::exit::Exit;
use crate::failure::Failure;

/// Runs Graphviz to draw an image.
pub(super) async fn draw(dot: &str) -> Result<Vec<u8>, Failure> {
    let dot = dot.to_owned();
    let drawn = tokio::task::spawn_blocking(move || run(&dot)).await?;
    let output = drawn.map_err(|error| {
        let message = format!("cannot run the program `dot` of Graphviz: {error}");
        let hint = "install Graphviz, or take `--format dot` or `--format text`";
        Failure::new(Exit::Failure, message).hint(hint)
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let message = format!(
        "`dot` of Graphviz failed, {}: {}",
        output.status,
        said.trim()
    );
    Err(Failure::new(Exit::Failure, message))
}

fn run(dot: &str) -> io::Result<std::process::Output> {
    let mut child = Command::new("dot")
        .arg("-Tsvg")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // Graphviz reads everything before it draws. If it does not, its exit status tells why.
        let _ = stdin.write_all(dot.as_bytes());
    }
    child.wait_with_output()
}
