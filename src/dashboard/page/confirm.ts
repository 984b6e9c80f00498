/** The dialog before a change: it says what will happen, and asks for what the command needs. */

import type { RolloutCommand, RolloutReport } from '../../index.ts';
import { el, setText } from './dom.ts';
import { percent } from './format.ts';
import { sendChange } from './live.ts';
import { consequenceOf, VERBS } from './words.ts';

type Verb = RolloutCommand['verb'];

export interface Confirmation {
  readonly element: HTMLElement;
  /** Opens the dialog for a command. */
  readonly ask: (verb: Verb, report: RolloutReport) => void;
  /** The rollout as it is now: an open dialog says so if it has moved. */
  readonly show: (report: RolloutReport) => void;
}

export function createConfirmation(): Confirmation {
  const title = el('h2', { id: 'confirm-title' });
  const consequence = el('p', { id: 'confirm-text' });
  const full = el('input', { type: 'checkbox', id: 'confirm-full' });
  const fullRow = el('label', { class: 'row' }, full, ' Promote at once, past all steps');
  const share = el('input', {
    type: 'number',
    min: 0,
    max: 100,
    step: 'any',
    id: 'confirm-share',
    inputmode: 'decimal',
  });
  const shareLabel = el('span');
  const shareRow = el('label', { class: 'row' }, shareLabel, share, ' %');
  const back = el('select', { id: 'confirm-back' });
  const backRow = el('label', { class: 'row' }, 'To ', back);
  const reason = el('input', { type: 'text', id: 'confirm-reason', maxlength: 300, autocomplete: 'off' });
  const reasonRow = el('label', { class: 'row wide' }, 'Reason, kept in the history', reason);
  const problem = el('p', { class: 'problem', role: 'alert' });
  const cancel = el('button', { type: 'button' }, 'Cancel');
  const confirm = el('button', { type: 'submit', class: 'primary' });
  const form = el(
    'form',
    { method: 'dialog' },
    title,
    fullRow,
    shareRow,
    backRow,
    consequence,
    reasonRow,
    problem,
    el('div', { class: 'buttons end' }, cancel, confirm),
  );
  const dialog = el('dialog', { 'aria-labelledby': 'confirm-title', 'aria-describedby': 'confirm-text' }, form);
  let asked: { readonly verb: Verb; readonly report: RolloutReport } | undefined;

  function commandOf(verb: Verb): RolloutCommand {
    const why = reason.value.trim();
    switch (verb) {
      case 'promote':
        return { verb, full: full.checked };
      case 'pause':
        return { verb, ...(why && { reason: why }) };
      case 'rollback':
        return { verb, ...(why && { reason: why }), ...(back.value && { to: Number(back.value) }) };
      case 'setWeight':
        return { verb, weight: Number((Number(share.value) / 100).toPrecision(12)) };
      case 'resume':
      case 'retry':
      case 'undo':
        return { verb };
      default:
        return verb satisfies never;
    }
  }

  function describe(): void {
    if (!asked) return;
    const { verb, report } = asked;
    const hasShare = verb !== 'setWeight' || (share.value !== '' && share.validity.valid);
    setText(
      consequence,
      hasShare ? consequenceOf(commandOf(verb), report) : 'The share should be between 0 and 100 %.',
    );
    confirm.disabled = !hasShare;
  }

  async function send(): Promise<void> {
    if (!asked) return;
    const { verb, report } = asked;
    const { upstream, phase, step, run } = report;
    confirm.disabled = true;
    setText(problem, '');
    try {
      await sendChange({ upstream, command: commandOf(verb), seen: { phase, step, run } });
      dialog.close();
    } catch (error) {
      setText(problem, error instanceof Error ? error.message : String(error));
      confirm.disabled = false;
    }
  }

  cancel.addEventListener('click', () => dialog.close());
  for (const input of [full, share, back]) input.addEventListener('input', describe);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send();
  });
  dialog.addEventListener('close', () => (asked = undefined));

  return {
    element: dialog,
    ask: (verb, report) => {
      asked = { verb, report };
      setText(title, `${VERBS[verb]} ${report.upstream}?`);
      setText(confirm, VERBS[verb]);
      confirm.classList.toggle('danger', verb === 'rollback' || verb === 'undo');
      setText(problem, '');
      full.checked = false;
      reason.value = '';
      fullRow.hidden = verb !== 'promote' || report.step + 1 >= report.steps;
      shareRow.hidden = verb !== 'setWeight';
      setText(shareLabel, `Share of ${report.upstream} `);
      share.value = String(Number((report.weight * 100).toPrecision(4)));
      const earlier = verb === 'rollback' ? earlierWeights(report) : [];
      backRow.hidden = earlier.length === 0;
      back.replaceChildren(
        el('option', { value: '' }, 'no calls at all'),
        ...earlier.map((weight) => el('option', { value: weight }, percent(weight))),
      );
      reasonRow.hidden = verb !== 'pause' && verb !== 'rollback';
      describe();
      dialog.showModal();
      // What is harmless has the focus; the weight is typed at once.
      (verb === 'setWeight' ? share : cancel).focus();
    },
    show: ({ upstream, phase, step, run }) => {
      const { report } = asked ?? {};
      if (report?.upstream !== upstream || (report.phase === phase && report.step === step && report.run === run))
        return;
      setText(problem, 'The rollout has moved since you opened this: cancel, and look again.');
      confirm.disabled = true;
    },
  };
}

/** The weights of earlier steps, above 0 and below the weight in force. */
function earlierWeights({ planned, step, weight }: RolloutReport): readonly number[] {
  const weights = planned.steps.slice(0, step).flatMap((one) => (one.kind === 'weight' ? [one.weight] : []));
  return [...new Set(weights)].filter((one) => one > 0 && one < weight);
}
