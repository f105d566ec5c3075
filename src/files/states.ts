/**
 * pending: the bytes may still come. ready: they are there. deleting: they are being removed, and nobody sees the file
 * any more.
 */
export const FILE_STATES = ["pending", "ready", "deleting"] as const;
