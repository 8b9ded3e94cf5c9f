/** The only door for Klaviyo's field names: JSON bodies in, our commands or named problems out. */
export { parsePushUpdate } from './push-update.js';
export { parseProfileSync } from './profile-sync.js';
export { parseIssuePass } from './issue-pass.js';
export { parseUpdatePass, type UpdatePassCommand } from './update-pass.js';
export { sendMessageParser } from './send-message.js';
export type { Parsed, RequestOptions } from './body-reader.js';
