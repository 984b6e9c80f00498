/** What every part of the page is. */

import type { RolloutReport } from '../../index.ts';
import type { PageState } from '../page-state.ts';

/** What the page shows now. */
export interface Shown {
  readonly state: PageState;
  /** The selected rollout. */
  readonly report: RolloutReport | undefined;
  /** The server's time, in ms since the Unix epoch. */
  readonly nowMs: number;
}

/** A part of the page. */
export interface View {
  readonly element: HTMLElement;
  /** Updates what has changed. */
  readonly show: (shown: Shown) => void;
}
