/** Callers that are not Node: curl, and the standard library of Python. */

import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { CHAT, TOKEN, startWorld } from './support.ts';

const run = promisify(execFile);

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const hasCurl = isInstalled('curl');
const hasPython = isInstalled('python3');

test.skipIf(!hasCurl)(
  `curl makes calls and reads streams${hasCurl ? '' : ' (skipped: curl is not on the PATH)'}`,
  async () => {
    await using world = await startWorld({ stable: { answer: 'one two three' } });
    const curl = async (body: object, ...args: string[]): Promise<string> => {
      const headers = ['-H', `Authorization: Bearer ${TOKEN}`, '-H', 'Content-Type: application/json'];
      const url = `${world.url}/v1/chat/completions`;
      return (await run('curl', ['-sS', '-N', ...headers, ...args, '-d', JSON.stringify(body), url])).stdout;
    };
    expect(JSON.parse(await curl(CHAT))).toMatchObject({ choices: [{ message: { content: 'one two three' } }] });
    const stream = await curl({ ...CHAT, stream: true }, '-i');
    expect(stream).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*x-canary-upstream: openai\r\n[^]*data: \[DONE\]\n\n$/);
    // It asks before it sends a body of more than a megabyte.
    const long = { ...CHAT, user: 'x'.repeat(1_100_000) };
    const { stdout } = await runWithInput(
      'curl',
      [
        '-sS',
        '-H',
        'Content-Type: application/json',
        '-H',
        `Authorization: Bearer ${TOKEN}`,
        '--data-binary',
        '@-',
        `${world.url}/v1/chat/completions`,
      ],
      JSON.stringify(long),
    );
    expect(JSON.parse(stdout)).toMatchObject({ choices: [{}] });
  },
);

const PROGRAM = `
import json, sys, urllib.request, urllib.error, http.client
url, token = sys.argv[1], sys.argv[2]
def post(path, body, headers={}):
    data = json.dumps(body).encode()
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json", **headers}
    return urllib.request.urlopen(urllib.request.Request(url + path, data, headers))
chat = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Say hello."}]}
with post("/v1/chat/completions", chat, {"x-canary-upstream": "gemini"}) as answer:
    print(answer.headers["x-canary-upstream"], json.load(answer)["choices"][0]["message"]["content"])
with post("/v1/chat/completions", {**chat, "stream": True}) as stream:
    lines = [line.decode().strip() for line in stream]
    print(len([line for line in lines if line.startswith("data: {")]) > 2, lines[-2])
try:
    post("/v1/chat/completions", {"model": "gpt-4.1"})
except urllib.error.HTTPError as error:
    print(error.code, json.load(error)["error"]["param"])
connection = http.client.HTTPConnection(url[len("http://"):])
for _ in range(3):
    connection.request("GET", "/v1/models", headers={"Authorization": "Bearer " + token})
    response = connection.getresponse()
    print(response.status, "data" in json.load(response))
`;

test.skipIf(!hasPython)(
  `Python's standard library makes calls, reads streams and errors${hasPython ? '' : ' (skipped: python3 is not on the PATH)'}`,
  async () => {
    await using world = await startWorld();
    const { stdout } = await run('python3', ['-c', PROGRAM, world.url, TOKEN]);
    expect(stdout.trim().split('\n')).toEqual([
      'gemini from gemini',
      'True data: [DONE]',
      '400 messages',
      '200 True',
      '200 True',
      '200 True',
    ]);
  },
);

function runWithInput(program: string, args: readonly string[], input: string): Promise<{ stdout: string }> {
  const promise = run(program, args, { maxBuffer: 2 ** 24 });
  promise.child.stdin?.end(input);
  return promise;
}
