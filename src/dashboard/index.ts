/** The live page of a rollout: what happens, why, and the buttons that move it. */

export { createDashboard, createStoreDashboard } from './dashboard.ts';
export type { Dashboard } from './dashboard.ts';
export type { DashboardOptions, DashboardPeer, DashboardWish } from './options.ts';
