/** The latest decisions in words, announced to screen readers as they come. */

import type { PageDecision } from '../page-state.ts';
import { el, keyedList, section, setAttributes, setText, type Row } from './dom.ts';
import { clockTime } from './format.ts';
import { BY, KINDS } from './words.ts';
import type { View } from './view.ts';

export function createDecisions(announcer: HTMLElement): View {
  const list = el('ol', { class: 'decisions', reversed: true });
  const empty = el('p', { class: 'empty' }, 'No decision yet. Steps, pauses, rollbacks and alerts appear here.');
  const box = el('div', { class: 'scroll tall', tabindex: 0, role: 'region', 'aria-label': 'Latest decisions' }, list);
  const element = section('log', 'Decisions', empty, box);
  const showAll = keyedList<DecisionView>(list, ({ decision }) => keyOf(decision), createDecision);
  let announcedMs: number | undefined;
  return {
    element,
    show: ({ state: { decisions }, nowMs }) => {
      empty.hidden = decisions.length > 0;
      box.hidden = decisions.length === 0;
      showAll(decisions.map((decision) => ({ decision, nowMs })));
      const latestMs = decisions[0]?.atMs ?? 0;
      const news = decisions.filter(({ atMs }) => announcedMs !== undefined && atMs > announcedMs);
      if (news.length > 0) setText(announcer, news.map(sentenceOf).join(' '));
      announcedMs = Math.max(announcedMs ?? 0, latestMs);
    },
  };
}

const keyOf = ({ atMs, kind, upstream, change }: PageDecision): string => `${atMs} ${kind} ${upstream} ${change}`;

function sentenceOf({ kind, upstream, by, reason }: PageDecision): string {
  return `${KINDS[kind].word} ${upstream} ${BY[by] ?? by}: ${reason}.`;
}

interface DecisionView {
  readonly decision: PageDecision;
  readonly nowMs: number;
}

function createDecision(): Row<DecisionView> {
  const sign = el('span', { class: 'sign', 'aria-hidden': 'true' });
  const head = el('strong');
  const time = el('time');
  const change = el('p', { class: 'change' });
  const reason = el('p', { class: 'reason' });
  const element = el('li', {}, sign, el('div', {}, el('p', { class: 'decision-head' }, head, time), change, reason));
  return {
    element,
    show: ({ decision, nowMs }) => {
      const { kind, upstream, by, atMs } = decision;
      setAttributes(element, { 'data-kind': kind });
      setText(sign, KINDS[kind].sign);
      setText(head, `${KINDS[kind].word} ${BY[by] ?? by}`);
      setText(time, clockTime(atMs, nowMs));
      setAttributes(time, { datetime: new Date(atMs).toISOString() });
      setText(change, upstream === '' ? decision.change : `${upstream}: ${decision.change}`);
      setText(reason, decision.reason);
    },
  };
}
