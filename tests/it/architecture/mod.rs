//! Rules that the compiler does not check: imports between modules, libraries that only one module
//! may name, and the length of files. Each violation is reported with file and line.

mod circles;
mod floors;
mod source;

use std::path::Path;

use floors::Floors;
use source::{Source, sources};

/// The maximum length of a file, so that each can be read in one go.
const MAX_LINES: usize = 400;

fn fail_on(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}\n  {}", offences.join("\n  "));
}

#[test]
fn imports_point_down() {
    let floors = Floors::of_the_house();
    let mut offences = Vec::new();
    for source in sources(&["src"]) {
        let Some(module) = source.module() else {
            continue;
        };
        for import in source.imports() {
            if let Err(reason) = floors.check(module, &import.target) {
                offences.push(format!("{}:{}: {reason}", source.path, import.line));
            }
        }
    }
    fail_on("imports point down (design, section 3: Floors):", &offences);
}

#[test]
fn the_program_sees_only_the_public_api() {
    let mut offences = Vec::new();
    for source in sources(&["cli/src"]) {
        for (line, code) in source.code() {
            let hidden = code.contains("pipewright::__") || code.contains("#[path");
            if hidden {
                offences.push(format!("{}:{line}: {}", source.path, code.trim()));
            }
        }
    }
    fail_on("cli uses the library as any user does:", &offences);
}

#[test]
fn a_library_is_named_in_its_own_place_only() {
    // The only places that may name a library, so that it can be replaced there.
    const PLACES: [(&str, &[&str]); 4] = [
        (
            "opentelemetry",
            &["src/worker/trace/bridge.rs", "cli/src/log/export.rs"],
        ),
        (
            "tungstenite",
            &[
                "src/transport/websocket/dial.rs",
                "src/transport/websocket/tests.rs",
            ],
        ),
        ("bincode::", &["src/codec/"]),
        ("hyper::", &["src/engine/"]),
    ];
    // The wire types have no runtime, no socket and no clock.
    const NOT_IN_WIRE: [&str; 4] = ["tokio", "std::net", "Instant", "SystemTime"];
    let mut offences = Vec::new();
    for source in sources(&["src", "cli/src"]) {
        for (line, code) in source.code() {
            let misplaced = PLACES.iter().any(|(name, places)| {
                code.contains(name) && !places.iter().any(|place| source.path.starts_with(place))
            });
            let wire = source.path.starts_with("src/wire/")
                && NOT_IN_WIRE.iter().any(|name| code.contains(name));
            if misplaced || wire {
                offences.push(format!("{}:{line}: {}", source.path, code.trim()));
            }
        }
    }
    fail_on("each library is named in one place:", &offences);
}

/// `Instant + Duration` panics on overflow, and most durations come from a setting or a peer.
#[test]
fn times_are_added_up_in_one_place() {
    let offences: Vec<String> = sources(&["src", "cli/src"])
        .iter()
        .filter(|source| !source.path.ends_with("tests.rs") && !source.path.contains("/tests/"))
        .flat_map(|source| {
            let added = source
                .code()
                .into_iter()
                .filter(|(_, code)| code.contains("now() +"));
            added.map(|(line, code)| format!("{}:{line}: {}", source.path, code.trim()))
        })
        .collect();
    fail_on("`transport::later` adds a wait to a time:", &offences);
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let all = [
        "src", "cli", "macros", "examples", "tests", "benches", "fuzz",
    ];
    let offences: Vec<String> = sources(&all)
        .iter()
        .map(|source| (source, source.text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(source, lines)| format!("{}:{lines}: {lines} lines", source.path))
        .collect();
    fail_on("a file has at most 400 lines:", &offences);
}

/// Without sources, the rules would pass as well.
#[test]
fn the_sources_are_found_and_read() {
    let all = sources(&["src"]);
    assert!(all.iter().any(|source| source.path == "src/wire/frame.rs"));
    let imports: usize = all.iter().map(|source| source.imports().len()).sum();
    assert!(imports > 200, "{imports} imports");
    assert!(Path::new(source::ROOT).join("Cargo.toml").exists());
}

/// Tests the import finder with every way to write an import.
#[test]
fn every_way_to_write_an_import_is_understood() {
    let text = "\
use crate::wire::Frame;
use crate::{codec::Json, transport::{Address, Dial}};
// use crate::engine::Engine;
use super::super::{Link, link::Link};
fn inline() -> crate::channel::Totals { \"crate::pipeline\" }
mod tests {
    use super::Own;
    use super::super::worker::Up;
}
use super::super::super::worker::Worker;
pub(in crate::engine) struct Seen;
";
    let source = Source::new("src/channel/writer/outbox.rs", text);
    let found: Vec<(usize, String)> = source
        .imports()
        .into_iter()
        .map(|import| (import.line, import.target))
        .collect();
    let expected = [
        (1, "wire"),
        (2, "codec"),
        (2, "transport"),
        (4, "channel"),
        (5, "channel"),
        (7, "channel"),
        (8, "channel"),
        (10, "worker"),
    ];
    assert_eq!(
        found,
        expected.map(|(line, target)| (line, target.to_owned()))
    );
}

#[test]
fn each_kind_of_offence_is_told() {
    let floors = Floors::of_the_house();
    for (from, to) in [
        ("channel", "wire"),
        ("pipeline", "stage"),
        ("engine", "transport"),
        ("embedded", "engine"),
        ("embedded", "worker"),
        ("prelude", "engine"),
        ("worker", "worker"),
    ] {
        assert_eq!(floors.check(from, to), Ok(()), "{from} -> {to}");
    }
    for (from, to) in [
        ("wire", "codec"),
        ("codec", "transport"),
        ("transport", "codec"),
        ("channel", "worker"),
        ("engine", "channel"),
        ("engine", "codec"),
        ("stage", "engine"),
        ("pipeline", "engine"),
        ("stage", "pipeline"),
        ("worker", "Frame"),
        ("cellar", "wire"),
    ] {
        assert!(floors.check(from, to).is_err(), "{from} -> {to}");
    }
}
