/** Recorded requests and answers of real providers. */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Usage } from '../../../src/index.ts';

const BODIES = resolve(process.env['CANARY_DATA'] ?? join(import.meta.dirname, '../../../../shared/data'), 'bodies');

/** Whether the recorded data exists. Tests that need it are skipped with a note otherwise. */
export const recorded = existsSync(BODIES);

/** The note in the names of skipped tests of recorded data. */
export const skipNote = recorded ? '' : ' (skipped: no recorded data, see CANARY_DATA)';

/** One recorded body. */
export interface Recording {
  /** The file name, which is also the model that the simulated provider serves it for. */
  readonly file: string;
  readonly surface: 'chat' | 'completions' | 'responses' | 'embeddings' | 'models';
  readonly stream: boolean;
  /** The recorded request; only a few inferred fields if it was not recorded. */
  readonly request: Readonly<Record<string, unknown>>;
  /** The result of the SDK when the body was recorded; `undefined` for bodies without OpenAI's format. */
  readonly baseline: Baseline | undefined;
}

/** The result of the bare SDK for a body. */
export interface Baseline {
  readonly file: string;
  readonly kind: Recording['surface'];
  readonly stream: boolean;
  readonly status: number;
  readonly ok: boolean;
  /** The number of chunks of a stream that ended without an error. */
  readonly chunks?: number;
  readonly usage?: Readonly<Record<string, unknown>> | null;
  /** The class of an error, its code, and the first 140 characters of its message. */
  readonly error?: string;
  readonly err_status?: number;
  readonly code?: unknown;
  readonly message?: string;
}

/** All recordings; an empty list without recorded data. */
export function readRecordings(): readonly Recording[] {
  if (!recorded) return [];
  const { results } = readJson('openai-sdk-baseline.json') as { results: readonly Baseline[] };
  const baselines = new Map(results.map((result) => [result.file, result]));
  const index = readJson('index.json') as readonly { file: string }[];
  return index.map(({ file }) => recordingOf(file, baselines.get(file)));
}

/** Whether the provider answered without an error. */
export function isAnswer({ baseline }: Recording): boolean {
  return (baseline?.status ?? 200) < 400;
}

/** Whether a recording is a stream of a surface on which usage must be requested. */
export function isChatStream({ stream, surface }: Recording): boolean {
  return stream && (surface === 'chat' || surface === 'completions');
}

/** The text of a body, as in its file. */
export function readRecorded(file: string): string {
  return readFileSync(pathOf(file), 'utf8');
}

export function pathOf(file: string): string {
  return join(BODIES, file);
}

/** The file with the request and the response; not every body has one. */
export function metaFileOf(file: string): string {
  return file.replace(/(\.chunks)?\.\w+$/, '.meta.json');
}

/** The input and output tokens of the recorded usage; `undefined` if there is no usage. */
export function recordedUsage({ file, baseline }: Recording): Pick<Usage, 'inputTokens' | 'outputTokens'> | undefined {
  const usage = SDK_SEES_NO_USAGE.test(file) ? writtenUsage(file) : baseline?.usage;
  const count = (...names: string[]) => names.map((name) => usage?.[name]).find((value) => typeof value === 'number');
  const inputTokens = count('prompt', 'prompt_tokens');
  if (inputTokens === undefined) return undefined;
  const total = count('total', 'total_tokens');
  // xAI reports output tokens without the reasoning tokens; only the total includes them.
  const unreasoned = file.includes('xai-') && total !== undefined ? total - inputTokens : undefined;
  return { inputTokens, outputTokens: unreasoned ?? count('completion', 'completion_tokens') ?? 0 };
}

/** Streams of Groq and Kimi have their usage in fields that the SDK does not declare. */
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
    // The baseline lists this body as a chat answer by mistake.
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

/**
 * Infers from a stream whether its request asked for usage: then each chunk has `usage`, or the last chunk has only
 * usage.
 */
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
