// Screenshots of the dashboard for the documents: `tests/browser/run screenshots DIRECTORY`.

import { join } from 'node:path';

import { Scene } from './scene.mjs';

const scene = new Scene();
try {
  const directory = process.argv[2];
  const engine = await scene.engine();
  await scene.busy(engine.url);
  for (const colorScheme of ['light', 'dark']) {
    const { page } = await scene.browse(engine.page, { colorScheme, viewport: { width: 1280, height: 860 } });
    await page.locator('#run-list button', { hasText: 'log::errors' }).click();
    await page.locator('#graph .edge[data-moves]').nth(3).waitFor();
    await page.mouse.move(0, 0);
    // In the first moments there are no rates yet.
    for (let round = 0; round < 6; round += 1) await page.waitForResponse(/state\.json/);
    await page.screenshot({ path: join(directory, `dashboard-${colorScheme}.png`) });
  }
} finally {
  await scene.end();
}
