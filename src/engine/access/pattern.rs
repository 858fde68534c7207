use std::fmt;

/// A pattern for function ids, in which `*` matches any number of characters.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pattern(String);

impl Pattern {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether it matches the whole of `id`.
    pub(super) fn matches(&self, id: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = id.strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        // The leftmost match of each part leaves the most text for later parts.
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_star_stands_for_any_characters() {
        let cases = [
            ("orders::*", "orders::new", true),
            ("orders::*", "orders::", true),
            ("orders::*", "order", false),
            ("*", "", true),
            ("*", "anything", true),
            ("", "", true),
            ("", "a", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
            ("*::new", "orders::new", true),
            ("*::new", "orders::newer", false),
            ("a*b*c", "a--b--c", true),
            ("a*b*c", "a--c--b", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*ab*ab", "ab", false),
            ("**", "x", true),
        ];
        for (pattern, id, expected) in cases {
            let matches = Pattern::new(pattern).matches(id);
            assert_eq!(matches, expected, "{pattern} {id}");
        }
    }
}
