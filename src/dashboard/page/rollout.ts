/** The rollout at a glance: where it is, its track of steps, what it waits for, and its buttons. */

import type { RolloutCommand, RolloutReport, RolloutStep } from '../../index.ts';
import { duration } from '../../domain/format.ts';
import { createConfirmation } from './confirm.ts';
import { el, keyedList, setAttributes, setText, type Row } from './dom.ts';
import { clockTime, percent, plural, runningTime } from './format.ts';
import { PHASES, summaryOf, trafficOf, VERBS, verbsIn } from './words.ts';
import type { Shown, View } from './view.ts';

export function createRollout(): View {
  const name = el('h1');
  const phase = el('p', { class: 'phase' });
  const summary = el('p', { class: 'summary' });
  const track = el('ol', { class: 'track', 'aria-label': 'Steps of the rollout' });
  const waits = el('ul', { class: 'waits' });
  const move = el('p', { class: 'move' });
  const buttons = createButtons();
  const element = el(
    'section',
    { class: 'card rollout', 'aria-label': 'Rollout' },
    el('div', { class: 'headline' }, el('div', { class: 'title' }, name, phase), buttons.element),
    summary,
    track,
    el('div', { class: 'next' }, el('h2', {}, 'What it waits for'), waits, move),
  );
  const showSteps = keyedList<StepView>(track, ({ index }) => String(index), createStep);
  const showWaits = keyedList<string>(
    waits,
    (text) => text,
    () => {
      const item = el('li');
      return { element: item, show: (text) => setText(item, text) };
    },
  );
  return {
    element,
    show: (shown) => {
      const { report, nowMs } = shown;
      if (!report) return showEmpty();
      setText(name, report.upstream);
      setText(phase, `${PHASES[report.phase].sign} ${PHASES[report.phase].word}`);
      setAttributes(phase, { 'data-phase': report.phase, hidden: false });
      setText(summary, summaryOf(report, nowMs));
      showSteps(report.planned.steps.map((step, index) => ({ step, index, report })));
      showWaits(waitsOf(report));
      setText(move, moveOf(report, nowMs));
      buttons.show(shown);
    },
  };

  function showEmpty(): void {
    setText(name, 'No rollout');
    setAttributes(phase, { hidden: true });
    setText(
      summary,
      'No rollout is set up here. The option canary.rollout, or a process that shares the store, starts one.',
    );
    showSteps([]);
    showWaits([]);
    setText(move, '');
    buttons.element.hidden = true;
  }
}

function waitsOf({ phase, waitsFor }: RolloutReport): readonly string[] {
  if (waitsFor.length > 0)
    return waitsFor.map(({ message }) => `${message.replaceAll(/\b([1-9]\d*) s\b/g, readable)}.`);
  return [phase === 'promoted' ? 'Nothing: the rollout is over.' : 'Nothing: it moves at its next look.'];
}

/** The library writes holds in seconds. */
const readable = (_: string, seconds: string): string => runningTime(Number(seconds) * 1_000);

function moveOf({ phase, earliestMoveMs }: RolloutReport, nowMs: number): string {
  if (phase !== 'progressing') return '';
  if (earliestMoveMs === null) return 'The time of the next move is not known yet.';
  const inMs = earliestMoveMs - nowMs;
  if (inMs < 1_000) return 'The next move may come at any moment.';
  return `The next move comes in ${runningTime(inMs)} at the earliest, at ${clockTime(earliestMoveMs, nowMs)}.`;
}

interface StepView {
  readonly step: RolloutStep;
  readonly index: number;
  readonly report: RolloutReport;
}

function createStep(): Row<StepView> {
  const sign = el('span', { class: 'sign', 'aria-hidden': 'true' });
  const share = el('strong');
  const about = el('span', { class: 'about' });
  const state = el('span', { class: 'hidden' });
  const fill = el('span', { class: 'fill' });
  const element = el('li', {}, el('span', { class: 'rail', 'aria-hidden': 'true' }, fill), sign, share, about, state);
  return {
    element,
    show: ({ step, index, report }) => {
      const place = placeOf(index, report);
      const { sign: text, word } = PLACES[place];
      setAttributes(element, { 'data-place': place, 'aria-current': place === 'current' && 'step' });
      setText(sign, text || String(index + 1));
      setText(share, trafficOf(step));
      setText(about, aboutOf(step));
      setText(state, `, ${word}`);
      fill.style.inlineSize = `${100 * doneOf(step, place, report)}%`;
    },
  };
}

const PLACES = {
  done: { sign: '✓', word: 'done' },
  current: { sign: '', word: 'the present step' },
  failed: { sign: '✕', word: 'rolled back here' },
  ahead: { sign: '', word: 'to come' },
} as const;

function placeOf(index: number, { phase, step }: RolloutReport): keyof typeof PLACES {
  if (phase === 'promoted' || index < step) return 'done';
  if (index > step) return 'ahead';
  return phase === 'rolledBack' ? 'failed' : 'current';
}

/** How much of its time a step has had. */
function doneOf({ holdMs }: RolloutStep, place: keyof typeof PLACES, { heldMs }: RolloutReport): number {
  if (place === 'done') return 1;
  if (place !== 'current') return 0;
  return holdMs === 0 ? 1 : Math.min(1, heldMs / holdMs);
}

function aboutOf({ holdMs, minCalls, kind }: RolloutStep): string {
  const calls =
    minCalls > 0 ? [plural(minCalls, kind === 'shadow' ? 'copy' : 'call', kind === 'shadow' ? 'copies' : 'calls')] : [];
  return [...(holdMs > 0 ? [`for ${duration(holdMs)}`] : []), ...calls].join(', ') || 'until proven';
}

/** A button for each command that is possible now. */
function createButtons(): View {
  const box = el('div', { class: 'buttons', role: 'group', 'aria-label': 'Move the rollout' });
  const readOnly = el('p', { class: 'read-only' }, 'Read-only');
  const element = el('div', { class: 'actions' }, readOnly, box);
  const confirmation = createConfirmation();
  element.append(confirmation.element);
  let latest: Shown | undefined;
  const showButtons = keyedList<RolloutCommand['verb']>(
    box,
    (verb) => verb,
    (verb) => {
      const button = el(
        'button',
        { type: 'button', class: verb === 'rollback' || verb === 'undo' ? 'danger' : '' },
        VERBS[verb],
      );
      button.addEventListener('click', () => latest?.report && confirmation.ask(verb, latest.report));
      return { element: button, show: () => undefined };
    },
  );
  return {
    element,
    show: (shown) => {
      latest = shown;
      const { state, report } = shown;
      element.hidden = false;
      readOnly.hidden = state.canChange;
      box.hidden = !state.canChange;
      showButtons(report && state.canChange ? verbsIn(report.phase) : []);
      if (report) confirmation.show(report);
    },
  };
}

/** The canary's share of the calls in a sentence, for the title of the window. */
export function titleOf({ upstream, phase, weight }: RolloutReport): string {
  return `${PHASES[phase].sign} ${upstream} ${phase === 'progressing' ? percent(weight) : PHASES[phase].word}`;
}
