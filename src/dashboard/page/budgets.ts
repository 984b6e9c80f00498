/** Budgets: what is spent and reserved of each. */

import type { BudgetSnapshot } from '../../index.ts';
import { el, keyedList, section, setAttributes, setText, type Row } from './dom.ts';
import { clockTime, percent, plural, usd } from './format.ts';
import type { View } from './view.ts';

export function createBudgets(): View {
  const list = el('ul', { class: 'budgets' });
  const empty = el('p', { class: 'empty' });
  const element = section('budget', 'Budgets', list, empty);
  const showAll = keyedList<BudgetView>(list, ({ budget }) => budget.name, createBudget);
  return {
    element,
    show: ({ state: { traffic }, nowMs }) => {
      const budgets = traffic?.budgets ?? [];
      empty.hidden = budgets.length > 0;
      setText(
        empty,
        traffic
          ? 'No budget is set: the option canary.budgets limits USD per hour, day or month.'
          : 'A page within a process shows budgets.',
      );
      showAll(budgets.map((budget) => ({ budget, nowMs })));
    },
  };
}

interface BudgetView {
  readonly budget: BudgetSnapshot;
  readonly nowMs: number;
}

function createBudget(): Row<BudgetView> {
  const name = el('span', { class: 'label' });
  const fill = el('span', { class: 'fill' });
  const bar = el('span', { class: 'bar spent', role: 'meter', 'aria-valuemin': 0, 'aria-valuemax': 100 }, fill);
  const value = el('span', { class: 'value' });
  const about = el('p', { class: 'numbers' });
  return {
    element: el('li', {}, el('div', { class: 'meter' }, name, bar, value), about),
    show: ({ budget, nowMs }) => {
      const { limitUsd, spentUsd, reservedUsd, accounts, exhausted, scope, per, resetsAtMs } = budget;
      const totalUsd = limitUsd * (scope === 'all' ? 1 : Math.max(1, accounts));
      const used = totalUsd > 0 ? Math.min(1, (spentUsd + reservedUsd) / totalUsd) : 1;
      setText(name, budget.name);
      fill.style.inlineSize = `${used * 100}%`;
      setAttributes(bar, {
        'aria-label': budget.name,
        'aria-valuenow': Math.round(used * 100),
        'aria-valuetext': `${usd(spentUsd)} of ${usd(totalUsd)}`,
        'data-full': exhausted > 0,
      });
      setText(value, `${exhausted > 0 ? '✕ ' : ''}${percent(used)}`);
      const each =
        scope === 'all' ? '' : ` for each ${scope}, ${plural(accounts, 'amount')} in use, ${exhausted} spent`;
      setText(
        about,
        `${usd(spentUsd)} spent and ${usd(reservedUsd)} reserved of ${usd(limitUsd)} per ${per}${each}. Begins again ${clockTime(resetsAtMs, nowMs)}.`,
      );
    },
  };
}
