//! The table of foreign faults names existing tests.

use std::fs;

use crate::peer::manifest;

#[test]
fn every_row_of_the_table_names_its_test() {
    let table = fs::read_to_string(manifest("../../docs/foreign-peers.md")).expect("the table");
    let sources: String = fs::read_dir(manifest("suite/tests"))
        .expect("the tests")
        .map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("a file"))
        .collect();
    let rows = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| fault"));
    let mut count = 0;
    for row in rows {
        let tests = row
            .trim_end_matches(" |")
            .rsplit(" | ")
            .next()
            .unwrap_or(row);
        for test in tests.split(", ") {
            let name = test.trim_matches('`');
            assert!(
                sources.contains(&format!("fn {name}()")),
                "no such test: {name}\n{row}"
            );
        }
        count += 1;
    }
    assert!(count > 20, "{count} rows");
}
