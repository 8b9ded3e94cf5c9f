import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import type { operationView } from '../api/routes/present-operation.js';
import type { passView } from '../api/routes/present-pass.js';
import { FINAL_STATUSES } from '../passes/operation.js';

export type OperationView = z.output<typeof operationView>;
export type PassView = z.output<typeof passView>;
export type StepView = OperationView['steps'][number];

const CALL_MS = 10_000;
const POLL_MS = 25;
const FOLLOW_MS = 60_000;

/** What the journeys ask of the API, over HTTP with the tenant's keys as any client would. */
export interface ApiCalls {
  readonly baseUrl: string;
  /** Resolves when /readyz answers 200. */
  untilReady(): Promise<void>;
  pass(serialNumber: string): Promise<PassView>;
  /** The signed file as a phone downloads it. */
  passFile(serialNumber: string): Promise<Buffer>;
  /** Any call with the key that may do everything; throws where it is not answered 2xx. */
  asAdmin<T>(method: 'GET' | 'POST' | 'PATCH' | 'PUT', path: string, body?: object | string): Promise<T>;
  /** Follows one operation to its end; is told every state of a step as soon as it can be read. */
  follow(correlationId: string, onStep: (step: StepView, view: OperationView) => void): Promise<OperationView>;
}

export interface ApiCallsOptions {
  baseUrl: string;
  tenantId: string;
  apiKeys: { passes: string; operations: string; admin: string };
  signal: AbortSignal;
}

/** Calls of the API; each throws an Error with the API's own words when it answers anything but 200. */
export function createApiCalls({ baseUrl, tenantId, apiKeys, signal }: ApiCallsOptions): ApiCalls {
  async function get(path: string, key?: string): Promise<Response> {
    const response = await fetch(`${baseUrl}${path}`, {
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]),
    });
    if (response.status === 200) return response;
    throw new Error(`GET ${path} answered ${response.status}: ${(await response.text()).slice(0, 500)}`);
  }

  async function asAdmin<T>(
    method: 'GET' | 'POST' | 'PATCH' | 'PUT',
    path: string,
    body?: object | string,
  ): Promise<T> {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKeys.admin}`,
        ...(body && { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' }),
      },
      ...(body && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]),
    });
    if (response.ok) return (await response.json()) as T;
    throw new Error(`${method} ${path} answered ${response.status}: ${(await response.text()).slice(0, 500)}`);
  }

  async function untilReady(): Promise<void> {
    const deadline = Date.now() + FOLLOW_MS;
    for (;;) {
      try {
        await (await get('/readyz')).text();
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (Date.now() > deadline) throw error;
        await pause(POLL_MS, undefined, { signal });
      }
    }
  }

  async function follow(
    correlationId: string,
    onStep: (step: StepView, view: OperationView) => void,
  ): Promise<OperationView> {
    const path = `/api/${tenantId}/operations/${correlationId}`;
    const deadline = Date.now() + FOLLOW_MS;
    const seen = new Map<string, string>();
    for (;;) {
      const view = (await (await get(path, apiKeys.operations)).json()) as OperationView;
      for (const step of view.steps) {
        const state = `${step.state} ${step.attempts}`;
        if (seen.get(step.step) === state) continue;
        seen.set(step.step, state);
        onStep(step, view);
      }
      if (FINAL_STATUSES.includes(view.status)) return view;
      if (Date.now() > deadline) {
        const trouble = view.steps.find((step) => step.lastError !== null);
        const why = trouble ? `; ${trouble.step}: ${trouble.lastError!.message}` : '';
        throw new Error(`the operation is still ${view.status} after ${FOLLOW_MS / 1000} s${why}`);
      }
      await pause(POLL_MS, undefined, { signal });
    }
  }

  return {
    baseUrl,
    untilReady,
    follow,
    asAdmin,
    pass: async (serialNumber) =>
      (await (await get(`/v1/passes/${encodeURIComponent(serialNumber)}`, apiKeys.passes)).json()) as PassView,
    passFile: async (serialNumber) =>
      Buffer.from(await (await get(`/p/${encodeURIComponent(serialNumber)}/pass.pkpass`)).arrayBuffer()),
  };
}
