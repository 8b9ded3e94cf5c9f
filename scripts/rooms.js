/**
 * Import directions (docs/decisions/0006-import-directions.md): a folder may import only from the folders named here and
 * from all below them; `=` means that folder alone. Inside a room the same subjects stand on floors, too.
 */
const GROUND = ['src/common', 'src/passes'];
const TABLES = [...GROUND, '=src/database', '=src/tracing'];
const PROVIDERS = ['src/wallets', 'src/klaviyo', 'src/merchants'];
const HTTP = [
  ...GROUND,
  ...PROVIDERS,
  '=src/tracing',
  'src/database',
  'src/pages',
  'src/previews',
  'src/workflows',
  '=src/api',
];
export const ROOMS = {
  'src/common': [],
  'src/passes': ['src/common'],
  'src/workflows': [...GROUND, 'type:src/activities'],
  // Spans by OpenTelemetry's API, which does nothing by itself; its SDK stands in a room that nobody imports, and is loaded.
  'src/tracing': ['load:src/tracing/sdk'],
  'src/tracing/sdk': ['=src/tracing', 'src/workflows'],
  'src/wallets': [...GROUND, '=src/tracing'],
  'src/klaviyo': GROUND,
  'src/merchants': [...GROUND, '=src/tracing'],
  'src/pages': GROUND,

  'src/database': [...GROUND, '=src/tracing'],
  'src/database/operations': TABLES,
  'src/database/tenants': TABLES,
  'src/database/klaviyo': TABLES,
  'src/database/customers': [...TABLES, 'src/database/operations'],
  'src/database/merchants': [...TABLES, 'src/database/operations'],
  'src/database/passes': [...TABLES, 'src/database/operations', 'src/database/customers'],
  'src/database/messages': [...TABLES, 'src/database/operations', 'src/database/passes'],
  'src/database/offers': TABLES,
  'src/database/devices': [...TABLES, 'src/database/operations', 'src/database/passes'],
  'src/database/bursts': [
    ...TABLES,
    'src/database/operations',
    'src/database/passes',
    'src/database/messages',
    'src/database/offers',
    'src/database/devices',
  ],
  'src/database/bulk': [
    ...TABLES,
    'src/database/bursts',
    'src/database/operations',
    'src/database/tenants',
    'src/database/klaviyo',
  ],

  'src/database/campaigns': [...TABLES, 'src/database/operations'],

  'src/activities': [...GROUND, ...PROVIDERS, '=src/tracing', 'src/database'],
  'src/dispatch': [...GROUND, '=src/tracing', 'src/database', 'src/workflows'],
  'src/worker': [
    ...GROUND,
    ...PROVIDERS,
    '=src/tracing',
    'src/database',
    'src/workflows',
    'src/dispatch',
    'src/activities',
  ],

  'src/api': [...HTTP, 'src/api'],
  'src/api/access': HTTP,
  'src/api/requests': [...HTTP, 'src/api/access'],
  'src/api/routes': [...HTTP, 'src/api/access', 'src/api/requests'],
  'src/api/links': [...HTTP, 'src/api/access', 'src/api/requests'],
  'src/api/operator': [...HTTP, 'src/api/access', 'src/api/requests', 'src/api/routes'],

  'src/previews': [...GROUND, 'src/wallets', 'src/pages'],
  'src/tenants': [...GROUND, 'src/wallets', 'src/database'],
  'src/simulators': [],
  'src/simulators/klaviyo': ['=src/simulators'],
  'src/simulators/google': ['=src/simulators'],
  'src/simulators/iphone': ['=src/simulators'],
  'src/simulators/apns': ['=src/simulators'],
  'src/simulators/merchant': ['=src/simulators'],
  'src/embedded': [],
  // The demo and the command line put everything together; nothing of the product imports them.
  'src/demo': ['src', 'client'],
  'src/cli': ['src', 'client'],
  client: [],
};
