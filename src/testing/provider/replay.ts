/** Serves recorded bodies unchanged. */

import { readFileSync, readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { asRecord } from '../answers/request-body.ts';
import { splitEvents } from '../answers/sse.ts';
import { bodyScript } from '../script/script.ts';
import type { Pace, Script } from '../script/script.ts';

/** Finds the recording that a model name refers to. */
export interface Replay {
  script(model: string, pace: Pace): Script | undefined;
}

/**
 * Opens a folder of recordings: `<name>.json` or `<name>.sse`, each with an optional `<name>.meta.json` that has
 * `response.status` and `response.headers`. A recording is found by its file name, with or without extension and folder. Its
 * file is read at each use.
 */
export function openReplay(folder: string): Replay {
  const files = namedFiles(folder);
  return {
    script: (model, pace) => {
      const file = files.get(model);
      return file === undefined ? undefined : recordedScript(join(folder, file), pace);
    },
  };
}

function namedFiles(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(json|sse)$/.test(file) && !file.endsWith('.meta.json'))
    .toSorted();
  const names = files.flatMap((file): [string, string][] => [
    [withoutExtension(basename(file)), file],
    [basename(file), file],
    [withoutExtension(file), file],
    [file, file],
  ]);
  return new Map(names);
}

function recordedScript(file: string, pace: Pace): Script {
  const text = readFileSync(file, 'utf8');
  const { status, headers } = recordedHead(`${withoutExtension(file)}.meta.json`);
  const isStream = file.endsWith('.sse');
  const contentType = isStream ? 'text/event-stream' : 'application/json';
  return bodyScript(status, { 'content-type': contentType, ...headers }, isStream ? splitEvents(text) : [text], pace);
}

/** The status and the headers of a recording, from its `.meta.json`. */
export function recordedHead(file: string): { status: number; headers: Record<string, string> } {
  const { status, headers } = asRecord(asRecord(readJson(file))['response']);
  const kept = Object.entries(asRecord(headers)).filter(([name]) => !CONNECTION_HEADERS.has(name.toLowerCase()));
  return {
    status: typeof status === 'number' ? status : 200,
    headers: Object.fromEntries(kept.map(([name, value]) => [name.toLowerCase(), String(value)])),
  };
}

/** Headers that describe the recorded connection and not the answer. */
const CONNECTION_HEADERS = new Set([
  'alt-svc',
  'connection',
  'content-encoding',
  'content-length',
  'date',
  'keep-alive',
  'set-cookie',
  'transfer-encoding',
]);

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function withoutExtension(file: string): string {
  return file.slice(0, file.length - extname(file).length);
}
