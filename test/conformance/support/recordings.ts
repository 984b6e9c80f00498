/** What real providers sent, and what they had been asked. */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Usage } from '../../../src/index.ts';

const BODIES = resolve(process.env['CANARY_DATA'] ?? join(import.meta.dirname, '../../../../shared/data'), 'bodies');

/** Whether the recorded data is there; tests that need it skip aloud. */
export const recorded = existsSync(BODIES);

/** What the tests of recorded data say in their names while they skip. */
export const skipNote = recorded ? '' : ' (skipped: no recorded data, see CANARY_DATA)';

/** One recorded body. */
export interface Recording {
  /** The name that the simulated provider serves it under, as a model. */
  readonly file: string;
  readonly surface: 'chat' | 'completions' | 'responses' | 'embeddings' | 'models';
  readonly stream: boolean;
  /** What the recorded request said; little where it was not recorded. */
  readonly request: Readonly<Record<string, unknown>>;
  /** What the SDK made of it when it was recorded; `undefined` for bodies in a shape that is not OpenAI's. */
  readonly baseline: Baseline | undefined;
}

/** What the bare SDK made of a body. */
export interface Baseline {
  readonly file: string;
  readonly kind: Recording['surface'];
  readonly stream: boolean;
  readonly status: number;
  readonly ok: boolean;
  /** How many chunks, for a stream that ended well. */
  readonly chunks?: number;
  readonly usage?: Readonly<Record<string, unknown>> | null;
  /** Of an error: its class, its code, and the first 140 characters of its message. */
  readonly error?: string;
  readonly err_status?: number;
  readonly code?: unknown;
  readonly message?: string;
}

/** All recordings; none where there is no recorded data. */
export function readRecordings(): readonly Recording[] {
  if (!recorded) return [];
  const { results } = readJson('openai-sdk-baseline.json') as { results: readonly Baseline[] };
  const baselines = new Map(results.map((result) => [result.file, result]));
  const index = readJson('index.json') as readonly { file: string }[];
  return index.map(({ file }) => recordingOf(file, baselines.get(file)));
}

/** Whether the provider answered, as opposed to refused. */
export function isAnswer({ baseline }: Recording): boolean {
  return (baseline?.status ?? 200) < 400;
}

/** Whether a recording is a stream of one of the surfaces on which usage has to be asked for. */
export function isChatStream({ stream, surface }: Recording): boolean {
  return stream && (surface === 'chat' || surface === 'completions');
}

/** The text of a body, as it stands in its file. */
export function readRecorded(file: string): string {
  return readFileSync(pathOf(file), 'utf8');
}

export function pathOf(file: string): string {
  return join(BODIES, file);
}

/** The file that tells of request and response; not every body has one. */
export function metaFileOf(file: string): string {
  return file.replace(/(\.chunks)?\.\w+$/, '.meta.json');
}

/** Tokens in and out, as the recorded usage states them; `undefined` where it states none. */
export function recordedUsage({ file, baseline }: Recording): Pick<Usage, 'inputTokens' | 'outputTokens'> | undefined {
  const usage = SDK_SEES_NO_USAGE.test(file) ? writtenUsage(file) : baseline?.usage;
  const count = (...names: string[]) => names.map((name) => usage?.[name]).find((value) => typeof value === 'number');
  const inputTokens = count('prompt', 'prompt_tokens');
  if (inputTokens === undefined) return undefined;
  const total = count('total', 'total_tokens');
  // xAI states its output without the reasoning, which only the total counts.
  const unreasoned = file.includes('xai-') && total !== undefined ? total - inputTokens : undefined;
  return { inputTokens, outputTokens: unreasoned ?? count('completion', 'completion_tokens') ?? 0 };
}

/** Groq's streams and Kimi's put their usage where the SDK has no field for it. */
const SDK_SEES_NO_USAGE = /xgroq-usage|groq-tool-call\.chunks|kimi__200-chunk/;

function writtenUsage(file: string): Readonly<Record<string, unknown>> {
  const text = readRecorded(file);
  const counts = /"prompt_tokens":\s*(\d+)[^}]*?"completion_tokens":\s*(\d+)/;
  const [, prompt, completion] = counts.exec(text.slice(text.lastIndexOf('"usage":'))) ?? [];
  return { prompt: Number(prompt), completion: Number(completion) };
}

function recordingOf(file: string, baseline: Baseline | undefined): Recording {
  return {
    file,
    // The baseline took this one for a chat answer.
    surface: file.endsWith('openai-completion-text.json') ? 'completions' : (baseline?.kind ?? 'chat'),
    stream: baseline?.stream ?? isStream(file),
    request: requestOf(file),
    baseline,
  };
}

function requestOf(file: string): Recording['request'] {
  const meta = metaFileOf(file);
  if (!existsSync(pathOf(meta))) return inferredRequest(file);
  const { request } = readJson(meta) as { request?: { body?: unknown } };
  return typeof request?.body === 'object' && request.body !== null ? (request.body as Recording['request']) : {};
}

/** Providers have a word to say on usage in each chunk, or send it in one of its own, because they were asked. */
function inferredRequest(file: string): Recording['request'] {
  const asked = isStream(file) && /"usage":\s*null|"choices":\s*\[\]/.test(readRecorded(file));
  return asked ? { stream_options: { include_usage: true } } : {};
}

function isStream(file: string): boolean {
  return /\.(sse|chunks\.txt)$/.test(file);
}

function readJson(file: string): unknown {
  return JSON.parse(readRecorded(file));
}
