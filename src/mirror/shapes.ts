/** The schemas of messages, apart from index.ts: who reads no queue evaluates none. */
export { projectionMessageSchema, refreshMessageSchema } from "./messages.ts";
