/** The shadow: how far copies agree with the real answers, and pairs that do not. */

import type { ShadowSnapshot } from '../../index.ts';
import { duration } from '../../domain/format.ts';
import type { PagePair, PageText } from '../page-state.ts';
import { el, keyedList, section, setText, textRow } from './dom.ts';
import { clockTime, count, percent, plural, usd } from './format.ts';
import { readPairs } from './live.ts';
import type { View } from './view.ts';

type Cells = readonly [name: string, value: string];

export function createShadow(): View {
  const advice = el('p', { class: 'note' });
  const body = el('tbody');
  const table = el('table', { class: 'facts' }, el('caption', { class: 'hidden' }, 'Copies of the last minutes'), body);
  const empty = el(
    'p',
    { class: 'empty' },
    'No call is copied now. A shadow step, or the option canary.shadow, copies some.',
  );
  const pairs = createPairs();
  const element = section('shadow', 'Shadow', advice, table, empty, pairs.element);
  const showRows = keyedList<Cells>(
    body,
    ([name]) => name,
    () => textRow(2),
  );
  return {
    element,
    show: ({ state, report }) => {
      const all = state.traffic?.shadow ?? {};
      const [name, shadow] =
        Object.entries(all).find(([upstream]) => upstream === report?.upstream) ?? Object.entries(all)[0] ?? [];
      table.hidden = advice.hidden = !shadow;
      empty.hidden = shadow !== undefined;
      pairs.element.hidden = !state.hasSamples;
      if (!shadow) return;
      setText(advice, `${ADVICE[shadow.recommend]} for ${name}: ${shadow.reason}.`);
      showRows(rowsOf(shadow));
    },
  };
}

const ADVICE = { raise: '✓ Ready for more', hold: '… Hold', stop: '✕ Stop' } as const;

function rowsOf(shadow: ShadowSnapshot): readonly Cells[] {
  const { share, calls, successRate, compared, agreement, latencyMs, costUsd, dropped, running, waiting } = shadow;
  const lost = Object.entries(dropped).filter(([, number]) => number > 0);
  return [
    [
      'Agreement',
      agreement === null ? 'nothing compared yet' : `${percent(agreement)} over ${plural(compared, 'pair')}`,
    ],
    ['Share copied', percent(share)],
    ['Copies ended', count(calls)],
    ['Answered', percent(successRate)],
    ['Latency p95', duration(latencyMs.p95)],
    ['Cost of copies', usd(costUsd)],
    ['In flight, queued', `${running}, ${waiting}`],
    ...lost.map(([reason, number]): Cells => [`Not sent: ${reason}`, count(number)]),
  ];
}

/** Pairs hold what users were answered, so they are read only when a person asks. */
function createPairs() {
  const button = el('button', { type: 'button' }, 'Show answers that disagree');
  const status = el('p', { class: 'empty', role: 'status' });
  const list = el('ul', { class: 'pairs' });
  const element = el('div', { hidden: true }, button, status, list);
  const showAll = keyedList<PagePair>(
    list,
    ({ atMs, shadow }) => `${atMs} ${shadow.text}`,
    (pair) => ({
      element: pairOf(pair),
      show: () => undefined,
    }),
  );
  const load = async (): Promise<void> => {
    try {
      const pairs = await readPairs();
      setText(status, pairs.length === 0 ? 'No pair disagrees so far.' : '');
      showAll(pairs);
    } catch (error) {
      setText(status, error instanceof Error ? error.message : String(error));
    }
  };
  button.addEventListener('click', () => void load());
  return { element };
}

function pairOf({ atMs, model, agreement, real, shadow }: PagePair): HTMLElement {
  const head = [clockTime(atMs, Date.now()), model, agreement === null ? undefined : `agreement ${percent(agreement)}`];
  return el(
    'li',
    {},
    el('p', { class: 'decision-head' }, head.filter((part) => part !== undefined).join(', ')),
    el('div', { class: 'pair' }, textOf(real, 'real'), textOf(shadow, 'copy')),
  );
}

function textOf({ upstream, text, latencyMs }: PageText, which: string): HTMLElement {
  return el(
    'figure',
    {},
    el('figcaption', {}, `${upstream}, ${which}, ${duration(latencyMs)}`),
    el('blockquote', {}, text || '(no text)'),
  );
}
