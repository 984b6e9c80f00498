/** What follows from copies of calls: account and events, and nothing for the windows, breakers and pauses of real calls. */

import type { ShadowObserver } from '../shadow/shadow-services.ts';
import { costEntry, type Observed } from './record-results.ts';
import { nameOf } from '../events/warnings.ts';

export function createShadowObserver({ costs, emitter, warnings, clock }: Observed): ShadowObserver {
  return {
    attempt: (record, call) => {
      costs.add(costEntry(record, call));
      if (emitter.wants('attempt')) emitter.emit('attempt', record);
    },
    shadow: (event) => {
      if (emitter.wants('shadow')) emitter.emit('shadow', event);
    },
    failed: (topic, error) => {
      const message = `${topic} failed: ${nameOf(error)}`;
      warnings.once(`shadow: ${topic}`, { code: 'shadow', message, atMs: clock.now() });
    },
  };
}
