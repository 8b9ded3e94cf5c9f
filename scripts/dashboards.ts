import { readFileSync, writeFileSync } from 'node:fs';

/**
 * `npm run dashboards`: writes deploy/grafana/*.json. `--check` only compares. Panels are two a row, each with the
 * queries of its lines.
 */
interface Panel {
  title: string;
  unit: string;
  /** Legend and query of each line. */
  lines: Readonly<Record<string, string>>;
  help?: string;
}

const p = (quantile: number, metric: string, by: string, where = '') =>
  `histogram_quantile(${quantile}, sum by (le${by && `, ${by}`}) (rate(${metric}_bucket${where}[$__rate_interval])))`;
const rate = (metric: string, by: string, where = '') => `sum by (${by}) (rate(${metric}${where}[$__rate_interval]))`;

const HTTP = 'passrelay_http_request_duration_seconds';
const STEP = 'passrelay_step_duration_seconds';
const WEBHOOKS = '{route=~".*listeners.*"}';
const PHONES = '{route=~"/apple/v1/.*"}';
const PROVIDER_STEPS =
  '{step=~"(burst-)?notify-devices|(burst-)?update-google-object|(burst-)?write-back.*|fetch-profile|clear-profile|hand-consents|deliver-attempt"}';

const DASHBOARDS: Readonly<Record<string, { title: string; panels: readonly Panel[] }>> = {
  traffic: {
    title: 'Passrelay: traffic',
    panels: [
      { title: 'Requests by class', unit: 'reqps', lines: { '{{status}}': rate(`${HTTP}_count`, 'status') } },
      {
        title: 'Accepted operations',
        unit: 'ops',
        lines: { '{{kind}}': rate('passrelay_operations_accepted_total', 'kind') },
      },
      {
        title: 'Time to answer a webhook',
        unit: 's',
        lines: { p50: p(0.5, HTTP, '', WEBHOOKS), p95: p(0.95, HTTP, '', WEBHOOKS), p99: p(0.99, HTTP, '', WEBHOOKS) },
      },
      { title: 'Slowest routes, p95', unit: 's', lines: { '{{route}}': `topk(10, ${p(0.95, HTTP, 'route')})` } },
      {
        title: 'Problems',
        unit: 'ops',
        lines: { '{{code}}': rate('passrelay_problems_total', 'code') },
        help: 'unauthenticated loses deliveries: Klaviyo does not repeat after 401.',
      },
      {
        title: 'Broken personal links',
        unit: 'ops',
        lines: { '{{code}} {{reason}}': rate('passrelay_link_mistakes_total', 'code, reason') },
      },
    ],
  },
  backlog: {
    title: 'Passrelay: backlog',
    panels: [
      {
        title: 'Operations that have not ended',
        unit: 'short',
        lines: { '{{status}}': 'max by (status) (passrelay_operations)' },
      },
      {
        title: 'Oldest operation',
        unit: 's',
        lines: {
          'not started': 'max(passrelay_operations_oldest_undispatched_seconds)',
          'not ended': 'max(passrelay_operations_oldest_unfinished_seconds)',
        },
      },
      {
        title: 'Accepted against ended steps',
        unit: 'ops',
        lines: {
          accepted: 'sum(rate(passrelay_operations_accepted_total[$__rate_interval]))',
          'steps succeeded': `sum(rate(${STEP}_count{result="succeeded"}[$__rate_interval]))`,
        },
      },
      {
        title: 'Bursts',
        unit: 'short',
        lines: { 'under way': 'sum(passrelay_bursts_running)', 'size of the largest': 'max(passrelay_burst_size)' },
      },
      {
        title: 'Operations of bursts',
        unit: 'ops',
        lines: { ended: 'sum(passrelay_burst_operations_per_second)' },
      },
      {
        title: 'Expected end of the backlog',
        unit: 's',
        lines: { 'at the present rate': 'max(passrelay_backlog_seconds)' },
      },
      { title: 'PostgreSQL', unit: 'bool_on_off', lines: { 'can be reached': 'max(passrelay_database_up)' } },
    ],
  },
  steps: {
    title: 'Passrelay: steps',
    panels: [
      {
        title: 'Attempts',
        unit: 'ops',
        lines: { '{{step}}': rate(`${STEP}_count`, 'step') },
      },
      { title: 'Time of an attempt, p95', unit: 's', lines: { '{{step}}': p(0.95, STEP, 'step') } },
      {
        title: 'Failed attempts by code',
        unit: 'ops',
        lines: { '{{step}} {{code}}': rate('passrelay_step_failures_total', 'step, code') },
        help: 'An attempt that is repeated counts each time.',
      },
      {
        title: 'Share of attempts that fail',
        unit: 'percentunit',
        lines: {
          '{{step}}': `${rate(`${STEP}_count`, 'step', '{result="failed"}')} / ${rate(`${STEP}_count`, 'step')}`,
        },
      },
    ],
  },
  providers: {
    title: 'Passrelay: providers',
    panels: [
      {
        title: 'Time of steps that call out, p95',
        unit: 's',
        lines: { '{{step}}': p(0.95, STEP, 'step', PROVIDER_STEPS) },
      },
      {
        title: 'Their failures by code',
        unit: 'ops',
        lines: { '{{step}} {{code}}': rate('passrelay_step_failures_total', 'step, code', PROVIDER_STEPS) },
      },
      {
        title: 'Klaviyo keys refused',
        unit: 'short',
        lines: { tenants: 'max(passrelay_klaviyo_keys_refused)' },
      },
      {
        title: 'Refused Klaviyo records that nobody reads',
        unit: 'short',
        lines: { '{{tenant}} {{code}}': 'max by (tenant, code) (passrelay_klaviyo_records_unread)' },
      },
      {
        title: 'Days until a certificate ends',
        unit: 'd',
        lines: {
          '{{tenant}} {{pass_type_identifier}}':
            'min by (tenant, pass_type_identifier) (passrelay_certificate_days_left)',
        },
      },
    ],
  },
  phones: {
    title: 'Passrelay: phones',
    panels: [
      { title: 'Pushes to Apple', unit: 'ops', lines: { '{{result}}': rate('passrelay_pushes_total', 'result') } },
      {
        title: 'What phones ask',
        unit: 'reqps',
        lines: { '{{method}} {{route}} {{status}}': rate(`${HTTP}_count`, 'method, route, status', PHONES) },
      },
      {
        title: 'Time to answer a phone, p95',
        unit: 's',
        lines: { '{{route}}': p(0.95, HTTP, 'route', PHONES) },
      },
      {
        title: 'Fetches for each delivered push',
        unit: 'short',
        lines: {
          fetches: `sum(rate(${HTTP}_count{route="/apple/v1/passes/:type/:serial",method="GET"}[$__rate_interval])) / sum(rate(passrelay_pushes_total{result="delivered"}[$__rate_interval]))`,
        },
        help: 'A delivered push is not a changed phone. Far below 1: phones throttle, or cannot reach PUBLIC_URL.',
      },
    ],
  },
};

const source = { type: 'prometheus', uid: '${source}' };

function panel({ title, unit, lines, help }: Panel, index: number): object {
  return {
    id: index + 1,
    type: 'timeseries',
    title,
    ...(help && { description: help }),
    datasource: source,
    gridPos: { h: 9, w: 12, x: (index % 2) * 12, y: Math.floor(index / 2) * 9 },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: Object.entries(lines).map(([legendFormat, expr], at) => ({
      refId: String.fromCharCode(65 + at),
      datasource: source,
      expr,
      legendFormat,
    })),
  };
}

function dashboard(name: string): string {
  const { title, panels } = DASHBOARDS[name]!;
  const variable = { name: 'source', label: 'Prometheus', type: 'datasource', query: 'prometheus' };
  const whole = {
    uid: `passrelay-${name}`,
    title,
    tags: ['passrelay'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [variable] },
    links: [{ type: 'dashboards', title: 'Passrelay', tags: ['passrelay'], asDropdown: true }],
    panels: panels.map(panel),
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

let stale = 0;
for (const name of Object.keys(DASHBOARDS)) {
  const file = new URL(`../deploy/grafana/${name}.json`, import.meta.url);
  if (!process.argv.includes('--check')) writeFileSync(file, dashboard(name));
  else if (readFileSync(file, 'utf8') !== dashboard(name)) {
    process.stderr.write(`deploy/grafana/${name}.json is stale: run "npm run dashboards".\n`);
    stale++;
  }
}
process.exit(stale === 0 ? 0 : 1);
