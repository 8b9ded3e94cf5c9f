export {
  createPassrelayClient,
  type ClientOptions,
  type Identifiers,
  type IssueOrder,
  type NewMessage,
  type NewOffer,
  type OperationFilter,
  type PassFilter,
  type PassrelayClient,
  type PassUpdate,
  type ProfileChange,
} from './client.js';
export type { CampaignFile, NewCampaign } from './campaigns.js';
export { PassrelayError } from './request.js';
export { verifyWebhook, WebhookRefused } from './verify.js';
export type * from './answers.js';
