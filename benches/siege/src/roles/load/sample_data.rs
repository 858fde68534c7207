use bytes::Bytes;
use fastrand::Rng;

/// Bytes of which all streams are cut.
const BLOCK: usize = 8 << 20;
/// The longest stream.
pub(super) const LONGEST: usize = 4 << 20;

/// Random bytes; a stream is a part of them, so that a frame lost, doubled or out of order shows.
#[derive(Clone)]
pub(super) struct SampleData(Bytes);

impl SampleData {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut block = vec![0; BLOCK];
        rng.fill(&mut block);
        Self(block.into())
    }

    /// What a stream is to carry: nothing now and then, little most of the time, much at times.
    pub(super) fn stream(&self, rng: &mut Rng) -> Bytes {
        let len = match rng.u8(..) {
            0..5 => 0,
            5..180 => rng.usize(1..64 << 10),
            180..250 => rng.usize(64 << 10..512 << 10),
            _ => rng.usize(512 << 10..=LONGEST),
        };
        let start = rng.usize(..BLOCK - len);
        self.0.slice(start..start + len)
    }
}
