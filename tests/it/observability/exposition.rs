//! A strict parser of the Prometheus text exposition format, version 0.0.4.

use std::collections::{BTreeMap, HashSet};

/// Parsed metrics.
pub(super) struct Exposition {
    /// Name and type of each metric, in order.
    pub(super) families: Vec<(String, String)>,
    /// By name and labels, as written.
    samples: BTreeMap<String, f64>,
}

impl Exposition {
    /// Panics if the text does not follow the format.
    pub(super) fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line has no end");
        let mut parsed = Self {
            families: Vec::new(),
            samples: BTreeMap::new(),
        };
        let mut named = HashSet::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(head) = line.strip_prefix("# HELP ") {
                let (name, help) = head.split_once(' ').unwrap();
                assert!(named.insert(name), "{name} comes twice");
                assert!(is_name(name) && help.ends_with('.'), "{line}");
                let kind = lines.next().unwrap();
                let kind = kind.strip_prefix(&format!("# TYPE {name} ")).unwrap();
                assert!(matches!(kind, "counter" | "gauge" | "histogram"), "{kind}");
                assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
                parsed.families.push((name.to_owned(), kind.to_owned()));
            } else {
                parsed.sample(line);
            }
        }
        for (name, kind) in &parsed.families {
            if kind == "histogram" {
                parsed.check_histogram(name);
            }
        }
        parsed
    }

    fn sample(&mut self, line: &str) {
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let (family, kind) = self.families.last().unwrap();
        let (name, labels) = match sample.split_once('{') {
            None => (sample, ""),
            Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
        };
        let suffix = name.strip_prefix(family.as_str()).unwrap();
        match kind.as_str() {
            "histogram" => assert!(matches!(suffix, "_bucket" | "_sum" | "_count"), "{line}"),
            _ => assert_eq!(suffix, "", "{line}"),
        }
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (label, value) = label.split_once("=\"").unwrap();
            let value = value.strip_suffix('"').unwrap();
            assert!(
                is_name(label) && !value.contains(['"', '\\', '\n']),
                "{line}"
            );
        }
        let value: f64 = value.parse().unwrap();
        assert!(kind == "gauge" || value >= 0.0, "{line}");
        let twice = self.samples.insert(sample.to_owned(), value);
        assert_eq!(twice, None, "{line}");
    }

    fn check_histogram(&self, name: &str) {
        let prefix = format!("{name}_bucket{{le=\"");
        let buckets = self.samples.iter().filter_map(|(sample, count)| {
            let bound = sample.strip_prefix(&prefix)?.strip_suffix("\"}")?;
            Some((bound.parse::<f64>().unwrap(), *count))
        });
        let mut buckets: Vec<_> = buckets.collect();
        buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        assert!(buckets.is_sorted_by_key(|(_, count)| *count), "{name}");
        let (last, all) = buckets.last().unwrap();
        assert!(last.is_infinite() && *all == self.value(&format!("{name}_count")));
        assert!(self.value(&format!("{name}_sum")) >= 0.0);
    }

    /// `sample` is a name with its labels.
    #[track_caller]
    pub(super) fn value(&self, sample: &str) -> f64 {
        let found = self.samples.get(sample);
        *found.unwrap_or_else(|| panic!("no {sample} in {:?}", self.samples))
    }
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.chars().all(plain) && name.starts_with(|c: char| c.is_ascii_lowercase())
}
