/** `docs/options.md` is what the types say now. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { optionsReference } from '../../scripts/options-reference.ts';

const written = readFileSync(join(import.meta.dirname, '../../docs/options.md'), 'utf8');

test('the reference of options is current: `npm run docs` changes nothing', () => {
  expect(written).toBe(optionsReference());
});

test('the reference has a section for each part of the options', () => {
  const sections = [...written.matchAll(/^## `(canary\.[\w.]+)`$/gm)].map(([, path]) => path);
  expect(sections).toEqual(
    expect.arrayContaining(['canary.upstreams', 'canary.rollout.steps', 'canary.rollout.guardrails', 'canary.budgets']),
  );
  expect(new Set(sections).size).toBe(sections.length);
});

test('the reference has options with their type, meaning and default', () => {
  const lines = written.split('\n');
  expect(lines).toContain('- **`rpm`** (`number`): Requests per minute, over any sixty seconds. Default: no limit.');
  expect(lines).toContain(
    "- **`name`** (`string`): The name of the upstream that the client's own options describe. Default: 'openai'.",
  );
  expect(lines).toContain(
    "- **`format`** (`'json' | 'slack' | 'pagerduty' | 'cloudevents'`): `'json'` sends the event, `'slack'` a message `{ text }`, `'pagerduty'` an event of its Events API v2, `'cloudevents'` the event in an envelope of CloudEvents 1.0. Default: 'json'.",
  );
  expect(lines).toContain('- **`url`** (`string`, required): An https URL, or http on the loopback interface.');
});
