// The dashboard of a busy engine, and how it is used.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hardToRead } from './contrast.mjs';
import { inScene } from './scene.mjs';

const SECRET = /[0-9a-f]{40}/;

/** Waits until a node of the selected run has this state. */
function node(page, name, state) {
  return page.locator(`#graph .node[data-node="${name}"][data-state="${state}"]`).waitFor();
}

/** Selects the run in the list whose text contains this. */
function choose(page, text) {
  return page.locator('#run-list button', { hasText: text }).click();
}

test('an engine without anything says what to do', inScene(async (scene) => {
  const { page: url } = await scene.engine();
  const { page, seen } = await scene.browse(url);
  await page.getByText('No worker is connected').waitFor();
  for (const text of ['No run yet', 'No call has failed', 'No channel is open', 'No function is registered']) {
    assert.ok(await page.getByText(text).isVisible(), text);
  }
  assert.deepEqual([...seen.hosts], [new URL(url).host]);
  assert.deepEqual(seen.faults, []);
}));

test('runs are a graph: what works, what is held back, what has failed', inScene(async (scene) => {
  const engine = await scene.engine();
  await scene.busy(engine.url);
  const { page, seen } = await scene.browse(engine.page);

  // The newest one comes first. Its result is never read.
  for (const name of ['source', 'log::parse', 'log::shorten']) await node(page, name, 'held_back');
  await node(page, 'run', 'busy');
  assert.ok(await page.locator('#graph .edge[data-full]').count() > 0);
  await page.locator('#channels .bar[data-full]').first().waitFor();

  await choose(page, 'log::errors');
  for (const name of ['log::parse', 'log::errors', 'log::score']) await node(page, name, 'working');
  const rates = await page.locator('#graph .rate').allTextContents();
  assert.equal(rates.length, 4);
  for (const rate of rates) assert.match(rate, /^[1-9][\d.]* (B|KiB|MiB)\/s$/);
  assert.equal(await page.locator('#graph .edge[data-moves]').count(), 4);

  await choose(page, 'failed');
  await node(page, 'log::parse', 'failed');
  assert.ok(await page.locator('#graph .edge[data-broken]').count() > 0);
  const error = page.locator('#errors li');
  assert.equal(await error.count(), 1);
  assert.match(await error.innerText(), /log::parse at item 400: no level in "garbage"/);
  assert.match(await error.innerText(), /then failed: log::score/);
  await choose(page, 'log::errors');
  await error.getByRole('button', { name: /^run \d+$/ }).click();
  await node(page, 'log::parse', 'failed');

  for (const worker of ['nightly', 'parser', 'scorer']) {
    assert.equal(await page.locator('#workers td', { hasText: worker }).count() > 0, true, worker);
  }
  assert.equal(await page.locator('#functions tbody tr').count(), 4);
  assert.deepEqual(seen.faults, []);
}));

test('no key is in what the browser gets', inScene(async (scene) => {
  const engine = await scene.engine();
  await scene.busy(engine.url);
  const made = await scene.pipewright('channel', 'create', '--url', engine.url).line();
  const keys = made.match(/[0-9a-f]{64}/g);
  const [id] = made.match(/[0-9a-f]{8}-[0-9a-f-]{27}/);
  assert.ok(keys.length > 0);
  const { page, seen } = await scene.browse(engine.page);
  await page.locator(`#channels td[title="${id}"]`).waitFor();
  const told = [await page.content(), ...seen.bodies].join('\n');
  assert.ok(told.includes(id) && told.includes('log::parse'));
  assert.doesNotMatch(told, SECRET);
}));

test('it is used by keyboard', inScene(async (scene) => {
  const engine = await scene.engine();
  await scene.busy(engine.url);
  const { page } = await scene.browse(engine.page);
  await page.locator('#workers tbody tr').nth(2).waitFor();
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.id);
  const order = [];
  for (let at = 0; at < 5; at += 1) {
    await page.keyboard.press('Tab');
    order.push(await focused());
  }
  assert.equal(order[0], 'Skip to the runs');
  assert.match(order[1], /^Theme/);
  // The runs, running ones first; then the graph.
  for (const run of order.slice(2)) assert.match(run, /nodes$/);
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await node(page, 'log::errors', 'working');
  // It keeps its position while the page is updated.
  await page.waitForResponse(/state\.json/);
  await page.waitForResponse(/state\.json/);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-current')), 'true');

  const names = () => page.locator('#workers tbody td:first-child').allTextContents();
  const heading = page.locator('#workers th', { hasText: 'Name' });
  await heading.getByRole('button').focus();
  assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
  assert.deepEqual(await names(), ['nightly', 'parser', 'scorer']);
  await page.keyboard.press('Enter');
  assert.equal(await heading.getAttribute('aria-sort'), 'descending');
  assert.deepEqual(await names(), ['scorer', 'parser', 'nightly']);
  await page.locator('#workers').getByRole('searchbox').focus();
  await page.keyboard.type('PARS');
  assert.deepEqual(await names(), ['parser']);
}));

test('it can be read in light and in dark, wide and narrow', inScene(async (scene) => {
  const engine = await scene.engine();
  await scene.busy(engine.url);
  const { page } = await scene.browse(engine.page, { colorScheme: 'light' });
  await page.locator('#errors li').waitFor();
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const looks = async (width) => {
    await page.setViewportSize({ width, height: 900 });
    await node(page, 'log::parse', 'held_back');
    const { looked, found } = await page.evaluate(hardToRead);
    assert.ok(looked > 60, `${looked} texts`);
    assert.deepEqual(found, []);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${over} pixels too wide at ${width}`);
  };
  for (const width of [360, 900, 1600]) await looks(width);
  const light = await ground();
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.notEqual(await ground(), light);
  for (const width of [360, 1600]) await looks(width);
  // The switch takes precedence over the setting of the system.
  await page.getByRole('button', { name: /^Theme/ }).click();
  assert.equal(await page.locator('#theme').innerText(), 'Theme: light');
  assert.equal(await ground(), light);
  await page.reload();
  assert.equal(await page.locator('#theme').innerText(), 'Theme: light');
}));

test('of many channels the first are shown, and it says so', inScene(async (scene) => {
  const engine = await scene.engine();
  const { page } = await scene.browse(engine.page);
  // Connects as a worker, which is allowed because the page is of this machine.
  await page.evaluate(() => {
    const worker = new WebSocket(location.origin.replace('http', 'ws'));
    worker.onopen = () => {
      for (let at = 0; at < 1000; at += 1) {
        worker.send(JSON.stringify({ type: 'invokefunction', function_id: 'engine::channels::create', data: {} }));
      }
    };
    window.worker = worker;
  });
  await page.getByText('The first 200 of 1,000.').waitFor();
  assert.equal(await page.locator('#channels tbody tr').count(), 200);
  // The time of one complete update, out of the second that is available.
  const took = await page.evaluate(async () => {
    const longest = await new Promise((resolve) => {
      const tasks = [];
      new PerformanceObserver((list) => tasks.push(...list.getEntries())).observe({ type: 'longtask', buffered: false });
      setTimeout(() => resolve(Math.max(0, ...tasks.map((task) => task.duration))), 3000);
    });
    return longest;
  });
  console.log(`longest task with 1,000 channels: ${took} ms`);
  assert.ok(took < 500, `${took} ms`);
}));
