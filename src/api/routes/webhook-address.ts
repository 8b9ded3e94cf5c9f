import { z } from 'zod';
import { PermanentError } from '../../common/errors.js';
import { resolveHost } from '../../merchants/resolve-host.js';
import { checkWebhookUrl, type Reach } from '../../merchants/safe-url.js';
import { ApiError } from '../problems.js';
import type { ApiDeps } from '../route.js';

const CURE = 'use https, a host with a public address, and port 443 or the port of a web server from 1024 on.';

/** An address as its text shows it: its faults stand beside those of the rest of the body. */
export const webhookUrl = (reach: Reach) =>
  z
    .url()
    .max(2000)
    .superRefine((text, ctx) => {
      if (!URL.canParse(text)) return;
      try {
        checkWebhookUrl(text, reach);
      } catch (error) {
        if (!(error instanceof PermanentError)) throw error;
        ctx.addIssue({ code: 'custom', message: error.message, params: { cure: CURE } });
      }
    })
    .describe('https; private and local addresses are refused');

/** Refuses an address that leads inside; a warning where the DNS does not know the host (yet). */
export async function checkHost(deps: ApiDeps, text: string, reach: Reach): Promise<{ warning?: string }> {
  const url = new URL(text);
  const resolved = await resolveHost(url, reach, deps.resolve);
  if (resolved === 'unsafe') {
    const message = `The host ${url.hostname} resolves to a private, local or reserved address: webhooks go to public addresses only.`;
    throw new ApiError('invalid-request', message, { errors: [{ pointer: '/url', message, cure: CURE }] });
  }
  if (resolved !== 'unknown') return {};
  return { warning: `The DNS does not know the host ${url.hostname}: nothing is delivered until it does.` };
}
