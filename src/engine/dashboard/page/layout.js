// Places the nodes of a run in layers along the stream.

/**
 * Returns the nodes of a run, with an additional one for each channel end that is held outside of
 * any call, and the edges between them.
 */
export function graphOf(run) {
  const nodes = run.nodes.map((node) => ({ ...node, id: `n${node.node}` }));
  const known = new Set(nodes.map((node) => node.id));
  const edges = run.edges.map((edge) => {
    const end = (number, side, says) => {
      const id = `n${number}`;
      if (known.has(id)) return id;
      const outside = { id: `${side}${edge.channel_id}`, name: edge.worker, worker: says, outside: true };
      nodes.push(outside);
      return outside.id;
    };
    return { ...edge, source: end(edge.from, 'w', 'writes'), target: end(edge.to, 'r', 'reads') };
  });
  return { nodes, edges };
}

/** Assigns each node its layer and its place within it. Returns the layers. */
export function layers({ nodes, edges }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const layer = new Map(nodes.map((node) => [node.id, 0]));
  // The longest path from a source. In a cycle, the number of rounds ends the loop.
  for (let round = 0; round < nodes.length; round += 1) {
    let moved = false;
    for (const { source, target } of edges) {
      if (source !== target && layer.get(target) < layer.get(source) + 1 && layer.get(source) + 1 < nodes.length) {
        layer.set(target, layer.get(source) + 1);
        moved = true;
      }
    }
    if (!moved) break;
  }
  const rows = [];
  for (const node of nodes) {
    node.layer = layer.get(node.id);
    (rows[node.layer] ??= []).push(node);
  }
  const filled = rows.filter(Boolean);
  filled.forEach((row, at) => {
    // Next to the nodes that supply its input.
    const sources = (node) => edges.filter((edge) => edge.target === node.id).map((edge) => byId.get(edge.source).place ?? 0);
    const middle = (node) => mean(sources(node));
    if (at > 0) row.sort((a, b) => middle(a) - middle(b));
    row.forEach((node, place) => {
      node.layer = at;
      node.place = place - (row.length - 1) / 2;
    });
  });
  return filled;
}

function mean(numbers) {
  return numbers.length ? numbers.reduce((sum, number) => sum + number, 0) / numbers.length : 0;
}
