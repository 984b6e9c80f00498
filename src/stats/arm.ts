/** The two sides of a comparison, and the two directions of evidence. */

/** The side of a call: the upstream in service, or the one being tried. */
export type Arm = 'stable' | 'canary';

/** `worse` collects evidence for a rollback, `noWorse` (non-inferiority) for a promotion. */
export type Direction = 'worse' | 'noWorse';
