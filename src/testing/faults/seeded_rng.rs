/// A random number generator whose sequence for a seed is the same on every machine and in every
/// version.
///
/// It is `SplitMix64` by Guy Steele, Doug Lea and Christine Flood. A random number crate may change
/// its sequence between versions, but the seed of a fault plan must stay reproducible.
#[derive(Clone, Debug)]
pub(super) struct SeededRng(u64);

impl SeededRng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which must not be 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number below 2 to the power of `bits`, with all magnitudes equally likely.
    pub(super) fn of_any_size(&mut self, bits: u32) -> u64 {
        let bits = self.below(u64::from(bits) + 1);
        self.below(1 << bits)
    }
}

#[cfg(test)]
mod tests {
    use super::SeededRng;

    #[test]
    fn a_seed_gives_the_numbers_of_the_published_algorithm() {
        let mut rng = SeededRng::new(1_234_567);
        let numbers = [rng.next(), rng.next(), rng.next()];
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(numbers, published);
    }

    #[test]
    fn numbers_stay_below_their_bound() {
        let mut rng = SeededRng::new(1);
        assert!((0..1000).all(|_| rng.below(3) < 3));
        assert!((0..1000).all(|_| rng.of_any_size(10) < 1024));
    }
}
