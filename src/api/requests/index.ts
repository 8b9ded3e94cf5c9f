/** The only door for Klaviyo's field names: JSON bodies in, our commands or named problems out. */
export { parsePushUpdate, type PushUpdateCommand } from './push-update.js';
export { parseProfileSync, type ProfileSyncCommand } from './profile-sync.js';
export { parseIssuePass, type IssuePassCommand } from './issue-pass.js';
export { parseUpdatePass, type UpdatePassCommand } from './update-pass.js';
export { sendMessageParser, type SendMessageCommand } from './send-message.js';
export type { Parsed, RequestOptions } from './body-reader.js';
