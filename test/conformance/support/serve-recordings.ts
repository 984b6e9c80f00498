/** A simulated provider that answers with the recorded bodies. */

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ClientOptions } from 'openai';
import { startProvider } from '../../../src/testing/index.ts';
import { metaFileOf, pathOf, readRecorded, type Recording } from './recordings.ts';

/** The running provider. */
export interface Served extends AsyncDisposable {
  /** Options of a client for this provider, without retries. */
  readonly settings: ClientOptions;
}

/** Serves each recording for the model with its file name. */
export async function serveRecordings(recordings: readonly Recording[]): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'recordings-'));
  for (const recording of recordings) await place(recording, folder);
  const provider = await startProvider({ replay: folder });
  return {
    settings: { baseURL: provider.url, apiKey: 'test-key', maxRetries: 0, logLevel: 'off' },
    [Symbol.asyncDispose]: async () => {
      await provider.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The body as it is sent. */
export function wireText({ file, surface }: Recording): string {
  const text = readRecorded(file);
  if (!file.endsWith('.chunks.txt')) return text;
  const chunks = text.split('\n').filter((line) => line !== '');
  const events = chunks.map((chunk) => `data: ${chunk}\n\n`).join('');
  return surface === 'responses' ? events : `${events}data: [DONE]\n\n`;
}

/**
 * Copies a recording into the folder. A replay needs `.json` or `.sse`, so other extensions get one of these
 * appended; the model stays the original name.
 */
async function place(recording: Recording, folder: string): Promise<void> {
  const { file, stream } = recording;
  const asIs = /\.(json|sse)$/.test(file);
  const served = asIs ? file : `${file}.${stream ? 'sse' : 'json'}`;
  await mkdir(join(folder, dirname(file)), { recursive: true });
  if (asIs) await symlink(pathOf(file), join(folder, served));
  else await writeFile(join(folder, served), wireText(recording));
  const meta = pathOf(metaFileOf(file));
  if (existsSync(meta)) await symlink(meta, join(folder, served.replace(/\.\w+$/, '.meta.json')));
}
