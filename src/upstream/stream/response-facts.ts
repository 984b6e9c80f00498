/** The facts of a stream of named events. */

import { fields } from '../../domain/json.ts';
import { hasBrokenToolArguments } from '../answer-body.ts';
import { StreamFacts } from './stream-facts.ts';

/** The Responses API: named events. */
export class ResponseFacts extends StreamFacts {
  see(chunk: unknown): void {
    const { type, response, delta } = fields(chunk);
    if (typeof type !== 'string') return;
    if (!this.hasContent) this.hasContent = type.endsWith('.delta');
    if (typeof delta === 'string') this.output += delta;
    if (type === 'response.output_text.delta' && typeof delta === 'string') this.text += delta;
    if (response === undefined) return;
    const { id, model, error, incomplete_details } = fields(response);
    if (typeof id === 'string') this.responseId = id;
    if (typeof model === 'string') this.model = model;
    if (type === 'response.completed' || type === 'response.incomplete') this.complete = true;
    if (type === 'response.incomplete') this.filtered = fields(incomplete_details).reason === 'content_filter';
    if (type === 'response.failed') [this.failed, this.error] = [true, error];
    if (type === 'response.completed') this.brokenToolArguments = hasBrokenToolArguments('responses', response);
    this.seeUsage('responses', chunk);
  }
}
