import tseslint from 'typescript-eslint';

/** Import directions: a room may import only what stands here (docs/decisions/0006-import-directions.md). */
const ROOMS = {
  worker: ['activities', 'database', 'workflows', 'dispatch', 'passes', 'wallets', 'klaviyo', 'merchants'],
  passes: [],
  workflows: ['passes'],
  activities: ['passes', 'wallets', 'klaviyo', 'merchants', 'database'],
  api: ['passes', 'klaviyo', 'wallets', 'merchants', 'database', 'pages', 'workflows'],
  dispatch: ['passes', 'database', 'workflows'],
  wallets: ['passes'],
  klaviyo: ['passes'],
  merchants: ['passes'],
  database: ['passes'],
  pages: ['passes'],
  tenants: ['passes', 'wallets', 'database'],
  simulators: [],
  client: [],
  embedded: [],
  demo: [],
};
// The demo shows the whole product: it puts everything together, and nothing of the product knows of it.
ROOMS.demo = Object.keys(ROOMS);

const every = Object.keys(ROOMS);
const roomRules = every.map((room) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: '^(\\.\\./)+start-[a-z-]+(\\.js)?$',
            message: 'Nobody imports a start file: it is a composition root.',
          },
          ...every
            .filter((other) => other !== room && !ROOMS[room].includes(other))
            .map((other) => ({
              regex: `^(\\.\\./)+${other}/`,
              allowTypeImports: room === 'workflows' && other === 'activities',
              message: `src/${room} may import only: ${ROOMS[room].join(', ') || 'nothing of ours'}.`,
            })),
          ...(room === 'workflows'
            ? [
                {
                  regex: '^(node:|fs$|path$|crypto$|http|pg$|knex$|koa)',
                  message: 'Workflow code is deterministic: no I/O modules.',
                },
              ]
            : []),
          ...(room === 'passes'
            ? [
                {
                  regex: '^(node:(fs|net|http|tls|dns)|pg$|knex$|koa|pino)',
                  message: 'Pure domain code imports nothing that does I/O.',
                },
              ]
            : []),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['node_modules', 'dist', '.data', 'coverage'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only src/config.ts reads the environment.' },
      ],
    },
  },
  {
    files: ['src/config.ts', 'test/**/*.ts', 'bench/**/*.ts', 'bin/*.js', 'src/embedded/**/*.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: { 'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }] },
  },
  {
    files: ['src/embedded/**', 'src/start-*.ts', 'src/cli/**', 'test/run.ts', 'bench/**', 'bin/*.js'],
    rules: { 'no-console': 'off' },
  },
  ...roomRules,
);
