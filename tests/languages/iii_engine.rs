//! An engine that behaves as an iii engine does, as a process, for the suites of the packages in
//! Python and TypeScript. The test fixtures start it in place of the program:
//!
//! ```text
//! iii_engine engine --listen 127.0.0.1:0
//! ```
//!
//! It prints its address, which is the last word of the first line, and runs until it is killed.

use pipewright::{Engine, testing};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().next_back().unwrap_or_default();
    let engine = testing::imitate_iii(Engine::builder().listen(&listen))
        .start()
        .await?;
    let url = engine.url().ok_or("the engine does not listen")?;
    println!("imitating an iii engine at {url}");
    std::future::pending().await
}
