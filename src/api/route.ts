import type { lookup } from 'node:dns';
import type Koa from 'koa';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { z } from 'zod';
import type { Database } from '../database/connect.js';
import type { Accept } from '../database/operations/accept-together.js';
import type { SecretBox } from '../database/secret-box.js';
import type { Environment } from '../common/environment.js';
import type { DemoEntry } from '../pages/front-page.js';
import type { ClientAddress } from './access/client-address.js';
import type { Caller, Credentials } from './access/credentials.js';
import type { GoogleService } from './google-service.js';
import type { PassSigner } from './pass-file.js';
import type { ProblemCode } from './problems.js';
import type { RateLimiter } from './access/rate-limit.js';
import type { Scope } from '../common/scopes.js';
import type { Listener } from './refusals/note-refusal.js';
import type { RefusalLog } from './refusals/refusal-log.js';
import type { Tag } from './tags.js';

/** What the process around the API knows of the other parts; `degraded` parts do not stop the acceptance of requests. */
export interface PartHealth {
  state: 'ok' | 'degraded';
  detail?: string;
}

export interface ApiDeps {
  /** `PASSRELAY_ENV`. */
  installation: Environment;
  database: Database;
  log: Logger;
  now: () => number;
  /** Origin under which the outside world reaches this API, without a slash at the end. */
  publicUrl: string;
  /** Where OAuth2 tokens come from, for the description; null or absent: not configured. */
  tokenUrl?: string | null;
  /** What `GET /` leads to in `npm start`; absent: nothing of a tenant. */
  demo?: DemoEntry;
  temporalUi: { url: string; namespace: string } | null;
  credentials: Credentials;
  rateLimiter: RateLimiter;
  /** Why deliveries of flows were refused, for the people who build them. */
  refusals: RefusalLog;
  clientAddress: ClientAddress;
  passSigner: PassSigner;
  google: GoogleService;
  /** Opens what is sealed in the database: the keys of personal links. */
  secretBox: SecretBox;
  /** Makes a request durable, together with those that come meanwhile. */
  accept: Accept;
  /** Told after the commit of an operation; must not throw or wait. */
  notifyAccepted(): void;
  /** Where requests are counted; absent: nowhere. */
  metrics?: Registry;
  /** True once the process is to stop: it still serves for a while, and is not ready. */
  isStopping?(): boolean;
  /** How names of merchants' hosts are resolved; absent: by the system. */
  resolve?: typeof lookup;
  /** Health of parts other than PostgreSQL, by name (`temporal`). */
  health(): Promise<Record<string, PartHealth>>;
}

export interface RouteRequest<P, Q, C> {
  params: P;
  query: Q;
  caller: C;
  correlationId: string;
}

export interface RouteAnswer {
  description: string;
  /** Absent: an answer without a body. */
  schema?: z.ZodType;
  contentType?: string;
  /** Other media types of the same answer, where the caller chooses one: their schemas by type. */
  otherTypes?: Record<string, z.ZodType>;
}

interface Definition<P extends z.ZodObject, Q extends z.ZodObject, C> {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As @koa/router has it: `/v1/passes/:serialNumber`. */
  path: string;
  /** The scope that a caller needs; null: open, or with an authentication of its own (then `caller` is null). */
  scope: Scope | null;
  /** A scope that does as well: what a key for flows may read. */
  orScope?: Scope;
  summary: string;
  params: P;
  query: Q;
  headers?: { name: string; description: string }[];
  /** For the description only: the handler reads the raw body itself. */
  body?: { description: string; schema: z.ZodType; example: object };
  answers: Record<number, RouteAnswer>;
  /** Refusals of this route's own, beyond those that every route with its scope and body can give. */
  problems?: ProblemCode[];
  /** Whoever reads the answers in a browser: what is refused before the handler, a parameter say, is a page for them too. */
  readers?: 'customer' | 'operator';
  /** Flows call it: its refusals are stored for the people who build them. */
  listener?: Listener;
  /** A refusal is a page where a browser's window asks. */
  pagesToBrowsers?: boolean;
  /** What the form of a page brings, beyond its token: names of its fields, `a*` for all that begin so. Absent: there is none. */
  form?: readonly string[];
  /** Left out of the description, like pages for people. */
  hidden?: boolean;
  tag?: Tag;
  operationId?: string;
  handler(ctx: Koa.Context, request: RouteRequest<z.output<P>, z.output<Q>, C>): Promise<void>;
}

/** What the description needs of a route that is in it: its group, and a name for generated clients. */
type Listed = { hidden: true } | { hidden?: false; tag: Tag; operationId: string };

/** One route with its types forgotten, as the list in app.ts and the OpenAPI description see it. */
export type Route = Definition<z.ZodObject, z.ZodObject, Caller | null>;

/** Defines a route that needs a key or token with a scope. */
export function route<P extends z.ZodObject, Q extends z.ZodObject>(
  definition: Definition<P, Q, Caller> & { scope: Scope } & Listed,
): Route {
  return definition as unknown as Route;
}

/** Defines a route that anyone may call, or that authenticates in its own way. */
export function openRoute<P extends z.ZodObject, Q extends z.ZodObject>(
  definition: Omit<Definition<P, Q, null>, 'scope'> & Listed,
): Route {
  return { ...definition, scope: null } as unknown as Route;
}
