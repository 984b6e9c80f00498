/** A length of time as a user writes it. */

/** Milliseconds, or a number with its unit: `'250ms'`, `'30s'`, `'5m'`, `'4h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;
