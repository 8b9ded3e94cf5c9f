import type Koa from 'koa';

/** Klaviyo's flow ids are short words. Anything else, such as an address, would stay with the operation after an erasure. */
const FLOW_ID = /^[\w-]{1,64}$/;

/** The flow that sent a delivery, from X-Klaviyo-Flow-ID; null where there is none, or it is no id. */
export function flowIdOf(ctx: Koa.Context): string | null {
  const id = ctx.get('X-Klaviyo-Flow-ID').trim();
  return FLOW_ID.test(id) ? id : null;
}
