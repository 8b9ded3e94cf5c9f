/** Where the status of an operation is read: the address in every answer that accepts one. */
export const statusUrl = ({ publicUrl }: { publicUrl: string }, tenantId: string, operationId: string): string =>
  `${publicUrl}/api/${tenantId}/operations/${operationId}`;
