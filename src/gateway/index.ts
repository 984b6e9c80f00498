/** A server in the form of OpenAI's API, for callers in any language. */

export { createGateway } from './gateway.ts';
export type { Gateway } from './gateway.ts';
export type { CallerOptions, GatewayOptions, ListenOptions, MetricsSource, Tokens } from './options.ts';
export type { Listening } from './listeners.ts';
export type { NodeHandler, Peer } from '../http/node-handler.ts';
