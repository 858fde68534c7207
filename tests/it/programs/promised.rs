use std::path::Path;

pub(crate) fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

/// The output that the header comment of an example shows.
pub(crate) fn promised(example: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{example}.rs"));
    let source = std::fs::read_to_string(path).unwrap();
    let comment = source.lines().map_while(|line| line.strip_prefix("//!"));
    let fenced = comment.skip_while(|line| !line.starts_with(" $ ")).skip(1);
    fenced
        .take_while(|line| *line != " ```")
        .map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned())
        .collect()
}
