use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The numbers of all sections: headings, and the items of sections 8, 11 and 12.
fn sections(specification: &str) -> BTreeSet<String> {
    let mut sections = BTreeSet::new();
    let mut chapter = "";
    for line in specification.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            let number = heading.trim_start_matches('#').trim_start();
            let number = number.split(' ').next().unwrap_or_default();
            if number.starts_with(|first: char| first.is_ascii_digit()) {
                sections.insert(number.to_owned());
            }
            if line.starts_with("## ") {
                chapter = number;
            }
        } else if matches!(chapter, "8" | "11" | "12")
            && let Some((number, _)) = line.split_once(". ")
            && number.parse::<u32>().is_ok()
        {
            sections.insert(format!("{chapter}.{number}"));
        }
    }
    sections
}

/// The sections cited by a text, as in "section 4.3", "sections 1 and 2", "sections 1 to 7".
fn cited(text: &str) -> Vec<String> {
    let mut cited = Vec::new();
    // A citation may continue on the next line of a comment.
    let words = text
        .replace("///", " ")
        .replace("//!", " ")
        .replace("//", " ");
    let words: Vec<_> = words.split_whitespace().collect();
    for (at, word) in words.iter().enumerate() {
        if !word.contains("protocol.md`") {
            continue;
        }
        if !matches!(words.get(at + 1), Some(&"section" | &"sections")) {
            continue;
        }
        for word in &words[at + 2..] {
            let number = word.trim_end_matches(|c: char| !c.is_ascii_digit());
            if matches!(*word, "and" | "to") {
                continue;
            }
            if number.is_empty() || !number.starts_with(|c: char| c.is_ascii_digit()) {
                break;
            }
            cited.push(number.to_owned());
            if !word.ends_with(|c: char| c.is_ascii_digit() || c == ',') {
                break;
            }
        }
    }
    cited
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                sources(&path, into);
            }
        } else if path.extension().is_some_and(|it| it == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn every_cited_section_of_the_protocol_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sections = sections(&fs::read_to_string(root.join("docs/protocol.md")).unwrap());
    assert!(
        sections.contains("4.3") && sections.contains("8.2"),
        "{sections:?}"
    );
    let mut files = Vec::new();
    for folder in [
        "src", "cli", "macros", "tests", "examples", "benches", "fuzz",
    ] {
        sources(&root.join(folder), &mut files);
    }
    let mut wrong = Vec::new();
    let mut citations = 0;
    // This folder refers to the document as a whole.
    for file in files
        .iter()
        .filter(|file| !file.components().any(|it| it.as_os_str() == "protocol"))
    {
        let text = fs::read_to_string(file).unwrap();
        let cites = text.matches("protocol.md`").count();
        let found = cited(&text);
        citations += found.len();
        if cites > 0 && found.is_empty() {
            wrong.push(format!("{}: cites no section", file.display()));
        }
        for section in found {
            if !sections.contains(&section) {
                wrong.push(format!("{}: section {section}", file.display()));
            }
        }
    }
    assert!(citations > 40, "{citations} citations found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
