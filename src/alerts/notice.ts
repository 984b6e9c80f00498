/** What a webhook is told: names and numbers, in the shape that its receiver takes. */

import type { Alert } from '../domain/alert.ts';
import type { RollbackEvent } from '../domain/events.ts';

/** An alert, or a rollback. */
export type Notice =
  ({ readonly type: 'alert' } & Alert) | ({ readonly type: 'rollback' } & Pick<RollbackEvent, RollbackField>);

type RollbackField = 'upstream' | 'reason' | 'weightsBefore' | 'weightsAfter' | 'atMs';

/** The whole as JSON, or a message as Slack and its kin take it: `{ text }`. */
export type WebhookFormat = 'json' | 'slack';

export function alertNotice(alert: Alert): Notice {
  return { type: 'alert', ...alert };
}

export function rollbackNotice({ upstream, reason, weightsBefore, weightsAfter, atMs }: RollbackEvent): Notice {
  return { type: 'rollback', upstream, reason, weightsBefore, weightsAfter, atMs };
}

/** The body of the request that tells `notice`. */
export function noticeBody(notice: Notice, format: WebhookFormat): string {
  return JSON.stringify(format === 'json' ? notice : { text: escaped(sentenceOf(notice)) });
}

function sentenceOf(notice: Notice): string {
  if (notice.type === 'rollback') return `:rewind: *${notice.upstream}* was rolled back: ${notice.reason}`;
  const { name, state, severity } = notice;
  const sign = state === 'resolved' ? ':white_check_mark:' : severity === 'critical' ? ':red_circle:' : ':warning:';
  return `${sign} *${name}* is ${state} (${severity}): ${readingOf(notice)}`;
}

function readingOf({ metric, upstream, value, bound, calls }: Alert): string {
  const of = upstream === undefined ? '' : ` of ${upstream}`;
  if (value === null) return `${metric}${of}`;
  return `${metric}${of} is ${Number(value.toPrecision(4))}${boundText(bound)} over ${calls} calls`;
}

function boundText(bound: Alert['bound']): string {
  if (!bound) return '';
  return 'above' in bound ? `, bound: above ${bound.above},` : `, bound: below ${bound.below},`;
}

/** Slack's three control characters (https://docs.slack.dev/messaging/formatting-message-text#escaping). */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
