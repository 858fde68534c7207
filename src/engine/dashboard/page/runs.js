import { byId, element, keep, setText } from './dom.js';
import { bytes, count, rate, short, time, word } from './format.js';
import { draw, isFull } from './graph.js';
import { graphOf } from './layout.js';
import { Table } from './table.js';

let selected;
let shown = [];
let drawn;
const edges = new Table('edges', {
  title: 'Edges',
  key: (edge) => edge.channel_id,
  empty: [],
  columns: [
    { title: 'From', text: (edge) => edge.source_name },
    { title: 'To', text: (edge) => edge.target_name },
    { title: 'State', text: (edge) => (isFull(edge) ? 'full' : edge.state) },
    { title: 'Rate', numeric: true, text: (edge) => rate(edge.bytes_per_second), sort: (edge) => edge.bytes_per_second },
    { title: 'Carried', numeric: true, text: (edge) => bytes(edge.bytes), sort: (edge) => edge.bytes },
    { title: 'Frames', numeric: true, text: (edge) => count(edge.frames), sort: (edge) => edge.frames },
    { title: 'Full', numeric: true, text: (edge) => `${edge.fill} %`, sort: (edge) => edge.fill },
    { title: 'Channel', className: 'mono soft', text: (edge) => edge.channel_id },
  ],
});

/** Shows the runs of a state. The first one stays selected until another is chosen. */
export function showRuns({ runs, total }) {
  shown = runs;
  if (!runs.some((run) => run.run === selected)) selected = runs[0]?.run;
  setText(byId('runs-count'), total > runs.length ? `the last ${runs.length} of ${total}` : total ? count(total) : '');
  byId('runs-empty').hidden = runs.length > 0;
  byId('runs-body').hidden = runs.length === 0;
  keep(byId('run-list'), runs, (run) => run.run, entry, fill);
  drawSelected();
}

/** Selects a run, from the list of errors or channels. */
export function select(number) {
  if (!shown.some((run) => run.run === number)) return;
  selected = number;
  keep(byId('run-list'), shown, (run) => run.run, entry, fill);
  drawSelected();
  byId('runs-title').scrollIntoView({ block: 'nearest' });
}

function entry(run) {
  const button = element('button', { type: 'button' },
    element('span', { className: 'dot' }), element('span', { className: 'name' }),
    element('span', { className: 'when' }), element('span', { className: 'what' }));
  button.addEventListener('click', () => select(run.run));
  return element('li', {}, button);
}

function fill(item, run) {
  const button = item.firstElementChild;
  const [dot, name, when, what] = button.children;
  const state = stateOf(run);
  if (dot.dataset.state !== state) dot.dataset.state = state;
  setText(name, title(run));
  name.title = title(run);
  setText(when, run.took_ms === undefined ? time(run.age_ms) : `${time(run.age_ms - run.took_ms)} ago`);
  const took = run.took_ms === undefined ? '' : ` in ${time(run.took_ms)}`;
  setText(what, `${word(state)}${took} · ${run.nodes.length} nodes`);
  button.setAttribute('aria-current', run.run === selected);
}

/** A running run is held back if one of its nodes is. */
function stateOf(run) {
  const held = run.state === 'running' && run.nodes.some((node) => node.state === 'held_back');
  return held ? 'held_back' : run.state;
}

/** The contents of a run: its calls, or otherwise its named nodes. */
function title(run) {
  const calls = run.nodes.filter((node) => node.function_id !== undefined);
  const named = calls.length ? calls : run.nodes;
  return named.map((node) => node.name).join(' → ') || `run ${run.run}`;
}

function drawSelected() {
  const run = shown.find((candidate) => candidate.run === selected);
  const frame = byId('graph');
  if (!run) return frame.replaceChildren();
  const state = stateOf(run);
  const moved = run.edges.reduce((sum, edge) => sum + edge.bytes, 0);
  const age = run.took_ms === undefined ? `for ${time(run.age_ms)}` : `after ${time(run.took_ms)}`;
  const name = run.trace ? ` · trace ${short(run.trace)}` : '';
  byId('run-title').title = [run.name, run.trace && `trace ${run.trace}`].filter(Boolean).join('\n');
  byId('run-title').replaceChildren(
    element('b', {}, `Run ${run.run}`), `${name} · `,
    element('span', { className: 'state', 'data-state': state }, word(state)),
    ` ${age} · ${count(run.edges.length)} channels · ${bytes(moved)} carried`);
  // An unchanged drawing is not replaced, so that its scroll position is kept.
  const width = frame.clientWidth - 24;
  const key = JSON.stringify([width, run.run, run.nodes, run.edges]);
  if (key !== drawn) {
    drawn = key;
    frame.replaceChildren(draw(run, width));
  }
  const graph = graphOf(run);
  const names = new Map(graph.nodes.map((node) => [node.id, node.name]));
  edges.show(graph.edges.map((edge) => ({ ...edge, source_name: names.get(edge.source), target_name: names.get(edge.target) })));
}

new ResizeObserver(() => drawSelected()).observe(byId('graph'));
