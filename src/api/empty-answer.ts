import type Koa from 'koa';

/** Answers with a status and no content. Koa would make a 204 of a null body; the contract is the status as it stands. */
export function answerEmpty(ctx: Koa.Context, status: 200 | 202): void {
  ctx.status = status;
  ctx.body = '';
  ctx.remove('Content-Type');
}
