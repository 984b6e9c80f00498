/** The routes of the gateway. Everything that is not listed here does not exist. */

/** What a request asks for. */
export type Endpoint =
  | { readonly kind: 'call'; readonly path: string; readonly requires: string | undefined }
  /** Belongs to one account, and is sent to the upstream that owns it. */
  | { readonly kind: 'item'; readonly path: string }
  | { readonly kind: 'health' | 'ready' | 'metrics' }
  | { readonly kind: 'admin'; readonly action: string };

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** The endpoint of a path by method; `undefined` for an unknown path. */
export type Endpoints = Readonly<Partial<Record<Method, Endpoint>>>;

const call = (path: string, requires?: string): Endpoints => ({ POST: { kind: 'call', path, requires } });
const admin = (action: string, ...methods: readonly Method[]): Endpoints =>
  Object.fromEntries(methods.map((method) => [method, { kind: 'admin', action }]));

const FIXED: ReadonlyMap<string, Endpoints> = new Map<string, Endpoints>([
  ['/v1/chat/completions', call('/chat/completions', 'messages')],
  ['/v1/completions', call('/completions', 'prompt')],
  ['/v1/responses', call('/responses')],
  ['/v1/embeddings', call('/embeddings', 'input')],
  ['/v1/moderations', call('/moderations', 'input')],
  ['/v1/models', { GET: { kind: 'item', path: '/models' } }],
  ['/health', { GET: { kind: 'health' } }],
  ['/ready', { GET: { kind: 'ready' } }],
  ['/metrics', { GET: { kind: 'metrics' } }],
  ['/admin/state', admin('state', 'GET')],
  ['/admin/weights', admin('weights', 'GET', 'PUT')],
  ['/admin/segments', admin('segments', 'PUT')],
  ['/admin/tasks', admin('tasks', 'PUT')],
  ['/admin/rollout', admin('rollout', 'GET')],
  ...['promote', 'pause', 'resume', 'rollback', 'retry', 'undo', 'set-weight'].map(
    (verb) => [`/admin/rollout/${verb}`, admin(verb, 'POST')] as const,
  ),
]);

/** @param pathname the path of a `URL`, which has resolved `..` */
export function endpointsOf(pathname: string): Endpoints | undefined {
  return FIXED.get(pathname) ?? modelOf(pathname) ?? responseOf(pathname);
}

/** The name of a model may have slashes, `deepseek/deepseek-chat`, but leads to no other path. */
function modelOf(pathname: string): Endpoints | undefined {
  const [, written] = /^\/v1\/models\/(.+)$/.exec(pathname) ?? [];
  if (written === undefined) return undefined;
  const segments = written.replaceAll(/%2f/gi, '/').replaceAll(/%3a/gi, ':').split('/');
  if (segments.some((segment) => !/^[\w.:@-]+$/.test(segment) || /^\.+$/.test(segment))) return undefined;
  return { GET: { kind: 'item', path: `/models/${segments.join('/')}` } };
}

/** A response that was stored, or that is made in the background. */
function responseOf(pathname: string): Endpoints | undefined {
  const [, id, action] = /^\/v1\/responses\/([\w-]+)(?:\/(cancel|input_items))?$/.exec(pathname) ?? [];
  if (id === undefined) return undefined;
  const item: Endpoint = { kind: 'item', path: `/responses/${id}${action === undefined ? '' : `/${action}`}` };
  if (action === 'cancel') return { POST: item };
  return action === undefined ? { GET: item, DELETE: item } : { GET: item };
}
