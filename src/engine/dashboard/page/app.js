import { follow } from './connection.js';
import { byId, element, keep, setText } from './dom.js';
import { showErrors } from './errors.js';
import { bytes, count, rate, short, time } from './format.js';
import { showRuns } from './runs.js';
import { Table } from './table.js';
import { startTheme } from './theme.js';

const code = (text) => element('code', {}, text);

const channels = new Table('channels', {
  title: 'Channels',
  key: (channel) => channel.channel_id,
  sort: 2,
  empty: ['No channel is open. A pipeline creates one for each of its edges; ', code('pipewright channel create'), ' creates one by hand.'],
  columns: [
    { title: 'Channel', className: 'mono', text: (channel) => short(channel.channel_id), hint: (channel) => channel.channel_id },
    { title: 'Run', text: (channel) => channel.run },
    // At equal rates, fuller channels come first.
    { title: 'Rate', numeric: true, text: (channel) => rate(channel.bytes_per_second), sort: (channel) => channel.bytes_per_second + fillOf(channel) / 1e6 },
    { title: 'Carried', numeric: true, text: (channel) => bytes(channel.bytes), sort: (channel) => channel.bytes },
    { title: 'Frames', numeric: true, text: (channel) => count(channel.frames), sort: (channel) => channel.frames },
    { title: 'Fill', text: buffered, sort: fillOf, fill: bar, hint: (channel) => `${count(channel.buffered_frames)} of ${count(channel.capacity_frames)} frames` },
    { title: 'Writer', text: (channel) => channel.writer },
    { title: 'Reader', text: (channel) => channel.reader },
    { title: 'Age', numeric: true, text: (channel) => time(channel.age_ms), sort: (channel) => channel.age_ms },
  ],
});

const workers = new Table('workers', {
  title: 'Workers',
  key: (worker) => worker.worker_id,
  empty: ['No worker is connected. ', code('pipewright new'), ' creates a project with one; any program on an iii SDK can connect to the address above.'],
  columns: [
    { title: 'Name', className: 'long', text: (worker) => worker.name ?? short(worker.worker_id), hint: (worker) => worker.worker_id },
    { title: 'Runtime', className: 'soft', text: (worker) => [worker.runtime, worker.version].filter(Boolean).join(' ') },
    { title: 'Process', numeric: true, text: (worker) => String(worker.pid ?? ''), sort: (worker) => worker.pid ?? 0, hint: (worker) => worker.os ?? '' },
    { title: 'Functions', numeric: true, text: (worker) => count(worker.functions), sort: (worker) => worker.functions },
    { title: 'Calls', numeric: true, text: (worker) => count(worker.calls), sort: (worker) => worker.calls },
  ],
});

const functions = new Table('functions', {
  title: 'Functions',
  key: (known) => `${known.namespace}/${known.function_id}`,
  empty: ['No function is registered. A worker registers its functions when it connects: ', code('#[pipeline_stage]'), ' turns an ordinary function into a stage.'],
  columns: [
    { title: 'Function', className: 'long', text: (known) => known.function_id, hint: (known) => known.description ?? '' },
    { title: 'Kind', className: 'soft', text: (known) => known.kind ?? 'function' },
    { title: 'Worker', className: 'long soft', text: (known) => known.worker },
    { title: 'Calls', numeric: true, text: (known) => count(known.calls), sort: (known) => known.calls },
  ],
});

function fillOf(channel) {
  const frames = channel.buffered_frames / channel.capacity_frames;
  return Math.round(100 * Math.max(frames, channel.buffered_bytes / channel.capacity_bytes));
}

function buffered(channel) {
  return `${bytes(channel.buffered_bytes)} of ${bytes(channel.capacity_bytes)}`;
}

/** A bar with its label. */
function bar(cell, channel) {
  if (!cell.firstChild) cell.append(element('span', { className: 'bar' }), element('span', {}));
  const full = fillOf(channel);
  const [level, text] = cell.children;
  level.style.setProperty('--fill', `${Math.min(100, full)}%`);
  level.toggleAttribute('data-full', full >= 90);
  setText(text, buffered(channel));
}

/** Maps each channel to its run, and to whether it only serves to cancel a stage. */
function withRuns(listed, runs) {
  const places = new Map();
  for (const run of runs) {
    for (const edge of run.edges) places.set(edge.channel_id, `run ${run.run}`);
    for (const id of run.cancels) places.set(id, `run ${run.run}, to cancel`);
  }
  return listed.map((channel) => ({ ...channel, run: places.get(channel.channel_id) ?? '–' }));
}

function showFigures({ engine, runs: { totals }, channels: open, workers: connected, functions: registered }) {
  const figures = [
    ['workers', count(connected.total)],
    ['functions', count(registered.total)],
    ['calls', count(engine.calls)],
    ['channels', count(open.total)],
    ['buffered', bytes(engine.buffered_bytes)],
    ['carried', bytes(engine.carried_bytes)],
    ['runs done', count(totals.done)],
    ['runs failed', count(totals.failed), totals.failed > 0],
    ['calls failed', count(totals.errors), totals.errors > 0],
  ];
  const make = () => element('div', {}, element('dt'), element('dd'));
  keep(byId('figures'), figures, ([name]) => name, make, (figure, [name, value, bad]) => {
    setText(figure.firstElementChild, name);
    setText(figure.lastElementChild, value);
    figure.toggleAttribute('data-bad', Boolean(bad));
  });
  setText(byId('address'), `${location.host} · version ${engine.version} · up ${time(engine.uptime_ms)}`);
}

function show(state) {
  showFigures(state);
  showRuns(state.runs);
  showErrors(state.runs.errors, state.runs.totals.errors);
  channels.show(withRuns(state.channels.channels, state.runs.runs), state.channels.total);
  workers.show(state.workers.list, state.workers.total);
  functions.show(state.functions.list, state.functions.total);
}

startTheme();
follow(show);
