//! A straightforward model of batches and windows. Times are in milliseconds.

use std::mem::take;

#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    Tumbling(u64),
    Sliding(u64, u64),
    Session(u64),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Closed {
    pub(super) key: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) items: Vec<u64>,
}

pub(super) fn batches(times: &[u64], size: usize, within: u64) -> Vec<Vec<u64>> {
    let mut all = Vec::new();
    let mut batch = Vec::new();
    let mut until = 0;
    for (n, &at) in (0..).zip(times) {
        if !batch.is_empty() && at >= until {
            all.push(take(&mut batch));
        }
        if batch.is_empty() {
            until = at + within;
        }
        batch.push(n);
        if batch.len() == size {
            all.push(take(&mut batch));
        }
    }
    all.extend((!batch.is_empty()).then_some(batch));
    all
}

/// The windows of items, each with number, key and time, and the numbers of late items. Without
/// `lateness`, the time of an item is its arrival.
pub(super) fn windows(
    cut: Cut,
    items: &[(u64, u64, u64)],
    lateness: Option<u64>,
) -> (Vec<Closed>, Vec<u64>) {
    let (mut open, mut closed, mut late) = (Vec::<Closed>::new(), Vec::new(), Vec::new());
    let mut watermark = 0;
    for &(n, key, at) in items {
        if lateness.is_none() {
            watermark = at;
            close(&mut open, watermark, &mut closed);
        }
        let mut spans = spans(cut, at);
        let in_any = !spans.is_empty();
        if let (Cut::Session(_), [(start, end)]) = (cut, &mut spans[..]) {
            let overlaps =
                |w: &Closed| w.key == key && w.start < at + (*end - *start) && w.end > at;
            let (joined, apart): (Vec<_>, Vec<_>) = take(&mut open).into_iter().partition(overlaps);
            open = apart;
            let (mut from, mut to, mut items) = (*start, *end, Vec::new());
            for window in joined {
                (from, to) = (from.min(window.start), to.max(window.end));
                items.extend(window.items);
            }
            items.sort_unstable();
            if !items.is_empty() {
                open.push(Closed {
                    key,
                    start: from,
                    end: to,
                    items,
                });
            }
            (*start, *end) = (from, to);
        }
        spans.retain(|(_, end)| *end > watermark);
        if spans.is_empty() && in_any {
            late.push(n);
        }
        for (start, end) in spans {
            match open.iter_mut().find(|w| (w.key, w.start) == (key, start)) {
                Some(window) => window.items.push(n),
                None => open.push(Closed {
                    key,
                    start,
                    end,
                    items: vec![n],
                }),
            }
        }
        if let Some(lateness) = lateness {
            watermark = watermark.max(at.saturating_sub(lateness));
            close(&mut open, watermark, &mut closed);
        }
    }
    close(&mut open, u64::MAX, &mut closed);
    (closed, late)
}

fn spans(cut: Cut, at: u64) -> Vec<(u64, u64)> {
    match cut {
        Cut::Tumbling(size) => vec![(at / size * size, at / size * size + size)],
        Cut::Sliding(size, every) => {
            let starts = (0..=at).step_by(usize::try_from(every).unwrap());
            starts
                .map(|start| (start, start + size))
                .filter(|(_, end)| *end > at)
                .collect()
        }
        Cut::Session(gap) => vec![(at, at + gap)],
    }
}

/// Windows with the same end and start are in the order of their first items.
fn close(open: &mut Vec<Closed>, watermark: u64, closed: &mut Vec<Closed>) {
    let (mut over, still): (Vec<_>, Vec<_>) = take(open)
        .into_iter()
        .partition(|window| window.end <= watermark);
    *open = still;
    over.sort_by_key(|window| (window.end, window.start, window.items[0]));
    closed.extend(over);
}
