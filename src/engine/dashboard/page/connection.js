import { byId, setText } from './dom.js';

/** The polling interval, and the timeout of a request. */
const EVERY = 1000;
const HIDDEN = 5000;
const DEADLINE = 5000;

const TOKEN = 'pipewright-token';
let token = sessionStorage.getItem(TOKEN);
let timer;

/** Polls the engine and passes each state to `show`. */
export function follow(show) {
  const ask = async () => {
    clearTimeout(timer);
    const goOn = await round(show);
    clearTimeout(timer);
    if (goOn) timer = setTimeout(ask, document.hidden ? HIDDEN : EVERY);
  };
  byId('login').addEventListener('submit', (event) => {
    event.preventDefault();
    token = byId('token').value.trim();
    ask();
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && byId('login').hidden) ask();
  });
  ask();
}

/** Makes one request. Returns whether to continue polling. */
async function round(show) {
  let response;
  let state;
  try {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    response = await fetch(new URL('state.json', import.meta.url), { headers, cache: 'no-store', signal: AbortSignal.timeout(DEADLINE) });
    state = response.ok ? await response.json() : await response.text();
  } catch {
    gone('The engine does not answer. The data below is from its last answer; this page keeps asking.');
    return true;
  }
  if (response.status === 401 || (response.status === 403 && token)) {
    refused(response.status === 401 ? 'The engine does not take this token.' : state.trim());
    return false;
  }
  if (!response.ok) {
    gone(`The engine refuses the request: ${state.trim()}`);
    return true;
  }
  if (token) sessionStorage.setItem(TOKEN, token);
  byId('login').hidden = true;
  byId('token').value = '';
  byId('alert').hidden = true;
  byId('content').hidden = false;
  delete byId('content').dataset.stale;
  told('live', 'live');
  show(state);
  return true;
}

function gone(message) {
  told('gone', 'no answer');
  byId('content').dataset.stale = '';
  setText(byId('alert'), message);
  byId('alert').hidden = false;
}

/** Prompts for a token, and shows what was wrong with the last one, if any. */
function refused(why) {
  told('locked', 'locked');
  setText(byId('login-error'), token ? why : '');
  token = null;
  sessionStorage.removeItem(TOKEN);
  byId('alert').hidden = true;
  byId('content').hidden = true;
  byId('login').hidden = false;
  byId('token').select();
  byId('token').focus();
}

function told(live, text) {
  byId('live').dataset.live = live;
  setText(byId('live'), text);
}
