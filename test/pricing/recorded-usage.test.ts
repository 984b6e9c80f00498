import { expect, test } from 'vitest';
import type { Usage } from '../../src/domain/usage.ts';
import { usageOf } from '../../src/pricing/usage.ts';
import { parseBodies, readBaseline, readText, recorded, skipNote, type BaselineResult } from './recorded-bodies.ts';

/** The last usage in a recorded body. */
function lastUsage({ file, kind }: BaselineResult): Usage | undefined {
  const surface = kind === 'models' ? 'other' : kind;
  return parseBodies(file, readText(file))
    .map((body) => usageOf(surface, body))
    .findLast((usage) => usage !== undefined);
}

/** Input and output of a recorded body. */
interface Counts {
  readonly file: string;
  readonly input: number | undefined;
  readonly output: number | undefined;
}

function countsOf(result: BaselineResult): Counts {
  const usage = lastUsage(result);
  return { file: result.file, input: usage?.inputTokens, output: usage?.outputTokens };
}

/** The counts that the SDK read, under the surface's names for them. */
function statedCounts({ file, usage }: BaselineResult): Counts {
  const count = (...names: string[]) => names.map((name) => usage?.[name]).find((value) => typeof value === 'number');
  const input = count('prompt', 'prompt_tokens');
  const total = count('total', 'total_tokens');
  // xAI reports output without reasoning; only the total includes it.
  const unreasoned = file.includes('xai-') && input !== undefined && total !== undefined ? total - input : undefined;
  return { file, input, output: unreasoned ?? count('completion', 'completion_tokens') ?? 0 };
}

/** The counts in the text of the last usage. */
function writtenCounts({ file }: BaselineResult): Counts {
  const text = readText(file);
  const counts = /"prompt_tokens":\s*(\d+)[^}]*?"completion_tokens":\s*(\d+)/;
  const [, input, output] = counts.exec(text.slice(text.lastIndexOf('"usage":'))) ?? [];
  return { file, input: Number(input), output: Number(output) };
}

test.skipIf(!recorded)(`reads the same usage as the SDK from every recorded body${skipNote}`, () => {
  const results = readBaseline().filter((result) => statedCounts(result).input !== undefined);
  expect(results.map(countsOf)).toEqual(results.map(statedCounts));
  // oxlint-disable-next-line no-console -- shows in a test run how many bodies were compared
  console.info(`usage compared with the SDK's in ${results.length} recorded bodies`);
  expect(results.length).toBeGreaterThanOrEqual(140);
});

test.skipIf(!recorded)(`reads usage that the SDK does not expose${skipNote}`, () => {
  const hidden = readBaseline().filter(
    ({ file, usage }) => usage?.['in_x_groq'] === true || file.includes('kimi__200-chunk'),
  );
  expect(hidden.map(countsOf)).toEqual(hidden.map(writtenCounts));
  expect(hidden.length).toBeGreaterThanOrEqual(5);
});

test.skipIf(!recorded)(`finds no usage in recorded errors and streams without usage${skipNote}`, () => {
  const without = readBaseline().filter(
    ({ file, usage, status }) => status >= 400 || (!usage && file.includes('nousage')),
  );
  expect(without.filter((result) => lastUsage(result) !== undefined)).toEqual([]);
  expect(without.length).toBeGreaterThanOrEqual(30);
});
