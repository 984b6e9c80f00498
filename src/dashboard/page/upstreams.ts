/** Every upstream with its models: health, breaker, pause, limits. */

import type { BreakerState, ModelSnapshot, UpstreamSnapshot } from '../../index.ts';
import { duration } from '../../domain/format.ts';
import { dataTable, el, keyedList, section, setAttributes, setText, type Row } from './dom.ts';
import { clockTime, count, percent, plural } from './format.ts';
import type { View } from './view.ts';

interface UpstreamRow {
  readonly key: string;
  readonly name: string;
  readonly isModel: boolean;
  readonly state: Pick<ModelSnapshot, 'breaker' | 'health' | 'pausedUntilMs' | 'errorRate' | 'attempts'>;
  readonly upstream: UpstreamSnapshot | undefined;
  readonly nowMs: number;
}

/** A model list can be long; the busiest ones are shown. */
const MAX_MODELS = 8;

export function createUpstreams(): View {
  const head = ['Upstream', 'Health', 'Breaker', 'Share', 'Attempts', 'Errors', 'Limits in use'];
  const table = dataTable('Upstreams and their models', head);
  const empty = el(
    'p',
    { class: 'empty' },
    'A store does not know breakers, pauses and limits: a page within a process shows them.',
  );
  const element = section('upstreams', 'Upstreams', table.box, empty);
  const showAll = keyedList<UpstreamRow>(table.body, ({ key }) => key, createRow);
  return {
    element,
    show: ({ state: { traffic }, nowMs }) => {
      table.box.hidden = !traffic;
      empty.hidden = traffic !== undefined;
      showAll(Object.entries(traffic?.upstreams ?? {}).flatMap(([name, one]) => rowsOf(name, one, nowMs)));
    },
  };
}

function rowsOf(name: string, upstream: UpstreamSnapshot, nowMs: number): readonly UpstreamRow[] {
  const models = Object.entries(upstream.models)
    .toSorted(([, one], [, other]) => other.attempts - one.attempts)
    .slice(0, MAX_MODELS);
  return [
    { key: name, name, isModel: false, state: upstream, upstream, nowMs },
    ...models.map(([model, state]) => ({
      key: `${name} ${model}`,
      name: model === '*' ? 'calls without a model' : model,
      isModel: true,
      state,
      upstream: undefined,
      nowMs,
    })),
  ];
}

const HEALTH = { healthy: '●', degraded: '◐', down: '✕', unknown: '○' } as const;

function createRow({ isModel }: UpstreamRow): Row<UpstreamRow> {
  const name = el('th', { scope: 'row', class: isModel ? 'model' : undefined });
  const health = el('td', { class: 'number health' });
  const breaker = el('td', { class: 'number' });
  const figures = Array.from({ length: 4 }, () => el('td', { class: 'number' }));
  const element = el('tr', { class: isModel ? 'model' : undefined }, name, health, breaker, ...figures);
  return {
    element,
    show: ({ name: text, state, upstream, nowMs }) => {
      setText(name, text);
      setText(health, healthOf(state, nowMs));
      setAttributes(health, { 'data-health': state.health });
      setText(breaker, breakerOf(state.breaker, nowMs));
      const texts = [
        upstream ? percent(upstream.weight) : '',
        count(state.attempts),
        percent(state.errorRate),
        limitsOf(upstream?.limits),
      ];
      figures.forEach((cell, index) => setText(cell, texts[index] ?? ''));
    },
  };
}

function limitsOf(limits: UpstreamSnapshot['limits']): string {
  if (!limits) return '';
  const { underWay, waiting, requests, tokens } = limits;
  const parts = [
    plural(underWay, 'call'),
    ...(waiting > 0 ? [`${count(waiting)} queued`] : []),
    ...(requests === null ? [] : [`${count(requests)} per min`]),
    ...(tokens === null ? [] : [`${count(tokens)} tokens per min`]),
  ];
  return parts.join(', ');
}

function healthOf({ health, pausedUntilMs }: UpstreamRow['state'], nowMs: number): string {
  if (pausedUntilMs === null || pausedUntilMs <= nowMs) return `${HEALTH[health]} ${health}`;
  const leftMs = pausedUntilMs - nowMs;
  return `❚❚ paused, ${leftMs > 3_600_000 ? `until ${clockTime(pausedUntilMs, nowMs)}` : `${duration(leftMs)} left`}`;
}

function breakerOf(breaker: BreakerState, nowMs: number): string {
  switch (breaker.state) {
    case 'closed':
      return 'closed';
    case 'open':
      return `✕ open, ${duration(Math.max(0, breaker.untilMs - nowMs))} left`;
    case 'halfOpen':
      return `◐ half-open, ${breaker.successes} answered`;
    default:
      return breaker satisfies never;
  }
}
