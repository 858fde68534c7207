//! A web server that passes uploads through a pipeline into files.
//!
//! ```console
//! $ cargo run -p pipewright-examples --example http_upload -- 127.0.0.1:8080 uploads
//! listening on http://127.0.0.1:8080
//! ```
//!
//! From another terminal:
//!
//! ```console
//! $ curl --data-binary @Cargo.toml http://127.0.0.1:8080/cargo
//! 6303 bytes stored as cargo.gz
//! ```

use std::io;
use std::path::{Path, PathBuf};

use async_compression::tokio::bufread::GzipEncoder;
use axum::Router;
use axum::body::Body;
use axum::extract::{self, State};
use axum::http::StatusCode;
use axum::routing::post;
use futures::TryStreamExt;
use pipewright::prelude::*;
use tokio::fs::{File, create_dir_all, remove_file, rename};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_util::io::StreamReader;

#[pipeline_stage(id = "bytes::gzip")]
async fn gzip(input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    let mut encoder = GzipEncoder::new(BufReader::new(input));
    tokio::io::copy(&mut encoder, &mut output).await?;
    output.shutdown().await?;
    Ok(())
}

#[derive(Clone)]
struct Uploads {
    worker: Worker,
    folder: PathBuf,
}

impl Uploads {
    /// Runs `body` through the pipeline into a file, which gets its name only when it is complete.
    async fn store(&self, body: Body, name: &str) -> Result<u64> {
        let partial = self.folder.join(format!("{name}.gz.part"));
        let mut file = File::create_new(&partial).await?;
        let stored = self.receive(body, &mut file).await;
        match stored {
            Ok(_) => rename(&partial, self.folder.join(format!("{name}.gz"))).await?,
            Err(_) => remove_file(&partial).await?,
        }
        stored
    }

    /// An upload that is faster than the disk is slowed down by backpressure.
    async fn receive(&self, body: Body, file: &mut File) -> Result<u64> {
        // If the client disconnects during the upload, reading the body fails, and with it the run.
        let body = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
        let run = Pipeline::read(body).then(gzip).start(&self.worker).await?;
        let report = run.write_to(file).await?;
        file.sync_all().await?;
        let source = report
            .stages
            .first()
            .and_then(|stage| stage.report.as_ref());
        Ok(source.map_or(0, |source| source.bytes_out))
    }
}

async fn upload(
    State(uploads): State<Uploads>,
    extract::Path(name): extract::Path<String>,
    body: Body,
) -> (StatusCode, String) {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if !name.chars().all(plain) {
        let message = "a name has letters, digits and dashes\n".to_owned();
        return (StatusCode::BAD_REQUEST, message);
    }
    match uploads.store(body, &name).await {
        Ok(bytes) => (
            StatusCode::CREATED,
            format!("{bytes} bytes stored as {name}.gz\n"),
        ),
        Err(error) => {
            eprintln!("{name}: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n"))
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err(Error::msg("usage: http_upload ADDRESS FOLDER"));
    };
    create_dir_all(Path::new(&folder)).await?;
    let uploads = Uploads {
        worker: Worker::embedded().await?,
        folder: folder.into(),
    };
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let router = Router::new()
        .route("/{name}", post(upload))
        .with_state(uploads);
    Ok(axum::serve(listener, router).await?)
}
