import type Koa from 'koa';
import { ATTRIBUTES } from '../tracing/attributes.js';
import { failSpan, inSpan } from '../tracing/spans.js';

/** Monitoring asks for these every few seconds: spans of them would only be noise. */
const PROBES = new Set(['/livez', '/readyz']);

/** A span for each request, as a part of the caller's trace where it names one. Never the address itself: it holds ids. */
export const traceRequests: Koa.Middleware = (ctx, next) => {
  if (PROBES.has(ctx.path)) return next();
  const { method } = ctx;
  const parent = ctx.get('traceparent') || null;
  return inSpan(
    { name: method, kind: 'SERVER', parent, attributes: { 'http.request.method': method } },
    async (span) => {
      await next();
      const route = ctx.state['route'] as string | undefined;
      if (route !== undefined) span.updateName(`${method} ${route}`).setAttribute('http.route', route);
      span.setAttributes({
        'http.response.status_code': ctx.status,
        // That of the first delivery, where this one repeats it.
        [ATTRIBUTES.correlationId]: ctx.response.get('X-Correlation-Id'),
      });
      if (ctx.status >= 500) failSpan(span, String(ctx.status));
    },
  );
};
