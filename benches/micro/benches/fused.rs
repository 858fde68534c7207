//! The cost of the abstraction: four stages fused in one process, compared with the same code
//! written by hand with `futures::StreamExt`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures::{StreamExt, stream};
use pipewright::{Pipeline, pipeline_stage};

const ITEMS: u64 = 100_000;

/// The work of a stage: a few dozen instructions that the compiler cannot fold away.
fn mix(mut number: u64) -> u64 {
    for _ in 0..8 {
        number ^= number >> 33;
        number = number.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    }
    number
}

#[pipeline_stage]
fn mixed(number: u64) -> u64 {
    mix(number)
}

#[pipeline_stage]
fn passed(number: u64) -> u64 {
    number.wrapping_add(1)
}

async fn by_hand(map: fn(u64) -> u64) -> u64 {
    let mut mapped = stream::iter(0..ITEMS)
        .map(|number| map(black_box(number)))
        .map(|number| map(black_box(number)))
        .map(|number| map(black_box(number)))
        .map(|number| map(black_box(number)));
    let mut sum = 0_u64;
    while let Some(number) = mapped.next().await {
        sum = sum.wrapping_add(number);
    }
    sum
}

async fn fused_mix() -> u64 {
    let mut run = Pipeline::from_iter(0..ITEMS)
        .then(mixed)
        .then(mixed)
        .then(mixed)
        .then(mixed)
        .run_local();
    let mut sum = 0_u64;
    while let Some(number) = run.next().await {
        sum = sum.wrapping_add(number.expect("the stages do not fail"));
    }
    sum
}

async fn fused_pass() -> u64 {
    let mut run = Pipeline::from_iter(0..ITEMS)
        .then(passed)
        .then(passed)
        .then(passed)
        .then(passed)
        .run_local();
    let mut sum = 0_u64;
    while let Some(number) = run.next().await {
        sum = sum.wrapping_add(number.expect("the stages do not fail"));
    }
    sum
}

fn four_maps(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let mut group = criterion.benchmark_group("four maps");
    group.throughput(Throughput::Elements(ITEMS));
    group.bench_function(BenchmarkId::new("by hand", "work"), |bencher| {
        bencher.to_async(&runtime).iter(|| by_hand(mix));
    });
    group.bench_function(BenchmarkId::new("fused", "work"), |bencher| {
        bencher.to_async(&runtime).iter(fused_mix);
    });
    group.bench_function(BenchmarkId::new("by hand", "nothing"), |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| by_hand(|number| number.wrapping_add(1)));
    });
    group.bench_function(BenchmarkId::new("fused", "nothing"), |bencher| {
        bencher.to_async(&runtime).iter(fused_pass);
    });
    group.finish();
}

criterion_group!(benches, four_maps);
criterion_main!(benches);
