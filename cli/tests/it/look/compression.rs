//! Streams that their writer compressed.

use pipewright::format::Compression;

use super::channel::Place;
use crate::support::{assert_same, pattern, within};

#[tokio::test]
async fn compressed_streams_are_read() {
    let data = pattern(300_000);
    for compression in [Compression::ZSTD, Compression::Lz4] {
        let place = Place::new().await;
        let mut writer = place.writer().compressed(compression);
        let written = async {
            writer.write(data.clone()).await.unwrap();
            writer.close().await.unwrap();
        };
        let ((), read) = tokio::join!(within(written), place.read());
        assert_same(&read.succeeded().stdout, &data, "the data");
    }
}
