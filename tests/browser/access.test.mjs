// Access to the dashboard, and its behaviour when the engine stops.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { inScene } from './scene.mjs';

test('an engine that goes is told of, and found again', inScene(async (scene) => {
  const engine = await scene.engine();
  const { page } = await scene.browse(engine.page);
  await page.locator('#live[data-live="live"]').waitFor();
  await engine.program.kill();
  const alert = page.getByRole('alert').filter({ hasText: 'The engine does not answer' });
  await alert.waitFor();
  assert.equal(await page.locator('#live').innerText(), 'no answer');
  assert.ok(await page.locator('#content[data-stale]').isVisible());
  await scene.engine('--listen', engine.url.replace('ws://', ''));
  await page.locator('#live[data-live="live"]').waitFor();
  await alert.waitFor({ state: 'hidden' });
  assert.equal(await page.locator('#content[data-stale]').count(), 0);
}));

test('a token is asked for, checked and kept in the tab only', inScene(async (scene) => {
  const directory = await mkdtemp(join(tmpdir(), 'pipewright-'));
  scene.ends.push(() => rm(directory, { recursive: true }));
  const [file, limited, roles] = ['token', 'limited', 'roles.toml'].map((name) => join(directory, name));
  await writeFile(file, 'open-sesame\n');
  await writeFile(limited, 'serves-only\n');
  await writeFile(roles, `[[role]]\ntoken_file = ${JSON.stringify(limited)}\nregister = ["text::*"]\n`);
  const engine = await scene.engine('--token-file', file, '--roles', roles);
  const { page, seen } = await scene.browse(engine.page);
  const field = page.getByLabel('Bearer token');
  await field.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'token');
  assert.ok(await page.locator('#content').isHidden());
  await field.fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByText('The engine does not take this token.').waitFor();
  await field.fill('serves-only');
  await page.keyboard.press('Enter');
  await page.getByText('may not trigger engine::dashboard::list').waitFor();
  await field.fill('open-sesame');
  await page.keyboard.press('Enter');
  await page.getByText('No worker is connected').waitFor();
  await page.reload();
  await page.getByText('No worker is connected').waitFor();
  const kept = await page.evaluate(() => [JSON.stringify(localStorage), document.cookie, location.href]);
  const told = [...kept, await page.content(), ...seen.bodies].join('\n');
  assert.ok(!told.includes('open-sesame'));
  // Another tab has to ask for the token again.
  const other = await page.context().newPage();
  await other.goto(engine.page);
  await other.getByLabel('Bearer token').waitFor();
}));

test('a page from elsewhere learns nothing', inScene(async (scene) => {
  const engine = await scene.engine();
  // Another port is another origin, although it is on the same machine.
  const other = await scene.engine('--no-dashboard');
  const plain = await fetch(other.page, { headers: { accept: 'text/html' } });
  assert.equal(plain.status, 400);
  const { page } = await scene.browse(other.page.replace(/$/, 'healthz'));
  const asked = await page.evaluate(
    (url) => fetch(url).then((response) => response.text(), (error) => `refused: ${error.message}`),
    `${engine.page}dashboard/state.json`,
  );
  assert.match(asked, /^refused: /);
  await page.evaluate(async (url) => {
    const frame = document.createElement('iframe');
    const loaded = new Promise((resolve) => {
      frame.onload = resolve;
    });
    frame.src = url;
    document.body.append(frame);
    await loaded;
  }, engine.page);
  const [, frame] = page.frames();
  assert.doesNotMatch(await frame.content(), /pipewright/);
}));
