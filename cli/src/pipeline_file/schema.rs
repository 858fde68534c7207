use super::entries::FileEntry;

/// The JSON schema of a pipeline file, for editors.
pub(crate) fn schema() -> String {
    let schema = schemars::schema_for!(FileEntry);
    format!("{:#}", schema.as_value())
}

#[cfg(test)]
mod tests {
    /// `pipewright check --schema > docs/pipeline.schema.json` brings it up to date.
    #[test]
    fn the_schema_in_docs_is_what_the_types_say() {
        let kept = include_str!("../../../docs/pipeline.schema.json");
        assert_eq!(kept.trim_end(), super::schema());
    }
}
