/// The candidate that is most similar to `wanted`; `None` if none is similar.
///
/// Similar ids differ by at most a third of their characters (insertions, deletions and
/// replacements), or have the same last segment (`orders::create` for `order::create`).
pub(in crate::engine::control) fn nearest<'a>(
    wanted: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .filter_map(|candidate| {
            let distance = distance(wanted, candidate)?;
            let near = distance * 3 <= wanted.chars().count().max(3);
            (near || last_part(wanted) == last_part(candidate)).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

fn last_part(id: &str) -> &str {
    id.rsplit_once("::").map_or(id, |(_, last)| last)
}

/// Longer ids are not compared, because the work grows with the product of both lengths.
const MAX_LEN: usize = 128;

/// The Levenshtein distance between two ids.
fn distance(a: &str, b: &str) -> Option<usize> {
    (a.len() <= MAX_LEN && b.len() <= MAX_LEN).then(|| strsim::levenshtein(a, b))
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "b", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), Some(expected), "{a} {b}");
            assert_eq!(distance(b, a), Some(expected), "{b} {a}");
        }
        assert_eq!(distance(&"a".repeat(1000), "a"), None);
    }

    #[test]
    fn the_nearest_is_hinted_at_and_the_far_is_not() {
        let ids = ["orders::create", "orders::cancel", "mail::send"];
        let nearest = |wanted| nearest(wanted, ids.into_iter());
        assert_eq!(nearest("orders::craete"), Some("orders::create"));
        assert_eq!(nearest("o::cancel"), Some("orders::cancel"));
        assert_eq!(nearest("video::cut"), None);
    }
}
