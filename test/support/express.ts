/** Express, which has no types of its own. */

import { createRequire } from 'node:module';
import type { NodeHandler } from '../../src/http/node-handler.ts';

/** An application is itself a listener of an HTTP server. */
type Application = NodeHandler & { use(handler: NodeHandler): Application };

interface Express {
  (): Application;
  json(): NodeHandler;
  text(options: { readonly type: string }): NodeHandler;
  raw(options: { readonly type: string }): NodeHandler;
}

export const express = createRequire(import.meta.url)('express') as Express;
