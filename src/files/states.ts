/** pending: the bytes may still come. ready: they are there. deleting: they are going, nobody sees the file any more. */
export const FILE_STATES = ["pending", "ready", "deleting"] as const;
