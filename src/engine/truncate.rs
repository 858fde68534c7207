/// Maximum length in bytes of a displayed name that was chosen by a client.
pub(super) const LONGEST_NAME: usize = 200;

/// Truncates a string to `most` bytes and marks the truncation.
pub(super) fn truncate(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::truncate;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(truncate("né", 3), "né");
        assert_eq!(truncate("né!", 3), "né…");
        assert_eq!(truncate("née", 2), "n…");
        assert_eq!(truncate("né", 0), "…");
    }
}
