/** Puts the page together, and shows each state that the server sends, once per frame. */

import type { PageState } from '../page-state.ts';
import { createBudgets } from './budgets.ts';
import { createCharts } from './charts.ts';
import { createDecisions } from './decisions.ts';
import { el, keyedList, setAttributes, setText } from './dom.ts';
import { createExplain } from './explain.ts';
import { createGuardrails } from './guardrails.ts';
import { connect } from './live.ts';
import { createRollout, titleOf } from './rollout.ts';
import { createShadow } from './shadow.ts';
import { createSides } from './sides.ts';
import { createUpstreams } from './upstreams.ts';
import { createWhatIf } from './what-if.ts';

const byId = (id: string): HTMLElement => document.getElementById(id)!;
const problems = el('ul', { class: 'problems', role: 'alert', hidden: true });
const charts = createCharts();
const views = [
  createRollout(),
  createGuardrails(),
  createSides(),
  charts,
  createDecisions(byId('announcer')),
  createUpstreams(),
  createBudgets(),
  createShadow(),
  createExplain(),
  createWhatIf(),
];
byId('main').append(problems, ...views.map(({ element }) => element));

/** What changes while the page is open. */
const page: { state?: PageState; selected?: string; problem?: string; isDrawing: boolean } = { isDrawing: false };

const showProblems = keyedList<string>(
  problems,
  (text) => text,
  (text) => ({ element: el('li', {}, text), show: () => undefined }),
);
const showRollouts = keyedList<string>(
  byId('rollouts'),
  (name) => name,
  (name) => {
    const button = el('button', { type: 'button' }, name);
    button.addEventListener('click', () => {
      page.selected = name;
      draw();
    });
    return {
      element: button,
      show: () => setAttributes(button, { 'aria-pressed': String(name === selectedName()) }),
    };
  },
);

function selectedName(): string | undefined {
  const names = page.state?.rollouts.map(({ upstream }) => upstream) ?? [];
  return page.selected !== undefined && names.includes(page.selected) ? page.selected : names[0];
}

function draw(): void {
  if (page.isDrawing) return;
  page.isDrawing = true;
  requestAnimationFrame(() => {
    page.isDrawing = false;
    const { state, problem } = page;
    const all = [...(problem === undefined ? [] : [problem]), ...(state?.problems ?? [])];
    problems.hidden = all.length === 0;
    showProblems(all);
    if (!state) return;
    const report = state.rollouts.find(({ upstream }) => upstream === selectedName());
    byId('rollouts').hidden = state.rollouts.length < 2;
    showRollouts(state.rollouts.map(({ upstream }) => upstream));
    document.title = report ? titleOf(report) : 'Rollout';
    for (const view of views) view.show({ state, report, nowMs: state.atMs });
  });
}

const CONNECTIONS = {
  live: '● Live',
  reconnecting: '○ Connecting again …',
  gone: '✕ No access, or no server: trying again',
} as const;

connect({
  state: (state) => {
    page.state = state;
    delete page.problem;
    draw();
  },
  samples: (samples) => {
    charts.add(samples);
    draw();
  },
  problem: (message) => {
    page.problem = message;
    draw();
  },
  connection: (state) => {
    const connection = byId('connection');
    setText(connection, CONNECTIONS[state]);
    setAttributes(connection, { 'data-state': state });
    document.body.classList.toggle('stale', state !== 'live');
  },
});
