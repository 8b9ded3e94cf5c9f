import type { NativeConnectionOptions } from '@temporalio/worker';

/** Our messages are small (ids and counts): compressing them costs more than it saves. The settings may say otherwise. */
export const connectionTuning = { grpcCompression: { codec: 'none' } } satisfies NativeConnectionOptions;
