/// A masking key (RFC 6455 §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(pub(super) [u8; 4]);

impl Key {
    /// Masking with this key changes nothing.
    pub(super) const ZERO: Self = Self([0; 4]);

    /// Masks or unmasks a payload from its start.
    ///
    /// It handles eight bytes at a time, in a form that compilers vectorise.
    pub(super) fn apply(self, payload: &mut [u8]) {
        if self == Self::ZERO {
            return;
        }
        let [a, b, c, d] = self.0;
        let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let (words, rest) = payload.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(self.0.into_iter().cycle()) {
            *byte ^= key;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn is_the_rule_of_the_rfc_at_every_length() {
        let key = Key([0x12, 0x34, 0x56, 0x78]);
        for len in 0..40 {
            let plain: Vec<u8> = (0..len).collect();
            let mut masked = plain.clone();
            key.apply(&mut masked);
            for (at, (plain, masked)) in plain.iter().zip(&masked).enumerate() {
                assert_eq!(plain ^ key.0[at % 4], *masked);
            }
            key.apply(&mut masked);
            assert_eq!(plain, masked);
        }
    }
}
