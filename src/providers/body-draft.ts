/** Collects the changes of a body for one upstream. */

import type { DialectChange } from './dialect-rule.ts';
import type { BodyPatch } from './patch-body.ts';

/** The caller's body with changes on top of it. The caller's body is never modified. */
export class BodyDraft {
  /** The caller's body. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly #changes = new Map<string, unknown>();

  constructor(body: Readonly<Record<string, unknown>>) {
    this.body = body;
  }

  /** `null` removes the field, `undefined` leaves it. Setting the value that the caller's body has undoes a change. */
  set(field: string, value: unknown): void {
    if (value === undefined) return;
    const current = this.#original(field);
    const isChange = value === null ? current !== undefined : value !== current;
    if (isChange) this.#changes.set(field, value);
    else this.#changes.delete(field);
  }

  get(field: string): unknown {
    return this.#changes.has(field) ? this.#changes.get(field) : this.#original(field);
  }

  get changed(): boolean {
    return this.#changes.size > 0;
  }

  /** The whole body with its changes; removed fields are `null`. */
  get whole(): Readonly<Record<string, unknown>> {
    const whole: Record<string, unknown> = { ...this.body };
    for (const [field, value] of this.#changes) whole[field] = value;
    return whole;
  }

  get patch(): BodyPatch {
    const changes = [...this.#changes];
    return {
      set: Object.fromEntries(changes.filter(([, value]) => value !== null)),
      remove: changes.filter(([, value]) => value === null).map(([field]) => field),
    };
  }

  #original(field: string): unknown {
    return Object.hasOwn(this.body, field) ? this.body[field] : undefined;
  }
}

/** Applies the changes of a dialect to a draft. */
export function applyChanges(draft: BodyDraft, changes: readonly DialectChange[]): void {
  for (const change of changes) {
    switch (change.change) {
      case 'set':
        draft.set(change.field, change.value);
        break;
      case 'rename':
        draft.set(change.to, draft.get(change.field));
        draft.set(change.field, null);
        break;
      case 'remove':
        draft.set(change.field, null);
        break;
      default:
        change satisfies never;
    }
  }
}
