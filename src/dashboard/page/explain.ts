/** Where the calls of a key go, and why. */

import type { PageAnswer, PageQuestion } from '../page-state.ts';
import { el, section, setText } from './dom.ts';
import { askWhere } from './live.ts';
import type { View } from './view.ts';

export function createExplain(): View {
  const key = el('input', {
    type: 'text',
    id: 'explain-key',
    maxlength: 500,
    autocomplete: 'off',
    spellcheck: 'false',
    required: true,
  });
  const model = el('input', {
    type: 'text',
    id: 'explain-model',
    maxlength: 200,
    autocomplete: 'off',
    placeholder: 'any',
  });
  const attributes = el('input', {
    type: 'text',
    id: 'explain-attributes',
    maxlength: 500,
    autocomplete: 'off',
    placeholder: 'plan=premium',
  });
  const answer = el('p', { class: 'answer', role: 'status' });
  const form = el(
    'form',
    { class: 'fields' },
    el('label', {}, 'Key', key),
    el('label', {}, 'Model', model),
    el('label', {}, 'Attributes', attributes),
    el('button', { type: 'submit' }, 'Explain'),
  );
  const note = el(
    'p',
    { class: 'note' },
    'Where the next call of a user would go. No request is sent, and the key is not kept.',
  );
  const element = section('explain', 'Where does a key go?', note, form, answer);
  const ask = async (): Promise<void> => {
    const question: PageQuestion = {
      key: key.value,
      ...(model.value && { model: model.value }),
      ...(attributes.value && { attributes: attributesOf(attributes.value) }),
    };
    try {
      setText(answer, answerOf(await askWhere(question)));
    } catch (error) {
      setText(answer, error instanceof Error ? error.message : String(error));
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void ask();
  });
  return { element, show: ({ state }) => void (element.hidden = state.from === 'store') };
}

/** `plan=premium, beta=true, age=3`. */
function attributesOf(text: string): Readonly<Record<string, string | number | boolean>> {
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const [name = '', ...rest] = pair.split('=');
      return [name.trim(), valueOf(rest.join('=').trim())];
    }),
  );
}

function valueOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

const REASONS: Readonly<Record<string, string>> = {
  forced: 'its upstream is forced',
  segment: 'a segment matches its attributes',
  task: 'its task names the upstreams',
  rollout: 'its bucket lies within the share of the rollout',
  split: 'its bucket lies within that share of the split',
  stable: 'the chosen upstream has another model for such calls',
  holdback: 'it stays on stable as the comparison of its segment or task',
  rolledBack: 'the upstream of its segment or task is rolled back',
  disabled: 'the kill switch sends every call to stable',
  notPortable: 'such calls belong to one account',
};

function answerOf({ upstream, assigned, upstreams, reason, bucket, skipped }: PageAnswer): string {
  const why = REASONS[reason] ?? reason;
  const place = bucket === undefined ? '' : ` (bucket ${bucket.toFixed(4)})`;
  const passed = skipped.map((one) => `${one.upstream} is passed over: ${one.reason}`).join('; ');
  const order = upstreams.length > 1 ? ` If that fails: ${upstreams.slice(1).join(', then ')}.` : '';
  const first = upstream === assigned ? `${upstream} answers it` : `${upstream} answers it instead of ${assigned}`;
  return `${first}: ${why}${place}.${passed ? ` ${passed}.` : ''}${order}`;
}
