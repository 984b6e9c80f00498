/** Function calling in a stream: the pieces of a call can be put together. */

import { fields, isRecord } from '../../domain/json.ts';
import { fail, pass, refused, skip, type Check } from '../check.ts';
import { listOf, parsed, type StreamRead } from '../read-stream.ts';
import { FORCED } from './tools.ts';

export const streamedTools: Check = {
  name: 'streamedTools',
  needs: 'tools',
  run: async (ask) => {
    const { refusal, stream } = await ask.chat({ ...FORCED, stream: true });
    if (refusal) return refused(refusal);
    if (!stream || stream.events.length === 0) return skip('no stream came');
    const pieces = piecesOf(stream);
    if (pieces.length === 0) return fail('no function was called in the stream');
    // The SDK's own helpers put pieces together by it.
    if (pieces.some(({ index }) => typeof index !== 'number')) return fail('the pieces of a call have no index');
    const words = pieces.filter(({ index }) => index === 0).map((piece) => fields(piece['function'])['arguments']);
    const given = parsed(words.filter((word) => typeof word === 'string').join(''));
    return isRecord(given)
      ? pass(`${pieces.length} pieces make one call`)
      : fail(`${pieces.length} pieces make no JSON`);
  },
};

function piecesOf({ events }: StreamRead) {
  return events.flatMap(({ chunk }) => {
    const { delta } = fields(listOf(fields(chunk)['choices'])[0]);
    return listOf(fields(delta)['tool_calls']).map(fields);
  });
}
