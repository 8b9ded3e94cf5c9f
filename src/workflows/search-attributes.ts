import { defineSearchAttributeKey } from '@temporalio/common';

/** What operators filter by in the Temporal UI; never encrypted, so ids only (a serial number would open a pass's page). */
export const TENANT = defineSearchAttributeKey('PassrelayTenant', 'KEYWORD');
export const PASS = defineSearchAttributeKey('PassrelayPass', 'KEYWORD');
export const CORRELATION_ID = defineSearchAttributeKey('PassrelayCorrelationId', 'KEYWORD');
export const KIND = defineSearchAttributeKey('PassrelayKind', 'KEYWORD');
/** Of the run of a burst that is small enough to list its operations; a name of its own, as a type cannot be changed. */
export const CORRELATION_IDS = defineSearchAttributeKey('PassrelayCorrelationIds', 'KEYWORD_LIST');

/** All of them with their types, as Temporal's command line writes these. */
export const SEARCH_ATTRIBUTES: Readonly<Record<string, 'Keyword' | 'KeywordList'>> = Object.fromEntries(
  [TENANT, PASS, CORRELATION_ID, CORRELATION_IDS, KIND].map(({ name, type }) => [
    name,
    type === 'KEYWORD' ? 'Keyword' : 'KeywordList',
  ]),
);
