// Formats numbers for people.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Formats bytes: 1536 is `1.5 KiB`. */
export function bytes(count) {
  let unit = 0;
  let value = count;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** Formats bytes per second. */
export function rate(perSecond) {
  return `${bytes(perSecond)}/s`;
}

/** Formats a count: 12345 is `12,345`. */
export function count(number) {
  return number.toLocaleString('en');
}

/** Formats milliseconds in the two largest units. */
export function time(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return `${milliseconds} ms`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Returns the first part of the id of a worker, a channel or a trace. */
export function short(id) {
  return /^[0-9a-f-]{32,36}$/.test(id) ? id.slice(0, 8) : id;
}

/** Truncates a text to `most` characters. */
export function cut(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** Formats a state for display. */
export function word(state) {
  return state.replace('_', ' ');
}
