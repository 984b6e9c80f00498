/** The two sides of a comparison. */

/** The upstream in service, or the one being tried. */
export type Arm = 'stable' | 'canary';

/** `worse` gathers evidence for a rollback, `noWorse` (non-inferiority) for a promotion. */
export type Direction = 'worse' | 'noWorse';
