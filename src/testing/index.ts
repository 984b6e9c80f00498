/** Tools for the tests of an application: a manual clock, collected events, a simulated provider, msw handlers. */

export { ManualClock } from './manual-clock.ts';
export { collectEvents } from './collect-events.ts';
export type { CollectedEvent, CollectedEvents, EventSource } from './collect-events.ts';
export { seededRandom } from './seeded-random.ts';
export { startProvider } from './provider/start-provider.ts';
export type { Provider } from './provider/start-provider.ts';
export type { Latency, OrderedFault, ProviderOptions, ProviderSettings, WeightedError } from './provider/settings.ts';
export type { ReceivedRequest } from './provider/received-request.ts';
export { DEFECTS } from './defects/defect.ts';
export type { Defect } from './defects/defect.ts';
export type { Fault, FaultKind } from './script/fault.ts';
export type { Answer, FinishReason, ToolCallAnswer } from './answers/answer.ts';
export type { TokenCounts } from './answers/tokens.ts';
export type { UsageStyle } from './answers/usage-style.ts';
export { errorReply } from './answers/errors.ts';
export type { ErrorDetail, ErrorReply } from './answers/errors.ts';
export { createHandlers } from './msw-handlers.ts';
export type { MockOptions, MockReply, Msw, OpenAIHandlers } from './msw-handlers.ts';
export { runStoreSuite } from './store/run-store-suite.ts';
export type { StoreSuiteOptions } from './store/run-store-suite.ts';
export type { StoreUnderTest } from './store/store-rule.ts';
