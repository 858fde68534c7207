import { byId, setText } from './dom.js';

const THEMES = ['auto', 'light', 'dark'];
const STORED = 'pipewright-theme';

/** The button that switches between themes. The choice is stored if the browser allows it. */
export function startTheme() {
  let theme = THEMES.includes(read()) ? read() : 'auto';
  const apply = () => {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    setText(byId('theme'), `Theme: ${theme}`);
  };
  byId('theme').addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    write(theme);
    apply();
  });
  apply();
}

// A browser may forbid storage.
function read() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

function write(theme) {
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // The choice then lasts for this page only.
  }
}
