//! Standard streams that the parent process has made non-blocking.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use rustix::fs::{OFlags, fcntl_setfl};

use super::Stages;
use crate::support::pattern;

/// More than a pipe holds.
const LEN: usize = 2_000_000;

#[tokio::test]
async fn non_blocking_streams_pass_every_byte() {
    let stages = Stages::new().await;
    let url = stages.url.clone();
    let passed = tokio::task::spawn_blocking(move || {
        let (stdin, mut input) = std::io::pipe().unwrap();
        let (mut output, stdout) = std::io::pipe().unwrap();
        fcntl_setfl(stdin.as_fd(), OFlags::NONBLOCK).unwrap();
        fcntl_setfl(stdout.as_fd(), OFlags::NONBLOCK).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pipewright"));
        command.args(["run", "--url", &url, "-q", "bytes::copy"]);
        command.stdin(stdin).stdout(stdout).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        // It holds the other ends of the pipes.
        drop(command);
        let writer = std::thread::spawn(move || input.write_all(&pattern(LEN)).unwrap());
        let mut first = [0; 1];
        output.read_exact(&mut first).unwrap();
        // The pipe is full meanwhile, whenever this is.
        writer.join().unwrap();
        let mut passed = first.to_vec();
        output.read_to_end(&mut passed).unwrap();
        assert!(child.wait().unwrap().success());
        passed
    });
    let passed = tokio::time::timeout(std::time::Duration::from_secs(60), passed).await;
    assert!(passed.unwrap().unwrap() == pattern(LEN));
}
