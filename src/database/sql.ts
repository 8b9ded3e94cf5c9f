/**
 * SQL that composes: values number themselves, and a statement is a value inside another one. Text depends on the shape
 * alone, never on the values, because it is the name of a prepared statement.
 */
export { default as sql, empty, join, raw, type Sql as Statement } from 'sql-template-tag';

/** Whether PostgreSQL refused a row because another one has its unique key. */
export const isUniqueViolation = (error: unknown): boolean => (error as { code?: string }).code === '23505';
