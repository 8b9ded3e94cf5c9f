/** One update as the sender knows it. */
export interface SentUpdate {
  serialNumber: string;
  points: number;
  /** Null: no answer, or one that did not accept it. */
  correlationId: string | null;
}

/** What one request met, first try and all. */
export interface Exchange {
  at: number;
  status: number | null;
  ms: number;
}

/** What the drill did, kept outside the product. */
export interface Journal {
  readonly updates: SentUpdate[];
  readonly exchanges: Exchange[];
}

export const newJournal = (): Journal => ({ updates: [], exchanges: [] });

/** `fetch` that writes each exchange down. */
export function recordingFetch(journal: Journal): typeof fetch {
  return async (input, init) => {
    const at = performance.now();
    const note = (status: number | null): void =>
      void journal.exchanges.push({ at, status, ms: performance.now() - at });
    try {
      const response = await fetch(input, init);
      note(response.status);
      return response;
    } catch (error) {
      note(null);
      throw error;
    }
  };
}
