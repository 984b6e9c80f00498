/** What counts as harm: the comparison of one scene with that of the bare SDK. */

import type { Column } from './columns.ts';
import type { SeenCall } from './make-call.ts';
import type { SeenScene } from './run-scene.ts';

export type Rule = 'difference' | 'success' | 'bytes' | 'firstByte' | 'requests';

/** One harm to one scene. */
export interface Harm {
  readonly rule: Rule;
  readonly what: string;
}

/** The scene with the bare SDK. */
export interface Alone {
  /** With the provider that the client's own options describe. */
  readonly own: SeenScene;
  /** With the provider that has the behaviour. */
  readonly faulty: SeenScene;
}

/** Times of one cause may differ by a rounding error. */
const SAME_TIME_MS = 0.01;

export function harmsOf(column: Column, seen: SeenScene, alone: Alone): readonly Harm[] {
  if (column.isExact) return differences(seen, alone.own);
  return [
    ...seen.calls.flatMap((call, index) =>
      harmsToCall(column, call, { own: alone.own.calls[index]!, faulty: alone.faulty.calls[index]! }).map(
        ({ rule, what }) => ({ rule, what: `call ${index}: ${what}` }),
      ),
    ),
    ...extraRequests(column, seen, alone),
  ];
}

function differences(seen: SeenScene, bare: SeenScene): Harm[] {
  const [mine, theirs] = [JSON.stringify(seen), JSON.stringify(bare)];
  return mine === theirs ? [] : [{ rule: 'difference', what: `${mine} instead of ${theirs}` }];
}

function harmsToCall(
  { hasOthers }: Column,
  call: SeenCall,
  { own, faulty }: { readonly own: SeenCall; readonly faulty: SeenCall },
): Harm[] {
  const harms: Harm[] = [];
  if (own.ok && !call.ok) harms.push({ rule: 'success', what: `${call.error} instead of an answer` });
  // Any upstream's whole answer will do. The healthy ones say more than most others.
  const isOfOther = call.ok && call.text.includes('spare~');
  const least = call.ok ? Math.min(own.bytes, faulty.bytes) : own.bytes;
  if (!isOfOther && call.bytes < least) harms.push({ rule: 'bytes', what: `${call.bytes} instead of ${least}` });
  const isLater = call.firstMs > own.firstMs + SAME_TIME_MS;
  // An answer is better than an earlier error.
  if (isLater && !hasOthers && !(call.ok && !own.ok)) {
    harms.push({ rule: 'firstByte', what: `after ${call.firstMs} ms instead of ${own.firstMs} ms` });
  }
  return harms;
}

function extraRequests({ extraRequests: extra, hasOthers }: Column, seen: SeenScene, alone: Alone): Harm[] {
  const bare = Math.max(alone.own.requests.length, alone.faulty.requests.length);
  const most = bare + extra * seen.calls.length;
  const own = seen.requests.filter(({ host }) => host === 'own').length;
  const counts = `${seen.requests.length} in all, ${own} to its own upstream, instead of ${most}`;
  const isMore = seen.requests.length > most || (!hasOthers && own > bare);
  return isMore ? [{ rule: 'requests', what: counts }] : [];
}
