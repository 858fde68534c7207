import { shape } from './dom.js';
import { bytes, count, cut, rate, word } from './format.js';
import { graphOf, layers } from './layout.js';

const BOX = { width: 152, height: 62 };
/** The space between two layers, with room for the label of an edge. */
const GAP = { across: 88, down: 78 };
/** The length of an arrow head. */
const HEAD = 7;
const BESIDE = { across: 42, down: 26 };

/** From this number of nodes on, edges have no labels, only colour and thickness. */
const CROWDED = 40;

/** In less width than this, a drawing that does not fit is laid out from top to bottom. */
const NARROW = 760;

/** The minimum font size; a drawing that would need smaller text is scrolled. */
const SMALLEST = 0.8;

/** Draws a run, from left to right if that fits into `width` pixels. */
export function draw(run, width) {
  const graph = graphOf(run);
  const rows = layers(graph);
  const along = rows.length * (BOX.width + GAP.across) - GAP.across;
  const down = along * SMALLEST > width && width < NARROW;
  const widest = Math.max(1, ...rows.map((row) => row.length));
  const size = down
    ? { width: widest * (BOX.width + BESIDE.down), height: rows.length * (BOX.height + GAP.down) - GAP.down }
    : { width: along, height: widest * (BOX.height + BESIDE.across) };
  for (const node of graph.nodes) {
    const across = down ? node.place * (BOX.width + BESIDE.down) : node.place * (BOX.height + BESIDE.across);
    node.x = down ? size.width / 2 + across - BOX.width / 2 : node.layer * (BOX.width + GAP.across);
    node.y = down ? node.layer * (BOX.height + GAP.down) : size.height / 2 + across - BOX.height / 2;
  }
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const says = graph.nodes.length <= CROWDED;
  const scale = Math.min(1, Math.max(SMALLEST, width / (size.width + 4)));
  const picture = shape('svg', {
    viewBox: `-2 -2 ${size.width + 4} ${size.height + 4}`,
    width: Math.floor((size.width + 4) * scale),
    height: Math.floor((size.height + 4) * scale),
    role: 'img',
    'aria-label': described(run, graph),
  });
  const lines = graph.edges.map((edge) => route(edge, byId, down));
  picture.append(...lines.map((line) => path(line)));
  if (says) picture.append(...lines.map((line) => label(line)));
  picture.append(...graph.nodes.map((node) => box(node)));
  return picture;
}

/** Describes the drawing in words, for screen readers. */
function described(run, { nodes, edges }) {
  const parts = nodes.filter((node) => !node.outside).map((node) => `${node.name} ${word(node.state)}`);
  return `Run ${run.run}, ${run.state}: ${parts.join(', ')}; ${count(edges.length)} channels`;
}

function route(edge, byId, down) {
  const from = byId.get(edge.source);
  const to = byId.get(edge.target);
  const half = { x: BOX.width / 2, y: BOX.height / 2 };
  const a = down ? { x: from.x + half.x, y: from.y + BOX.height } : { x: from.x + BOX.width, y: from.y + half.y };
  // The arrow head ends before the node.
  const b = down ? { x: to.x + half.x, y: to.y - HEAD } : { x: to.x - HEAD, y: to.y + half.y };
  const bend = down ? Math.max(20, (b.y - a.y) / 2) : Math.max(20, (b.x - a.x) / 2);
  const curve = down
    ? `C${a.x} ${a.y + bend} ${b.x} ${b.y - bend} ${b.x} ${b.y}`
    : `C${a.x + bend} ${a.y} ${b.x - bend} ${b.y} ${b.x} ${b.y}`;
  return { edge, down, end: b, d: `M${a.x} ${a.y}${curve}`, middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } };
}

/**
 * The thickness of a line grows with its rate: from 1.5 at zero to 8 at one gibibyte per second.
 */
function path({ edge, d, end, down }) {
  const thick = thickness(edge);
  const wing = thick / 2 + 3;
  const head = down ? `M${end.x - wing} ${end.y}h${2 * wing}l${-wing} ${HEAD}z` : `M${end.x} ${end.y - wing}v${2 * wing}l${HEAD} ${-wing}z`;
  return shape('g', {
    class: 'edge',
    'data-broken': ['failed', 'lost', 'expired'].includes(edge.state) ? '' : undefined,
    'data-moves': edge.bytes_per_second > 0 ? '' : undefined,
    'data-full': isFull(edge) ? '' : undefined,
  }, shape('path', { class: 'line', d, 'stroke-width': thick.toFixed(1) }), shape('path', { class: 'head', d: head }));
}

function thickness(edge) {
  const speed = Math.log2(1 + edge.bytes_per_second / 1024) / 20;
  return 1.5 + 6.5 * Math.min(1, speed);
}

/** Labels an edge: the rate on one side of the line, the amount and fill level on the other. */
function label({ edge, middle, down }) {
  const open = edge.state === 'open';
  const first = open ? rate(edge.bytes_per_second) : ended(edge);
  const off = thickness(edge) / 2;
  const x = down ? middle.x + off + 8 : middle.x;
  const [above, below, tank] = down ? [-10, 6, 13] : [-off - 6, off + 14, off + 20];
  const y = middle.y;
  const start = down ? x : x - 34;
  const group = shape('g', { class: down ? 'says down' : 'says' }, shape('title', {}, `channel ${edge.channel_id}`));
  group.append(shape('text', { class: 'rate', x, y: y + above }, first));
  group.append(shape('text', { class: 'carried', x, y: y + below }, bytes(edge.bytes)));
  if (open) {
    const full = isFull(edge) ? '' : undefined;
    const level = 0.68 * Math.min(100, edge.fill);
    group.append(shape('rect', { class: 'tank', x: start, y: y + tank, width: 68, height: 5, rx: 1.5 }));
    group.append(shape('rect', { class: 'level', x: start, y: y + tank, width: level, height: 5, rx: 1.5, 'data-full': full }));
  }
  return group;
}

function ended(edge) {
  if (edge.state === 'cancelled') return 'reader left';
  return edge.state === 'closed' ? 'whole' : edge.state;
}

export function isFull(edge) {
  return edge.state === 'open' && edge.fill >= 90;
}

function box(node) {
  const { x, y } = node;
  const state = node.state ?? 'waiting';
  const says = node.outside ? node.worker : word(state);
  const below = node.outside ? 'outside of any call' : items(node) ?? node.worker;
  const title = [node.name, node.function_id, node.error].filter(Boolean).join('\n');
  return shape('g', { class: 'node', 'data-state': state, 'data-node': node.name }, shape('title', {}, title),
    shape('rect', { class: 'box', x, y, width: BOX.width, height: BOX.height, rx: 6, 'stroke-dasharray': node.outside ? '4 3' : undefined }),
    shape('path', { class: 'side', d: `M${x + 6} ${y}H${x + 5}a5 5 0 0 0-5 6v${BOX.height - 12}a5 5 0 0 0 5 6h1z` }),
    shape('text', { class: 'name', x: x + 16, y: y + 21 }, cut(node.name, 18)),
    shape('text', { class: 'state', x: x + 16, y: y + 37 }, says),
    shape('text', { class: 'soft', x: x + 16, y: y + 52 }, cut(below, 21)));
}

/** The report of a finished stage. */
function items(node) {
  if (node.items_in === undefined) return undefined;
  return `${count(node.items_in)} → ${count(node.items_out)} items`;
}
