/** axe in the station's own window: what it finds against WCAG 2.2 AA. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright';

/** A and AA of WCAG 2.0, 2.1 and 2.2; no rule of theirs is switched off. */
const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Puts axe into the page. It comes over the debugger's protocol, as Playwright's own scripts do: the page's content security policy
 * stands as it is, and lets no page do the same.
 */
export async function prepareAxe(page: Page): Promise<void> {
  await page.evaluate(source);
}

interface Axe {
  run(context: string | Document, options: RunOptions): Promise<AxeResults>;
}

/** One line for each element that breaks a rule: the rule, the element, and why. */
export async function findViolations(page: Page, within?: string): Promise<readonly string[]> {
  const { violations } = await page.evaluate(
    ([context, tags]) => (globalThis as unknown as { axe: Axe }).axe.run(context ?? document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }),
    [within, standards] as const,
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${(failureSummary ?? '').replace(/\s+/g, ' ')}`));
}
