/** The types of the client's class. */

import type { OpenAI } from 'openai';
import type { CanaryControl } from './runtime/control.ts';
import type { CanaryOptions } from './options.ts';

/** `OpenAI` or a subclass of it, whose constructor takes one object of options. */
// The SDK's subclasses differ in what their options are; a mixin's base takes anything.
export type OpenAIClass = new (...args: any[]) => OpenAI;

/**
 * A class like `Base` that routes its calls. Names of upstreams are inferred from the options and checked at compile time;
 * a subclass states them, `class App extends CanaryClient<'gemini'>`, or goes without the check.
 */
export type CanaryClass<Base extends OpenAIClass> = { [Static in keyof Base]: Base[Static] } & {
  new <UpstreamName extends string = string, StableName extends string = 'openai'>(
    options?: NonNullable<ConstructorParameters<Base>[0]> & {
      readonly canary?: CanaryOptions<UpstreamName, StableName> | undefined;
    },
  ): InstanceType<Base> & CanaryProperty<UpstreamName | StableName>;
};

/** What a client has beside all that the SDK's has. */
export interface CanaryProperty<UpstreamName extends string = string> extends AsyncDisposable {
  /** Controls and observes the traffic of this client and of its clones. */
  readonly canary: CanaryControl<UpstreamName>;
}
