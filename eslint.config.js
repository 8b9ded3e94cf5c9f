import { fileURLToPath } from 'node:url';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';
import { catchHasReason } from './scripts/catch-has-reason.js';
import { noDeepTernaries } from './scripts/no-deep-ternaries.js';
import { roomDirections } from './scripts/room-directions.js';
import { ROOMS } from './scripts/rooms.js';

/** Errors are told apart by type or code: their words change with a library's next release. */
const WORDS =
  "MemberExpression[property.name='message'][object.name=/^(e|err|error|cause|failure|fault|issue|reason|thrown)$/]";
const BY_TEXT = [
  `CallExpression[callee.property.name=/^(includes|startsWith|endsWith|search|indexOf|match)$/] > MemberExpression.callee > ${WORDS}`,
  `CallExpression[callee.property.name='test'] > ${WORDS}`,
  `BinaryExpression[operator=/^[!=]==?$/][right.type='Literal'] > ${WORDS}`,
].map((selector) => ({ selector, message: 'Classify an error by its type or code, never by its words.' }));

/** Modules that a pure room may not import. */
const pureRoom = (room, message) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ regex: '^(node:(fs|net|http|http2|https|tls|dns|child_process)|pg$|knex$|koa|pino)', message }] },
    ],
  },
});

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
    files: [
      'src/config.ts',
      'test/**/*.ts',
      'bench/**/*.ts',
      'bench/peers/*.js',
      'bin/*.js',
      'src/embedded/**/*.ts',
      'scripts/check-chart.ts',
      'scripts/check-alerts.ts',
      'scripts/try-runtimes.ts',
      'scripts/go-program.ts',
    ],
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
  {
    files: ['src/**/*.ts', 'client/**/*.ts'],
    plugins: {
      rooms: { rules: { directions: roomDirections(fileURLToPath(new URL('.', import.meta.url)), ROOMS) } },
      house: { rules: { 'catch-has-reason': catchHasReason, 'no-deep-ternaries': noDeepTernaries } },
    },
    rules: {
      'rooms/directions': 'error',
      'house/catch-has-reason': 'error',
      'house/no-deep-ternaries': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'client/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...BY_TEXT] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/database/**', 'src/embedded/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...BY_TEXT,
        {
          selector: "CallExpression[callee.property.name='query']",
          message: 'SQL stands in src/database, one verb a function.',
        },
      ],
    },
  },
  {
    // Strangers' text meets these patterns on the one event loop of the API: each must be linear, whatever it is given.
    files: ['src/**/*.ts', 'client/**/*.ts'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential' }],
    },
  },
  pureRoom('common', 'The ground room imports nothing that does I/O.'),
  pureRoom('passes', 'Pure domain code imports nothing that does I/O.'),
  {
    files: ['src/workflows/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(node:|fs$|path$|crypto$|http|pg$|knex$|koa)',
              message: 'Workflow code is deterministic: no I/O modules.',
            },
          ],
        },
      ],
    },
  },
);
