import { byId, element, keep, setText } from './dom.js';
import { count, time } from './format.js';
import { select } from './runs.js';

let known;

/** Shows the latest errors, each with its origin and consequences, and announces new ones. */
export function showErrors(errors, total) {
  const named = numbered(errors);
  setText(byId('errors-count'), total ? `${plural(errors.length, 'cause')}, ${plural(total, 'failed call')}` : '');
  byId('errors-empty').hidden = errors.length > 0;
  byId('errors').hidden = errors.length === 0;
  keep(byId('errors'), named, ({ key }) => key, entry, fill);
  const keys = new Set(named.map(({ key }) => key));
  const news = known && named.find(({ key }) => !known.has(key));
  if (news) setText(byId('errors-news'), `New error in ${where(news.error)}: ${news.error.message}`);
  known = keys;
}

/** Errors have no id: errors that differ only in age are distinguished by their order. */
function numbered(errors) {
  const seen = new Map();
  return [...errors].reverse().map((error) => {
    const same = [error.run, error.code, error.message, where(error)].join('|');
    const number = seen.get(same) ?? 0;
    seen.set(same, number + 1);
    return { error, key: `${same}|${number}` };
  }).reverse();
}

function plural(number, what) {
  return `${count(number)} ${what}${number === 1 ? '' : 's'}`;
}

function where(error) {
  return error.stage ?? error.functions[0] ?? 'a call';
}

function entry() {
  return element('li', {}, element('span', { className: 'when' }),
    element('p', { className: 'said' }, element('b', {}), element('span', {})),
    element('span', { className: 'code mono' }), element('p', { className: 'follow' }));
}

function fill(item, { error }) {
  const [when, said, code, follow] = item.children;
  setText(when, `${time(error.age_ms)} ago`);
  const at = error.item === undefined ? '' : ` at item ${count(error.item)}`;
  setText(said.children[0], where(error));
  setText(said.children[1], `${at}: ${error.message}`);
  setText(code, error.count > 1 ? `${error.code} × ${count(error.count)}` : error.code);
  const others = error.functions.filter((name) => name !== where(error));
  const parts = [];
  if (others.length) parts.push(`then failed: ${others.join(', ')}`);
  if (error.worker) parts.push(`on worker ${error.worker}`);
  const text = parts.join(' · ');
  const key = `${text}|${error.run}`;
  if (follow.dataset.text === key) return;
  follow.dataset.text = key;
  follow.replaceChildren(text);
  if (error.run !== undefined) {
    const link = element('button', { type: 'button', className: 'link' }, `run ${error.run}`);
    link.addEventListener('click', () => select(error.run));
    follow.append(text ? ' · ' : '', link);
  }
}
