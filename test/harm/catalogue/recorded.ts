/** The recorded bodies of real providers. */

import { recordedHead } from '../../../src/testing/provider/replay.ts';
import { splitEvents } from '../../../src/testing/answers/sse.ts';
import { metaFileOf, pathOf, readRecordings, type Recording } from '../../conformance/support/recordings.ts';
import { wireText } from '../../conformance/support/serve-recordings.ts';
import type { Behaviour, Way } from '../support/behaviour.ts';
import { wire } from './replies.ts';

const WAYS: Readonly<Record<Recording['surface'], readonly [plain: readonly Way[], streamed: readonly Way[]]>> = {
  chat: [
    ['plain', 'raw'],
    ['stream', 'rawStream'],
  ],
  completions: [['completion'], ['completionStream']],
  responses: [['response'], ['responseStream']],
  embeddings: [['embedding'], []],
  // Lists belong to one account and are not routed.
  models: [[], []],
};

/** A key that every split gives to stable. */
const OF_STABLE = { headers: { 'x-canary-key': 'stable' } };

export const recordedBodies: readonly Behaviour[] = readRecordings().flatMap((recording) =>
  WAYS[recording.surface][recording.stream ? 1 : 0].map((way) => behaviourOf(recording, way)),
);

function behaviourOf(recording: Recording, way: Way): Behaviour {
  const { file, stream, request } = recording;
  const { stream: _, ...body } = request;
  return {
    name: `recorded: ${file}, ${way}`,
    provider: () => {
      const text = wireText(recording);
      const { status, headers } = recordedHead(pathOf(metaFileOf(file)));
      const type = stream ? 'text/event-stream' : 'application/json';
      return wire(stream ? splitEvents(text) : [text], { status, headers, type });
    },
    way,
    calls: [{ body, options: OF_STABLE }],
  };
}
