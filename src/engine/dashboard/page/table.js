import { byId, element, keep, setText } from './dom.js';
import { count } from './format.js';

/**
 * A table that can be sorted by its headings and filtered by text, with mouse or keyboard.
 *
 * A column has a `title`, the `text` of a row and, if rows are not sorted by text, the value to
 * `sort` by. `fill` creates a cell with more than text, and `className` is the class of the cell.
 */
export class Table {
  constructor(section, { title, columns, key, empty, sort = 0 }) {
    this.columns = columns;
    this.key = key;
    this.sort = sort;
    this.ascending = !columns[sort].numeric;
    this.rows = [];
    this.total = 0;
    this.section = byId(section);
    this.count = element('span', { className: 'count' });
    this.filter = element('input', { type: 'search', placeholder: 'Filter', 'aria-label': `Filter ${title.toLowerCase()}` });
    this.filter.addEventListener('input', () => this.draw());
    this.headings = columns.map((column, at) => this.heading(column, at));
    this.body = element('tbody');
    this.empty = element('p', { className: 'empty' }, ...empty);
    this.nothing = element('p', { className: 'empty', hidden: true }, 'Nothing matches the filter.');
    this.more = element('p', { className: 'more', hidden: true });
    const head = element('thead', {}, element('tr', {}, ...this.headings));
    this.table = element('table', { 'aria-labelledby': `${section}-title` }, head, this.body);
    this.frame = element('div', { className: 'table', tabIndex: 0, role: 'region', 'aria-labelledby': `${section}-title` }, this.table);
    this.section.append(
      element('header', { className: 'card-head' }, element('h2', { id: `${section}-title` }, `${title} `, this.count), this.filter),
      this.empty,
      this.frame,
      this.nothing,
      this.more,
    );
  }

  heading(column, at) {
    const button = element('button', { type: 'button' }, column.title);
    button.addEventListener('click', () => {
      this.ascending = this.sort === at ? !this.ascending : !column.numeric;
      this.sort = at;
      this.draw();
    });
    return element('th', { scope: 'col', className: column.numeric ? 'num' : '' }, button);
  }

  /** Shows other rows: the first of `total`. */
  show(rows, total = rows.length) {
    this.rows = rows;
    this.total = total;
    this.draw();
  }

  draw() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = (row) => {
      const text = this.columns.map((column) => column.text(row)).join(' ').toLowerCase();
      return words.every((part) => text.includes(part));
    };
    const shown = words.length ? this.rows.filter(matches) : [...this.rows];
    const column = this.columns[this.sort];
    const by = column.sort ?? column.text;
    const order = this.ascending ? 1 : -1;
    shown.sort((a, b) => order * compare(by(a), by(b)));
    this.headings.forEach((heading, at) => {
      if (at === this.sort) heading.setAttribute('aria-sort', this.ascending ? 'ascending' : 'descending');
      else heading.removeAttribute('aria-sort');
    });
    keep(this.body, shown, this.key, () => this.row(), (line, row) => this.update(line, row));
    setText(this.count, this.total ? count(this.total) : '');
    this.empty.hidden = this.total > 0;
    this.frame.hidden = shown.length === 0;
    this.filter.hidden = this.total === 0;
    this.nothing.hidden = this.total === 0 || shown.length > 0;
    this.more.hidden = this.rows.length >= this.total;
    setText(this.more, `The first ${count(this.rows.length)} of ${count(this.total)}.`);
  }

  row() {
    const cells = this.columns.map((column) =>
      element('td', { className: [column.numeric ? 'num' : '', column.className ?? ''].join(' ').trim() }));
    return element('tr', {}, ...cells);
  }

  update(line, row) {
    this.columns.forEach((column, at) => {
      const cell = line.children[at];
      if (column.fill) column.fill(cell, row);
      else setText(cell, column.text(row));
      const title = column.hint?.(row) ?? '';
      if (cell.title !== title) cell.title = title;
    });
  }
}

function compare(a, b) {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}
