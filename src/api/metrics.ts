import type Koa from 'koa';
import { Counter, Histogram, type Registry } from 'prom-client';
import { LINK_MISTAKES, type LinkMistake } from './link-mistakes.js';
import type { OperationKind } from '../passes/operation.js';
import type { ProblemCode } from './problems.js';

/** Node takes more methods than the API knows: the rest shares one label. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What a request leaves behind for the metrics; the code that knows notes it, and one middleware counts. */
interface Notes {
  accepted: OperationKind[];
  problem?: ProblemCode;
  linkMistake?: LinkMistake;
}
const notesOf = (ctx: Koa.Context): Notes => (ctx.state['metrics'] ??= { accepted: [] } satisfies Notes) as Notes;

/** Notes a newly accepted operation; those of test keys are kept out of the metrics. */
export function noteAccepted(ctx: Koa.Context, operation: { kind: OperationKind; test?: boolean }): void {
  if (!operation.test) notesOf(ctx).accepted.push(operation.kind);
}
/** Notes with which problem a request is answered. */
export function noteProblem(ctx: Koa.Context, code: ProblemCode): void {
  notesOf(ctx).problem = code;
}
/** Notes why a personal link led nowhere. */
export function noteLinkMistake(ctx: Koa.Context, mistake: LinkMistake): void {
  notesOf(ctx).linkMistake = mistake;
}

/** Middleware before all others that counts requests in this registry: no tenant, no address, no person. */
export function countRequests(registry: Registry): Koa.Middleware {
  const registers = [registry];
  const duration = new Histogram({
    name: 'passrelay_http_request_duration_seconds',
    help: 'Time until an answer was ready, by route pattern, method and class of status.',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const accepted = new Counter({
    name: 'passrelay_operations_accepted_total',
    help: 'Operations accepted by the API, by kind; without repeated deliveries and test keys.',
    labelNames: ['kind'],
    registers,
  });
  const problems = new Counter({
    name: 'passrelay_problems_total',
    help: 'Requests refused or failed, by code of the problem.',
    labelNames: ['code'],
    registers,
  });
  const linkMistakes = new Counter({
    name: 'passrelay_link_mistakes_total',
    help: 'Personal links that led nowhere, by the code on the page and its reason.',
    labelNames: ['code', 'reason'],
    registers,
  });
  return async (ctx, next) => {
    const end = duration.startTimer();
    try {
      await next();
    } finally {
      end({
        route: (ctx.state['route'] as string | undefined) ?? 'none',
        method: METHODS.has(ctx.method) ? ctx.method : 'other',
        status: `${Math.floor(ctx.status / 100)}xx`,
      });
      const notes = notesOf(ctx);
      for (const kind of notes.accepted) accepted.inc({ kind });
      if (notes.problem) problems.inc({ code: notes.problem });
      if (notes.linkMistake) {
        linkMistakes.inc({ code: LINK_MISTAKES[notes.linkMistake].code, reason: notes.linkMistake });
      }
    }
  };
}
