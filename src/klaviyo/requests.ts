/** The only door for Klaviyo's field names: JSON bodies in, our commands or named problems out. */
export { parsePushUpdate, type PushUpdateCommand } from './push-update-request.js';
export { parseProfileSync, type ProfileSyncCommand } from './profile-sync-request.js';
export { parseIssuePass, type IssuePassCommand } from './issue-pass-request.js';
export { parseUpdatePass, type UpdatePassCommand } from './update-pass-request.js';
export type { Parsed, RequestOptions } from './request-shape.js';
