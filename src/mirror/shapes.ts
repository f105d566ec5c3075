/** The schemas of messages, apart from index.ts: code that reads no queue evaluates none. */
export { projectionMessageSchema, refreshMessageSchema } from "./messages.ts";
