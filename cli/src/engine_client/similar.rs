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
        .map(|candidate| (distance(given, candidate), candidate))
        .filter(|&(distance, _)| distance <= far)
        .min()
        .map(|(_, candidate)| candidate)
}

fn distance(given: &str, candidate: &str) -> usize {
    match candidate.rsplit_once("::") {
        Some((_, name)) if name == given => 0,
        _ => strsim::damerau_levenshtein(given, candidate),
    }
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
