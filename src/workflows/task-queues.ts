/** Deliveries to merchants have a queue and slots of their own: an endpoint that hangs must not delay a pass. */
export const deliveryQueue = (taskQueue: string): string => `${taskQueue}-deliveries`;
