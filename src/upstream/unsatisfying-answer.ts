/** An answer that another upstream may better. */

import type { Answer } from './attempt-types.ts';

/** Thrown within a dispatch only: where nothing better is to be had, the caller gets the answer after all. */
export class UnsatisfyingAnswer extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super('The answer is not one that should be given while there is another upstream.');
    this.answer = answer;
  }
}
