//! Operators that depend on time, with a paused clock: fused, over channels, and in a simple model.

mod model;

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::channel::mpsc;
use futures::{Stream, StreamExt, stream};
use pipewright::pipeline::Segment;
use pipewright::{Backoff, ItemStageExt, Pipeline, Policy, Window, Windowed, pipeline_stage};
use proptest::prelude::*;
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep};

use super::ran::{Ran, both_ways, ran, then_idle};
use model::{Cut, windows};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Runs a test with a clock that advances when nothing else can run.
fn paused<T>(test: impl Future<Output = T>) -> T {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(test)
}

/// Items with their arrival times, 3 ms after a multiple of 10 ms, so that no period of these tests
/// ends at that time.
fn arriving(times: &[u64]) -> impl Stream<Item = (u64, u64)> + Send + 'static {
    let items: Vec<_> = (0..).zip(times.iter().copied()).collect();
    let began = Instant::now();
    stream::iter(items).then(move |(n, at)| async move {
        tokio::time::sleep_until(began + ms(at)).await;
        (n, at)
    })
}

#[test]
fn items_between_sliding_windows_are_counted_as_skipped() {
    let run = Pipeline::from_iter([0, 5, 11, 17, 20])
        .window(Window::sliding(ms(4), ms(10)).by_event_time(Duration::ZERO, |at: &u64| ms(*at)))
        .map(|window| window.items)
        .boxed();
    paused(async {
        let mut run = run.run_local();
        let mut windows = Vec::new();
        while let Some(window) = run.next().await {
            windows.push(window.unwrap());
        }
        assert_eq!(windows, [[0], [11], [20]]);
        assert_eq!(run.report().await.unwrap().skipped(), (2, 0));
    });
}

fn times() -> impl Strategy<Value = Vec<u64>> {
    let gaps = proptest::collection::vec(0..8_u64, 0..20);
    gaps.prop_map(|gaps| {
        let mut now = 3;
        let add = |gap| {
            now += gap * 10;
            now
        };
        gaps.into_iter().map(add).collect()
    })
}

fn cut() -> impl Strategy<Value = Cut> {
    prop_oneof![
        (1..9_u64).prop_map(|size| Cut::Tumbling(size * 10)),
        (1..9_u64, 1..5_u64).prop_map(|(size, every)| Cut::Sliding(size * 10, every * 10)),
        (1..9_u64).prop_map(|gap| Cut::Session(gap * 10 + 5)),
    ]
}

fn window(cut: Cut) -> Window<(u64, u64)> {
    match cut {
        Cut::Tumbling(size) => Window::tumbling(ms(size)),
        Cut::Sliding(size, every) => Window::sliding(ms(size), ms(every)),
        Cut::Session(gap) => Window::session(ms(gap)),
    }
}

async fn complete<P: Segment<Out: std::fmt::Debug>>(
    make: impl Fn() -> Pipeline<P>,
) -> [Vec<P::Out>; 2] {
    both_ways(make).await.map(|ran| {
        assert_eq!(ran.end, "complete");
        ran.items
    })
}

fn numbers<K: Clone>(windows: &[Windowed<K, (u64, u64)>]) -> Vec<(K, Vec<u64>)> {
    let numbers = |window: &Windowed<K, (u64, u64)>| {
        let items = window.items.iter().map(|(n, _)| *n).collect();
        (window.key.clone(), items)
    };
    windows.iter().map(numbers).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn batches_are_those_of_the_model(times in times(), size in 1..5_usize, within in 0..6_u64) {
        let within = within * 10 + 5;
        let make = || Pipeline::source(arriving(&times)).batch(size, ms(within)).map(|batch| {
            batch.into_iter().map(|(n, _)| n).collect::<Vec<_>>()
        });
        let expected = model::batches(&times, size, within);
        for found in paused(complete(make)) {
            prop_assert_eq!(&found, &expected);
        }
    }

    #[test]
    fn windows_by_arrival_are_those_of_the_model(times in times(), cut in cut(), keys in 1..3_u64) {
        let make = || {
            let window = window(cut).by_key(move |(n, _)| n % keys);
            Pipeline::source(arriving(&times)).window(window)
        };
        let items: Vec<_> = (0..).zip(times.iter().copied()).map(|(n, at)| (n, n % keys, at)).collect();
        let (expected, late) = windows(cut, &items, None);
        prop_assert!(late.is_empty());
        let expected: Vec<_> = expected.into_iter().map(|window| (window.key, window.items)).collect();
        for found in paused(complete(make)) {
            prop_assert_eq!(&numbers(&found), &expected);
        }
    }

    #[test]
    fn windows_by_event_time_are_those_of_the_model(
        events in proptest::collection::vec(0..200_u64, 0..30),
        cut in cut(),
        lateness in 0..60_u64,
        keys in 1..3_u64,
    ) {
        let items: Vec<_> = (0..).zip(events.iter().copied()).map(|(n, at)| (n, n % keys, at)).collect();
        let (expected, late) = windows(cut, &items, Some(lateness));
        let run = |over_channels: bool| {
            let events: Vec<_> = items.iter().map(|(n, _, at)| (*n, *at)).collect();
            async move {
                let (sink, aside) = mpsc::unbounded();
                let window = window(cut)
                    .by_key(move |(n, _)| n % keys)
                    .by_event_time(ms(lateness), |(_, at)| ms(*at))
                    .late_to(sink);
                let pipeline = Pipeline::from_iter(events).window(window);
                let ran = if over_channels {
                    let worker = pipewright::Worker::embedded().await.unwrap();
                    ran(pipeline.start(&worker).await.unwrap()).await
                } else {
                    ran(pipeline.run_local()).await
                };
                assert_eq!(ran.end, "complete");
                (ran.items, aside.map(|(n, _)| n).collect::<Vec<_>>().await)
            }
        };
        for over_channels in [false, true] {
            let (found, aside) = paused(run(over_channels));
            let found: Vec<_> = found.into_iter().map(|window| model::Closed {
                key: window.key,
                start: u64::try_from(window.start.as_millis()).unwrap(),
                end: u64::try_from(window.end.as_millis()).unwrap(),
                items: window.items.into_iter().map(|(n, _)| n).collect(),
            }).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(&aside, &late);
        }
    }

    #[test]
    fn debounced_items_are_those_of_the_model(times in times(), quiet in 0..6_u64) {
        let quiet = quiet * 10 + 5;
        let make = || Pipeline::source(arriving(&times)).debounce(ms(quiet)).map(|(n, _)| n);
        let followed = |at: usize| times.get(at + 1).is_some_and(|next| next - times[at] < quiet);
        let expected: Vec<_> = (0..times.len()).filter(|at| !followed(*at)).map(|at| at as u64).collect();
        for found in paused(complete(make)) {
            prop_assert_eq!(&found, &expected);
        }
    }
}

#[test]
fn an_idle_source_does_not_hold_items_back() {
    async fn first<P: Segment>(make: impl Fn() -> Pipeline<P>) -> [(P::Out, Duration); 2] {
        let worker = pipewright::Worker::embedded().await.unwrap();
        let began = Instant::now();
        let mut run = make().run_local();
        let fused = (run.next().await.unwrap().unwrap(), began.elapsed());
        let mut run = make().start(&worker).await.unwrap();
        let began = Instant::now();
        [fused, (run.next().await.unwrap().unwrap(), began.elapsed())]
    }
    paused(async {
        let idle = || Pipeline::source(then_idle(0..3));
        let near = |took: Duration| (ms(45)..ms(60)).contains(&took);
        for (batch, took) in first(|| idle().batch(9, ms(50))).await {
            assert_eq!(batch, [0, 1, 2]);
            assert!(near(took), "{took:?}");
        }
        for (item, took) in first(|| idle().debounce(ms(50))).await {
            assert_eq!(item, 2);
            assert!(near(took), "{took:?}");
        }
        for (window, took) in first(|| idle().window(Window::session(ms(50)))).await {
            assert_eq!(window.items, [0, 1, 2]);
            assert!(near(took), "{took:?}");
        }
    });
}

#[test]
fn throttled_items_keep_their_distance() {
    paused(async {
        let make = || {
            let began = Instant::now();
            let throttled = Pipeline::from_iter(0..7_u64).throttle(3, ms(100));
            throttled.map(move |n| (n, u64::try_from(began.elapsed().as_millis()).unwrap() / 90))
        };
        for ran in both_ways(make).await {
            let expected = [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 1), (6, 2)];
            assert_eq!(ran, Ran::complete(expected));
        }
    });
}

#[test]
fn held_items_are_dropped_when_the_input_fails() {
    paused(async {
        let items = || {
            stream::iter([Ok(1), Ok(2), Ok(3), Err("broken")]).then(async |item| {
                sleep(ms(10)).await;
                item
            })
        };
        for ran in both_ways(|| {
            Pipeline::try_source(items().map(|item| item.map_err(pipewright::Error::msg)))
                .batch(2, ms(500))
        })
        .await
        {
            assert_eq!(ran.items, [[1, 2]]);
            assert_eq!(ran.end, "stage_failed in source at 3: broken");
        }
    });
}

#[test]
fn windows_over_their_limit_fail_the_run() {
    paused(async {
        let make = || Pipeline::from_iter(0..9_u64).window(Window::tumbling(ms(10)).limit(4));
        for ran in both_ways(make).await {
            assert!(
                ran.end
                    .starts_with("stage_failed in window at 4: the open windows hold 4 items"),
                "{}",
                ran.end
            );
        }
    });
}

#[test]
fn late_items_without_a_place_count_as_skipped() {
    paused(async {
        let window = Window::tumbling(ms(10)).by_event_time(ms(0), |at: &u64| ms(*at));
        let run = Pipeline::from_iter([5, 25, 7, 28])
            .window(window)
            .run_local();
        let report = run.report().await.unwrap();
        assert_eq!(report.skipped(), (1, 0));
    });
}

#[test]
fn cancelling_and_deadlines_end_held_items() {
    paused(async {
        let worker = pipewright::Worker::embedded().await.unwrap();
        let make = || Pipeline::source(then_idle(0..3)).batch(9, Duration::MAX);
        make().run_local().cancel().await;
        make().start(&worker).await.unwrap().cancel().await;
        for ran in both_ways(|| make().deadline(ms(500))).await {
            assert!(ran.end.starts_with("deadline"), "{}", ran.end);
        }
    });
}

/// Takes as many seconds as the number says.
#[pipeline_stage(id = "timed::slow")]
async fn slow(seconds: u64) -> u64 {
    sleep(Duration::from_secs(seconds)).await;
    seconds
}

#[test]
fn an_item_that_takes_too_long_fails() {
    paused(async {
        let items = || Pipeline::from_iter([1, 2, 9, 3]);
        let limited = || slow.timeout(Duration::from_secs(4));
        for ran in both_ways(|| items().then(limited())).await {
            assert_eq!(ran.items, [1, 2]);
            let end = "stage_failed in timed::slow at 2: the item was not processed within 4s";
            assert_eq!(ran.end, end);
        }
        for ran in both_ways(|| items().then(limited().on_error(Policy::Skip))).await {
            assert_eq!(ran, Ran::complete([1, 2, 3]));
        }
    });
}

/// Every second call does not end.
#[pipeline_stage(id = "timed::every_other")]
async fn every_other(n: u64) -> u64 {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    if CALLS.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
        std::future::pending::<()>().await;
    }
    n
}

#[test]
fn the_limit_is_for_each_attempt_or_for_all() {
    paused(async {
        let (second, backoff) = (Duration::from_secs(1), Backoff::new().first(ms(10)));
        let each = || every_other.timeout(second).retry(1, backoff.clone());
        for ran in both_ways(|| Pipeline::from_iter(0..5_u64).then(each())).await {
            assert_eq!(ran, Ran::complete(0..5));
        }
        let all = || slow.retry(1, backoff.clone()).timeout(second);
        for ran in both_ways(|| Pipeline::from_iter([0, 2_u64]).then(all())).await {
            assert_eq!(ran.items, [0]);
            assert!(
                ran.end.starts_with("stage_failed in timed::slow at 1"),
                "{}",
                ran.end
            );
        }
    });
}
