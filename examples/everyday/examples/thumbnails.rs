//! A byte stage whose input is a picture and whose output is a small version of it.
//!
//! ```console
//! $ cargo run -p pipewright-examples --example thumbnails -- PICTURE thumbnail.png
//! thumbnail.png: 809 bytes, at most 160x160 pixels
//! ```

use std::io::Cursor;
use std::path::PathBuf;

use image::{ImageFormat, ImageReader, Limits};
use pipewright::prelude::*;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// Maximum size of a picture in bytes, compressed and decoded: a small file can decode to
/// gigabytes.
const PACKED: u64 = 32 << 20;
const PIXELS: u64 = 256 << 20;

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Size {
    width: u32,
    height: u32,
}

/// Creates a PNG of at most this size, with the proportions of the input.
#[pipeline_stage(id = "image::thumbnail")]
async fn thumbnail(input: ChannelReader, mut output: ChannelWriter, params: Size) -> Result<()> {
    let mut picture = Vec::new();
    input.take(PACKED + 1).read_to_end(&mut picture).await?;
    if picture.len() as u64 > PACKED {
        return Err(Error::msg(format!(
            "the picture has more than {PACKED} bytes"
        )));
    }
    // Heavy computation runs on a blocking thread, so that it does not delay other tasks.
    let small = tokio::task::spawn_blocking(move || shrink(&picture, params)).await??;
    output.write(small).await?;
    Ok(())
}

fn shrink(picture: &[u8], Size { width, height }: Size) -> Result<Vec<u8>> {
    let mut picture = ImageReader::new(Cursor::new(picture)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(PIXELS);
    picture.limits(limits);
    let mut small = Cursor::new(Vec::new());
    let thumbnail = picture.decode()?.thumbnail(width, height);
    thumbnail.write_to(&mut small, ImageFormat::Png)?;
    Ok(small.into_inner())
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [source, target] = arguments.as_slice() else {
        return Err(Error::msg("usage: thumbnails PICTURE THUMBNAIL"));
    };
    let size = Size {
        width: 160,
        height: 160,
    };
    let worker = Worker::embedded().await?;
    let run = Pipeline::read(File::open(source).await?)
        .then(thumbnail.with_params(size))
        .start(&worker)
        .await?;
    // A failed run leaves no partial picture behind.
    let mut small = Vec::new();
    run.write_to(&mut small).await?;
    tokio::fs::write(target, &small).await?;
    let (Size { width, height }, target) = (size, target.display());
    println!(
        "{target}: {} bytes, at most {width}x{height} pixels",
        small.len()
    );
    Ok(())
}
