//! Formats alone, on one core: encodes and decodes a batch of records, without a channel.

use bytes::BytesMut;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pipewright::format::{Bincode, Decode, Decoded, Encode, Json};
use pipewright_micro::Record;

const RECORDS: u64 = 1_000;

fn encode<F: Encode<Record>>(records: &[Record], out: &mut BytesMut) {
    out.clear();
    let mut format = F::default();
    for record in records {
        let encoded = format.encode(record.clone(), out);
        assert!(encoded.is_ok(), "a record has a form");
    }
}

fn decode<F: Decode<Record>>(mut bytes: &[u8]) -> u64 {
    let mut format = F::default();
    let mut sum = 0_u64;
    while let Ok(Decoded::Item { item, len }) = format.decode(bytes, true) {
        sum = sum.wrapping_add(item.id);
        bytes = &bytes[len..];
    }
    assert!(bytes.is_empty(), "every byte is of a record");
    sum
}

fn format<F: Encode<Record> + Decode<Record>>(criterion: &mut Criterion) {
    let records: Vec<_> = (0..RECORDS).map(Record::new).collect();
    let mut bytes = BytesMut::new();
    encode::<F>(&records, &mut bytes);
    let encoded = bytes.clone().freeze();
    let mut group = criterion.benchmark_group("codecs");
    group.throughput(Throughput::Elements(RECORDS));
    group.bench_function(BenchmarkId::new("encode", F::NAME), |bencher| {
        bencher.iter(|| encode::<F>(&records, &mut bytes));
    });
    group.bench_function(BenchmarkId::new("decode", F::NAME), |bencher| {
        bencher.iter(|| decode::<F>(&encoded));
    });
    group.finish();
}

criterion_group!(benches, format::<Json>, format::<Bincode>);
criterion_main!(benches);
