use bytes::Bytes;
use fastrand::Rng;

/// Bytes from which all streams are taken.
const BLOCK: usize = 8 << 20;
/// The longest stream.
pub(super) const LONGEST: usize = 4 << 20;

/// Random bytes. A stream is a part of them, so lost, duplicated or reordered frames are detected.
#[derive(Clone)]
pub(super) struct SampleData(Bytes);

impl SampleData {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut block = vec![0; BLOCK];
        rng.fill(&mut block);
        Self(block.into())
    }

    /// The content of a stream: sometimes nothing, usually little, sometimes much.
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
