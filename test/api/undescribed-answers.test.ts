import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import Koa from 'koa';
import { z } from 'zod';
import { answerEmpty } from '../../src/api/empty-answer.js';
import { openRoute } from '../../src/api/route.js';
import { watchAnswers } from '../support/described-answers.js';

test('an answer whose status, media type or JSON the description does not name fails the test that saw it', async () => {
  const answered = async (answer: (ctx: Koa.Context) => void): Promise<string> => {
    const planted = openRoute({
      method: 'GET',
      path: '/things/:thingId',
      tag: 'Passes',
      operationId: 'planted',
      summary: 'A thing',
      params: z.object({ thingId: z.string() }),
      query: z.object({}),
      answers: { 200: { description: 'It', schema: z.object({ size: z.int() }) }, 202: { description: 'Taken' } },
      handler: async () => undefined,
    });
    const app = new Koa();
    const watched = watchAnswers([planted]);
    app.use(watched.middleware).use((ctx) => answer(ctx));
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/things/1`)).text();
    await new Promise((resolve) => server.close(resolve));
    return watched.faults().join();
  };
  const body =
    (content: unknown, type = 'application/json', status = 200) =>
    (ctx: Koa.Context): void => {
      Object.assign(ctx, { body: content, status });
      ctx.type = type;
    };
  assert.equal(await answered(body({ size: 1 })), '');
  assert.equal(await answered((ctx) => answerEmpty(ctx, 202)), '');
  assert.match(await answered(body({ size: 1 }, 'application/json', 203)), /answered 203, which is not described/);
  assert.match(await answered(body('size', 'text/csv')), /as text\/csv; described: application\/json/);
  assert.match(await answered(body({ size: 'big' })), /beside its schema/);
  assert.match(await answered(body('text', 'text/plain', 202)), /described: no body/);
  assert.match(await answered((ctx) => void (ctx.status = 204)), /answered 204/);
});
