/** Names of our own attributes: docs/operations.md explains them. */
export const ATTRIBUTES = {
  tenant: 'passrelay.tenant_id',
  correlationId: 'passrelay.correlation_id',
  kind: 'passrelay.kind',
  step: 'passrelay.step',
  attempt: 'passrelay.attempt',
  run: 'passrelay.run',
  burst: 'passrelay.burst_id',
  delivery: 'passrelay.delivery_id',
  result: 'passrelay.result',
} as const;

/** What a span keeps, besides ours: every other attribute is dropped. */
const KEPT = [
  'error.type',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'network.protocol.name',
  'network.protocol.version',
  'server.address',
  'server.port',
  'url.scheme',
  'url.template',
  'temporalWorkflowId',
  'temporalActivityId',
  'run_id',
] as const;

export const KEPT_ATTRIBUTES: ReadonlySet<string> = new Set([...Object.values(ATTRIBUTES), ...KEPT]);
