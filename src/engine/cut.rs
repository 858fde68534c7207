/// The longest name of somebody else's choice that is shown, in bytes.
pub(super) const LONGEST_NAME: usize = 200;

/// A text of `most` bytes at the most, and a sign that there was more.
pub(super) fn cut(text: &str, most: usize) -> String {
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
    use super::cut;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("né", 3), "né");
        assert_eq!(cut("né!", 3), "né…");
        assert_eq!(cut("née", 2), "n…");
        assert_eq!(cut("né", 0), "…");
    }
}
