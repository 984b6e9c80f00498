/** The request bodies of a webhook, by format. */

import { detailsOf, headlineOf, type Notice } from './notices.ts';

/** What the body of a request is. */
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

export const WEBHOOK_FORMATS = ['json', 'slack', 'pagerduty', 'cloudevents'] as const;

/** The request of a notice. */
export interface NoticeRequest {
  readonly contentType: string;
  readonly body: string;
}

/**
 * @param id the same for all attempts of a notice
 * @param routingKey the integration key of PagerDuty
 */
export function noticeRequest(
  notice: Notice,
  format: WebhookFormat,
  { id, routingKey }: { readonly id: string; readonly routingKey: string | undefined },
): NoticeRequest {
  switch (format) {
    case 'json':
      return json(notice);
    case 'slack':
      return json({ text: slackText(notice) });
    case 'pagerduty':
      return json(pagerDutyEvent(notice, routingKey));
    case 'cloudevents':
      return { ...json(cloudEvent(notice, id)), contentType: 'application/cloudevents+json' };
  }
}

function json(value: unknown): NoticeRequest {
  return { contentType: 'application/json', body: JSON.stringify(value) };
}

function slackText(notice: Notice): string {
  const headline = headlineOf(notice);
  const name = notice.type === 'rollback' ? notice.upstream : notice.name;
  const first = `${signOf(notice)} *${escaped(name)}*${escaped(headline.slice(name.length))}`;
  return [first, ...detailsOf(notice).map(escaped)].join('\n');
}

function signOf(notice: Notice): string {
  if (notice.type === 'rollback') return ':rewind:';
  if (notice.state === 'resolved') return ':white_check_mark:';
  return notice.severity === 'critical' ? ':red_circle:' : ':warning:';
}

/** Slack's three control characters (https://docs.slack.dev/messaging/formatting-message-text#escaping). */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** PagerDuty refuses a longer summary. */
const MAX_SUMMARY = 1_024;

/** An event of PagerDuty's Events API v2. An alert that resolves ends the incident that it began. */
function pagerDutyEvent(notice: Notice, routingKey: string | undefined): object {
  const { upstream, atMs } = notice;
  const isAlert = notice.type === 'alert';
  return {
    routing_key: routingKey,
    event_action: isAlert && notice.state === 'resolved' ? 'resolve' : 'trigger',
    dedup_key: isAlert
      ? `openai-canary:alert:${notice.name}`
      : `openai-canary:rollback:${notice.upstream}:${Math.round(atMs)}`,
    payload: {
      summary: headlineOf(notice).slice(0, MAX_SUMMARY),
      source: 'openai-canary',
      severity: isAlert ? notice.severity : 'critical',
      timestamp: new Date(atMs).toISOString(),
      ...(upstream !== undefined && { component: upstream }),
      class: isAlert ? notice.metric : 'rollback',
      custom_details: { ...notice, details: detailsOf(notice) },
    },
  };
}

/** An event of CloudEvents 1.0, in its JSON format. */
function cloudEvent(notice: Notice, id: string): object {
  const { type, upstream, atMs } = notice;
  return {
    specversion: '1.0',
    id,
    source: 'urn:openai-canary',
    type: `openai-canary.${type}`,
    ...(upstream !== undefined && { subject: upstream }),
    time: new Date(atMs).toISOString(),
    datacontenttype: 'application/json',
    data: { ...notice, text: [headlineOf(notice), ...detailsOf(notice)].join('\n') },
  };
}
