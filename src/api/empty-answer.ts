import type Koa from 'koa';

/** Answers with a status and no content. */
export function answerEmpty(ctx: Koa.Context, status: 200 | 201 | 202 | 302 | 303 | 401): void {
  ctx.status = status;
  // Of no body Koa would make a text, the name of the status; of null a 204, which devices take for a failure.
  ctx.body = '';
  ctx.remove('Content-Type');
}
