/// The candidate that is most similar to `given`, if any is similar.
///
/// A candidate that adds a service name, such as `log::parse` for `parse`, is similar. Otherwise at
/// most a third of the characters may differ.
pub(crate) fn similar<'a>(
    given: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let far = (given.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(given, candidate, far)?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Maximum length in bytes of an id that is compared: the work grows with the product of both
/// lengths.
const MAX_LEN: usize = 128;

/// The distance of a candidate, if it is at most `far`.
fn distance(given: &str, candidate: &str, far: usize) -> Option<usize> {
    if candidate
        .rsplit_once("::")
        .is_some_and(|(_, name)| name == given)
    {
        return Some(0);
    }
    // The distance is at least the difference of the lengths.
    let least = given.chars().count().abs_diff(candidate.chars().count());
    if least > far || candidate.len() > MAX_LEN {
        return None;
    }
    Some(strsim::damerau_levenshtein(given, candidate)).filter(|distance| *distance <= far)
}

#[cfg(test)]
mod tests {
    use super::similar;

    #[test]
    fn what_was_meant_is_found_and_nothing_far_fetched() {
        let ids = ["log::parse", "log::errors", "bytes::gzip"];
        assert_eq!(similar("log::prase", ids), Some("log::parse"));
        assert_eq!(similar("gzip", ids), Some("bytes::gzip"));
        assert_eq!(similar("log::error", ids), Some("log::errors"));
        assert_eq!(similar("image::scale", ids), None);
        assert_eq!(similar("", ids), None);
    }
}
