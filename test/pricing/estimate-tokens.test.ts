import fc from 'fast-check';
import { countTokens } from 'gpt-tokenizer';
import { expect, test } from 'vitest';
import { estimateTokens } from '../../src/pricing/count-tokens.ts';
import { usageOf } from '../../src/pricing/usage.ts';
import greetings from '../vectors/greetings.json' with { type: 'json' };
import { parseBodies, readBaseline, readText, recorded, skipNote, type BaselineResult } from './recorded-bodies.ts';

test.each([
  ['', 0],
  ['word', 1],
  ['one two three', 3],
  ['counterrevolutionary', 20 / 7],
  ['1234567', 3],
  ['Hi!', 2],
  ['a\n\n\nb', 3],
  ['  indent', 2],
  ['你好世界', 2.4],
  ['é', 1.35],
])('estimates %j at %d tokens', (text, tokens) => {
  expect(estimateTokens(text)).toBeCloseTo(tokens, 10);
});

test.each(greetings.greetings)('estimates the greeting in $language within 25 %', ({ text, tokens }) => {
  expect(Math.abs(estimateTokens(text) / tokens - 1)).toBeLessThan(0.25);
});

test('a text of two lines counts as its lines and the line break', () => {
  const line = fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/[\r\n]/g, ''));
  fc.assert(
    fc.property(line, line, (first, second) => {
      const sum = estimateTokens(first) + 1 + estimateTokens(second);
      expect(estimateTokens(`${first}\n${second}`)).toBeCloseTo(sum, 8);
    }),
  );
});

test.each(['four words of ASCII', 'élève après élève', '你好 world'])(
  'a long text of %j counts as the sum of its lines',
  (line) => {
    const lines = 5_000;
    const sum = lines * (estimateTokens(line) + 1);
    expect(estimateTokens(`${line}\n`.repeat(lines))).toBeCloseTo(sum, 5);
    // The long text has no effect on the next one.
    expect(estimateTokens(line) * lines + lines).toBeCloseTo(sum, 5);
  },
);

test('an estimate is at least 0 and at most 1.35 tokens per character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(estimateTokens(text)).toBeGreaterThanOrEqual(0);
      expect(estimateTokens(text)).toBeLessThanOrEqual(text.length * 1.35);
    }),
  );
});

type Fields = Readonly<Record<string, unknown>>;

/** The output of a chat or completions body; `undefined` if more than plain text was billed. */
function plainOutput({ file, kind }: BaselineResult): { text: string; tokens: number } | undefined {
  const bodies = parseBodies(file, readText(file)) as readonly Fields[];
  const usage = bodies.map((body) => usageOf('chat', body)).findLast((found) => found !== undefined);
  if ((kind !== 'chat' && kind !== 'completions') || usage === undefined || usage.reasoningTokens > 0) return undefined;
  let text = '';
  for (const choice of bodies.flatMap((body) => (body['choices'] ?? []) as readonly Fields[])) {
    const { content, ...rest } = (choice['message'] ?? choice['delta'] ?? { content: choice['text'] }) as Fields;
    const hidden = ['tool_calls', 'function_call', 'audio', 'reasoning', 'reasoning_content', 'annotations'];
    if (hidden.some((field) => rest[field] && JSON.stringify(rest[field]) !== '[]')) return undefined;
    if (content !== null && content !== undefined && typeof content !== 'string') return undefined;
    text += content ?? '';
  }
  return text.length < 50 ? undefined : { text, tokens: usage.outputTokens };
}

/** Bodies that contain only the last chunk of a stream, without the text. */
const PARTIAL = /perplexity-text\.chunks|xai-text/;

/** Quantiles of the relative error, and the relative error of the sum. */
function errorsOf(count: (text: string) => number, outputs: readonly { text: string; tokens: number }[]) {
  const errors = outputs.map(({ text, tokens }) => Math.abs(count(text) / tokens - 1)).toSorted((a, b) => a - b);
  const [median = NaN, p90 = NaN] = [0.5, 0.9].map((share) => errors[Math.floor(share * errors.length)]);
  const counted = outputs.reduce((total, { text }) => total + count(text), 0);
  const bias = counted / outputs.reduce((total, { tokens }) => total + tokens, 0) - 1;
  return { median, p90, bias };
}

test.skipIf(!recorded)(`estimates half of the recorded answers within 6 %, nine of ten within 18 %${skipNote}`, () => {
  const outputs = readBaseline()
    .filter(({ status, file }) => status < 400 && !PARTIAL.test(file))
    .flatMap((result) => plainOutput(result) ?? []);
  const { median, p90, bias } = errorsOf(estimateTokens, outputs);
  const counted = errorsOf((text) => countTokens(text, { disallowedSpecial: new Set() }), outputs);
  // oxlint-disable-next-line no-console -- shows in a test run how good the estimate is
  console.info(
    [
      { by: 'characters', median, p90, bias },
      { by: 'gpt-tokenizer', ...counted },
    ]
      .map(
        (each) =>
          `${outputs.length} answers by ${each.by}: error p50 ${each.median.toFixed(3)}, p90 ${each.p90.toFixed(3)}, in sum ${each.bias.toFixed(3)}`,
      )
      .join('\n'),
  );
  expect(outputs.length).toBeGreaterThanOrEqual(25);
  expect(median).toBeLessThan(0.06);
  expect(p90).toBeLessThan(0.18);
  expect(Math.abs(bias)).toBeLessThan(0.03);
});
