use super::text::{name, parting, title};
use crate::pipeline_file::PipelineFile;
use crate::spec::{Step, StreamFormat};
use crate::terminal::table::sanitized;

/// The pipeline as Graphviz source.
pub(super) fn draw(file: &PipelineFile) -> String {
    let mut drawing = Drawing::default();
    let input = name(file.input.as_deref(), "standard input");
    let from = drawing.node(&input, "cylinder");
    let (last, format) = drawing.steps(&file.spec.steps, from, file.spec.format);
    let output = name(file.output.as_deref(), "standard output");
    let output = drawing.node(&output, "cylinder");
    drawing.edge(last, output, format);
    drawing.finish()
}

#[derive(Default)]
struct Drawing {
    nodes: usize,
    lines: Vec<String>,
}

/// Identifies a node.
#[derive(Clone, Copy)]
struct Node(usize);

impl Drawing {
    fn node(&mut self, label: &str, shape: &str) -> Node {
        let at = self.nodes;
        self.nodes += 1;
        let label = quoted(&sanitized(label));
        self.lines
            .push(format!("  n{at} [label={label}, shape={shape}];"));
        Node(at)
    }

    fn edge(&mut self, Node(from): Node, Node(to): Node, format: StreamFormat) {
        self.lines
            .push(format!("  n{from} -> n{to} [label=\"{format}\"];"));
    }

    /// Draws the steps after `from` and returns the last node and its output format.
    fn steps(
        &mut self,
        steps: &[Step],
        from: Node,
        mut format: StreamFormat,
    ) -> (Node, StreamFormat) {
        let mut last = from;
        for step in steps {
            last = self.step(step, last, format);
            format = step.writes(format);
        }
        (last, format)
    }

    fn step(&mut self, step: &Step, from: Node, reads: StreamFormat) -> Node {
        match step {
            Step::Stage(stage) => {
                let node = self.node(&title(stage), "box");
                self.edge(from, node, reads);
                node
            }
            Step::Tee { file, steps } => {
                let tee = self.node("tee", "point");
                self.edge(from, tee, reads);
                let (last, format) = self.steps(steps, tee, reads);
                let file = self.node(&file.display().to_string(), "cylinder");
                self.edge(last, file, format);
                tee
            }
            Step::Broadcast { branches, .. } => {
                let fork = self.node("broadcast", "triangle");
                self.edge(from, fork, reads);
                self.branches(branches.iter().map(Vec::as_slice), fork, reads)
            }
            Step::Partition {
                by, into, steps, ..
            } => {
                let fork = self.node(&parting(by.as_deref()), "triangle");
                self.edge(from, fork, reads);
                let branches = std::iter::repeat_n(steps.as_slice(), *into);
                self.branches(branches, fork, reads)
            }
        }
    }

    fn branches<'a>(
        &mut self,
        branches: impl Iterator<Item = &'a [Step]>,
        fork: Node,
        reads: StreamFormat,
    ) -> Node {
        let merge = self.node("merge", "invtriangle");
        for branch in branches {
            let (last, format) = self.steps(branch, fork, reads);
            self.edge(last, merge, format);
        }
        merge
    }

    fn finish(self) -> String {
        let lines = self.lines.join("\n");
        format!(
            "digraph pipeline {{\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n{lines}\n}}\n"
        )
    }
}

/// A quoted Graphviz string.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}
