import type { PassWebService } from './web-service.js';

/** What the phone holds against its web services, and the way of it into their logs. */
export interface ComplaintBook {
  readonly complaints: readonly string[];
  complain(webServiceURL: string, text: string): void;
  /** Sends what was written since the last time to the /v1/log of each web service. Never rejects. */
  sendLogs(): Promise<void>;
}

/** An empty book; `onComplaint` hears every entry. */
export function createComplaintBook(service: PassWebService, onComplaint: (text: string) => void): ComplaintBook {
  const complaints: string[] = [];
  const unsent: { webServiceURL: string; text: string }[] = [];
  return {
    complaints,
    complain(webServiceURL, text) {
      complaints.push(text);
      unsent.push({ webServiceURL, text });
      onComplaint(text);
    },
    async sendLogs() {
      const batch = unsent.splice(0);
      for (const url of new Set(batch.map(({ webServiceURL }) => webServiceURL))) {
        const lines = batch.filter(({ webServiceURL }) => webServiceURL === url).map(({ text }) => text);
        // A log call that fails is a complaint too, but nothing is sent about it: that would never end.
        await service.log(url, lines).catch((error: Error) => void complaints.push(error.message));
      }
    },
  };
}
