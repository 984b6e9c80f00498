/** Whether the upstream sees. */

import { fail, pass, refused, type Check } from '../check.ts';
import { textOf, user } from '../read-chat.ts';

/** Three stripes in an order that nobody guesses. */
export const vision: Check = {
  name: 'vision',
  needs: 'chat',
  run: async (ask) => {
    const reply = await ask.chat(
      user([
        { type: 'text', text: 'Name the colours of the three stripes in this picture, from left to right.' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${STRIPES}`, detail: 'low' } },
      ]),
    );
    if (reply.refusal) return refused(reply.refusal);
    return /blue.*yellow.*red/is.test(textOf(reply))
      ? pass('named the stripes blue, yellow and red')
      : fail('did not see that the stripes are blue, yellow and red');
  },
};

/** A PNG of 96 × 64 pixels, 8-bit RGB: a third each of 0000ff, ffff00 and ff0000. */
const STRIPES =
  'iVBORw0KGgoAAAANSUhEUgAAAGAAAABACAIAAABqVuVZAAAAcklEQVR42u3QQQkAAAwDsfo33ako7BE4A5ckndZm23gggAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQI0D+gA7zp4dK/+28oAAAAAElFTkSuQmCC';
