//! The plan of a run: nodes and the edges between them. No I/O.

use futures::TryFutureExt;
use futures::future::{BoxFuture, try_join, try_join_all};
use serde_json::Value;

use crate::channel::{ChannelReader, ChannelWriter};
use crate::error::Error;
use crate::stage::{Ends, StageContext, StageError, StageReport};
use crate::wire::{EdgeLabel, NodeLabel};

/// The nodes and edges of one run, in the order of the stream.
#[derive(Default)]
pub struct Plan {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: usize,
}

/// A channel between two nodes, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge(pub(super) usize);

/// One part of a run: its name, its edges and its work.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) inputs: Vec<Edge>,
    pub(super) outputs: Vec<Edge>,
    pub(super) work: Work,
}

/// The work of a node.
pub(super) enum Work {
    /// It runs in this process.
    Here(Code),
    /// It is triggered on the worker that has registered it.
    Registered {
        id: String,
        params: Value,
        /// Whether it is a copy that must declare that it keeps the order.
        in_order: bool,
    },
}

/// The code of a node in this process.
pub(super) type Code = Box<
    dyn FnOnce(NodeEnds, StageContext) -> BoxFuture<'static, Result<StageReport, StageError>>
        + Send,
>;

/// The channel ends of a node, in the order of its edges.
pub(super) struct NodeEnds {
    pub(super) readers: Vec<ChannelReader>,
    pub(super) writers: Vec<ChannelWriter>,
}

impl NodeEnds {
    /// Connects every end without sending anything.
    pub(super) async fn connect(&mut self) -> Result<(), Error> {
        let readers = self.readers.iter_mut();
        let reading = try_join_all(readers.map(ChannelReader::connect)).map_err(Error::from);
        let writers = self.writers.iter_mut();
        let writing = try_join_all(writers.map(ChannelWriter::open)).map_err(Error::from);
        try_join(reading, writing).await?;
        Ok(())
    }

    /// The ends of a node with at most one edge on each side.
    pub(super) fn into_single(mut self) -> Ends {
        Ends {
            reader: self.readers.pop(),
            writer: self.writers.pop(),
        }
    }
}

impl Plan {
    /// Adds an edge.
    pub(super) fn edge(&mut self) -> Edge {
        self.edges += 1;
        Edge(self.edges - 1)
    }

    /// Adds a node with at most one input and with one output.
    pub(super) fn node(&mut self, name: String, input: Option<Edge>, work: Work) -> Edge {
        let output = self.edge();
        self.junction(name, input.into_iter().collect(), vec![output], work);
        output
    }

    /// Adds a node with any number of inputs and outputs.
    pub(super) fn junction(
        &mut self,
        name: String,
        inputs: Vec<Edge>,
        outputs: Vec<Edge>,
        work: Work,
    ) {
        self.nodes.push(Node {
            name,
            inputs,
            outputs,
            work,
        });
    }

    /// The label of each edge of the run `run` for the engine; the output goes to `output`.
    pub(super) fn labels(&self, run: &str, output: &str) -> Vec<EdgeLabel> {
        let holder = |of: fn(&Node) -> &[Edge], edge| {
            let found = self.nodes.iter().position(|node| of(node).contains(&edge));
            let node = found.unwrap_or(self.nodes.len());
            let name = self.nodes.get(node).map_or(output, |node| &node.name);
            let name = name.to_owned();
            NodeLabel { node, name }
        };
        let label = |edge| EdgeLabel {
            pipewright: 1,
            run: run.to_owned(),
            writer: holder(|node| &node.outputs, edge),
            reader: holder(|node| &node.inputs, edge),
        };
        (0..self.edges).map(|edge| label(Edge(edge))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Plan, Work};

    #[test]
    fn an_edge_is_told_with_the_nodes_at_its_ends() {
        let mut plan = Plan::default();
        let work = || Work::Registered {
            id: String::new(),
            params: Value::Null,
            in_order: false,
        };
        let read = plan.node("read".into(), None, work());
        plan.node("parse".into(), Some(read), work());
        let told = plan.labels("r", "run").into_iter().map(|label| {
            assert_eq!((label.pipewright, &*label.run), (1, "r"));
            let (writer, reader) = (label.writer, label.reader);
            (writer.node, writer.name, reader.node, reader.name)
        });
        let expected = [
            (0, "read".to_owned(), 1, "parse".to_owned()),
            (1, "parse".to_owned(), 2, "run".to_owned()),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
}
